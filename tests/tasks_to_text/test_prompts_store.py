"""Examples in several wordings: what is written comes back, and training draws one of each."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks_to_text import prompts_writer
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.kinds import classification
from tasks_to_text.prompts_store import (
    evaluation_texts,
    read_examples,
    templates_of,
    training_pairs,
)
from tasks_to_text.prompts_writer import Converted, PromptsWriter, write_prompts
from tasks_to_text.source import Source
from tasks_to_text.sources import Places
from tasks_to_text.task import Task

WORDINGS: dict[str, Any] = {
    "asked": {"question": "Is it {mood}?", "labels": {"0": "no", "1": "yes"}},
    "lm_eval": {"question": "Answer:"},
}
TASK = classification(
    name="film",
    description="Good or bad.",
    source=Source(path="film", splits={"train": "train", "test": "test"}),
    text="text",
    label="label",
    labels={"0": "bad", "1": "good"},
    question="The film is",
    id="id",
    specimens=[{"id": 0, "text": "Dull.", "label": 0, "mood": "fun"}],
    wordings=WORDINGS,
)
N = 400


def _record(number: int, **changes: Any) -> dict[str, Any]:
    row = {"id": number, "text": f"Film {number}.", "label": number % 2, "mood": "fun"}
    return {**row, **changes}


def _converted(root: Path, *, train: list[dict[str, Any]], task: Task = TASK) -> dict[str, Any]:
    (root / "film").mkdir(parents=True)
    (root / "out").mkdir()
    splits = {"train": train, "test": [_record(1000 + number) for number in range(4)]}
    for split, rows in splits.items():
        lines = "\n".join(json.dumps(row) for row in rows)
        (root / f"film/{split}.jsonl").write_text(lines)
    config = ConvertConfig(tasks=(task.name,))
    counts: dict[str, Any] = convert(config, [task], Places(project=root), root / "out")
    return counts["tasks"][task.name]


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("wordings")
    _converted(root, train=[_record(number) for number in range(N)])
    return root / "out"


def test_every_wording_has_every_example_in_the_same_order(prompts: Path) -> None:
    assert templates_of(prompts, "film", "train") == ("main", "asked", "lm_eval")
    main, asked, harness = (
        read_examples(prompts, "film", "train", name) for name in ("main", "asked", "lm_eval")
    )
    assert main == read_examples(prompts, "film", "train") and len(main) == N
    assert [one.example_id for one in main] == [one.example_id for one in asked]
    number = main[7].example_id
    assert main[7].prompt == f"Film {number}.\nThe film is"
    assert asked[7].prompt == f"Film {number}.\nIs it fun?"
    assert asked[7].choices == (" no", " yes")
    assert harness[7].prompt == f"Film {number}.\nAnswer:"
    with pytest.raises(DataError, match="in template 'sung'; it has main, asked, lm_eval"):
        read_examples(prompts, "film", "test", "sung")


def test_training_reads_each_example_once_in_one_of_its_wordings(prompts: Path) -> None:
    by_wording = {
        name: [(one.prompt, one.target) for one in read_examples(prompts, "film", "train", name)]
        for name in ("main", "asked", "lm_eval")
    }
    pairs = list(training_pairs(prompts, "film"))
    assert len(pairs) == N
    where = [
        [name for name, given in by_wording.items() if given[place] == pair]
        for place, pair in enumerate(pairs)
    ]
    counts = Counter(name for names in where for name in names)
    assert sum(counts.values()) == N and "lm_eval" not in counts
    assert 160 < counts["main"] < 240, "half of 400, five standard deviations"
    assert list(training_pairs(prompts, "film")) == pairs
    assert list(training_pairs(prompts, "film", seed=1)) != pairs


def test_weights_say_how_often_a_wording_is_drawn(prompts: Path) -> None:
    asked = [(e.prompt, e.target) for e in read_examples(prompts, "film", "train", "asked")]
    assert list(training_pairs(prompts, "film", weights={"main": 0.0})) == asked
    mostly = list(training_pairs(prompts, "film", weights={"main": 1.0, "asked": 9.0}))
    same = sum(pair == one for pair, one in zip(mostly, asked, strict=True))
    assert 330 < same < 390, "nine tenths of 400, five standard deviations"
    for weights in ({"sung": 1.0}, {"lm_eval": 1.0}):
        with pytest.raises(DataError, match="its templates are main, asked"):
            next(training_pairs(prompts, "film", weights=weights))
    with pytest.raises(ConfigError, match="main"):
        next(training_pairs(prompts, "film", weights={"main": -1.0}))


def test_one_wording_gives_the_examples_as_they_are(tmp_path: Path) -> None:
    alone = replace(TASK, wordings={})
    _converted(tmp_path, train=[_record(number) for number in range(20)], task=alone)
    examples = read_examples(tmp_path / "out", "film", "train")
    pairs = [(one.prompt, one.target) for one in examples]
    assert list(training_pairs(tmp_path / "out", "film")) == pairs


def test_what_a_wording_cannot_word_is_left_out_of_it_alone(tmp_path: Path) -> None:
    rows = [_record(number, mood=7 if number < 5 else "fun") for number in range(20)]
    counts = _converted(tmp_path, train=rows)
    assert counts["train"]["examples"] == 20 and counts["train"]["bad"] == {}
    assert counts["templates"]["asked"]["train"] == {
        "examples": 15,
        "left_out": {"field is not text": 5},
    }
    assert counts["templates"]["lm_eval"]["train"] == {"examples": 20, "left_out": {}}
    assert counts["templates"]["asked"]["hash"] == TASK.hash_of("asked")
    pairs = list(training_pairs(tmp_path / "out", "film"))
    assert len(pairs) == 20, "those that one wording lacks are read in another"
    some = list(training_pairs(tmp_path / "out", "film", weights={"main": 0}))
    assert len(some) == 15
    with duckdb.connect(str(tmp_path / "out/prompts.duckdb"), read_only=True) as connection:
        sizes = "SELECT template, count(*) FROM prompts WHERE split = 'train' GROUP BY 1 ORDER BY 1"
        assert connection.sql(sizes).fetchall() == [("asked", 15), ("lm_eval", 20), ("main", 20)]
        assert connection.sql("SELECT count(*) FROM examples").fetchall() == [(24,)]


def test_a_wording_of_nothing_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    rows = [_record(number, mood=None if number else "fun") for number in range(20)]
    with pytest.raises(DataError, match=r"'film', split 'train', template 'asked': 1 examples"):
        _converted(tmp_path, train=rows)
    assert list((tmp_path / "out").iterdir()) == []


def test_arrow_in_is_arrow_out_of_both_files(prompts: Path) -> None:
    file = pq.read_table(prompts / "test.parquet")
    with duckdb.connect(str(prompts / "prompts.duckdb"), read_only=True) as connection:
        joined = """SELECT task, template, template_hash, position, example_id, "group", prompt,
            target, choices, prompts.gold, "references", segments, contexts
            FROM prompts JOIN examples USING (task, split, example_id) WHERE split = 'test'
            ORDER BY list_position(['main', 'asked', 'lm_eval'], template), position"""
        found = pa.table(connection.sql(joined).to_arrow_table())
    assert found.cast(file.schema).to_pylist() == file.to_pylist()


def test_the_database_is_made_once_and_read_only(prompts: Path) -> None:
    assert (prompts / "prompts.duckdb").stat().st_mode & 0o777 == 0o444
    assert {path.name for path in prompts.iterdir()} == {
        *("train.parquet", "validation.parquet", "test.parquet", "prompts.duckdb")
    }


def _example(number: int) -> Example:
    return Example(example_id=f"e{number}", group=f"g{number}", prompt="p", target=f" t{number}")


def test_a_large_task_is_in_several_row_groups_and_still_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts_writer, "_ROW_GROUP", 3)
    examples = [_example(number) for number in range(8)]
    with PromptsWriter(tmp_path) as writer:
        assert writer.add(TASK, "train", "main", enumerate(examples)) == 8
        writer.finish([])
    assert pq.ParquetFile(tmp_path / "train.parquet").num_row_groups == 3
    assert read_examples(tmp_path, "film", "train") == examples
    assert [target for _, target in training_pairs(tmp_path, "film")] == [
        e.target for e in examples
    ]


def test_examples_that_are_all_there_are_written_in_their_wordings(tmp_path: Path) -> None:
    main = [_example(number) for number in range(3)]
    other = [replace(main[2], prompt="q")]
    converted = Converted(
        task=TASK,
        source_name="s",
        licence="",
        revision="",
        n_records={"test": 3},
        examples={"test": main},
        worded={"asked": {"test": other}},
    )
    write_prompts([converted], tmp_path)
    assert read_examples(tmp_path, "film", "test", "asked") == other
    assert list(evaluation_texts(tmp_path)) == ["p t0", "p t1", "p t2", "q t2"]


def test_a_file_with_other_columns_is_named_with_the_remedy(tmp_path: Path) -> None:
    pq.write_table(pa.table({"task": ["film"], "template": ["main"]}), tmp_path / "train.parquet")
    with pytest.raises(DataError, match=r"train\.parquet cannot be read .*: delete its directory"):
        list(training_pairs(tmp_path, "film"))
