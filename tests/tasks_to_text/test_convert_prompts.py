"""Records → prompts on disk: laws over a whole product, the same bytes twice, DuckDB read back."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tasks_to_text import registry
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.held_out import drawn
from tasks_to_text.source import Source
from tasks_to_text.sources import Places
from tasks_to_text.store import read_examples, training_pairs
from tasks_to_text.task import SPLITS, Rejected, Row, Split, Task

CONFIG = ConvertConfig(tasks=("parameter_type", "package", "sentence_order"))
MakeSource = Callable[..., Path]
NOWHERE = Places()


def convert_documentation(
    config: ConvertConfig, source: Path, out: Path, *progress: Any
) -> dict[str, Any]:
    """Shipped tasks, made from a documentation product."""
    out.mkdir(exist_ok=True)
    tasks = [registry.get(name) for name in config.tasks]
    return convert(config, tasks, Places(products={"documentation": source}), out, *progress)


@pytest.fixture
def prompts(make_source: MakeSource, tmp_path: Path) -> Path:
    convert_documentation(CONFIG, make_source(), tmp_path / "prompts")
    return tmp_path / "prompts"


def test_two_conversions_are_the_same_bytes(
    make_source: MakeSource, prompts: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    convert_documentation(CONFIG, make_source(), again)
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
    counts = convert_documentation(CONFIG, make_source(**rows), out)["tasks"]
    assert counts["package"]["test"]["dropped"]["in an earlier split"] == 1
    assert counts["parameter_type"]["test"]["dropped"]["in an earlier split"] == 4
    assert counts["sentence_order"]["test"]["dropped"]["in an earlier split"] >= 1
    train = {example.prompt for example in read_examples(out, "package", "train")}
    assert train.isdisjoint(example.prompt for example in read_examples(out, "package", "test"))


def test_the_database_holds_what_the_files_hold_and_where_it_is_from(prompts: Path) -> None:
    with duckdb.connect(str(prompts / "prompts.duckdb"), read_only=True) as connection:
        sources = connection.sql(
            "SELECT source, licence, revision, split, n_records FROM sources "
            "WHERE task = 'package' ORDER BY split"
        ).fetchall()
        sizes = {"test": 64, "train": 192, "validation": 64}
        assert sources == [("documentation", "", "", split, n) for split, n in sizes.items()]
        templates = connection.sql(
            "SELECT task, template, template_hash, main, unseen FROM templates "
            "JOIN tasks USING (task)"
        ).fetchall()
        assert templates == [
            (name, "main", registry.get(name).template_hash, True, name == "sentence_order")
            for name in CONFIG.tasks
        ]
        rows = connection.execute(
            "SELECT example_id, prompt, target, choices, prompts.gold, segments FROM examples "
            "JOIN prompts USING (task, split, example_id) "
            "WHERE task = ? AND split = ? ORDER BY position",
            ["package", "test"],
        ).fetchall()
    examples = read_examples(prompts, "package", "test")
    assert rows == [
        (e.example_id, e.prompt, e.target, list(e.choices), e.gold, list(e.segments))
        for e in examples
    ]


def test_limits_hold_and_every_row_is_counted(make_source: MakeSource, tmp_path: Path) -> None:
    config = ConvertConfig(
        tasks=("parameter_type",),
        max_train=20,
        max_validation=8,
        limits={"parameter_type": {"test": 12}},
    )
    seen: list[tuple[int, int, str]] = []
    out = tmp_path / "out"
    counts = convert_documentation(config, make_source(), out, lambda *step: seen.append(step))
    of = counts["tasks"]["parameter_type"]
    assert [of[split]["examples"] for split in SPLITS] == [20, 8, 12]
    for split in SPLITS:
        assert of[split]["rows"] == of[split]["examples"] + sum(of[split]["dropped"].values())
        assert of[split]["bad"] == {}
    assert [of[split]["records"] for split in SPLITS] == [192, 64, 64]
    assert len(list(training_pairs(out, "parameter_type"))) == counts["examples"] - 20 == 20
    assert [step[:2] for step in seen] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_another_seed_chooses_other_rows(make_source: MakeSource, tmp_path: Path) -> None:
    chosen = []
    for seed in (0, 1):
        out = tmp_path / str(seed)
        config = ConvertConfig(tasks=("package",), max_train=8, seed=seed)
        convert_documentation(config, make_source(), out)
        chosen.append({one.example_id for one in read_examples(out, "package", "train")})
    assert chosen[0] != chosen[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": ()}, "name at least one"),
        ({"tasks": ("package", "package")}, "each task once"),
        ({"tasks": ("package",), "max_test": 0}, "max_test=0"),
        ({"tasks": ("package",), "limits": {"other": {"test": 1}}}, "name one of the tasks"),
        ({"tasks": ("package",), "limits": {"package": {"dev": 1}}}, "out of train, validation"),
        ({"tasks": ("package",), "limits": {"package": {"test": 0}}}, "must be at least 1"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ConvertConfig(**changes)


def test_the_tasks_are_those_of_the_configuration(tmp_path: Path) -> None:
    tasks = [registry.get("package"), registry.get("parameter_type")]
    with pytest.raises(ConfigError, match="must be those of the configuration"):
        convert(ConvertConfig(tasks=("parameter_type", "package")), tasks, NOWHERE, tmp_path)


def test_a_split_that_is_too_small_is_named(
    make_source: MakeSource, make_records: Callable[[str, int], list[Any]], tmp_path: Path
) -> None:
    source = make_source(
        train=make_records("train", 2),
        validation=make_records("validation", 1)[:8],
        test=make_records("test", 2),
    )
    with pytest.raises(DataError, match="'parameter_type', split 'validation': .* 1 groups"):
        convert_documentation(ConvertConfig(tasks=("parameter_type",)), source, tmp_path / "out")


def test_what_is_not_there_is_named(prompts: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no test examples of task 'other'; it holds package"):
        read_examples(prompts, "other", "test")
    with pytest.raises(DataError, match="is missing"):
        read_examples(tmp_path / "nowhere", "package", "test")
    (prompts / "test.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(DataError, match="cannot be read"):
        read_examples(prompts, "package", "test")


# --------------------------------------------------------------------------- sources of one's own


def _rows(records: Iterable[Row], split: Split) -> Iterator[Row | Rejected]:
    for record in records:
        if record["label"] not in ("good", "bad"):
            yield Rejected(reason="label out of range", where=f"row {record['id']}")
        else:
            yield {**record, "group": record["author"]}


def _template(row: Row) -> Example:
    choices = (" good", " bad")
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=row["text"],
        target=f" {row['label']}",
        choices=choices,
        gold=choices.index(f" {row['label']}"),
    )


REVIEWS = Task(
    name="reviews",
    description="For the laws.",
    kind="classification",
    source=Source(path="reviews"),
    columns=("id", "text", "label", "author"),
    rows=_rows,
    keys=lambda row: (row["text"],),
    template=_template,
    specimens=({"id": "1", "group": "a", "text": "t", "label": "good"},),
)
ONLY_REVIEWS = ConvertConfig(tasks=("reviews",))


def review(i: int, **changes: str) -> dict[str, str]:
    row = {"id": str(i), "text": f"text {i}", "label": ("good", "bad")[i % 2]}
    return {**row, "author": f"author {i % 40}", **changes}


def project(root: Path, **splits: Sequence[dict[str, str] | str]) -> Places:
    """A project whose reviews are JSON lines; a str is a line as it is."""
    (root / "reviews").mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (root / f"reviews/{split}.jsonl").write_text("\n".join(lines))
    return Places(project=root)


def counts_of(places: Places, out: Path, task: Task = REVIEWS) -> dict[str, Any]:
    out.mkdir(exist_ok=True)
    counts: dict[str, Any] = convert(ONLY_REVIEWS, [task], places, out)["tasks"]["reviews"]
    return counts


def test_a_split_that_a_source_does_not_have_is_absent(tmp_path: Path) -> None:
    places = project(tmp_path, train=[review(i) for i in range(9)], test=[review(9), review(10)])
    counts = counts_of(places, tmp_path / "out")
    assert set(counts) == {"template_hash", "source", "licence", "revision", "train", "test"}
    assert len(read_examples(tmp_path / "out", "reviews", "test")) == 2
    with pytest.raises(DataError, match="no validation examples"):
        read_examples(tmp_path / "out", "reviews", "validation")


def test_where_a_task_is_from_is_told(tmp_path: Path) -> None:
    project(tmp_path, train=[review(i) for i in range(9)])
    mirror = Places(mirror=tmp_path)
    for source, revision in (
        (Source(hub="some/reviews", mirror="reviews", licence="MIT"), "unverified"),
        (Source(hub="some/reviews", mirror="reviews", licence="MIT", revision="0" * 40), "0" * 40),
        (Source(mirror="reviews", licence="MIT"), ""),
    ):
        task = replace(REVIEWS, source=source)
        counts = counts_of(mirror, tmp_path / f"out {revision}", task)
        assert (counts["source"], counts["revision"]) == (source.name, revision)
        assert counts["licence"] == "MIT"


def test_bad_and_rejected_records_are_counted_by_reason_and_skipped(tmp_path: Path) -> None:
    rows = [review(i) for i in range(197)]
    few = [*rows, review(500, label="ugly"), "no JSON", review(7)]
    task = replace(REVIEWS, source=Source(path="reviews", max_bad_share=0.015))
    counts = counts_of(project(tmp_path, train=few), tmp_path / "out", task)["train"]
    bad = {"duplicate id": 1, "label out of range": 1, "not JSON": 1}
    assert (counts["bad"], counts["rows"], counts["examples"]) == (bad, 197, 197)
    task = replace(REVIEWS, source=Source(path="reviews", max_bad_share=0.0149))
    with pytest.raises(
        DataError,
        match=r"task 'reviews', split 'train': 3 of 200 rows are bad \(1.50%, .*1 label out of .*"
        r"The first: not JSON: train\.jsonl:199: no JSON; .*label out of range: row 500",
    ):
        counts_of(project(tmp_path, train=few), tmp_path / "again", task)


def test_a_row_that_makes_no_example_is_bad(tmp_path: Path) -> None:
    places = project(tmp_path, train=[*map(review, range(199)), review(300, text="ends in a ")])
    counts = counts_of(places, tmp_path / "out")["train"]
    assert (counts["bad"], counts["examples"]) == ({"no example": 1}, 199)
    empty = [review(i, text="x ") for i in range(5)]
    with pytest.raises(DataError, match="no example: example '4': prompt ends in white space"):
        counts_of(project(tmp_path, train=empty), tmp_path / "again")


def _fails_on_rows(row: Row) -> Example:
    return _template({**row, "label": "good" if row["group"] == "a" else row["stars"]})


def test_a_function_that_fails_is_named(tmp_path: Path) -> None:
    places = project(tmp_path, train=[review(i) for i in range(5)])
    failing: list[tuple[dict[str, Any], str]] = [
        ({"rows": lambda records, split: (r["x"] for r in records)}, "rows function failed after"),
        ({"rows": lambda records, split: iter([{"id": 1}])}, "rows need id and group as text"),
        ({"template": _fails_on_rows}, r"template failed on row '\d' \(KeyError: 'stars'\)"),
    ]
    for changes, said in failing:
        with pytest.raises(DataError, match=f"task 'reviews'.* {said}"):
            counts_of(places, tmp_path / "out", replace(REVIEWS, **changes))


def test_what_is_held_out_is_drawn_by_the_groups_of_labelled_rows(tmp_path: Path) -> None:
    shares = {"validation": 0.2, "test": 0.2}
    source = Source(path="reviews", splits={"train": "train"}, hold_out=shares)
    rows: list[Any] = [review(i, author=f"author {i % 200}") for i in range(2000)]
    places = project(tmp_path, train=[*rows, "no JSON"])
    counts = counts_of(places, tmp_path / "out", replace(REVIEWS, source=source))
    groups = {
        split: {one.group for one in read_examples(tmp_path / "out", "reviews", split)}
        for split in SPLITS
    }
    assert sum(map(len, groups.values())) == 200
    for split, of in groups.items():
        assert {drawn(group, shares) for group in of} == {split}
        assert counts[split]["records"] == counts[split]["rows"] == 10 * len(of)
    assert [counts[split]["bad"] for split in SPLITS] == [{"not JSON": 1}, {}, {}]


OPENED: list[str] = []
WATCHING: list[Path] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if WATCHING and event == "open" and str(arguments[0]).startswith(str(WATCHING[0])):
        OPENED.append(Path(str(arguments[0])).name)


def test_tasks_with_the_same_source_read_it_once(tmp_path: Path) -> None:
    splits = {"train": [*map(review, range(9))], "test": [*map(review, range(10, 14))]}
    places = project(tmp_path, **splits)
    names = ("one", "two", "three")
    tasks = [replace(REVIEWS, name=name, source=Source(path="reviews")) for name in names]
    tasks[1] = replace(tasks[1], source=Source(path="reviews", licence="another source"))
    (tmp_path / "out").mkdir()
    sys.addaudithook(_watch)
    WATCHING.append(tmp_path / "reviews")
    convert(ConvertConfig(tasks=names), tasks, places, tmp_path / "out")
    WATCHING.clear()
    assert OPENED == ["train.jsonl", "test.jsonl"] * 2
    for name in names:
        assert len(read_examples(tmp_path / "out", name, "train")) == 9


def test_a_source_that_is_not_there_is_named_before_anything_is_read(tmp_path: Path) -> None:
    places = project(tmp_path, train=["no JSON at all"])
    lost = replace(REVIEWS, name="lost", source=Source(path="nowhere"))
    config = ConvertConfig(tasks=("reviews", "lost"))
    with pytest.raises(DataError, match="source 'nowhere': there is no .*nowhere"):
        convert(config, [REVIEWS, lost], places, tmp_path)
