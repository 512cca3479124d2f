"""Which of two orders of a text's first two sentences is the author's; kept unseen by mixtures.

The prompt is what stands before them in the document: its heading, the qualified name and signature
as corpus documents carry it. The choices are the two orders, with the author's own white space
between the sentences (a space, or a blank line after a summary line), so that prompt and target are
word for word the beginning of the document. Nothing is cut: pairs that do not fit are left out.

Why the first two: in the middle of a text the words before a pair told a small model nothing. Why a
colon after the heading: with a blank line there, which then belongs to the choices, the choices
alone would say that a description begins. Both were seen on validation (docs/experiments.md).
"""

from collections.abc import Iterable, Iterator, Sequence

from tasks_to_text.example import Example
from tasks_to_text.selection import seeded_digest
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.sentences import opening
from tasks_to_text.tasks.wording import DOCUMENTATION, head_key

_BYTES = 550
"""Prompt and choice together: they fit 256 tokens of a small vocabulary (2.9 bytes each)."""
_SENTENCE_CHARACTERS = 300
_SENTENCE_WORDS = 3


def sentence_order_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """One row for every text that opens with two sentences of prose and fits.

    Rows: id, group, heading, first, joint (what stands between the sentences), second.
    """
    for record in records:
        pair = opening(
            record["text"], min_words=_SENTENCE_WORDS, max_characters=_SENTENCE_CHARACTERS
        )
        if pair is None:
            continue
        first, joint, second = pair
        row = {
            "id": record["id"],
            "group": record["group"],
            "heading": record["heading"],
            "first": first.text,
            "joint": joint,
            "second": second.text,
        }
        shown = f"{row['heading']}: " + first.text + joint + second.text
        if len(shown.encode()) <= _BYTES:
            yield row


def sentence_order_keys(row: Row) -> tuple[str, ...]:
    """The first eight words of either sentence."""
    return (head_key(row["first"]), head_key(row["second"]))


def sentence_order_example(row: Row) -> Example:
    """The template of ``sentence_order``.

    ``{heading: "m.f(x)", first: "Do it.", joint: " ", second: "It is done."}`` becomes the prompt
    ``m.f(x):`` with the choices, in an order drawn from the row's id::

        " Do it. It is done."
        " It is done. Do it."
    """
    first, joint, second = row["first"], row["joint"], row["second"]
    orders = [f" {first}{joint}{second}", f" {second}{joint}{first}"]
    gold = seeded_digest("sentence_order", row["id"])[0] % 2
    choices: Sequence[str] = orders[::-1] if gold else orders
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"{row['heading']}:",
        target=orders[0],
        choices=tuple(choices),
        gold=gold,
        segments=(row["heading"], first, second),
    )


def shorter_first(example: Example) -> str:
    """The order with the shorter sentence before the longer one; the first of equally long ones."""
    _, *sentences = example.segments
    before = min(sentences, key=len)
    return next(choice for choice in example.choices if choice.startswith(f" {before}"))


SENTENCE_ORDER = Task(
    name="sentence_order",
    description="Which of two orders of a documentation text's first two sentences is the "
    "author's, given the name and signature of what is documented.",
    kind="multiple choice",
    source=DOCUMENTATION,
    columns=("id", "group", "heading", "text"),
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
    baselines={"shorter first": shorter_first},
)
