"""What an example refuses to be."""

from typing import Any

import pytest

from tasks_to_text.errors import DataError
from tasks_to_text.example import Example

GOOD: dict[str, Any] = {
    "example_id": "e",
    "group": "g",
    "prompt": "p",
    "target": " a",
    "choices": (" a", " b"),
    "gold": 0,
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"choices": (" a",)}, "at least two"),
        ({"choices": (" a", " a")}, "the same text"),
        ({"choices": ()}, "gold=0 without choices"),
        ({"gold": 2}, r"gold=2 is outside 0\.\.1"),
        ({"gold": 1}, "target is not the gold choice"),
        ({"target": " "}, "is empty"),
        ({"prompt": "p "}, "ends in white space"),
    ],
)
def test_fields_that_contradict_each_other_are_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=f"example 'e': .*{said}"):
        Example(**{**GOOD, **changes})


def test_two_choices_are_enough_and_none_are_generation() -> None:
    assert Example(**GOOD).choices == (" a", " b")
    assert Example(**{**GOOD, "choices": (), "gold": -1}).choices == ()
