"""Several tasks of one source: none sees what another is tested on, nor its columns."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.kinds import classification, plain_text
from tasks_to_text.source import Source
from tasks_to_text.sources import Places
from tasks_to_text.store import read_examples
from tasks_to_text.task import Row, Split, Task

SHARES = {"validation": 0.1, "test": 0.2}
TICKETS = Source(path="tickets.csv", splits={"train": "tickets.csv"}, hold_out=SHARES)
WORDS = {"0": "no", "1": "yes"}
SPECIMEN = {"text": "A text.", "bug": "1", "urgent": "0", "author": "a", "number": "1"}


def tickets(root: Path, n: int = 400) -> Places:
    with (root / "tickets.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(SPECIMEN))
        writer.writeheader()
        for i in range(n):
            bits = {"bug": i % 2, "urgent": i // 2 % 2, "author": i % 40, "number": i}
            writer.writerow({"text": f"Ticket {i} fails.", **bits})
    return Places(project=root)


def task(label: str, **changes: Any) -> Task:
    given = {
        "name": label,
        "description": "For the laws.",
        "source": TICKETS,
        "text": "text",
        "label": label,
        "labels": WORDS,
        "specimens": [SPECIMEN],
    }
    return classification(**{**given, **changes})


def texts(out: Path, places: Places, *tasks: Task) -> dict[str, dict[Split, set[str]]]:
    """Task → split → prompts."""
    out.mkdir()
    config = ConvertConfig(tasks=tuple(one.name for one in tasks))
    counts = convert(config, tasks, places, out)["tasks"]
    return {
        one.name: {
            split: {example.prompt for example in read_examples(out, one.name, split)}
            for split in ("train", "validation", "test")
            if split in counts[one.name]
        }
        for one in tasks
    }


@pytest.mark.parametrize("named", [{}, {"group": "author"}, {"id": "number"}])
def test_what_one_task_is_tested_on_no_other_learns(tmp_path: Path, named: dict[str, str]) -> None:
    found = texts(
        tmp_path / "out", tickets(tmp_path), task("bug", **named), task("urgent", **named)
    )
    assert found["bug"] == found["urgent"]
    assert sum(map(len, found["bug"].values())) == 400
    assert all(found["bug"].values())


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"group": "author"}, {}, "by 'author' and by the whole record"),
        ({"group": "author"}, {"group": "number"}, "by 'author' and by 'number'"),
        (
            {"id": "number"},
            {"group": lambda row: row["author"], "columns": ("author",)},
            "by 'number' and by a function",
        ),
        (
            {},
            {"source": Source(path="tickets.csv", splits={"train": "*.csv"})},
            r"hold_out=\{'validation': 0.1, 'test': 0.2\} and \{\}",
        ),
    ],
)
def test_tasks_that_would_divide_the_same_rows_differently_are_refused(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=f"tasks 'bug' and 'urgent' .*{said}: give both the same"):
        texts(tmp_path / "out", tickets(tmp_path), task("bug", **first), task("urgent", **second))


def test_a_task_that_is_never_trained_may_read_all_rows(tmp_path: Path) -> None:
    whole = Source(path="tickets.csv")
    read = task("urgent", source=whole, unseen=True)
    found = texts(tmp_path / "out", tickets(tmp_path), task("bug"), read)
    assert len(found["urgent"]["train"]) == 400


def _all_that_is_there(row: Row) -> str:
    return ", ".join(sorted(row))


COLUMNS = plain_text(
    name="columns",
    description="Which columns a record has.",
    source=Source(path="tickets.csv"),
    text=lambda row: f"{row['text']} {_all_that_is_there(row)}",
    specimens=[SPECIMEN],
)


def test_a_task_reads_the_same_alone_and_beside_others(tmp_path: Path) -> None:
    places, source = tickets(tmp_path), Source(path="tickets.csv")
    some = replace(COLUMNS, name="some", columns=("text", "bug"))
    tasks = (COLUMNS, some, task("urgent", source=source))
    texts(tmp_path / "together", places, *tasks)
    for one in tasks:
        texts(tmp_path / one.name, places, one)
        alone, beside = (
            [(example.prompt, example.target) for example in read_examples(out, one.name, "train")]
            for out in (tmp_path / one.name, tmp_path / "together")
        )
        assert alone == beside
    seen = {
        name: read_examples(tmp_path / "together", name, "train")[0].target.partition(". ")[2]
        for name in ("columns", "some")
    }
    assert seen == {"columns": "author, bug, number, text, urgent", "some": "bug, text"}


def test_what_another_task_lacks_does_not_cost_a_row(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"Ticket {i}.", "bug": i % 2}) for i in range(200)]
    lines[7] = json.dumps({"text": "Ticket 7.", "urgent": 1})
    (tmp_path / "tickets.jsonl").write_text("\n".join(lines))
    source, places = Source(path="tickets.jsonl"), Places(project=tmp_path)
    read = plain_text(
        name="read", description="Text.", source=source, text="text", specimens=[SPECIMEN]
    )
    found = texts(tmp_path / "out", places, task("bug", source=source), read)
    assert len(found["bug"]["train"]) == 199
    assert len(read_examples(tmp_path / "out", "read", "train")) == 200
    with pytest.raises(DataError, match=r"field missing: record 1 of train: no urgent; it has tex"):
        texts(tmp_path / "again", places, task("urgent", source=source), read)


def test_an_id_is_unique_only_where_it_is_named(tmp_path: Path) -> None:
    lines = [f"{i // 2},Ticket {i}.,{i % 2}" for i in range(40)]
    (tmp_path / "tickets.csv").write_text("\n".join(["id,text,bug", *lines]))
    source = Source(path="tickets.csv", max_bad_share=0.5)
    found = texts(tmp_path / "out", Places(project=tmp_path), task("bug", source=source))
    assert len(found["bug"]["train"]) == 40
    named = task("bug", source=source, id="id", specimens=[{**SPECIMEN, "id": "1"}])
    found = texts(tmp_path / "again", Places(project=tmp_path), named)
    assert len(found["bug"]["train"]) == 20


def test_a_named_group_is_in_one_split(tmp_path: Path) -> None:
    for split, numbers in (("train", range(20)), ("test", range(15, 40))):
        lines = [f"{i // 2},{split} ticket {i}.,{i % 2}" for i in numbers]
        (tmp_path / f"{split}.csv").write_text("\n".join(["author,text,bug", *lines]))
    source = Source(path=str(tmp_path))
    whole: list[tuple[Any, int]] = [("author", 20), (lambda row: row["author"], 20), ("", 25)]
    for group, n in whole:
        out = tmp_path / str(len(list(tmp_path.iterdir())))
        out.mkdir()
        one = task("bug", source=source, group=group, columns=("author",))
        config = ConvertConfig(tasks=("bug",))
        counts = convert(config, [one], Places(), out)["tasks"]["bug"]["test"]
        assert (counts["rows"], counts["examples"]) == (25, n)
        assert counts["dropped"].get("group in an earlier split", 0) == 25 - n
