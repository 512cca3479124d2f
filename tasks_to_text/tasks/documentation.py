"""Two tasks whose gold answers come from the documentation of installed packages itself.

    parameter_type   which of four types a documented parameter has, from its name and description
    package          which of four packages a documentation text is from, names masked

A record is one documented object: ``id``, ``group`` (module family), ``distribution``, ``module``,
``documented`` (name, type and description of the parameters that the text describes), ``text``.
Prompts are cut from the right, at the end of a word. They are short because a training token spent
on the end of a text buys fewer answers: naive Bayes has 0.85 on parameter_type with 400 bytes of
description as with 160, and on package 0.76 with 480 bytes of text but still 0.74 with 240
(validation).
"""

import random
from collections.abc import Iterable, Iterator, Sequence

from tasks_to_text.example import Example
from tasks_to_text.selection import seeded_digest
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.documented_types import TYPES, mask_types, simple_type
from tasks_to_text.tasks.package_names import mask_names, names_of
from tasks_to_text.tasks.wording import DOCUMENTATION, MASK, clip, head_key

# ------------------------------------------------------------------------------- parameter_type

_DESCRIPTION_BYTES = 160
_DESCRIPTION_MIN_WORDS = 3
_LONG_WORDS = 8
"""From so many words on, a description that stands twice was copied."""


def parameter_type_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """Every documented parameter whose type is one of ``TYPES`` and whose description says a bit.

    Name and description are masked where they say a type outright. Rows: id, group, name,
    description, type.
    """
    for record in records:
        for documented in record["documented"]:
            kind = simple_type(documented["type"])
            description = " ".join(documented["description"].split())
            if kind and description.count(" ") + 1 >= _DESCRIPTION_MIN_WORDS:
                yield {
                    "id": f"{record['id']}#{documented['name']}",
                    "group": record["group"],
                    "name": mask_types(documented["name"], MASK),
                    "description": clip(mask_types(description, MASK), _DESCRIPTION_BYTES),
                    "type": kind,
                }


def parameter_type_keys(row: Row) -> tuple[str, ...]:
    """Name and first eight words of the description; and a long description under any name."""
    words = row["description"].lower().split()
    named = f"{row['name'].lower()}: {head_key(row['description'])}"
    return (named, " ".join(words)) if len(words) >= _LONG_WORDS else (named,)


def parameter_type_example(row: Row) -> Example:
    """The template of ``parameter_type``.

    ``{name: "axis", description: "Axis along which to sum.", type: "int"}`` becomes the prompt::

        Parameter: axis
        Description: Axis along which to sum.
        Type:

    with the choices `` array``, `` bool``, `` int``, `` str`` and the target `` int``.
    """
    choices = tuple(f" {name}" for name in TYPES)
    gold = TYPES.index(row["type"])
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"Parameter: {row['name']}\nDescription: {row['description']}\nType:",
        target=choices[gold],
        choices=choices,
        gold=gold,
        segments=(row["name"], row["description"]),
    )


PARAMETER_TYPE = Task(
    name="parameter_type",
    description="Which of four types a documented parameter has, from its name and description; "
    "the type as its author wrote it.",
    kind="classification",
    source=DOCUMENTATION,
    columns=("id", "group", "documented"),
    rows=parameter_type_rows,
    keys=parameter_type_keys,
    template=parameter_type_example,
    specimens=(
        {
            "id": "numpy:numpy.sum#axis",
            "group": "numpy.sum",
            "name": "axis",
            "description": "Axis along which to sum.",
            "type": "int",
        },
    ),
    closed=True,
    label=lambda row: str(row["type"]),
    labels=TYPES,
)

# -------------------------------------------------------------------------------------- package

_TEXT_BYTES = 240
_READ_CHARACTERS = 480
"""Of a text, before masking: a mask is rarely longer than what it hides."""
_TEXT_MIN_WORDS = 8
_CANDIDATES = 4


def package_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """The masked beginning of every text that has a bit left. Rows: id, group, text, package."""
    kept = list(records)
    pairs = {(record["distribution"], record["module"].split(".")[0]) for record in kept}
    names = frozenset().union(*(names_of(*pair) for pair in pairs))
    for record in kept:
        text = mask_names(record["text"][:_READ_CHARACTERS], names, MASK)
        text = clip(text.strip(), _TEXT_BYTES)
        if len(text.replace(MASK, "").split()) >= _TEXT_MIN_WORDS:
            yield {
                "id": record["id"],
                "group": record["group"],
                "text": text,
                "package": record["distribution"],
            }


def package_keys(row: Row) -> tuple[str, ...]:
    """The first eight words of the shown text."""
    return (head_key(row["text"]),)


def package_distract(rows: Sequence[Row]) -> list[Row]:
    """Each row with ``choices``: its package and three others that are gold elsewhere, shuffled."""
    packages = sorted({row["package"] for row in rows})
    return [{**row, "choices": _candidates(row, packages)} for row in rows]


def _candidates(row: Row, packages: Sequence[str]) -> tuple[str, ...]:
    draw = random.Random(int.from_bytes(seeded_digest("package", row["id"])))
    others = [name for name in packages if name != row["package"]]
    ranked = sorted(others, key=lambda _: draw.random())[: _CANDIDATES - 1]
    return tuple(sorted([row["package"], *ranked], key=lambda _: draw.random()))


def package_example(row: Row) -> Example:
    """The template of ``package``.

    ``{text: "Sum of elements.", package: "numpy", choices: ("scipy", "numpy")}`` becomes::

        Documentation:
        Sum of elements.
        Package:

    with the choices `` scipy``, `` numpy`` and the target `` numpy``.
    """
    choices = tuple(f" {name}" for name in row["choices"])
    gold = row["choices"].index(row["package"])
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"Documentation:\n{row['text']}\nPackage:",
        target=choices[gold],
        choices=choices,
        gold=gold,
        segments=(row["text"],),
    )


PACKAGE = Task(
    name="package",
    description="Which of four packages a documentation text is from, with names, paths and import "
    "lines masked; the distribution that holds it.",
    kind="classification",
    source=DOCUMENTATION,
    columns=("id", "group", "distribution", "module", "text"),
    rows=package_rows,
    keys=package_keys,
    template=package_example,
    specimens=(
        {
            "id": "numpy:numpy.sum",
            "group": "numpy.sum",
            "text": "Sum of elements.",
            "package": "numpy",
            "choices": ("scipy", "numpy", "torch", "pandas"),
        },
    ),
    closed=True,
    label=lambda row: str(row["package"]),
    distract=package_distract,
)
