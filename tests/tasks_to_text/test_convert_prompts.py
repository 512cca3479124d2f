"""Records → prompts on disk: laws over a whole product, the same bytes twice, DuckDB read back."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tasks_to_text import registry
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.errors import ConfigError, DataError, UnknownName
from tasks_to_text.store import read_examples, training_pairs
from tasks_to_text.task import SPLITS

CONFIG = ConvertConfig(tasks=("parameter_type", "package", "sentence_order"))
MakeSource = Callable[..., Path]


@pytest.fixture
def prompts(make_source: MakeSource, tmp_path: Path) -> Path:
    out = tmp_path / "prompts"
    out.mkdir()
    convert(CONFIG, make_source(), out)
    return out


def test_two_conversions_are_the_same_bytes(
    make_source: MakeSource, prompts: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    again.mkdir()
    convert(CONFIG, make_source(), again)
    for split in SPLITS:
        name = f"{split}.parquet"
        assert (again / name).read_bytes() == (prompts / name).read_bytes()
    assert {path.name for path in again.iterdir()} == {
        "train.parquet",
        "validation.parquet",
        "test.parquet",
        "prompts.duckdb",
    }


def test_evaluation_is_balanced_and_shares_nothing_with_training(prompts: Path) -> None:
    for name in CONFIG.tasks:
        seen: set[str] = set()
        groups: set[str] = set()
        for split in SPLITS:
            examples = read_examples(prompts, name, split)
            ids = [example.example_id for example in examples]
            assert len(set(ids)) == len(ids)
            shown = {example.prompt + "".join(sorted(example.choices)) for example in examples}
            assert seen.isdisjoint(shown)
            seen |= shown
            assert groups.isdisjoint(example.group for example in examples)
            groups |= {example.group for example in examples}
            if registry.get(name).closed and split != "train":
                counts = Counter(example.target for example in examples)
                assert len(counts) == 4
                assert len(set(counts.values())) == 1


def test_a_planted_leak_is_dropped_and_tallied(make_source: MakeSource, tmp_path: Path) -> None:
    source = make_source()
    rows = {split: pq.read_table(source / f"{split}.parquet").to_pylist() for split in SPLITS}
    stolen = rows["train"][0]
    rows["test"][0] = {
        **rows["test"][0],
        "text": stolen["text"],
        "documented": stolen["documented"],
    }
    out = tmp_path / "out"
    out.mkdir()
    counts = convert(CONFIG, make_source(**rows), out)["tasks"]
    assert counts["package"]["test"]["dropped"]["in an earlier split"] == 1
    assert counts["parameter_type"]["test"]["dropped"]["in an earlier split"] == 4
    assert counts["sentence_order"]["test"]["dropped"]["in an earlier split"] >= 1
    train = {example.prompt for example in read_examples(out, "package", "train")}
    assert train.isdisjoint(example.prompt for example in read_examples(out, "package", "test"))


def test_the_database_holds_what_the_files_hold_and_where_it_is_from(prompts: Path) -> None:
    with duckdb.connect(str(prompts / "prompts.duckdb"), read_only=True) as connection:
        sources = connection.sql("SELECT * FROM sources ORDER BY split").fetchall()
        sizes = {"test": 64, "train": 192, "validation": 64}
        assert sources == [("source", split, n) for split, n in sizes.items()]
        templates = connection.sql("SELECT task, template_hash, unseen FROM templates").fetchall()
        assert templates == [
            (name, registry.get(name).template_hash, name == "sentence_order")
            for name in CONFIG.tasks
        ]
        rows = connection.execute(
            "SELECT example_id, prompt, target, choices, gold, segments FROM examples "
            "WHERE task = ? AND split = ? ORDER BY position",
            ["package", "test"],
        ).fetchall()
    examples = read_examples(prompts, "package", "test")
    assert rows == [
        (e.example_id, e.prompt, e.target, list(e.choices), e.gold, list(e.segments))
        for e in examples
    ]


def test_limits_hold_and_every_row_is_counted(make_source: MakeSource, tmp_path: Path) -> None:
    config = ConvertConfig(tasks=("parameter_type",), max_train=20, max_validation=8, max_test=12)
    seen: list[tuple[int, int, str]] = []
    counts = convert(config, make_source(), tmp_path, lambda *step: seen.append(step))
    of = counts["tasks"]["parameter_type"]
    assert [of[split]["examples"] for split in SPLITS] == [20, 8, 12]
    for split in SPLITS:
        assert of[split]["rows"] == of[split]["examples"] + sum(of[split]["dropped"].values())
    assert counts["records"] == {"train": 192, "validation": 64, "test": 64}
    assert len(list(training_pairs(tmp_path, "parameter_type"))) == counts["examples"] - 20 == 20
    assert [step[:2] for step in seen] == [(0, 4), (1, 4), (2, 4), (3, 4)]


def test_another_seed_chooses_other_rows(make_source: MakeSource, tmp_path: Path) -> None:
    chosen = []
    for seed in (0, 1):
        out = tmp_path / str(seed)
        out.mkdir()
        convert(ConvertConfig(tasks=("package",), max_train=8, seed=seed), make_source(), out)
        chosen.append({one.example_id for one in read_examples(out, "package", "train")})
    assert chosen[0] != chosen[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": ()}, "name at least one"),
        ({"tasks": ("package", "package")}, "each task once"),
        ({"tasks": ("package",), "max_test": 0}, "max_test=0"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ConvertConfig(**changes)


def test_an_unknown_task_is_refused_before_anything_is_read() -> None:
    with pytest.raises(UnknownName, match="did you mean parameter_type"):
        ConvertConfig(tasks=("parameter_types",))


def test_a_split_that_is_too_small_is_named(
    make_source: MakeSource, make_records: Callable[[str, int], list[Any]], tmp_path: Path
) -> None:
    source = make_source(
        train=make_records("train", 2),
        validation=make_records("validation", 1)[:8],
        test=make_records("test", 2),
    )
    with pytest.raises(DataError, match="'parameter_type', split 'validation': .* 1 groups"):
        convert(ConvertConfig(tasks=("parameter_type",)), source, tmp_path)


def test_what_is_not_there_is_named(prompts: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no test examples of task 'other'; it holds package"):
        read_examples(prompts, "other", "test")
    with pytest.raises(DataError, match="is missing"):
        read_examples(tmp_path / "nowhere", "package", "test")
    (prompts / "test.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(DataError, match="cannot be read"):
        read_examples(prompts, "package", "test")
