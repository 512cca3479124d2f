"""What MLflow is told: once, whatever was killed before; and a deaf server costs a moment."""

import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows import mlflow_words, outage
from flows.champion import Decision, record
from flows.errors import FlowsError
from flows.mlflow_history import champions, every_night, log_history
from flows.mlflow_missed import log_missed
from flows.mlflow_tracking import NOTE_LENGTH, Store, read_ids, tolerant
from flows.mlflow_training import Training, TrainingRun, open_experiment, run_tags
from flows.vitals import Vitals
from flows.workspace import Workspace
from tests.flows.night import manifests
from tests.flows.night_workspace import make_night

EXPERIMENT = "generalist-some"


def decision(number: int, **changes: Any) -> Decision:
    """The decision of a night."""
    made = Decision(
        key=str(number),
        profile="some",
        promoted=False,
        reason=f"reason {number}, " + "long " * 60,
        run=f"run/some-generalist-{number:012d}",
        run_digest=f"digest {number}",
        evaluation=f"evaluation/some-{number:012d}",
        scores={"a": number / 100, "b": 0.5},
        date=f"2026-11-{number:02d}T03:41:07+00:00",
    )
    return replace(made, **changes)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield Workspace(tmp_path_factory.mktemp("mlflow"), minimum_free=0)


def test_the_champions_line_begins_with_the_first_and_follows_a_roll_back() -> None:
    log = [
        decision(1),
        decision(2, promoted=True),
        decision(3),
        decision(4, promoted=True, by="ann", run_digest="digest 1", scores={}),
    ]
    assert [values for _, values in champions(log)] == [
        {},
        {"history/a": 0.02, "history/b": 0.5},
        {"history/a": 0.02, "history/b": 0.5},
        {"history/a": 0.01, "history/b": 0.5},
    ]
    assert [step for step, values in every_night(log) if values] == [1, 2, 3]


def test_a_point_of_a_night_is_logged_once_and_a_lost_history_is_made_anew(
    workspace: Workspace,
) -> None:
    for number in (1, 2):
        record(workspace, decision(number, promoted=number == 2))
    log_history(workspace, "some", EXPERIMENT)
    record(workspace, decision(3))
    log_history(workspace, "some", EXPERIMENT)
    store = Store(workspace)
    place = store.experiment(EXPERIMENT)

    def points(which: str) -> list[tuple[int, float, int]]:
        (run,) = store.runs(place, f"tags.`generalist.history` = '{which}'")
        found = store.client.get_metric_history(run.info.run_id, "history/a")
        return [(one.step, one.value, one.timestamp) for one in found]

    (run,) = store.runs(place, "tags.`generalist.history` = 'every night'")
    before = points("every night")
    assert [(step, value) for step, value, _ in before] == [(1, 0.01), (2, 0.02), (3, 0.03)]
    assert before[1][2] - before[0][2] == 24 * 3600 * 1000, "the time of a point is its night's"
    assert [step for step, _, _ in points("champion")] == [2, 3]
    store.client.set_tag(run.info.run_id, "generalist.decisions", "1")  # killed before it was told
    log_history(workspace, "some", EXPERIMENT)
    assert points("every night") == before
    store.client.delete_run(run.info.run_id)
    log_history(workspace, "some", EXPERIMENT)
    assert points("every night") == before


def test_the_table_of_decisions_has_room_in_mlflows_tables() -> None:
    log = [decision(1 + number % 28) for number in range(200)]
    table = mlflow_words.promotions([*log, decision(28, promoted=True, reason="a | b")])
    assert len(table) <= NOTE_LENGTH and 20 < table.count("\n") <= 32
    assert table.splitlines()[2].endswith("| **promoted** | 000000 | a \\| b |")
    assert len(mlflow_words.how_to_read("generalist-" + "x" * 40, "12")) <= NOTE_LENGTH


def test_runs_of_killed_processes_are_closed_by_the_next(
    workspace: Workspace, tmp_path: Path
) -> None:
    store = Store(workspace)
    place = open_experiment(store, EXPERIMENT)
    tags = run_tags(workspace)

    def left_open(**more: str) -> str:
        named = {f"generalist.{key}": value for key, value in more.items()}
        return str(store.client.create_run(place, tags={**tags, **named}).info.run_id)

    killed, held, done = (left_open(run=f"some-{name}") for name in ("killed", "held", "done"))
    scored = left_open(evaluation="some-evaluation")
    others = left_open(run="some-killed", workspace="/elsewhere")
    (workspace.root / "run" / "some-done").mkdir(parents=True)
    (workspace.root / "run" / "some-done" / "manifest.json").touch()
    config = manifests()["generalist"].config
    training = Training(experiment=EXPERIMENT, name="some-generalist", config=config, inputs={})
    with workspace.locked("run/some-held"):
        TrainingRun(workspace, tmp_path, training)._open()
    status = {run: store.client.get_run(run).info.status for run in (killed, held, done, scored)}
    assert status == {killed: "KILLED", held: "RUNNING", done: "FINISHED", scored: "KILLED"}
    assert store.client.get_run(others).info.status == "RUNNING", "another workspace's"
    params = store.client.get_run(read_ids(tmp_path)["run_id"]).data.params
    assert params["profile"] == "some" and params["seed"] == "0" and params["version"]
    assert params["size"] == "4 layers of 128"


def test_a_deaf_server_costs_a_moment_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("flows.progress.LOG.propagate", True)
    workspace = Workspace(tmp_path, minimum_free=0)
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # connects, and nobody accepts
        monkeypatch.setenv(outage.VARIABLE, f"http://127.0.0.1:{deaf.getsockname()[1]}")
        for most in (outage.PROBE_SECONDS + 1, 0.1):
            started = time.monotonic()
            with pytest.raises(FlowsError, match="cannot be used .*no answer within 2 s"):
                Store(workspace)
            assert time.monotonic() - started < most
        (tmp_path / "metrics.jsonl").write_text(json.dumps({"step": 1, "tokens": 2}) + "\n")
        training = Training(experiment="e", name="some-run", config={}, inputs={})
        tracked = TrainingRun(workspace, tmp_path, training)
        started = time.monotonic()
        tracked.log([{"step": 1, "tokens": 2}])
        tracked.close("KILLED")
        with pytest.raises(FlowsError, match="cannot be used"):
            tracked.finish()
        assert time.monotonic() - started < 0.5
        for what in ("the evaluation", "the page"):
            with tolerant(what):
                Store(workspace)
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1 and told[0].startswith("MLflow does not have the evaluation: ")


def test_vitals_are_those_of_the_whole_family(tmp_path: Path) -> None:
    vitals = Vitals(os.getpid(), tmp_path)
    deadline = time.process_time() + 0.2
    while time.process_time() < deadline:
        pass
    found = vitals.sample()
    assert found["system/trainer_cpu_percent"] > 0
    assert 10 < found["system/trainer_memory_megabytes"] < 100_000
    assert found["system/disk_free_gigabytes"] > 0
    gone = Vitals(2**22 - 7, tmp_path).sample()
    assert "system/trainer_cpu_percent" not in gone and "system/machine_cpu_percent" in gone


def test_the_next_night_logs_an_evaluation_that_mlflow_missed(
    workspace: Workspace, tmp_path: Path
) -> None:
    missed, told = make_night(tmp_path / "workspace")
    for run in (tmp_path / "workspace" / "run").iterdir():
        (run / "weights").mkdir()
        (run / "weights" / "model.safetensors").write_text("w")
    log_missed(missed, "another profile", EXPERIMENT)
    evaluation = missed.root / told.evaluation
    assert read_ids(evaluation) == {}
    log_missed(missed, "some", EXPERIMENT)
    store = Store(missed)
    ids = read_ids(evaluation)
    judged, trained = (
        store.client.get_run(read_ids(one)["run_id"])
        for one in (evaluation, missed.root / told.run)
    )
    assert judged.data.tags["generalist.training_run_id"] == trained.info.run_id
    assert judged.data.params["seed"] == trained.data.params["seed"]
    assert {one.info.status for one in (judged, trained)} == {"FINISHED"}
    assert len(store.runs(ids["experiment_id"], "")) == 3, "the twin of the model too"
    (point,) = store.client.get_metric_history(judged.info.run_id, next(iter(judged.data.metrics)))
    assert point.step == 0, "MLflow draws bars from it"
    log_missed(missed, "some", EXPERIMENT)
    assert len(store.runs(ids["experiment_id"], "")) == 3


def test_a_password_in_a_servers_address_is_shown_to_nobody() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        port = taken.getsockname()[1]
        with pytest.raises(FlowsError, match=f"http://127.0.0.1:{port}/x cannot be used") as caught:
            outage.need(f"http://ann:secret@127.0.0.1:{port}/x")
    assert "secret" not in str(caught.value) and "ann:" not in str(caught.value)
