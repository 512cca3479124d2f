"""Which of two orders of a text's first two sentences is the author's; kept unseen by mixtures.

The prompt is what stands before them in the document: its heading, the qualified name and signature
as corpus documents carry it. The choices are the two orders, with the author's own white space
between the sentences (a space, or a blank line after a summary line), so that prompt and target are
word for word the beginning of the document. Nothing is cut: pairs that do not fit are left out.

Why the first two: there the heading says something. Measured on validation with a language model of
1.3 million parameters that was trained on documents alone, the prompt raised the accuracy from 0.64
to 0.82 on opening pairs (n = 1000); on pairs from the middle of a text the model was at 0.55 with
and 0.60 without it (n = 480). Later pairs, and larger models, are another task.
"""

from collections.abc import Iterable, Iterator, Sequence

from tasks_to_text.example import Example
from tasks_to_text.selection import seeded_digest
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.sentences import Sentence, prose, whole
from tasks_to_text.tasks.wording import head_key

_BYTES = 550
"""Prompt and choice together: they fit 256 tokens of a small vocabulary (2.9 bytes each)."""
_SENTENCE_CHARACTERS = 300
_SENTENCE_WORDS = 3
_LONG_HEADING = 300
_PARAGRAPH = "\n\n"


def heading(record: Row) -> str:
    """The line that a corpus document starts with.

    ``numpy.sum(a, axis=None)``, ``class …(…)``, ``property …: int``, ``module …``; annotations are
    left out of a signature that is longer than 300 characters.
    """
    name = ".".join(part for part in (record["module"], record["qualname"]) if part)
    returns, kind = record["returns"], record["kind"]
    if kind == "module":
        return f"module {name}"
    if kind == "property":
        return f"property {name}: {returns}" if returns else f"property {name}"
    before = "class " if kind == "class" else ""
    typed = ", ".join(_parameter(p, typed=True) for p in record["parameters"])
    full = f"{before}{name}({typed})" + (f" -> {returns}" if returns else "")
    if len(full) <= _LONG_HEADING:
        return full
    plain = ", ".join(_parameter(p, typed=False) for p in record["parameters"])
    return f"{before}{name}({plain})"


def _parameter(parameter: Row, *, typed: bool) -> str:
    """``x: int = 3``; without an annotation ``x=3``."""
    name, annotation, default = (str(parameter[key]) for key in ("name", "annotation", "default"))
    if typed and annotation:
        return f"{name}: {annotation} = {default}" if default else f"{name}: {annotation}"
    return f"{name}={default}" if default else name


def sentence_order_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """One row for every text that opens with two sentences of prose and fits.

    Rows: id, group, heading, first, joint (what stands between the sentences), second.
    """
    for record in records:
        pair = _opening(record["text"])
        if pair is None:
            continue
        first, joint, second = pair
        row = {
            "id": record["id"],
            "group": record["group"],
            "heading": heading(record),
            "first": first.text,
            "joint": joint,
            "second": second.text,
        }
        shown = row["heading"] + _PARAGRAPH + first.text + joint + second.text
        if len(shown.encode()) <= _BYTES:
            yield row


def _opening(text: str) -> tuple[Sentence, str, Sentence] | None:
    """The first two sentences and what joins them; None when they are not two and whole."""
    paragraphs = prose(text)
    first = next(paragraphs, [])
    if len(first) == 1:
        pair, joint = [*first, *next(paragraphs, [])[:1]], _PARAGRAPH
    else:
        pair, joint = first[:2], " "
    good = [
        sentence
        for sentence in pair
        if whole(sentence, min_words=_SENTENCE_WORDS, max_characters=_SENTENCE_CHARACTERS)
    ]
    if len(good) < 2 or good[0].text == good[1].text:
        return None
    return good[0], joint, good[1]


def sentence_order_keys(row: Row) -> tuple[str, ...]:
    """The first eight words of either sentence."""
    return (head_key(row["first"]), head_key(row["second"]))


def sentence_order_example(row: Row) -> Example:
    """The template of ``sentence_order``.

    ``{heading: "m.f(x)", first: "Do it.", joint: " ", second: "It is done."}`` becomes the prompt
    ``m.f(x)`` with the choices, in an order drawn from the row's id::

        "\\n\\nDo it. It is done."
        "\\n\\nIt is done. Do it."
    """
    first, joint, second = row["first"], row["joint"], row["second"]
    orders = [_PARAGRAPH + first + joint + second, _PARAGRAPH + second + joint + first]
    gold = seeded_digest("sentence_order", row["id"])[0] % 2
    choices: Sequence[str] = orders[::-1] if gold else orders
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=row["heading"],
        target=orders[0],
        choices=tuple(choices),
        gold=gold,
        segments=(row["heading"], first, second),
    )


SENTENCE_ORDER = Task(
    name="sentence_order",
    description="Which of two orders of a documentation text's first two sentences is the "
    "author's, given the name and signature of what is documented.",
    columns=("id", "group", "module", "qualname", "kind", "parameters", "returns", "text"),
    rows=sentence_order_rows,
    keys=sentence_order_keys,
    template=sentence_order_example,
    specimens=(
        {
            "id": "numpy:numpy.sum",
            "group": "numpy.sum",
            "heading": "numpy.sum(a, axis=None)",
            "first": "Sum the elements over an axis.",
            "joint": "\n\n",
            "second": "The result has one axis fewer.",
        },
    ),
    unseen=True,
)
