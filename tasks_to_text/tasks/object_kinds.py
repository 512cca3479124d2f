"""What a documentation text documents, its name not shown: a class, a function or a module.

Methods count as functions. The object's own name and every word that says a kind are masked,
whichever the answer is.
"""

import re
from collections.abc import Iterable, Iterator

from tasks_to_text.example import Example
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.wording import DOCUMENTATION, MASK, bare_name, clip, head_key

OBJECT_KINDS = ("class", "function", "module")
_KIND = {"class": "class", "function": "function", "method": "function", "module": "module"}
_TEXT_BYTES = 240
_READ_CHARACTERS = 480
_MIN_WORDS = 4
_RESTATED = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:base|data|meta|sub|super)?class(?:es|method)?|functions?|methods?|"
    r"(?:sub)?modules?|(?:sub)?packages?|constructors?|decorators?|def|instances?)(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def object_kind_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """The masked beginning of every text that has a bit left. Rows: id, group, text, kind."""
    for record in records:
        kind = _KIND.get(record["kind"])
        if kind is None:
            continue
        name = bare_name(record["qualname"] or record["module"])
        text = clip(mask_kinds(record["text"][:_READ_CHARACTERS], name), _TEXT_BYTES)
        if len(text.replace(MASK, "").split()) >= _MIN_WORDS:
            yield {"id": record["id"], "group": record["group"], "text": text, "kind": kind}


def mask_kinds(text: str, name: str) -> str:
    """Replace words that say a kind, and the name of what is documented.

    >>> mask_kinds("Scaler is a class. See this module, and Scalers.", "Scaler")
    '___ is a ___. See this ___, and Scalers.'
    """
    if name in text:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", MASK, text)
    return _RESTATED.sub(MASK, text).strip()


def object_kind_keys(row: Row) -> tuple[str, ...]:
    """The first eight words of the shown text."""
    return (head_key(row["text"]),)


def object_kind_example(row: Row) -> Example:
    """The template of ``object_kind``.

    ``{text: "Sum of elements.", kind: "function"}`` becomes::

        Documentation:
        Sum of elements.
        Documents a

    with the choices `` class``, `` function``, `` module`` and the target `` function``.
    """
    choices = tuple(f" {name}" for name in OBJECT_KINDS)
    gold = OBJECT_KINDS.index(row["kind"])
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"Documentation:\n{row['text']}\nDocuments a",
        target=choices[gold],
        choices=choices,
        gold=gold,
        segments=(row["text"],),
    )


OBJECT_KIND = Task(
    name="object_kind",
    description="Whether a documentation text documents a class, a function or a module, its name "
    "masked; known from the source.",
    kind="classification",
    source=DOCUMENTATION,
    columns=("id", "group", "module", "qualname", "kind", "text"),
    rows=object_kind_rows,
    keys=object_kind_keys,
    template=object_kind_example,
    specimens=(
        {
            "id": "numpy:numpy.sum",
            "group": "numpy.sum",
            "text": "Sum of elements.",
            "kind": "function",
        },
    ),
    closed=True,
    label=lambda row: str(row["kind"]),
    labels=OBJECT_KINDS,
)
