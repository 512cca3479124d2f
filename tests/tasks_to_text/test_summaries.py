"""Literal in, literal out: summaries, and the two tasks about them."""

from collections import Counter
from typing import Any

import pytest

from tasks_to_text.tasks.sentences import first_sentence
from tasks_to_text.tasks.summaries import (
    SUMMARY,
    shared_word,
    split_summary,
    summary_example,
    summary_keys,
    summary_match_distract,
    summary_match_example,
    summary_match_keys,
    summary_match_rows,
    summary_rows,
)

BODY = (
    "All axes count,\nunless one is given. It is fast,\nand it is exact to the last digit that "
    "there is, on every machine.\n\n- a list"
)


def _record(**changes: Any) -> dict[str, Any]:
    return {
        "id": "numpy:numpy.ma.sum",
        "group": "numpy.core",
        "distribution": "numpy",
        "qualname": "ma.sum",
        "kind": "function",
        "parameters": [{"name": "a", "annotation": "", "default": ""}, {"name": "*axes"}],
        "text": f"Sum the\nelements.\n\n{BODY}",
        **changes,
    }


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("Sum the\nelements.\n\nMore.", "Sum the elements."),
        ("Sum the elements.", "Sum the elements."),
        ("Sum the elements. Of all axes.\n\nMore.", ""),
        ("Sum elements.\n\nMore.", ""),
        ("Sum the elements\n\nMore.", ""),
        ("sum the elements.\n\nMore.", ""),
        ("Sum the " + "very " * 20 + "long elements.\n\nMore.", ""),
        ("- a list of things.\n\nMore.", ""),
        ("", ""),
    ],
)
def test_a_summary_is_one_short_sentence_in_a_paragraph_of_its_own(text: str, summary: str) -> None:
    assert split_summary(text)[0] == summary


def test_summary_reads_like_this() -> None:
    (row,) = summary_rows([_record()], "train")
    example = summary_example(row)
    assert example.prompt == f"{BODY}\nTL;DR:"
    assert example.target == " Sum the elements."
    assert example.references == ("Sum the elements.",)
    assert SUMMARY.baselines["lead"](example) == "All axes count, unless one is given."
    assert summary_keys(row) == ("sum the elements.", "all axes count, unless one is given. it")


@pytest.mark.parametrize(
    "rest", ["", "It is fast.", "- a list of things\n" * 8, "Parameters\n-----\n" + "x : int\n" * 9]
)
def test_a_text_whose_rest_is_short_or_opens_with_no_prose_is_left_out(rest: str) -> None:
    assert list(summary_rows([_record(text=f"Sum the elements.\n\n{rest}")], "train")) == []


def test_a_long_rest_is_cut_at_a_word() -> None:
    (row,) = summary_rows([_record(text="Sum the elements.\n\n" + "Only écoles count. " * 40)], "x")  # type: ignore[arg-type]
    assert 390 < len(row["body"].encode()) <= 400
    assert row["body"].endswith(("Only", "écoles", "count."))


def test_summary_match_reads_like_this() -> None:
    (row,) = summary_match_rows([_record()], "train")
    example = summary_match_example({**row, "shown": "Sum the elements."})
    assert example.prompt == (
        "Signature: sum(a, *axes)\n"
        "Summary: Sum the elements.\n"
        "Does the summary describe the signature?"
    )
    assert (example.choices, example.gold) == ((" yes", " no"), 0)
    other = summary_match_example({**row, "shown": "Draw the plot."})
    assert (other.target, other.gold) == (" no", 1)
    assert summary_match_keys(row) == ("sum(a, *axes)", "sum the elements.")


@pytest.mark.parametrize("changes", [{"kind": "class"}, {"parameters": []}, {"text": "Sum."}])
def test_classes_and_functions_without_parameters_or_summary_are_left_out(
    changes: dict[str, Any],
) -> None:
    assert list(summary_match_rows([_record(**changes)], "train")) == []


def test_half_of_the_summaries_are_those_of_another_row_and_each_is_shown_once() -> None:
    rows = [
        {"id": f"{i}", "package": f"p{i // 100}", "summary": f"Do the thing {i}."}
        for i in range(400)
    ]
    shown = summary_match_distract(rows)
    assert [row["id"] for row in shown] == [row["id"] for row in rows]
    assert Counter(row["shown"] for row in shown) == Counter(row["summary"] for row in rows)
    wrong = [row for row in shown if row["shown"] != row["summary"]]
    assert len(wrong) == 200
    package = {row["summary"]: row["package"] for row in rows}
    assert sum(package[row["shown"]] == row["package"] for row in wrong) >= 196
    again = {row["id"]: row["shown"] for row in summary_match_distract(rows[::-1])}
    assert again == {row["id"]: row["shown"] for row in shown}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("One\nis. Two.", "One is."), ("- a list. Of two.\n\nMore.", "- a list."), ("", "")],
)
def test_the_first_sentence_of_anything(text: str, expected: str) -> None:
    assert first_sentence(text) == expected


@pytest.mark.parametrize(
    ("name", "summary", "answer"),
    [
        ("sum", "Sum the elements.", " yes"),
        ("to_json", "Write JSON text.", " yes"),
        ("add_in_place", "Add a number.", " yes"),
        ("readLines", "All lines of a file.", " yes"),
        ("HTTPServer", "Serve over http.", " yes"),
        ("to_csv", "Go to the end.", " no"),
        ("__len__", "Count the items.", " no"),
    ],
)
def test_the_rule_looks_for_a_part_of_the_name(name: str, summary: str, answer: str) -> None:
    row = {
        "id": "i",
        "group": "g",
        "signature": f"{name}(the, file)",
        "summary": "S.",
        "shown": summary,
    }
    assert shared_word(summary_match_example(row)) == answer
