"""Literal in, literal out: what object_kind shows."""

from typing import Any

import pytest

from tasks_to_text.tasks.object_kinds import mask_kinds, object_kind_example, object_kind_rows


def _record(**changes: Any) -> dict[str, Any]:
    return {
        "id": "numpy:numpy.core.Scaler",
        "group": "numpy.core",
        "module": "numpy.core",
        "qualname": "Scaler",
        "kind": "class",
        "text": "A Scaler scales.\n\nIt is a class that other modules and Scalers use.",
        **changes,
    }


def test_object_kind_reads_like_this() -> None:
    (row,) = object_kind_rows([_record()], "train")
    example = object_kind_example(row)
    assert example.prompt == (
        "Documentation:\nA ___ scales.\n\nIt is a ___ that other ___ and Scalers use.\nDocuments a"
    )
    assert example.choices == (" class", " function", " module")
    assert (example.target, example.gold) == (" class", 0)


@pytest.mark.parametrize(
    ("kind", "qualname", "expected"),
    [
        ("class", "Scaler", ["class"]),
        ("function", "scale", ["function"]),
        ("method", "Scaler.scale", ["function"]),
        ("module", "", ["module"]),
        ("property", "Scaler.size", []),
    ],
)
def test_methods_count_as_functions_and_properties_not_at_all(
    kind: str, qualname: str, expected: list[str]
) -> None:
    rows = object_kind_rows([_record(kind=kind, qualname=qualname)], "train")
    assert [row["kind"] for row in rows] == expected


def test_a_module_is_masked_by_the_last_part_of_its_name() -> None:
    (row,) = object_kind_rows(
        [_record(kind="module", qualname="", text="The core holds all that is core to it.")], "test"
    )
    assert row["text"] == "The ___ holds all that is ___ to it."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Base class, subclasses and a metaclass.", "Base ___, ___ and a ___."),
        ("This function, or Method, of submodules.", "This ___, or ___, of ___."),
        ("Classify functional methodology.", "Classify functional methodology."),
        ("x, x.y, xx and max(x)", "___, ___.y, xx and max(___)"),
    ],
)
def test_kinds_and_the_own_name_are_masked_as_whole_words(text: str, expected: str) -> None:
    assert mask_kinds(text, "x") == expected


def test_what_is_masked_away_is_left_out() -> None:
    assert list(object_kind_rows([_record(text="Scaler class module function it.")], "train")) == []
