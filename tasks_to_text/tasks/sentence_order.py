"""Which of two orders of two consecutive sentences is the author's; kept unseen by every mixture.

The prompt is what stands before the two sentences in the document: its heading (qualified name and
signature, as corpus documents carry it), a blank line, and the text up to there. The choices are
the two orders. Nothing is cut: pairs that do not fit are left out.
"""

from collections.abc import Iterable, Iterator, Sequence

from tasks_to_text.example import Example
from tasks_to_text.selection import seeded_digest
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.sentences import Sentence, prose, whole
from tasks_to_text.tasks.wording import head_key

_BYTES = 550
"""Prompt and choice together: they fit 256 tokens of a small vocabulary (2.9 bytes each)."""
_SENTENCE_CHARACTERS = 220
_SENTENCE_WORDS = 5
_PARAGRAPH = "\n\n"


def heading(record: Row) -> str:
    """Qualified name and signature: ``numpy.sum(a, axis=None) -> ndarray``."""
    name = ".".join(part for part in (record["module"], record["qualname"]) if part)
    if record["kind"] in ("module", "property"):
        return name
    parameters = ", ".join(map(_parameter, record["parameters"]))
    returns = f" -> {record['returns']}" if record["returns"] else ""
    return f"{name}({parameters}){returns}"


def _parameter(parameter: Row) -> str:
    name, annotation, default = (parameter[key] for key in ("name", "annotation", "default"))
    if annotation:
        return f"{name}: {annotation} = {default}" if default else f"{name}: {annotation}"
    return f"{name}={default}" if default else str(name)


def sentence_order_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """Every pair of consecutive sentences of running text that fits.

    Rows: id, group, before, separator (between ``before`` and the pair), first, joint, second.
    """
    for record in records:
        start = heading(record) + _PARAGRAPH
        room = _BYTES - len(start.encode())
        for first, joint, second in _pairs(record["text"]):
            before = record["text"][: first.start].rstrip()
            opens = record["text"][: first.start].endswith("\n\n") or not before
            row = {
                "id": f"{record['id']}@{first.start}",
                "group": record["group"],
                "before": (start + before).rstrip(),
                "separator": _PARAGRAPH if opens else " ",
                "first": first.text,
                "joint": joint,
                "second": second.text,
            }
            if len((before + first.text + second.text).encode()) + 4 <= room:
                yield row


def _pairs(text: str) -> Iterator[tuple[Sentence, str, Sentence]]:
    """Neighbouring whole sentences, and what joins them: a space, or a blank line."""
    last: Sentence | None = None
    for paragraph in prose(text):
        joint = _PARAGRAPH
        for sentence in paragraph:
            ok = whole(sentence, min_words=_SENTENCE_WORDS, max_characters=_SENTENCE_CHARACTERS)
            if ok and last is not None:
                yield last, joint, sentence
            last = sentence if ok else None
            joint = " "
        last = last if paragraph else None


def sentence_order_keys(row: Row) -> tuple[str, ...]:
    """The first eight words of either sentence."""
    return (head_key(row["first"]), head_key(row["second"]))


def sentence_order_example(row: Row) -> Example:
    """The template of ``sentence_order``.

    ``{before: "m.f(x)", separator: "\\n\\n", first: "Do it.", joint: " ", second: "It is done."}``
    becomes the prompt ``m.f(x)`` with the choices, in an order drawn from the row's id::

        "\\n\\nDo it. It is done."
        "\\n\\nIt is done. Do it."
    """
    orders = [
        row["separator"] + row["first"] + row["joint"] + row["second"],
        row["separator"] + row["second"] + row["joint"] + row["first"],
    ]
    gold = seeded_digest("sentence_order", row["id"])[0] % 2
    choices: Sequence[str] = orders if gold == 0 else orders[::-1]
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=row["before"],
        target=orders[0],
        choices=tuple(choices),
        gold=gold,
        segments=(row["before"], row["first"], row["second"]),
    )


SENTENCE_ORDER = Task(
    name="sentence_order",
    description="Which of two orders of two consecutive sentences is the author's, given what "
    "stands before them in the document.",
    columns=("id", "group", "module", "qualname", "kind", "parameters", "returns", "text"),
    rows=sentence_order_rows,
    keys=sentence_order_keys,
    template=sentence_order_example,
    specimens=(
        {
            "id": "numpy:numpy.sum@0",
            "group": "numpy.sum",
            "before": "numpy.sum(a, axis=None)",
            "separator": "\n\n",
            "first": "Sum the elements over an axis.",
            "joint": "\n\n",
            "second": "The result has one axis fewer.",
        },
    ),
    unseen=True,
)
