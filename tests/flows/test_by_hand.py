"""A person makes a run champion: what is written down, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from flows.__main__ import main
from flows.by_hand import promote_by_hand
from flows.champion import FILE, Decision, champion_of, decisions, record, run_of
from flows.errors import FlowsError
from flows.removed import note
from flows.workspace import Workspace
from tests.flows.night_workspace import make_night


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Workspace, str, str]:
    """A workspace whose champion is the second of two runs, without MLflow; both runs' names."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    workspace, first = make_night(tmp_path / "workspace")
    (twin,) = (tmp_path / "workspace").glob("run/*language_model_only*")
    second = replace(first, key="2", run=f"run/{twin.name}", champion=first.run)
    record(workspace, replace(second, run_digest=run_of(workspace, second).digest))
    return workspace, Path(first.run).name, twin.name


def champion(workspace: Workspace) -> str:
    found = champion_of(workspace, "some")
    assert found is not None
    return found.path.name


def test_a_roll_back_is_a_decision_of_its_own(judged: tuple[Workspace, str, str]) -> None:
    workspace, first, second = judged
    before = (workspace.root / FILE).read_text()
    made, new = promote_by_hand(workspace, "some", "some-generalist", reason="it babbles", by="me")
    assert new and made.promoted and champion(workspace) == first
    assert (made.by, made.reason, made.champion) == ("me", "by hand: it babbles", f"run/{second}")
    told = decisions(workspace, "some")
    assert told[-1] == made and told[0].evaluation == made.evaluation
    assert (workspace.root / FILE).read_text().startswith(before), "the log only grows"
    again, _ = promote_by_hand(workspace, "some", second)
    assert champion(workspace) == second and again.by and "no reason given" in again.reason
    assert len({one.key for one in decisions(workspace, "some")}) == 4


def test_the_champion_itself_is_no_news(judged: tuple[Workspace, str, str]) -> None:
    workspace, _, second = judged
    before = (workspace.root / FILE).read_text()
    decision, new = promote_by_hand(workspace, "some", second)
    assert not new and decision.run == f"run/{second}"
    assert (workspace.root / FILE).read_text() == before


@pytest.mark.parametrize("harm", ["missing", "has changed", "cannot be read", "by generalist gc"])
def test_a_run_that_is_damaged_or_gone_is_refused(
    judged: tuple[Workspace, str, str], harm: str
) -> None:
    workspace, first, second = judged
    run = workspace.root / "run" / first
    if harm == "missing":
        (run / "w").unlink()
    elif harm == "has changed":
        (run / "w").write_text("other weights")
    else:
        (run / "manifest.json").unlink()
    if harm == "by generalist gc":
        note(workspace, [{"place": f"run/{first}", "date": "2026-11-30"}])
    with pytest.raises(FlowsError, match=harm):
        promote_by_hand(workspace, "some", first)
    assert champion(workspace) == second and len(decisions(workspace, "some")) == 2


def test_a_name_of_no_judged_run_names_those_that_there_are(
    judged: tuple[Workspace, str, str],
) -> None:
    workspace, first, second = judged
    for name in ("other", "some-"):
        with pytest.raises(FlowsError, match=rf"--to='{name}': .*({first}.*{second})"):
            promote_by_hand(workspace, "some", name)


def test_a_decision_of_the_gate_is_written_as_before() -> None:
    decision = Decision(
        key="k", profile="p", promoted=True, reason="r", run="a", run_digest="b", evaluation="c"
    )
    assert "by" not in decision.plain() and Decision(**decision.plain()) == decision
    by_hand = replace(decision, by="me")
    assert Decision(**json.loads(json.dumps(by_hand.plain()))) == by_hand


def test_a_reason_without_a_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENERALIST_WORKSPACE", str(tmp_path))
    assert main(["promote", "--reason", "because"]) == 2
    assert "it belongs to --to RUN" in capsys.readouterr().err
    assert main(["promote", "--to", "x", "--profile", "tiny"]) == 2
    assert "has judged: none yet" in capsys.readouterr().err


def test_a_reason_may_hold_any_character(judged: tuple[Workspace, str, str]) -> None:
    workspace, first, _ = judged
    reason = "worse\u2028on\x85everything"
    made, _ = promote_by_hand(workspace, "some", first, reason=reason)
    assert champion(workspace) == first and decisions(workspace, "some")[-1] == made


def test_a_line_cut_off_within_a_character_is_passed_over(
    judged: tuple[Workspace, str, str],
) -> None:
    workspace, first, second = judged
    with (workspace.root / FILE).open("ab") as file:
        file.write('{"reason": "müde"'.encode()[:14])
    assert champion(workspace) == second
    promote_by_hand(workspace, "some", first)
    assert champion(workspace) == first


def test_a_clock_that_was_set_back_undoes_no_promotion(judged: tuple[Workspace, str, str]) -> None:
    workspace, first, second = judged
    last = decisions(workspace, "some")[-1]
    record(workspace, replace(last, key="3", date="2999-01-01T00:00:00+00:00"))
    made, _ = promote_by_hand(workspace, "some", first)
    assert champion(workspace) == first and decisions(workspace, "some")[-1] == made
    promote_by_hand(workspace, "some", second)
    assert champion(workspace) == second
