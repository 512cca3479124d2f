"""Laws of tasks_to_text.selection: no leaks, no repeats, balance, a stable shuffle, a cut."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tasks_to_text.example import Example
from tasks_to_text.selection import select
from tasks_to_text.source import Source
from tasks_to_text.task import Row, Task


def _example(row: Row) -> Example:
    return Example(example_id=row["id"], group="g", prompt=row["text"], target=" x")


TASK = Task(
    name="made_up",
    description="For the laws.",
    kind="classification",
    source=Source(path="made_up"),
    columns=("id",),
    rows=lambda records, split: iter(records),  # type: ignore[arg-type]
    keys=lambda row: (row["text"],),
    template=_example,
    specimens=({"id": "1", "text": "t"},),
    label=lambda row: row["label"],
)
UNBALANCED = replace(TASK, label=None)


def _rows(labels: str, start: int = 0) -> list[Row]:
    return [
        {"id": f"{i}", "text": f"text {i}", "label": label}
        for i, label in enumerate(labels, start=start)
    ]


def test_what_an_earlier_split_has_is_dropped_even_if_it_was_not_selected_there() -> None:
    taken: set[str] = set()
    train = select(UNBALANCED, "train", _rows("a" * 20), taken=taken, limit=5, seed=0)
    assert len(train.rows) == 5
    test = select(UNBALANCED, "test", _rows("a" * 20, start=10), taken=taken, limit=50, seed=0)
    assert {row["text"] for row in test.rows} == {f"text {i}" for i in range(20, 30)}
    assert test.dropped == {"in an earlier split": 10}


def test_a_key_comes_once_in_a_split() -> None:
    rows = [{**row, "text": "same"} for row in _rows("aaaa")]
    chosen = select(UNBALANCED, "test", rows, taken=set(), limit=9, seed=0)
    assert (len(chosen.rows), chosen.dropped) == (1, {"repeated": 3})


def test_an_id_comes_once_in_a_split() -> None:
    rows = [{**row, "id": "same"} for row in _rows("aaa")]
    chosen = select(UNBALANCED, "test", rows, taken=set(), limit=9, seed=0)
    assert (len(chosen.rows), chosen.dropped) == (1, {"id repeated": 2})


@given(st.text("abcdefg", min_size=1, max_size=200), st.integers(1, 60), st.integers(0, 3))
def test_evaluation_splits_are_balanced_and_every_row_is_accounted_for(
    labels: str, limit: int, seed: int
) -> None:
    chosen = select(TASK, "test", _rows(labels), taken=set(), limit=limit, seed=seed)
    counts = Counter(row["label"] for row in chosen.rows)
    assert len(set(counts.values())) == 1
    assert 0 < len(chosen.rows) <= limit
    assert len(chosen.rows) + sum(chosen.dropped.values()) == len(labels)


def test_fixed_labels_all_stay() -> None:
    task = replace(TASK, labels=("a", "b"))
    rows = _rows("a" * 50 + "b" * 3)
    assert Counter(
        row["label"] for row in select(task, "test", rows, taken=set(), limit=40, seed=0).rows
    ) == {"a": 3, "b": 3}
    nothing = select(task, "test", _rows("aaa"), taken=set(), limit=9, seed=0)
    assert nothing.rows == ()


def test_rare_open_labels_go_before_they_starve_the_rest() -> None:
    rows = _rows("a" * 50 + "b" * 40 + "c" * 40 + "d")
    chosen = select(TASK, "validation", rows, taken=set(), limit=120, seed=0)
    assert Counter(row["label"] for row in chosen.rows) == {"a": 40, "b": 40, "c": 40}


def test_training_keeps_rare_labels_and_caps_frequent_ones() -> None:
    rows = _rows("a" * 50 + "b" * 3)
    chosen = select(TASK, "train", rows, taken=set(), limit=20, seed=0)
    assert Counter(row["label"] for row in chosen.rows) == {"a": 10, "b": 3}


def test_the_shuffle_depends_on_seed_and_ids_alone() -> None:
    def chosen(seed: int, rows: list[Row]) -> list[str]:
        return [
            row["id"]
            for row in select(UNBALANCED, "train", rows, taken=set(), limit=10, seed=seed).rows
        ]

    rows = _rows("a" * 40)
    assert chosen(0, rows) == chosen(0, rows[::-1]) != chosen(1, rows)
