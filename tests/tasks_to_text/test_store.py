"""What is written comes back, and can be asked for in SQL."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tasks_to_text.errors import DataError
from tasks_to_text.example import Example
from tasks_to_text.scored import Item, Score, Verdict
from tasks_to_text.source import Source
from tasks_to_text.store import (
    Converted,
    evaluation_texts,
    read_examples,
    read_items,
    splits_of,
    training_pairs,
    write_prompts,
    write_results,
)
from tasks_to_text.task import Row, Task


def _example(row: Row) -> Example:
    return Example(**row)


def _task(name: str, **changes: Any) -> Task:
    values: dict[str, Any] = {
        "name": name,
        "description": "d",
        "kind": "question answering",
        "source": Source(path="x"),
        "columns": (),
        "rows": lambda records, split: iter(records),
        "keys": lambda row: (),
        "template": _example,
        "specimens": ({"example_id": "s", "group": "s", "prompt": "p", "target": " t"},),
        "protocol": "generation",
        "metrics": ("f1",),
    }
    return Task(**{**values, **changes})


def _converted(name: str, **splits: list[Example]) -> Converted:
    return Converted(
        task=_task(name),
        source_name=f"{name} source",
        licence="MIT",
        revision="",
        examples=splits,  # type: ignore[arg-type]
        n_records=dict.fromkeys(splits, 7),  # type: ignore[arg-type]
    )


def _free(i: int, *references: str) -> Example:
    return Example(
        example_id=f"e{i}", group=f"g{i}", prompt=f"p{i}", target=f" t{i}", references=references
    )


CHOICE = Example(
    example_id="c",
    group="g",
    prompt="p",
    target=" b",
    choices=(" a", " b"),
    gold=1,
    segments=("x", "y"),
)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    first = _converted("first", train=[_free(1, "t1", "u"), _free(2)], test=[_free(3, "x")])
    write_prompts([first, _converted("second", validation=[CHOICE])], tmp_path)
    return tmp_path


def test_examples_come_back_by_task_and_split(prompts: Path) -> None:
    assert read_examples(prompts, "first", "train") == [_free(1, "t1", "u"), _free(2)]
    assert read_examples(prompts, "second", "validation") == [CHOICE]
    assert list(training_pairs(prompts, "first")) == [("p1", " t1"), ("p2", " t2")]
    assert list(evaluation_texts(prompts)) == ["p b", "p3 t3"]


def test_a_split_that_a_task_lacks_is_known_and_named(prompts: Path) -> None:
    assert splits_of(prompts, "first") == ("train", "test")
    assert splits_of(prompts, "second") == ("validation",)
    with pytest.raises(DataError, match="no test examples of task 'second'; it holds first"):
        read_examples(prompts, "second", "test")
    with pytest.raises(DataError, match="is missing"):
        read_examples(prompts / "nowhere", "first", "test")


def test_prompts_say_where_they_are_from(prompts: Path) -> None:
    with duckdb.connect(str(prompts / "prompts.duckdb"), read_only=True) as connection:
        sources = connection.sql("FROM sources ORDER BY task, split").fetchall()
        tasks = connection.sql("SELECT task, kind, protocol, headline FROM tasks")
        assert sources[0] == ("first", "test", "first source", "MIT", "", 7)
        assert len(sources) == 3
        assert ("first", "question answering", "generation", "f1") in tasks.fetchall()
        asked = """SELECT "references" FROM examples WHERE example_id = 'e1'"""
        assert connection.sql(asked).fetchall() == [(["t1", "u"],)]


def test_equal_examples_give_equal_bytes(prompts: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    first = _converted("first", train=[_free(1, "t1", "u"), _free(2)], test=[_free(3, "x")])
    write_prompts([first, _converted("second", validation=[CHOICE])], again)
    for split in ("train", "validation", "test"):
        name = f"{split}.parquet"
        assert (again / name).read_bytes() == (prompts / name).read_bytes()


ITEMS = [
    Item(
        task="t",
        split="test",
        model="m",
        example_id="1",
        group="g",
        template_hash="h",
        prompt_digest="d",
        scores=(-1.0, -2.5),
        predicted=0,
        gold=1,
        answer="a",
        values={"acc": 0.0, "acc_norm": 1.0},
    ),
    Item(
        task="documents",
        split="test",
        model="m",
        example_id="2",
        group="g",
        template_hash="",
        prompt_digest="d",
        nats=3.5,
        n_bytes=4,
        n_words=2,
        values={"bits_per_byte": 1.25},
    ),
]
ITEMS.append(replace(ITEMS[0], template="other", shots=5, n_cut=7))


def test_results_come_back_and_answer_questions(tmp_path: Path) -> None:
    score = Score(
        task="t",
        split="test",
        model="m",
        metric="acc",
        headline=True,
        value=0.5,
        low=0.25,
        high=0.75,
        n=2,
        n_groups=1,
        exposure="unseen",
        stderr=0.125,
        template="other",
        shots=5,
        shots_from="train",
        n_cut=1,
        n_dropped=3,
    )
    verdict = Verdict(
        task="t",
        split="test",
        metric="acc",
        rivals={"chance": 0.25},
        p=0.25,
        p_holm=0.5,
        beats_all=False,
        plain_p_holm=0.25,
        beats_plain=False,
        bag_of_words_p=-1.0,
    )
    write_results(ITEMS, [score], [verdict], tmp_path)
    assert read_items(tmp_path / "items.parquet") == ITEMS
    with duckdb.connect(str(tmp_path / "results.duckdb"), read_only=True) as connection:
        asked = """SELECT answer, "values"['acc_norm'] FROM items WHERE task = 't' AND shots = 0"""
        assert connection.sql(asked).fetchall() == [("a", 1.0)]
        asked = "SELECT template, n_cut FROM items WHERE shots = 5"
        assert connection.sql(asked).fetchall() == [("other", 7)]
        assert connection.sql("SELECT value, n FROM scores").fetchall() == [(0.5, 2)]
        asked = "SELECT stderr, template, shots, shots_from, n_cut, n_dropped FROM scores"
        assert connection.sql(asked).fetchall() == [(0.125, "other", 5, "train", 1, 3)]
        asked = "SELECT rivals['chance'], plain_p_holm, beats_plain, bag_of_words_p FROM verdicts"
        assert connection.sql(asked).fetchall() == [(0.25, 0.25, False, -1.0)]
    with pytest.raises(DataError, match="is missing"):
        read_items(tmp_path / "nothing.parquet")


def test_nothing_found_can_be_written_too(tmp_path: Path) -> None:
    write_results([], [], [], tmp_path)
    assert read_items(tmp_path / "items.parquet") == []
