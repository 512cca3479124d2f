"""Literal in, literal out: a passage without its last word."""

import pytest

from tasks_to_text.tasks.last_words import (
    LAST_WORD,
    last_word_example,
    last_word_keys,
    last_word_rows,
)

TEXT = "A parser builds a tree of nodes. The nodes may be\nvisited. At the end it drops the tree."


def test_last_word_reads_like_this() -> None:
    (row,) = last_word_rows([{"id": "m:m.f", "group": "m", "text": TEXT}], "test")
    example = last_word_example(row)
    assert example.prompt == (
        "A parser builds a tree of nodes. The nodes may be visited. At the end it drops the"
    )
    assert example.target == " tree"
    assert LAST_WORD.baselines["most frequent word"](example) == "nodes"
    assert last_word_keys(row) == (
        "a parser builds a tree of nodes. the",
        "visited. at the end it drops the tree",
    )


def test_the_longest_beginning_that_ends_in_a_repeated_word_counts() -> None:
    text = TEXT + " All of it is then thrown away for good. Nothing is left of the memory."
    (row,) = last_word_rows([{"id": "m:m.f", "group": "m", "text": text}], "test")
    assert row["word"] == "tree"
    assert row["passage"].endswith("it drops the")


@pytest.mark.parametrize(
    "last",
    [
        "At the end it drops the soup.",
        "At the end it drops the `tree`.",
        "At the end it drops the subtree.",
        "At the end it drops the Tree.",
        "At the end it drops the tree, too.",
        "Drop the tree.",
    ],
)
def test_other_endings_are_left_out(last: str) -> None:
    text = f"A parser builds a tree of nodes. {last}"
    assert list(last_word_rows([{"id": "m:m.f", "group": "m", "text": text}], "test")) == []
