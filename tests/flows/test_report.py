"""Tables, plots and metric names from scores."""

import random
import struct
from pathlib import Path
from typing import Any

import pytest

from flows import report, report_markdown
from flows.plots import plot_scores
from flows.scores import write_json
from tests.flows.night import many_scores, many_verdicts, score, verdict

SCORES = [
    score("sentence_order", "chance", 0.5, low=0.5, high=0.5),
    score("sentence_order", "generalist", 0.805),
    score("sentence_order", "generalist", 0.7, split="validation"),
    score("documents", "generalist", 2.31, metric="bits_per_byte", exposure="held_out"),
    score("documents", "lzma", 2.9, metric="bits_per_byte", low=2.9, high=2.9),
    score("summary", "generalist", 31.5, metric="chrf", exposure="in_mixture", low=30.1, high=33),
    score("summary", "lead", 44.0, metric="chrf"),
    score("last_word", "generalist", 351.0, metric="perplexity", headline=False),
]
GOLDEN = """\
**Unseen (zero-shot)**

| task | metric | n / groups | generalist | chance | verdict |
|---|---|---|---|---|---|
| sentence_order | Accuracy | 40 / 20 | .805 .755–.855 | .500 | above all baselines |

**In the mixture (multitask)**

| task | metric | n / groups | generalist | rule | verdict |
|---|---|---|---|---|---|
| summary | chrF | 40 / 20 | 31.5 30.1–33.0 | lead 44.0 | below lead |

**Held-out text**

| task | metric | n / groups | generalist | rule | verdict |
|---|---|---|---|---|---|
| documents | Bits per byte, disjoint windows | 40 / 20 | 2.31 2.26–2.36 | lzma 2.90 | better than lzma |
"""  # noqa: E501


def test_the_table_of_a_small_evaluation() -> None:
    judged = [verdict("sentence_order", True, {"chance": 0.001})]
    assert report_markdown.markdown_tables(SCORES, judged, "test") == GOLDEN


WORDED = [
    score("mood", "generalist", 0.81, n_cut=3, n_dropped=1),
    score("mood", "generalist", 0.7, template="question"),
    score("mood", "generalist", 0.86, template="reversed"),
    score("mood", "chance", 0.5, low=0.5, high=0.5, n_dropped=1),
    score("capitals", "generalist", 0.31, shots=5, shots_from="train", n_dropped=10),
    score("rivers", "generalist", 0.3, shots=2, shots_from="test"),
]


def test_wordings_shots_and_what_was_left_out_are_told() -> None:
    assert (
        report_markdown.markdown_tables(WORDED, [], "test")
        == """\
**Unseen (zero-shot)**

| task | metric | n / groups | generalist | chance | templates | cut, left out | verdict |
|---|---|---|---|---|---|---|---|
| mood | Accuracy | 40 / 20 | .810 .760–.860 | .500 | .700–.860 (3) | 3 cut, 1 of 41 left out \
| above chance |

**Unseen (few-shot)**

| task | metric | n / groups | generalist | cut, left out | verdict |
|---|---|---|---|---|---|
| capitals | Accuracy, 5-shot | 40 / 20 | .310 .260–.360 | **10 of 50 left out** | no baseline |
| rivers | Accuracy, 2-shot from test | 40 / 20 | .300 .250–.350 |  | no baseline |
"""
    )


def test_names_for_mlflow_are_about_the_main_wording() -> None:
    assert report.metrics(WORDED)["eval/mood/acc"] == 0.81
    assert report.measure(WORDED[1]) == "Accuracy, template question"


def test_a_negative_correlation_stands_at_zero_on_the_shared_axis() -> None:
    assert report.share(score("a", "generalist", -0.2, metric="mcc")) == 0.0
    assert report.share(score("a", "generalist", 31.5, metric="chrf"), "low") == 0.3145


def test_tables_are_ordered_from_the_model_that_matters() -> None:
    found = report.tables(SCORES, "test")
    assert list(found) == ["acc", "bits_per_byte", "chrf", "perplexity"]
    assert list(found["acc"]["sentence_order"]) == ["generalist", "chance"]


def test_tasks_are_grouped_by_exposure_whatever_the_order_of_the_scores() -> None:
    shuffled = many_scores()
    random.Random(1).shuffle(shuffled)
    found = report.sections(report.lines(shuffled, (), "test"))
    scored = {one["exposure"] for one in shuffled if one["model"] == "generalist"}
    shown = [title for name, title in report.SECTIONS.items() if name in scored]
    assert list(found) == [title for title in shown if title != "Unseen (few-shot)"]
    assert len(found) == 3
    assert [line.task for line in found["Held-out text"]] == ["documents"]
    tasks = [line.task for lines in found.values() for line in lines]
    headline = {one["task"] for one in shuffled if one["headline"]}
    assert sorted(tasks) == sorted(headline), "a line per task, neither more nor fewer"


def test_markdown_has_every_score_and_escapes_what_it_is_given() -> None:
    text = report_markdown.markdown(
        [*many_scores(), score("a|<b>[x](y)", "generalist", 0.1)], "quickstart"
    )
    for one in many_scores():
        assert report.decimal(one["value"]) in text
    assert text.index("## Test split") < text.index("## Validation split")
    assert r"| a\|&lt;b&gt;\[x\](y) |" in text
    assert "| last_word | Perplexity per target | 351 300–420 | 4,127 300–420 |" in text


@pytest.mark.parametrize(
    ("value", "chance", "majority", "beats", "rivals", "words"),
    [
        (0.8, 0.5, 0.5, True, {"chance": 0.0, "majority": 0.0}, "above all baselines"),
        (0.52, 0.5, 0.5, False, {"chance": 0.3, "majority": 0.3}, "at chance"),
        (0.3, 0.5, 0.5, False, {"chance": 1.0, "majority": 0.9}, "below chance"),
        (0.6, 0.5, 0.7, False, {"chance": 0.0, "majority": 1.0}, "below majority"),
        (0.6, 0.5, 0.62, False, {"chance": 0.0, "majority": 0.7}, "at or below majority"),
        (0.6, 0.5, 0.57, False, {"chance": 0.0, "majority": 0.1}, "not clearly above majority"),
        (0.8, 0.5, 0.5, None, {}, "interval above all baselines"),
        (0.6, 0.5, 0.62, None, {}, "at or below majority"),
    ],
)
def test_a_verdict_is_said_in_words(
    value: float, chance: float, majority: float, beats: bool | None, rivals: dict[str, float],
    words: str,
) -> None:  # fmt: skip
    rows = {
        "generalist": score("a", "generalist", value),
        "chance": score("a", "chance", chance),
        "majority": score("a", "majority", majority),
    }
    judged = None if beats is None else verdict("a", beats, rivals)
    assert report.in_words("acc", rows, judged) == words


def test_a_bag_of_words_is_no_rival_but_is_not_passed_over() -> None:
    rows = {
        name: score("a", name, value)
        for name, value in (("generalist", 0.8), ("chance", 0.5), ("bag of words", 0.9))
    }
    judged = verdict("a", True, {"chance": 0.0})
    assert report.in_words("acc", rows, judged) == "above all but bag of words"


@pytest.mark.parametrize(
    ("p", "words"),
    [(-1.0, "all baselines"), (0.01, "all baselines"), (0.05, "all but bag of words")],
)
def test_bag_of_words_is_beaten_by_its_p_value(p: float, words: str) -> None:
    rows = {
        name: score("a", name, value)
        for name, value in (("generalist", 0.8), ("chance", 0.5), ("bag of words", 0.79))
    }
    judged = verdict("a", True, {"chance": 0.0}, beats_plain=True, bag_of_words_p=p)
    assert report.in_words("acc", rows, judged) == f"above {words}"


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"longest": 0.95}, "; below longest"),
        ({"longest": 0.83}, "; at or below longest"),
        ({"longest": 0.78}, "; not clearly above longest"),
        ({"longest": 0.6, "lead": 0.95}, "; below lead"),
        ({}, ""),
    ],
)
def test_a_rule_that_is_not_beaten_is_named_after_what_is(
    rules: dict[str, float], words: str
) -> None:
    plain = {"chance": 0.5, "majority": 0.52, "choices only": 0.55}
    rows = {
        name: score("a", name, value)
        for name, value in {"generalist": 0.8, **plain, **rules, "bag of words": 0.9}.items()
    }
    judged = verdict("a", False, {**dict.fromkeys(plain, 0.001), **rules}, beats_plain=True)
    said = report.in_words("acc", rows, judged)
    assert said == f"above chance, majority, choices only{words}"
    (line,) = report.lines(list(rows.values()), [judged], "test")
    assert line.beats_plain and not line.is_good and line.verdict == said


def test_rules_of_a_choice_task_have_a_column() -> None:
    table = report_markdown.markdown_tables(many_scores(), many_verdicts(), "test")
    (row,) = [line for line in table.splitlines() if line.startswith("| continuation |")]
    assert "| longest choice .329, most shared words .270 |" in row


def test_lower_is_better_where_it_is() -> None:
    rows = {"generalist": score("d", "generalist", 2.0), "lzma": score("d", "lzma", 1.5)}
    assert report.in_words("bits_per_byte", rows, None) == "worse than lzma"
    assert report.in_words("bits_per_byte", {"generalist": rows["generalist"]}, None) == (
        "no baseline"
    )


def test_verdicts_may_be_missing(tmp_path: Path) -> None:
    assert report.read_verdicts(tmp_path) == []
    write_json(many_verdicts(), tmp_path / "verdicts.json")
    assert len(report.read_verdicts(tmp_path)) == len(many_verdicts())


def test_numbers_read_well() -> None:
    numbers = {0.805: ".805", 1.0: "1.00", 0.0: ".000", -0.0001: ".000", -0.05: "-.050"}
    numbers |= {2.314: "2.31", 23.44: "23.4", 1234.5: "1,234", 2.1e7: "2.1e7"}
    assert {value: report.decimal(value) for value in numbers} == numbers
    assert report.interval(score("a", "b", 0.5), 2) == ".45–.55"
    assert report.interval(score("a", "b", 0.5, low=0.5, high=0.5)) == ""


def test_metric_names_make_a_section_per_task_and_one_headline_section() -> None:
    found = report.metrics(SCORES)
    assert found["eval/sentence_order/acc"] == 0.805
    assert found["eval/sentence_order/validation_acc"] == 0.7
    assert found["eval/sentence_order/chance"] == 0.5
    assert found["eval/documents/bits_per_byte"] == 2.31
    headline = {name: value for name, value in found.items() if name.startswith("all_tasks/")}
    assert headline == {"all_tasks/sentence_order": 0.805, "all_tasks/summary": 0.315}
    assert min(found) in headline, "MLflow's first section of charts is that of all tasks"


def test_other_models_keep_the_headline_and_no_name_is_refused_by_mlflow() -> None:
    rows = [
        score("a", "random model", 0.1),
        score("a", "random model", 900.0, metric="perplexity", headline=False),
        score("a", "lead, (3 lines)", 0.2),
    ]
    found = report.metrics(rows)
    assert found == {
        "eval/a/random_model": 0.1,
        "eval/a/random_model_perplexity": 900.0,
        "eval/a/lead___3_lines_": 0.2,
    }


def test_the_plot_is_a_picture_of_the_right_size_and_the_same_every_time(tmp_path: Path) -> None:
    write_json(many_scores(), tmp_path / "metrics.json")
    pictures = []
    for _ in range(2):
        report_markdown.write(tmp_path, "tiny")
        pictures.append((tmp_path / "scores.png").read_bytes())
    width, height = struct.unpack(">II", pictures[0][16:24])
    assert pictures[0] == pictures[1] and width == 800 and 500 < height < 1200
    assert (tmp_path / "table.md").read_text().startswith("# tiny\n")


@pytest.mark.parametrize("split", ["test", "validation"])
def test_an_evaluation_of_one_split_is_reported_too(tmp_path: Path, split: str) -> None:
    write_json([row for row in SCORES if row["split"] == split], tmp_path / "metrics.json")
    report_markdown.write(tmp_path, "champion")
    assert (tmp_path / "scores.png").stat().st_size > 1000


def test_names_that_look_like_mathematics_and_no_scores_at_all_are_drawn(tmp_path: Path) -> None:
    plot_scores([score("a$b$_{", "generalist", 0.3)], tmp_path / "a.png", "t$")
    plot_scores([], tmp_path / "b.png", "nothing")
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("a.png", "b.png"))


def test_nothing_right_in_a_few_items_is_not_below_a_small_chance() -> None:
    def score(model: str, value: float, groups: int) -> dict[str, Any]:
        ends = {"value": value, "low": value, "high": value, "n": groups, "n_groups": groups}
        return {"model": model, "metric": "acc", "exposure": "unseen", **ends}

    for groups, said in ((20, "at chance"), (500, "below chance")):
        rows = {
            "generalist": score("generalist", 0.0, groups),
            "chance": score("chance", 0.01, groups),
        }
        assert report.in_words("acc", rows, None) == said
