"""Literal in, literal out: a beginning and four endings; and that no ending is favoured."""

from collections import Counter
from typing import Any

import pytest

from tasks_to_text.example import Example
from tasks_to_text.tasks.continuation import (
    continuation_distract,
    continuation_example,
    continuation_keys,
    continuation_rows,
    most_shared_words,
)

TEXT = "Sum the elements of\nan array. The result has one axis fewer.\n\nMore."


def _record(**changes: Any) -> dict[str, Any]:
    return {
        "id": "numpy:numpy.sum",
        "group": "numpy.core",
        "distribution": "numpy",
        "heading": "numpy.sum(a, axis=None) -> int",
        "text": TEXT,
        **changes,
    }


def test_continuation_reads_like_this() -> None:
    (row,) = continuation_rows([_record()], "test")
    example = continuation_example({**row, "endings": ("It is drawn.", row["ending"])})
    assert example.prompt == "numpy.sum(a, axis=None) -> int: Sum the elements of an array."
    assert example.choices == (" It is drawn.", " The result has one axis fewer.")
    assert example.target == " The result has one axis fewer."
    assert continuation_keys(row) == (
        "sum the elements of an array.",
        "the result has one axis fewer.",
    )


def test_all_endings_have_the_white_space_of_the_true_one() -> None:
    text = "Sum the elements of an array.\n\nThe result has one axis fewer."
    (row,) = continuation_rows([_record(text=text)], "test")
    example = continuation_example({**row, "endings": ("It is drawn.", row["ending"])})
    assert example.choices == ("\n\nIt is drawn.", "\n\nThe result has one axis fewer.")


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "Only one sentence is here."},
        {"text": "Sum the elements of an array. Done."},
        {"text": "Sum the elements of an array. " + "It is " + "very " * 50 + "long."},
        {"heading": "h" * 320},
    ],
)
def test_what_does_not_open_with_two_sentences_or_does_not_fit_is_left_out(
    changes: dict[str, str],
) -> None:
    assert list(continuation_rows([_record(**changes)], "test")) == []


def _rows(sizes: dict[str, int], joint: str = " ") -> list[dict[str, Any]]:
    return [
        {
            "id": f"{name}{joint}{i}",
            "package": name,
            "joint": joint,
            "ending": f"It is {name}{joint}{i}.",
        }
        for name, n in sizes.items()
        for i in range(n)
    ]


def test_every_ending_is_right_once_and_wrong_three_times_within_its_package_and_joint() -> None:
    rows = [*_rows({"alpha": 9, "beta": 4}), *_rows({"alpha": 5, "beta": 7}, "\n\n")]
    given = continuation_distract(rows)
    assert [row["id"] for row in given] == [row["id"] for row in rows]
    shown = Counter(ending for row in given for ending in row["endings"])
    assert shown == dict.fromkeys((row["ending"] for row in rows), 4)
    for row in given:
        assert row["ending"] in row["endings"]
        assert len(set(row["endings"])) == 4
        assert all(f"{row['package']}{row['joint']}" in ending for ending in row["endings"])
    assert continuation_distract(rows[::-1])[::-1] == given


def test_rows_with_fewer_than_three_like_them_are_left_out() -> None:
    few = [*_rows({"alpha": 3}, "\n\n"), *_rows({"gamma": 3, "delta": 1})]
    kept = continuation_distract([*few, *_rows({"alpha": 4})])
    assert [row["id"] for row in kept] == [row["id"] for row in _rows({"alpha": 4})]
    assert all(len(row["endings"]) == 4 for row in kept)
    assert continuation_distract(few) == []


def test_the_right_ending_stands_everywhere_equally_often() -> None:
    given = continuation_distract(_rows({"alpha": 1200}))
    places = Counter(row["endings"].index(row["ending"]) for row in given)
    assert all(250 < places[i] < 350 for i in range(4))


def _shown(prompt: str, *choices: str, name: str = "e") -> Example:
    return Example(
        example_id=name, group="g", prompt=prompt, target=choices[0], choices=choices, gold=0
    )


def test_the_rule_counts_distinct_words_that_an_ending_shares_with_the_prompt() -> None:
    prompt = "numpy.sum(axis=None): Sum the elements of an array."
    shared = " The elements of an Array are added."
    # Repeats, and words of two letters, count for nothing.
    assert most_shared_words(_shown(prompt, " Axis axis axis of an.", shared)) == shared


def test_the_rule_favours_no_place_where_endings_share_equally() -> None:
    places = Counter(
        most_shared_words(_shown("p", " One.", " Two.", " Ten.", name=f"e{i}")) for i in range(600)
    )
    assert all(150 < n < 250 for n in places.values()) and len(places) == 3
