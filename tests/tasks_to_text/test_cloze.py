"""Literal in, literal out: content words, passages, and a word removed with ten candidates."""

from collections import Counter
from typing import Any

import pytest

from tasks_to_text.tasks.cloze import (
    cloze_example,
    cloze_keys,
    cloze_rows,
    most_frequent_candidate,
)
from tasks_to_text.tasks.words import content_words, most_frequent_word, passages

CONTEXT = (
    "A parser reads tokens and builds a tree of nodes. Each tree has a root, branches and leaves. "
    "A visitor walks over nodes in the order of depth."
)
LAST = "It ends when the tree was walked."


def _record(text: str, **changes: Any) -> dict[str, Any]:
    return {"id": "m:m.f", "group": "m", "text": text, **changes}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The parser reads tokens, then tokens.", ["parser", "reads", "tokens", "tokens"]),
        ("A `tree` of DataFrame, x_max, numpy.sum and tree(x).", []),
        ("It is finally parsed by an axis.", ["axis"]),
        ("The user-defined tree's input/output, root.", ["root"]),
        ("Which would have been returned.", []),
    ],
)
def test_content_words_are_told_by_their_shape(text: str, expected: list[str]) -> None:
    assert content_words(text) == expected


def test_the_most_frequent_word_is_the_last_of_several() -> None:
    assert most_frequent_word("A tree, a root; the tree and the root of nodes.") == "root"
    assert most_frequent_word("It is.") == ""


def _runs(text: str, n_bytes: int) -> list[list[str]]:
    return list(passages(text, n_bytes=n_bytes, min_sentences=2, min_words=2))


def test_passages_are_runs_of_whole_sentences_that_fit() -> None:
    text = "One is. Two is.\n\nThree is. Four is."
    assert _runs(text, 100) == [["One is.", "Two is.", "Three is.", "Four is."]]
    assert _runs(text, 24) == [["One is.", "Two is."], ["Three is.", "Four is."]]
    assert _runs(text, 14) == []
    assert _runs("One é. Two é.", 15) == [["One é.", "Two é."]]
    assert _runs("One é. Two é.", 14) == []


@pytest.mark.parametrize("between", ["- a list", "x : int\n    deep", "no sentence", "Too."])
def test_what_is_no_sentence_ends_a_passage(between: str) -> None:
    text = f"One is. Two is.\n\n{between}\n\nThree is. Four is."
    assert _runs(text, 100) == [["One is.", "Two is."], ["Three is.", "Four is."]]


def test_cloze_reads_like_this() -> None:
    (row,) = cloze_rows([_record(f"{CONTEXT}\n{LAST}\n\n- a list")], "test")
    example = cloze_example(row)
    assert example.prompt == f"{CONTEXT} It ends when the"
    assert example.target == " tree was walked."
    assert len(example.choices) == 10
    assert {choice.split()[0] for choice in example.choices} <= set(content_words(CONTEXT))
    assert all(choice.endswith(" was walked.") for choice in example.choices)
    assert cloze_keys(row) == (
        "a parser reads tokens and builds a tree",
        "it ends when the tree was walked.",
    )
    assert row["id"] == "m:m.f#0"


def test_the_other_candidates_are_the_most_frequent_words_and_not_in_the_last_sentence() -> None:
    context = CONTEXT + " Branches of nodes hold tokens, leaves hold depth."
    (row,) = cloze_rows([_record(f"{context} It ends when the tree has no root, visitor.")], "test")
    others = set(row["candidates"]) - {row["word"]}
    assert not others & {"tree", "root", "visitor"}
    assert {"nodes", "tokens", "depth", "leaves"} <= others


@pytest.mark.parametrize(
    "text",
    [
        f"{CONTEXT} It ends when the soup was eaten.",  # the word stands nowhere before
        f"{CONTEXT} Tree walkers end.",  # too near the beginning, and no content word
        f"{CONTEXT} It ends when a tree is no tree.",  # twice: which one is asked for
        f"{CONTEXT} It ends when the tree is no `tree`.",  # again, in code
        f"{CONTEXT} Tree walks end when the tree ends.",  # again, with a capital
        f"{CONTEXT} It ends when the (tree was walked.",  # no space for a choice to own
        f"A tree has a root. {LAST}",  # too few candidates
        "",
    ],
)
def test_passages_that_do_not_ask_well_are_left_out(text: str) -> None:
    assert list(cloze_rows([_record(text)], "test")) == []


def test_the_right_word_stands_everywhere_equally_often() -> None:
    places: Counter[int] = Counter()
    for i in range(600):
        (row,) = cloze_rows([_record(f"{CONTEXT} {LAST}", id=f"m:{i}")], "test")
        places[row["candidates"].index(row["word"])] += 1
    assert all(30 < places[i] < 95 for i in range(10))


def test_the_rule_takes_the_candidate_that_stands_most_often_and_the_first_of_several() -> None:
    (row,) = cloze_rows([_record(f"{CONTEXT} {LAST}")], "test")
    # Tree (2) and nodes (2): tree comes first.
    assert most_frequent_candidate(cloze_example(row)) == " tree was walked."
    (row,) = cloze_rows([_record(f"{CONTEXT} Depth of nodes. {LAST}")], "test")
    assert most_frequent_candidate(cloze_example(row)) == " nodes was walked."
