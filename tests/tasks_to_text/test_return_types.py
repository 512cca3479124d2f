"""Literal in, literal out: what return_type shows, and what counts as which type."""

from typing import Any

import pytest

from tasks_to_text.tasks.return_types import (
    mask_returns,
    return_type,
    return_type_example,
    return_type_keys,
    return_type_rows,
)


def _record(**changes: Any) -> dict[str, Any]:
    return {
        "id": "numpy:numpy.ma.isfinite",
        "group": "numpy.core",
        "qualname": "ma.isfinite",
        "kind": "function",
        "returns": "bool",
        "text": "Whether all elements\nare finite.\n\nA list of None is finite too.\n\n"
        "Parameters\n----------\nx : int",
        **changes,
    }


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("None", "None"),
        ('"None"', "None"),
        ("NoReturn", "None"),
        ("bool", "bool"),
        ("builtins.bool", ""),
        ("str", "str"),
        ("list[str]", "list"),
        ("List", "list"),
        ("list of str", "list"),
        ("np.ndarray", "array"),
        ("torch.Tensor", "array"),
        ("ndarray of shape (n_samples,)", "array"),
        ("str | None", ""),
        ("Optional[bool]", ""),
        ("ndarray or scalar", ""),
        ("int", ""),
        ("", ""),
    ],
)
def test_a_return_type_counts_when_it_is_one_alone(written: str, expected: str) -> None:
    assert return_type(written) == expected


def test_return_type_reads_like_this() -> None:
    (row,) = return_type_rows([_record()], "train")
    example = return_type_example(row)
    assert example.prompt == (
        "Function: isfinite\n"
        "Description: Whether all elements are finite. A ___ of ___ is finite too.\n"
        "Returns:"
    )
    assert example.choices == (" None", " array", " bool", " list", " str")
    assert (example.target, example.gold) == (" bool", 2)
    assert example.segments == (
        "isfinite",
        "Whether all elements are finite. A ___ of ___ is finite too.",
    )


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("Returns\n-------\nout : ndarray\n    The sum.", "array"),
        ("Returns\n-------\nbool\n    Whether.", "bool"),
        ("Returns:\n    str: The name.", "str"),
        ("Returns:\n    The name of it.", None),
        ("Returns\n-------\nint\n", None),
    ],
)
def test_the_section_on_what_is_returned_counts_where_nothing_is_annotated(
    section: str, expected: str | None
) -> None:
    text = f"Look at all of it now.\n\n{section}"
    rows = list(return_type_rows([_record(text=text, returns="")], "train"))
    assert [row["type"] for row in rows] == ([expected] if expected else [])
    (annotated,) = return_type_rows([_record(text=text, returns="list[int]")], "train")
    assert annotated["type"] == "list"


@pytest.mark.parametrize(
    "changes", [{"kind": "class"}, {"kind": "module"}, {"text": "Too short."}, {"text": ""}]
)
def test_classes_modules_and_short_texts_are_left_out(changes: dict[str, str]) -> None:
    assert list(return_type_rows([_record(**changes)], "train")) == []


def test_words_that_say_a_type_are_masked_whichever_it_is() -> None:
    shown = mask_returns("Lists of NumPy's ndarray, None, a str_list, listed; True, nonetheless.")
    assert shown == "___ of NumPy's ___, ___, a _______, listed; True, nonetheless."


def test_functions_described_in_the_same_words_are_the_same_question() -> None:
    row = {"name": "get_name", "description": "The name of it all."}
    assert set(return_type_keys(row)) & set(return_type_keys({**row, "name": "name"}))
