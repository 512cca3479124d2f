"""The nights so far: as a table, as JSON, and as charts on the page."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from flows.__main__ import main
from flows.champion import Decision, record
from flows.history import history
from flows.history_plot import MOST, history_plot
from flows.night import collect_night
from flows.page import page
from flows.workspace import Workspace
from tests.flows.night import many_scores
from tests.flows.night_workspace import make_night

VALIDATION = {
    str(one["task"]): float(one["value"])
    for one in many_scores()
    if (one["model"], one["split"], one["headline"]) == ("generalist", "validation", True)
}
BOUNDED = {"package": 0.5, "translation": 20.0}


@pytest.fixture
def workspace(tmp_path: Path) -> tuple[Workspace, Decision]:
    """Five decisions: promoted, not, promoted, back to the first by hand, not."""
    workspace, first = make_night(tmp_path / "workspace", scores=VALIDATION, key="0")
    (twin,) = workspace.root.glob("run/*language_model_only*")
    for n, (run, promoted, by) in enumerate(
        [("gone", False, ""), (twin.name, True, ""), (Path(first.run).name, True, "ann")], start=1
    ):
        record(workspace, replace(first, key=str(n), run=f"run/{run}", promoted=promoted, by=by))
    last = replace(first, key="4", promoted=False, reason="not <better>", scores=BOUNDED)
    record(workspace, last)
    return workspace, last


def test_every_decision_is_there_and_one_is_the_champion(
    workspace: tuple[Workspace, Decision],
) -> None:
    found = history(workspace[0], "some")
    outcomes = ["promoted", "not promoted", "promoted", "by hand", "not promoted"]
    assert [night.outcome for night in found.nights] == outcomes
    assert [night.champion for night in found.nights] == [False, False, False, True, False]
    assert [night.gone for night in found.nights] == [False, True, False, False, False]
    assert found.nights[-1].mean == pytest.approx((0.5 + 0.2) / 2), "chrF goes to 100"
    assert found.tasks is not None and found.tasks["last_word"].metric == "acc"
    until = history(workspace[0], "some", until="2")
    assert len(until.nights) == 3 and until.nights[-1].champion


def test_it_outlives_the_evaluations_that_it_tells_of(
    workspace: tuple[Workspace, Decision],
) -> None:
    shutil.rmtree(workspace[0].root / "evaluation")
    found = history(workspace[0], "some")
    assert found.nights[0].scores == VALIDATION and found.nights[0].mean is None
    assert "metric not known any more" in history_plot(found)


def test_the_page_draws_it_night_by_night(workspace: tuple[Workspace, Decision]) -> None:
    told = page(collect_night(*workspace))
    section = told.partition('id="history"')[2].partition("</section>")[0]
    charts = section.count('class="chart"')
    assert charts == len(VALIDATION) + 1, "a chart per task, and the mean"
    package = next(part for part in section.split('class="chart"') if "<h4>package" in part)
    assert package.count("<circle") == 5 and package.count('class="night promoted"') == 2
    assert package.count('class="night hand"') == 1 and "not promoted</title>" in package
    assert len(re.findall(r"class=.reign", package)) == 3 and package.count('"plain"') == 1
    first = page(collect_night(workspace[0], replace(workspace[1], key="0")))
    assert "This is the first night" in first


def test_nights_before_the_first_champion_are_drawn_too(
    workspace: tuple[Workspace, Decision],
) -> None:
    found = history(workspace[0], "some")
    plain = replace(found, nights=[one for one in found.nights if not one.promoted])
    assert len(plain.nights) == 2 and "<circle" in (drawn := history_plot(plain))
    assert not re.search(r"class=.reign", drawn)


def test_a_long_history_is_drawn_from_its_end(workspace: tuple[Workspace, Decision]) -> None:
    found = history(workspace[0], "some")
    many = replace(found, nights=[found.nights[0]] * (MOST + 30))
    package = next(one for one in history_plot(many).split('class="chart"') if "<h4>pack" in one)
    assert package.count("<circle") == MOST


def test_the_command_prints_a_table_or_json(
    workspace: tuple[Workspace, Decision], capsys: pytest.CaptureFixture[str]
) -> None:
    root = workspace[0].root
    shown = ["history", "--profile", "some", "--workspace", str(root)]
    assert main(shown) == 0
    printed = capsys.readouterr().out
    assert printed.count("2026-11-23") == 5 and "(ann)" in printed and "not <better>" in printed
    marks = re.findall(r"^ +([*x]?) +2026-11-23", printed, re.MULTILINE)
    assert marks == ["", "x", "", "*", ""] and workspace[1].run.removeprefix("run/") in printed
    assert main([*shown, "--format", "json", "--number", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in told] == ["by hand", "not promoted"]
    assert told[0]["champion"] and told[1]["scores"] == BOUNDED
    assert main([*shown, "--number", "0"]) == 2
    assert "use 1 or more" in capsys.readouterr().err
