"""Literal in, literal out: sentences of docstrings, headings, and the two orders."""

from typing import Any

import pytest

from tasks_to_text.tasks.sentence_order import (
    sentence_order_example,
    sentence_order_keys,
    sentence_order_rows,
    shorter_first,
)
from tasks_to_text.tasks.sentences import prose


def _record(text: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": "numpy:numpy.sum",
        "group": "numpy.core",
        "heading": "numpy.sum(a, axis=None) -> int",
        "text": text,
        **changes,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One is.\nTwo is too. `x` is three.", [["One is.", "Two is too.", "`x` is three."]]),
        ("See e.g. Table 1. It helps.", [["See e.g. Table 1.", "It helps."]]),
        ("Version 1.2 of it. Then x.", [["Version 1.2 of it.", "Then x."]]),
        ("Prose here.\n\n>>> code()\n\n- a list\n\n.. note::", [["Prose here."], [], [], []]),
        ("Parameters\n----------\nx : int", [[]]),
        ("As follows:\n\n    indented", [[], []]),
        ("", []),
    ],
)
def test_sentences_of_prose(text: str, expected: list[list[str]]) -> None:
    assert [[sentence.text for sentence in block] for block in prose(text)] == expected


def test_offsets_point_into_the_text() -> None:
    text = "One is.\nTwo is.\n\nThree is."
    for block in prose(text):
        for sentence in block:
            assert text[sentence.start :].startswith(sentence.text)


def test_sentence_order_reads_like_this() -> None:
    text = "Sum the elements\nof an array. The result has one axis fewer.\n\nMore."
    (row,) = sentence_order_rows([_record(text)], "test")
    example = sentence_order_example(row)
    assert example.prompt == "numpy.sum(a, axis=None) -> int:"
    assert example.target == " Sum the elements of an array. The result has one axis fewer."
    other = " The result has one axis fewer. Sum the elements of an array."
    assert set(example.choices) == {example.target, other}
    assert example.choices[example.gold] == example.target
    assert sentence_order_keys(row) == (
        "sum the elements of an array.",
        "the result has one axis fewer.",
    )


def test_a_summary_line_keeps_its_blank_line_in_both_orders() -> None:
    (row,) = sentence_order_rows([_record("Sum all elements.\n\nIt is done in C.")], "test")
    assert set(sentence_order_example(row).choices) == {
        " Sum all elements.\n\nIt is done in C.",
        " It is done in C.\n\nSum all elements.",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Only one sentence here.",
        "Sum all elements.\n\n- a list.",
        "sum all elements. It is done in C.",
        "Sum all elements. Done.",
        "Sum all elements. Sum all elements.",
        "Sum all elements.\n\nIt is done in C, without a full stop",
        "Sum all elements. " + "It is " + "very " * 80 + "long.",
        "",
    ],
)
def test_what_does_not_open_with_two_whole_sentences_is_left_out(text: str) -> None:
    assert list(sentence_order_rows([_record(text)], "test")) == []


def test_what_does_not_fit_is_left_out() -> None:
    sentence = "It is " + "very " * 50 + "long."
    text = f"{sentence} {sentence.replace('It', 'This')}"
    assert list(sentence_order_rows([_record(text)], "test")) == []


def test_the_right_order_comes_first_half_of_the_time() -> None:
    golds = []
    for i in range(400):
        (row,) = sentence_order_rows(
            [_record("Sum all elements. It is done in C.", id=f"x:{i}")], "test"
        )
        golds.append(sentence_order_example(row).gold)
    assert 160 < sum(golds) < 240


def test_the_rule_puts_the_shorter_sentence_first() -> None:
    for i in range(8):
        text = "It is done in C and in C only. Sum all elements."
        (row,) = sentence_order_rows([_record(text, id=f"x:{i}")], "test")
        answer = shorter_first(sentence_order_example(row))
        assert answer == " Sum all elements. It is done in C and in C only."
