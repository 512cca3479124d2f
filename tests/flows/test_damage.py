"""What a person can lose, damage or interrupt, and what is said and kept then."""

import json
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from flows.champion import (
    FILE,
    Decision,
    champion_of,
    decisions,
    known_decision,
    record,
    run_of,
)
from flows.errors import FlowsError, WorkspaceError
from flows.gate import GateConfig
from flows.mlflow_tracking import Store, read_ids, tolerant
from flows.mlflow_training import Training, ensure_training_run, training_run
from flows.pretrain import Runs, tasks_left_out
from flows.promote import decide, decision_key
from flows.provenance import source_digest
from flows.publish import logged_at
from flows.shipped import tiny
from flows.tokenize import Text
from flows.workspace import Product, Workspace
from gptcore.manifest import read_manifest
from gptcore.tracking import read_jsonl
from tests.flows.night_workspace import make_night
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


class Gate:
    """The promotion log under the rules of ``promote``, with two runs to judge."""

    def __init__(self, root: Path) -> None:
        self.workspace, decision = make_night(root, promoted=False)
        (root / FILE).unlink()
        self.a = run_of(self.workspace, decision)
        (twin,) = root.glob("run/*language_model_only*")
        self.b = run_of(self.workspace, replace(decision, run=str(twin.relative_to(root))))
        self.evaluation = Product(
            root / decision.evaluation, read_manifest(root / decision.evaluation), reused=True
        )

    def known(self, run: Product) -> Decision | None:
        """What is known of a run, whose evaluation is named and keyed as the run."""
        return known_decision(
            decisions(self.workspace, "some"),
            key=self._key(run),
            run=run,
            evaluation=run.path.name,
            champion=champion_of(self.workspace, "some"),
        )

    def judge(self, run: Product, promoted: bool) -> Decision:
        decision = Decision(
            key=self._key(run),
            profile="some",
            promoted=promoted,
            reason="r",
            run=str(run.path.relative_to(self.workspace.root)),
            run_digest=run.digest,
            evaluation=run.path.name,
        )
        record(self.workspace, decision)
        return decision

    def _key(self, run: Product) -> str:
        evaluation = replace(
            self.evaluation, manifest=replace(self.evaluation.manifest, key=run.digest)
        )
        return decision_key(GateConfig(), evaluation, champion_of(self.workspace, "some"))


def test_an_unchanged_night_is_known_whether_it_was_promoted_or_not(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "workspace")
    assert gate.known(gate.a) is None
    refused = gate.judge(gate.a, promoted=False)
    assert gate.known(gate.a) == refused
    promoted = gate.judge(gate.b, promoted=True)
    assert gate.known(gate.b) == promoted, "its champion is itself"
    assert gate.known(gate.a) is None, "it was judged without a champion"


def test_a_decision_holds_for_its_champion_only(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "workspace")
    gate.judge(gate.a, promoted=True)
    gate.judge(gate.b, promoted=True)
    assert gate.known(gate.a) is None, "the champion is another one now"
    against = gate.judge(gate.a, promoted=False)
    assert gate.known(gate.a) == against
    log = gate.workspace.root / FILE
    log.write_text("".join(line for line in log.open() if gate.b.digest not in line))
    gate.judge(gate.b, promoted=False)
    log.write_text("".join(line for line in log.open() if '"promoted": true' not in line))
    assert champion_of(gate.workspace, "some") is None
    assert gate.known(gate.b) is None, "it was judged against a champion that is gone"


def test_the_champion_stays_when_the_gate_fails_in_the_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "workspace"
    monkeypatch.setenv("GENERALIST_WORKSPACE", str(root))
    workspace, before = make_night(root, evaluation="evaluation/of-another-night")
    run = champion_of(workspace, "some")
    (evaluation,) = workspace.finished("evaluation")
    (documents,), (prompts,) = workspace.finished("documents"), workspace.finished("prompts")
    (tokenizer,) = workspace.finished("tokenizer")
    assert run is not None
    text = Text(prompts=prompts, documents=documents, tokenizer=tokenizer, shards=tokenizer)
    (evaluation.path / "metrics.json").unlink()
    runs = Runs(generalist=run, language_model_only=run)
    with pytest.raises(FileNotFoundError, match=r"metrics\.json"):
        decide.fn(replace(tiny(), name="some"), text, runs, evaluation)
    assert decisions(workspace, "some") == [before] and champion_of(workspace, "some") == run
    assert not (root / "mlflow.db").exists(), "no alias was moved"


def test_a_champion_keeps_the_tasks_that_it_was_trained_on(tmp_path: Path) -> None:
    run = Gate(tmp_path / "workspace").a
    config = tiny().train
    streams = [{"name": stream.name} for stream in config.mixture]

    def trained(mixture: list[dict[str, str]]) -> Product:
        manifest = replace(run.manifest, config={"train": {"mixture": mixture}})
        return replace(run, manifest=manifest)

    assert tasks_left_out(trained(streams), config) == []
    assert tasks_left_out(trained([*streams, {"name": "gone"}]), config) == ["gone"]


def test_a_night_outlives_an_mlflow_that_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("flows.progress.LOG.propagate", True)
    workspace, decision = make_night(tmp_path / "workspace")
    run = run_of(workspace, decision)
    (run.path / "weights").mkdir()
    (run.path / "weights" / "model.safetensors").write_text("w")
    settings = {"model": {}, "train": {"mixture": ()}}
    logged = Product(run.path, replace(run.manifest, config=settings), reused=True)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    started = time.monotonic()
    training = Training(experiment="e", name="some-generalist", config=settings, inputs={})
    with training_run(workspace, run.path, training) as tracked:
        tracked.log([{"step": 1, "tokens": 10, "train/loss": 2.0}])
    assert f"MLflow does not have the training run {run.path.name}" in caplog.text
    with pytest.raises(FlowsError, match="cannot be used"):
        ensure_training_run(workspace, logged, experiment="e")
    assert logged_at(workspace, run, tmp_path / "report.html") == ""
    assert time.monotonic() - started < 5

    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    ids = ensure_training_run(workspace, logged, experiment="e")
    assert Store(workspace).find_run(ids["run_id"]) is not None and ids["model_id"]
    (run.path / "mlflow.json").write_text(json.dumps({"run_id": ids["run_id"]}))
    again = ensure_training_run(workspace, logged, experiment="e")
    assert again["run_id"] == ids["run_id"], "a run that lacks its model is finished"


def test_only_failures_of_mlflow_are_tolerated() -> None:
    with pytest.raises(KeyError), tolerant("something"):
        raise KeyError("a mistake of ours")


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
    both = source_digest(["gptcore.corpus.ingest", "tasks_to_text.store"])
    assert read_manifest(documents).source == both != alone


def test_the_results_shown_again_are_those_of_the_same_run(by_hand: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    shutil.copytree(by_hand, workspace)
    first = json.loads((workspace / FILE).read_text())
    another = {"key": "another", "run_digest": "another", "reason": "of another run"}
    with (workspace / FILE).open("a") as file:
        file.write(json.dumps({**first, **another}) + "\n")
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
