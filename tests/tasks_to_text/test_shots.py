"""Solved examples before a prompt: drawn by id and seed alone, never from the own group."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.shots import pool_split, with_shots


def _example(i: int, group: str, name: str = "e") -> Example:
    return Example(example_id=f"{name}{i}", group=group, prompt=f"Q: {i}\nA:", target=f" a{i}")


POOL = [_example(i, f"g{i % 5}") for i in range(20)]


def test_a_prompt_with_two_solved_examples() -> None:
    pool = [_example(1, "x"), _example(2, "y")]
    (shown,) = with_shots([_example(9, "z")], pool, 2, seed=0)
    first, second = ("Q: 1\nA: a1\n\n", "Q: 2\nA: a2\n\n")
    assert shown.prompt in (f"{first}{second}Q: 9\nA:", f"{second}{first}Q: 9\nA:")
    assert replace(shown, prompt="Q: 9\nA:") == _example(9, "z")


def test_solved_examples_stand_before_every_context() -> None:
    example = Example(
        example_id="w",
        group="w",
        prompt="because Ann",
        target=" called.",
        choices=(" Mia", " Ann"),
        gold=1,
        contexts=("because Mia", "because Ann"),
    )
    (shown,) = with_shots([example], [_example(1, "x")], 1, seed=0)
    before = "Q: 1\nA: a1\n\n"
    assert shown.contexts == (f"{before}because Mia", f"{before}because Ann")
    assert shown.requests[1] == (f"{before}because Ann", " called.")


@given(st.integers(0, 12), st.integers(0, 5), st.randoms())
@settings(max_examples=30)
def test_draws_depend_on_nothing_but_ids_and_seed(
    n: int, seed: int, shuffler: random.Random
) -> None:
    shown = {one.example_id: one for one in with_shots(POOL, POOL, n, seed)}
    pool, asked = list(POOL), list(POOL)
    shuffler.shuffle(pool)
    shuffler.shuffle(asked)
    assert {one.example_id: one for one in with_shots(asked, pool, n, seed)} == shown
    answers = {one.target: one.group for one in POOL}
    for one in shown.values():
        solved = [text.split("A:")[1] for text in one.prompt.split("\n\n")[:-1]]
        assert len(set(solved)) == n, "each at most once"
        assert all(answers[text] != one.group for text in solved), "never of its own group"


def test_another_seed_or_example_draws_others() -> None:
    asked = [_example(i, "none", name="x") for i in range(8)]
    first = with_shots(asked, POOL, 3, seed=0)
    assert [one.prompt for one in first] != [one.prompt for one in with_shots(asked, POOL, 3, 1)]
    assert len({one.prompt.rpartition("\n\n")[0] for one in first}) > 4


def test_templates_draw_the_same_ones() -> None:
    worded = [replace(one, prompt=f"Question {one.prompt}") for one in POOL]
    plain, others = with_shots(POOL, POOL, 4, 0), with_shots(worded, worded, 4, 0)
    assert [one.prompt.replace("Question ", "") for one in others] == [one.prompt for one in plain]


def test_too_few_solved_examples_are_named() -> None:
    with pytest.raises(DataError, match="'e0': shots=17, but only 16 solved examples"):
        with_shots(POOL, POOL, 17, seed=0)
    with pytest.raises(DataError, match="'e' has no prompt"):
        with_shots([Example(example_id="e", group="", prompt="", target="t")], POOL, 1, 0)
    with pytest.raises(ConfigError, match="shots=-1"):
        with_shots(POOL, POOL, -1, seed=0)
    assert with_shots(POOL, (), 0, seed=0) == POOL


def test_solved_examples_come_from_training_rows_where_there_are_some() -> None:
    assert pool_split("test", ("train", "validation", "test")) == "train"
    assert pool_split("test", ("validation", "test")) == "validation"
    assert pool_split("validation", ("validation", "test")) == "validation"
    assert pool_split("test", ("test",)) == "test"
