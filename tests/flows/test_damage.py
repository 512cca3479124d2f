"""What a person can lose, damage or interrupt, and what is said and kept then."""

import json
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from flows.champion import FILE, Decision, champion_of, decisions, record, run_of
from flows.errors import FlowsError, WorkspaceError
from flows.mlflow_tracking import Store, read_ids
from flows.provenance import source_digest
from flows.workspace import Workspace
from gptcore.manifest import read_manifest
from gptcore.tracking import read_jsonl
from tests.flows.processes import generalist, running, wait_for
from tests.flows.processes import run as run_command

DECISION = Decision(
    key="k1", profile="tiny", promoted=True, reason="r", run="run/tiny-generalist-x",
    run_digest="d", evaluation="evaluation/tiny-x",
)  # fmt: skip


def test_a_line_that_a_crash_cut_off_costs_no_other_decision(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    record(workspace, DECISION)
    whole = (tmp_path / FILE).read_text()
    (tmp_path / FILE).write_text(whole + whole[:40])
    record(workspace, replace(DECISION, key="k2"))
    assert [decision.key for decision in decisions(workspace, "tiny")] == ["k1", "k2"]


def test_a_champion_that_cannot_be_read_stops_the_gate(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert champion_of(workspace, "tiny") is None
    record(workspace, DECISION)
    with pytest.raises(FlowsError, match=r"the champion of .* cannot be read: put it back, or"):
        champion_of(workspace, "tiny")
    with pytest.raises(FlowsError, match=r"the model of"):
        run_of(workspace, replace(DECISION, promoted=False))


@pytest.mark.parametrize("mark", ["?", "#", "%"])
def test_a_path_that_a_database_address_would_misread_is_refused(mark: str, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="name another place"):
        Workspace(tmp_path / f"a{mark}b")
    assert list(tmp_path.iterdir()) == []
    Workspace(tmp_path / "with spaces and ä")


def test_damaged_ids_are_none_and_a_damaged_store_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "mlflow.json").write_text("{")
    assert read_ids(tmp_path) == {}
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 100)
    with pytest.raises(FlowsError, match=r"mlflow\.db cannot be used .*move a broken file aside"):
        Store(Workspace(tmp_path))


def test_what_is_decontaminated_against_is_part_of_the_key(by_hand: Path) -> None:
    (documents,) = by_hand.glob("documents/tiny-*")
    alone = source_digest(["gptcore.corpus.ingest"])
    both = source_digest(["gptcore.corpus.ingest", "flows.held_out"])
    assert read_manifest(documents).source == both != alone


def test_the_results_shown_again_are_those_of_the_same_run(by_hand: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    shutil.copytree(by_hand, workspace)
    first = json.loads((workspace / FILE).read_text())
    with (workspace / FILE).open("a") as file:
        file.write(json.dumps({**first, "key": "another", "reason": "of another run"}) + "\n")
    printed = run_command(generalist(workspace, "run"), {})
    assert "skipped: nothing new" in printed and "of another run" not in printed


def test_a_removed_mlflow_store_is_written_again(by_hand: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    shutil.copytree(by_hand, workspace)
    (workspace / "mlflow.db").unlink()
    run_command(generalist(workspace, "run"), {})
    store = Store(Workspace(workspace))
    for directory in (*workspace.glob("run/*generalist*"), *workspace.glob("evaluation/tiny-*")):
        assert store.find_run(read_ids(directory)["run_id"]) is not None


def test_ctrl_c_in_a_terminal_keeps_a_checkpoint_and_ends_soon(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    command = generalist(workspace, "pretrain", "--tokens", "5000000")
    with running(command, tmp_path / "log", {}) as process:

        def training() -> bool:
            found = list(workspace.glob("run/tiny-generalist-*/metrics.jsonl"))
            return bool(found) and len(read_jsonl(found[0])) > 2

        wait_for("training", training, 120)
        asked = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)  # a terminal tells the whole group
        assert process.wait(60) == 130
        assert time.monotonic() - asked < 30
    log = (tmp_path / "log").read_text()
    assert "interrupted: the same command goes on" in log and "Traceback" not in log
    (run,) = workspace.glob("run/tiny-generalist-*")
    last = read_jsonl(run / "metrics.jsonl")[-1]["step"]
    newest = sorted((run / "checkpoints").glob("step-*"))[-1]
    assert int(newest.name.removeprefix("step-")) >= last
