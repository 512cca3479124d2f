"""What a documented function returns: one of five types, as its author annotated it.

The gold answer is the return annotation or, where there is none, the type in a NumPy- or
Google-style "Returns" section. The question shows the bare name and the opening prose, with every
word masked that says one of the types itself, whichever the answer is.
"""

import re
from collections.abc import Iterable, Iterator

from tasks_to_text.example import Example
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.documented_types import mask_types, simple_type
from tasks_to_text.tasks.sentences import opening_prose
from tasks_to_text.tasks.wording import DOCUMENTATION, MASK, bare_name, clip, head_key

RETURN_TYPES = ("None", "array", "bool", "list", "str")
"""The five that functions of the quickstart's distributions return most often."""

_DESCRIPTION_BYTES = 160
_MIN_WORDS = 4
_NUMPY = re.compile(r"^ *Returns\n *-{3,}\n *(?:\w+ ?: +)?(?P<type>[^\n]+)", re.MULTILINE)
_GOOGLE = re.compile(r"^ *Returns?:\n +(?P<type>[^\n:]+):", re.MULTILINE)
_NONE = re.compile(r"(?:None|NoReturn)")
_LIST = re.compile(r"(?:typing\.)?[Ll]ists?(?:\[.*\]| of [\w ]+)?")
_SEVERAL = re.compile(r"\bNone\b|\bOptional\b| \| | or ")
_RESTATED = re.compile(r"(?<![A-Za-z0-9])(?:none|lists?|ndarray)(?![A-Za-z0-9])", re.IGNORECASE)


def return_type_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """Every function, method and property of one of ``RETURN_TYPES`` whose text says a bit.

    Rows: id, group, name, description, type.
    """
    for record in records:
        if record["kind"] in ("class", "module"):
            continue
        kind = return_type(record["returns"] or _documented(record["text"]))
        description = clip(opening_prose(record["text"]), _DESCRIPTION_BYTES) if kind else ""
        if description.count(" ") + 1 >= _MIN_WORDS:
            yield {
                "id": record["id"],
                "group": record["group"],
                "name": mask_returns(bare_name(record["qualname"])),
                "description": clip(mask_returns(description), _DESCRIPTION_BYTES),
                "type": kind,
            }


def return_type(written: str) -> str:
    """Which of ``RETURN_TYPES`` a return type as written is; "" for another one or several.

    >>> return_type("list[int]"), return_type("np.ndarray"), return_type("str | None")
    ('list', 'array', '')
    """
    text = written.strip().strip("\"'`")
    if _NONE.fullmatch(text):
        return "None"
    if not text or _SEVERAL.search(text):
        return ""
    if _LIST.fullmatch(text):
        return "list"
    kind = simple_type(text)
    return kind if kind in RETURN_TYPES else ""


def mask_returns(text: str) -> str:
    """Replace words that say one of the types; evidence such as "whether" stays."""
    return _RESTATED.sub(MASK, mask_types(text, MASK))


def _documented(text: str) -> str:
    """The type in a docstring's section on what is returned; "" when there is none."""
    found = _NUMPY.search(text) or _GOOGLE.search(text)
    return found["type"] if found else ""


def return_type_keys(row: Row) -> tuple[str, ...]:
    """Name and first eight words of the description; and those words under any name."""
    head = head_key(row["description"])
    return (head, f"{row['name'].lower()}: {head}")


def return_type_example(row: Row) -> Example:
    """The template of ``return_type``.

    ``{name: "is_open", description: "Whether the file can be read.", type: "bool"}`` becomes::

        Function: is_open
        Description: Whether the file can be read.
        Returns:

    with the choices `` None``, `` array``, `` bool``, `` list``, `` str``, the target `` bool``.
    """
    choices = tuple(f" {name}" for name in RETURN_TYPES)
    gold = RETURN_TYPES.index(row["type"])
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"Function: {row['name']}\nDescription: {row['description']}\nReturns:",
        target=choices[gold],
        choices=choices,
        gold=gold,
        segments=(row["name"], row["description"]),
    )


RETURN_TYPE = Task(
    name="return_type",
    description="Which of five types a documented function returns, from its name and first "
    "sentences; the type as its author annotated it.",
    kind="classification",
    source=DOCUMENTATION,
    columns=("id", "group", "qualname", "kind", "returns", "text"),
    rows=return_type_rows,
    keys=return_type_keys,
    template=return_type_example,
    specimens=(
        {
            "id": "numpy:numpy.isfinite",
            "group": "numpy",
            "name": "isfinite",
            "description": "Whether all elements are finite.",
            "type": "bool",
        },
    ),
    closed=True,
    label=lambda row: str(row["type"]),
    labels=RETURN_TYPES,
)
