"""Tasks that no mirror of ours holds, read from files of the published form."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text import registry
from tasks_to_text.example import Example
from tasks_to_text.source import Source
from tasks_to_text.sources import Places, read_rows
from tasks_to_text.task import Rejected
from tests.tasks_to_text import test_answer_tasks, test_choice_tasks, test_rewriting_tasks
from tests.tasks_to_text.golden import shown


def examples(name: str, folder: Path, split: str) -> list[Example]:
    """What a task makes of a folder with one split; the columns are those that it names."""
    task = registry.get(name)
    splits = {split: task.source.splits.get(split, split)}
    source = Source(path=str(folder), splits=splits, licence=task.source.licence)
    records = read_rows(source, split, columns=task.columns, places=Places())
    rows = list(task.rows(records, "test"))
    assert not any(isinstance(row, Rejected) for row in rows)
    return [task.template(row) for row in rows]


def parquet(folder: Path, split: str, *records: dict[str, Any]) -> Path:
    """Named as the Hub names the parts of a split."""
    folder.mkdir(exist_ok=True)
    table = pa.Table.from_pylist(list(records))
    pq.write_table(table, folder / f"{split}-00000-of-00001.parquet")
    return folder


def test_conversations_in_parquet(tmp_path: Path) -> None:
    folder = parquet(tmp_path, "validation", test_answer_tasks.STORY, test_answer_tasks.STORY)
    made = examples("coqa", folder, "test")
    assert len(made) == 6
    assert shown(made[2]) == test_answer_tasks.GOLDEN["coqa"]["main"]


def test_examinations_in_parquet(tmp_path: Path) -> None:
    for name in ("race_middle", "race_high"):
        folder = parquet(tmp_path / name, "train", test_choice_tasks.ROWS[name])
        (made,) = examples(name, folder, "train")
        assert shown(made) == test_choice_tasks.GOLDEN[name]["main"]


def test_paragraphs_and_news_in_parquet(tmp_path: Path) -> None:
    rugby = {**test_answer_tasks.RUGBY, "title": "Rugby_(sport)"}
    (squad,) = examples("squad", parquet(tmp_path / "squad", "validation", rugby), "test")
    assert shown(squad) == test_answer_tasks.GOLDEN["squad"]["main"]
    news = parquet(tmp_path / "news", "test", test_rewriting_tasks.NEWS)
    (article,) = examples("cnn_dailymail", news, "test")
    assert shown(article) == test_rewriting_tasks.GOLDEN["cnn_dailymail"]["main"]


def test_stories_in_the_csv_files_that_their_authors_send(tmp_path: Path) -> None:
    row = test_choice_tasks.ROWS["story_cloze"]
    with (tmp_path / "test.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(row))
        writer.writeheader()
        writer.writerows([row, {**row, "InputStoryid": "other", "AnswerRightEnding": 2}])
    made = examples("story_cloze", tmp_path, "test")
    assert shown(made[0]) == test_choice_tasks.GOLDEN["story_cloze"]["main"]
    assert [one.gold for one in made] == [0, 1]


def test_lines_of_json_are_read_alike(tmp_path: Path) -> None:
    lines = [json.dumps(test_answer_tasks.STORY)]
    (tmp_path / "validation.jsonl").write_text("".join(f"{line}\n" for line in lines))
    assert len(examples("coqa", tmp_path, "test")) == 3
