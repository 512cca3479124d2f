"""How a documentation text goes on: its own second sentence or that of three others; kept unseen.

The prompt is the beginning of the document as the corpus holds it, heading and first sentence; a
choice is white space and a sentence. The endings are all second sentences of texts of one package
that were joined to their own first sentence by the same white space, each of them right once and
wrong three times: so no ending is favoured, and neither is a form of one. The topic does give it
away: the ending that shares most words with the prompt is right for 73 % of the rows of installed
documentation, which is why the rule ``most shared words`` stands beside the models.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tasks_to_text.example import Example
from tasks_to_text.selection import seeded_digest
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.sentences import opening
from tasks_to_text.tasks.wording import DOCUMENTATION, head_key

_PROMPT_BYTES = 340
_ENDING_BYTES = 240
_MIN_WORDS = 5
_ENDINGS = 4
_WORD = re.compile(r"[^\W\d_]{3,}")


def continuation_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """One row for every text that opens with two sentences of prose and fits.

    Rows: id, group, package, heading, first, joint (what stands between them), ending.
    """
    for record in records:
        pair = opening(record["text"], min_words=_MIN_WORDS, max_characters=_PROMPT_BYTES)
        if pair is None:
            continue
        first, joint, ending = pair
        prompt = f"{record['heading']}: {first.text}"
        if len(prompt.encode()) <= _PROMPT_BYTES and len(ending.text.encode()) <= _ENDING_BYTES:
            yield {
                "id": record["id"],
                "group": record["group"],
                "package": record["distribution"],
                "heading": record["heading"],
                "first": first.text,
                "joint": joint,
                "ending": ending.text,
            }


def continuation_keys(row: Row) -> tuple[str, ...]:
    """The first eight words of either sentence."""
    return (head_key(row["first"]), head_key(row["ending"]))


def continuation_distract(rows: Sequence[Row]) -> list[Row]:
    """Each row with ``endings``: its own and those of three others of its package and joint,
    shuffled.

    The others are the next three in a circle, so every ending is wrong as often as any other. Rows
    whose package has fewer than four of their joint are left out.
    """
    circles: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: seeded_digest("continuation", row["id"])):
        circles[row["package"], row["joint"]].append(row)
    endings: dict[str, tuple[str, ...]] = {}
    for circle in circles.values():
        for i, row in enumerate(circle if len(circle) >= _ENDINGS else ()):
            others = [circle[(i + k) % len(circle)] for k in range(_ENDINGS)]
            others.sort(key=lambda other: seeded_digest(row["id"], other["id"]))
            endings[row["id"]] = tuple(other["ending"] for other in others)
    return [{**row, "endings": endings[row["id"]]} for row in rows if row["id"] in endings]


def continuation_example(row: Row) -> Example:
    """The template of ``continuation``.

    ``{heading: "m.f(x)", first: "Do it.", joint: " ", ending: "It is done.", endings: (…)}``
    becomes the prompt ``m.f(x): Do it.`` with a choice `` It is done.`` among four.
    """
    choices = tuple(f"{row['joint']}{ending}" for ending in row["endings"])
    gold = row["endings"].index(row["ending"])
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"{row['heading']}: {row['first']}",
        target=choices[gold],
        choices=choices,
        gold=gold,
        segments=(row["heading"], row["first"]),
    )


def most_shared_words(example: Example) -> str:
    """The choice that shares most distinct words with the prompt, whatever their case; a word has
    three letters. Equal ones are drawn by a digest of the example's id.
    """
    shown = _words(example.prompt)
    return min(
        example.choices,
        key=lambda choice: (
            -len(shown & _words(choice)),
            seeded_digest("shared", example.example_id, choice),
        ),
    )


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


CONTINUATION = Task(
    name="continuation",
    description="Which of four sentences comes next in a documentation text; the other three "
    "come next in other texts of the same package.",
    kind="multiple choice",
    source=DOCUMENTATION,
    columns=("id", "group", "distribution", "heading", "text"),
    rows=continuation_rows,
    keys=continuation_keys,
    template=continuation_example,
    specimens=(
        {
            "id": "numpy:numpy.sum",
            "group": "numpy.sum",
            "package": "numpy",
            "heading": "numpy.sum(a, axis=None)",
            "first": "Sum the elements over an axis.",
            "joint": "\n\n",
            "ending": "The result has one axis fewer.",
            "endings": ("It is drawn.", "The result has one axis fewer.", "No copy is made."),
        },
    ),
    metrics=("acc_pmi", "acc"),
    unseen=True,
    distract=continuation_distract,
    baselines={"most shared words": most_shared_words},
)
