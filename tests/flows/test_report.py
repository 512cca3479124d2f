"""Tables, plots and metric names from scores."""

import struct
from pathlib import Path
from typing import Any

import pytest

from flows import report
from flows.scores import write_json


def score(task: str, model: str, value: float, **changes: Any) -> dict[str, Any]:
    row = {
        "task": task,
        "split": "test",
        "model": model,
        "metric": "acc",
        "value": value,
        "low": value - 0.05,
        "high": value + 0.05,
        "n": 40,
        "n_groups": 20,
        "exposure": "unseen",
    }
    return {**row, **changes}


SCORES = [
    score("sentence_order", "chance", 0.5, low=0.5, high=0.5),
    score("sentence_order", "generalist", 0.805),
    score("sentence_order", "generalist", 0.7, split="validation"),
    score("documents", "generalist", 2.31, metric="bits_per_byte"),
    score("documents", "lzma", 2.9, metric="bits_per_byte", low=2.9, high=2.9),
]


def test_tables_are_ordered_from_the_model_that_matters() -> None:
    found = report.tables(SCORES, "test")
    assert list(found) == ["acc", "bits_per_byte"]
    assert list(found["acc"]["sentence_order"]) == ["generalist", "chance"]
    assert report.models(found["bits_per_byte"]) == ["generalist", "lzma"]


def test_markdown_has_every_score_with_its_interval_and_escapes_what_it_is_given() -> None:
    text = report.markdown([*SCORES, score("a|<b>", "generalist", 0.1)], "quickstart")
    assert "| sentence_order | unseen | 40 | 20 | .805 .755–.855 | .500 |" in text
    assert text.index("Accuracy, test split") < text.index("Accuracy, validation split")
    assert r"| a\|&lt;b&gt; |" in text


def test_numbers_read_well() -> None:
    assert [report.decimal(v) for v in (0.805, 1.0, 0.0, 2.314)] == [".805", "1.00", ".000", "2.31"]
    assert report.interval(score("a", "b", 0.5), 2) == ".45–.55"
    assert report.interval(score("a", "b", 0.5, low=0.5, high=0.5)) == ""


def test_metric_names_make_a_section_per_task_and_one_headline_section() -> None:
    found = report.metrics(SCORES)
    assert found["eval/sentence_order/acc"] == found["eval_acc/sentence_order"] == 0.805
    assert found["eval/sentence_order/validation_acc"] == 0.7
    assert found["eval/sentence_order/chance"] == 0.5
    assert found["eval_bits_per_byte/documents"] == 2.31
    assert "eval_acc/documents" not in found


def test_the_plot_is_a_picture_of_the_right_size_and_the_same_every_time(tmp_path: Path) -> None:
    write_json(SCORES, tmp_path / "metrics.json")
    pictures = []
    for _ in range(2):
        report.write(tmp_path, "tiny")
        pictures.append((tmp_path / "scores.png").read_bytes())
    width, height = struct.unpack(">II", pictures[0][16:24])
    assert pictures[0] == pictures[1] and width == 800 and 150 < height < 600
    assert (tmp_path / "table.md").read_text().startswith("# tiny\n")


@pytest.mark.parametrize("split", ["test", "validation"])
def test_an_evaluation_of_one_split_is_reported_too(tmp_path: Path, split: str) -> None:
    write_json([row for row in SCORES if row["split"] == split], tmp_path / "metrics.json")
    report.write(tmp_path, "champion")
    assert (tmp_path / "scores.png").stat().st_size > 1000
