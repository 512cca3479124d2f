"""A training run survives what happens to it, and ends as if nothing had."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch
from packaging.requirements import Requirement

import gptcore
from gptcore.checkpoint import load_weights
from gptcore.config import ModelConfig, StreamConfig, TrainConfig
from gptcore.errors import CheckpointError, ConfigError, RunLocked, TrainingError
from gptcore.pretrain import BAD_INPUT, FINISHED, INTERRUPTED, LOCKED, RUINED, Job, pretrain
from gptcore.shards import encode_documents, encode_examples
from gptcore.tokenizer import Tokenizer
from gptcore.tracking import read_jsonl
from tests.gptcore.conftest import texts

MODEL = ModelConfig(vocab_size=512, context_length=16, n_layer=2, n_head=2, n_embd=32, dropout=0.1)
MEASURED = ("tokens_per_second", "memory_gb")
MIXTURE = (
    StreamConfig(name="corpus", rate=1),
    StreamConfig(name="answer", rate=2, target_weight=5),
)


def _train(**changes: Any) -> TrainConfig:
    fields: dict[str, Any] = {
        "mixture": MIXTURE, "tokens": 16 * 4 * 2 * 60, "batch_size": 4, "accumulation": 2,
        "optimizer": "muon", "precision": "fp32", "threads": 1, "checkpoint_every": 7,
        "log_every": 1, "validate_every": 20, "validation_windows": 8,
    }  # fmt: skip
    return TrainConfig(**{**fields, **changes})


def _job(shards: Path, out: Path, **changes: Any) -> Job:
    return Job(model=MODEL, train=_train(**changes), shards=str(shards), out=str(out))


def _rows(run: Path) -> list[dict[str, float]]:
    rows = read_jsonl(run / "metrics.jsonl")
    return [{k: v for k, v in row.items() if k not in MEASURED} for row in rows]


def _weights(run: Path) -> bytes:
    return (run / "weights" / "model.safetensors").read_bytes()


def _interrupted_after(steps: int, job: Job) -> None:
    asked = iter(range(10_000))
    assert pretrain(job, stopping=lambda: next(asked) >= steps - 1) is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"precision": "bf16", "schedule": "wsd"},
        {"optimizer": "adamw", "separate_documents": True, "recompute_activations": True},
    ],
)
def test_a_resumed_run_is_bit_equal_to_an_undisturbed_one(
    changes: dict[str, Any], shards: Path, tmp_path: Path
) -> None:
    whole, broken = _job(shards, tmp_path / "a", **changes), _job(shards, tmp_path / "b", **changes)
    summary = pretrain(whole)
    assert summary is not None and summary["epochs"]["answer"] > 1  # across an epoch's end
    for steps in (1, 13, 20):
        _interrupted_after(steps, broken)
    assert pretrain(broken) is not None
    assert len(_rows(tmp_path / "a")) == 60
    assert _rows(tmp_path / "a") == _rows(tmp_path / "b")
    assert _weights(tmp_path / "a") == _weights(tmp_path / "b")


def test_training_lowers_the_loss(shards: Path, tmp_path: Path) -> None:
    pretrain(_job(shards, tmp_path))
    losses = [row["validation/loss"] for row in _rows(tmp_path) if "validation/loss" in row]
    assert losses[-1] < losses[0] < 6.3  # ln 512 = 6.24


def test_targets_alone_can_carry_the_loss(tokenizer: Tokenizer, tmp_path: Path) -> None:
    """Steps of prompts alone teach nothing, and are neither NaN nor counted as skipped."""
    shards, run = tmp_path / "shards", tmp_path / "run"
    encode_documents(tokenizer, texts(9, 3), shards, split="validation", name="corpus")
    pairs = [
        (text.split(".")[0], " yes" if i % 3 else " no") for i, text in enumerate(texts(99, 4))
    ]
    encode_examples(tokenizer, pairs, shards, split="train", name="answer")
    streams = (StreamConfig(name="answer", rate=1, prompt_weight=0),)
    changes = {"mixture": streams, "batch_size": 1, "accumulation": 1, "tokens": 16 * 400}
    job = _job(shards, run, **changes, max_skipped=1, spike_factor=0)
    assert pretrain(job) is not None
    rows = _rows(run)
    tokens = [row["train/loss_tokens"] for row in rows]
    assert 0 in tokens and max(tokens) <= 16
    assert all(("train/loss" in row) == (row["train/loss_tokens"] > 0) for row in rows)
    assert rows[-1]["skipped"] == 0
    losses = [row["train/loss"] for row in rows if row["train/loss_tokens"]]
    assert sum(losses[-40:]) / 40 < 3 < 5 < losses[0]
    assert all(torch.isfinite(t).all() for t in load_weights(run / "weights")[1].values())


def test_loss_tokens_are_those_of_a_whole_step(shards: Path, tmp_path: Path) -> None:
    pretrain(_job(shards, tmp_path, tokens=16 * 4 * 2 * 2))
    assert [row["train/loss_tokens"] for row in _rows(tmp_path)] == [16 * 4 * 2] * 2


def test_a_broken_newest_checkpoint_falls_back_and_says_so(shards: Path, tmp_path: Path) -> None:
    pretrain(_job(shards, tmp_path / "a"))
    job = _job(shards, tmp_path / "b", keep_checkpoints=3)
    _interrupted_after(20, job)
    newest = sorted((tmp_path / "b" / "checkpoints").glob("step-*"))[-1]
    damaged = newest / "model.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-9] + b"123456789")
    said: list[str] = []
    assert pretrain(job, say=said.append) is not None
    assert any("step-00000020" in line and "damaged" in line for line in said)
    assert any("resumed at step 14" in line for line in said)
    assert _weights(tmp_path / "a") == _weights(tmp_path / "b")
    assert _rows(tmp_path / "a") == _rows(tmp_path / "b")


def test_a_broken_later_checkpoint_never_outlives_a_whole_one(shards: Path, tmp_path: Path) -> None:
    job = _job(shards, tmp_path, keep_checkpoints=2)
    _interrupted_after(20, job)
    checkpoints = tmp_path / "checkpoints"
    (checkpoints / "step-00000020" / "state.json").write_text("{")
    _interrupted_after(2, job)  # resumes at 14
    assert [p.name for p in sorted(checkpoints.iterdir())] == ["step-00000014", "step-00000016"]
    (tmp_path / "job.json").write_text("")
    with pytest.raises(CheckpointError, match=r"job\.json cannot be read.*delete"):
        pretrain(job)


def test_the_last_checkpoints_and_the_best_are_kept(shards: Path, tmp_path: Path) -> None:
    # The rate at the end of the warm-up ruins what was learned before.
    hot = {"learning_rate": 0.5, "warmup_tokens": 16 * 4 * 2 * 59, "optimizer": "adamw"}
    summary = pretrain(_job(shards, tmp_path, keep_checkpoints=2, validate_every=4, **hot))
    assert summary is not None
    found = {r["step"]: r["validation/loss"] for r in _rows(tmp_path) if "validation/loss" in r}
    best = min(found, key=lambda step: found[step])
    assert best < 56
    assert summary["best"] == {"step": best, "validation/loss": found[best]}
    assert [p.name for p in sorted((tmp_path / "checkpoints").iterdir())] == [
        f"step-{best:08.0f}", "step-00000056", "step-00000060",
    ]  # fmt: skip
    state = json.loads((tmp_path / "checkpoints" / "step-00000060" / "state.json").read_text())
    assert state["best"] == {"step": best, "loss": found[best]}
    assert state["about"]["torch"] == torch.__version__ and state["about"]["attention"] == "tiles"


def test_a_skipped_step_moves_nothing_and_is_skipped_again_after_a_resumption(
    shards: Path, tmp_path: Path
) -> None:
    # So near to the median that some healthy steps are taken for spikes.
    near = {"spike_factor": 1.1, "max_skipped": 90, "tokens": 16 * 4 * 2 * 90}
    job = _job(shards, tmp_path / "a", **near, checkpoint_every=1, keep_checkpoints=99)
    said: list[str] = []
    summary = pretrain(job, say=said.append)
    assert summary is not None and 0 < summary["skipped"] == sum("is skipped" in s for s in said)
    totals = [row["skipped"] for row in _rows(tmp_path / "a")]
    skipped = {i + 1 for i in range(1, 90) if totals[i] > totals[i - 1]}
    for step in range(60, 91):
        digests = [
            json.loads((path / "state.json").read_text())["files"]
            for path in (tmp_path / "a" / "checkpoints" / f"step-{s:08d}" for s in (step - 1, step))
        ]
        assert (digests[0] == digests[1]) == (step in skipped)
    broken = _job(shards, tmp_path / "b", **near)
    for steps in (70, 10):
        _interrupted_after(steps, broken)
    pretrain(broken)
    assert _rows(tmp_path / "a") == _rows(tmp_path / "b")
    assert _weights(tmp_path / "a") == _weights(tmp_path / "b")


def test_validation_leaves_no_trace_in_the_training(shards: Path, tmp_path: Path) -> None:
    for name, every in (("a", 1), ("b", 60)):
        pretrain(_job(shards, tmp_path / name, validate_every=every))
    losses = [[row["train/loss"] for row in _rows(tmp_path / name)] for name in "ab"]
    assert losses[0] == losses[1]
    assert _weights(tmp_path / "a") == _weights(tmp_path / "b")


def test_initial_weights_are_where_training_starts(shards: Path, tmp_path: Path) -> None:
    pretrain(_job(shards, tmp_path / "a"))
    job = Job(
        model=MODEL,
        train=_train(learning_rate=1e-12, muon_learning_rate=1e-12),
        shards=str(shards),
        out=str(tmp_path / "b"),
        initial=str(tmp_path / "a" / "weights"),
    )
    pretrain(job)
    first, second = (load_weights(tmp_path / x / "weights")[1] for x in "ab")
    torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-5)


def test_a_run_directory_of_another_job_is_refused(shards: Path, tmp_path: Path) -> None:
    _interrupted_after(3, _job(shards, tmp_path))
    with pytest.raises(CheckpointError, match=r"train\.clip, train\.seed"):
        pretrain(_job(shards, tmp_path, seed=5, clip=3.0))


def test_a_loss_that_is_no_number_stops_the_run(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="lower learning_rate"):
        pretrain(_job(shards, tmp_path, learning_rate=1e30, optimizer="adamw"))


class TestProcess:
    """The same, as a process that is killed for real."""

    def _start(self, job: Job, tmp_path: Path, *extra: str, **popen: Any) -> Any:
        path = tmp_path / "job.json"
        path.write_text(json.dumps(asdict(job)))
        command = [sys.executable, "-m", "gptcore.pretrain", str(path), *extra]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **popen)

    def _wait_for_rows(self, run: Path, n: int) -> None:
        deadline = time.monotonic() + 60
        while len(read_jsonl(run / "metrics.jsonl")) < n:
            assert time.monotonic() < deadline, "the trainer makes no progress"
            time.sleep(0.01)

    def test_sigkill_sigterm_and_a_dead_parent(self, shards: Path, tmp_path: Path) -> None:
        many = {"tokens": 16 * 4 * 2 * 250}
        run = tmp_path / "b"
        job = _job(shards, run, **many)
        process = self._start(job, tmp_path)
        self._wait_for_rows(run, 30)
        process.kill()
        assert process.wait() == -signal.SIGKILL

        process = self._start(job, tmp_path)
        self._wait_for_rows(run, 60)
        with pytest.raises(RunLocked, match="another trainer"):
            pretrain(job)
        second = self._start(job, tmp_path)
        assert second.wait() == LOCKED
        process.terminate()
        assert process.wait() == INTERRUPTED
        assert "stopped after a checkpoint" in process.stderr.read()

        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writing = os.open(pipe, os.O_RDWR)
        process = self._start(job, tmp_path, "--parent-pipe", str(pipe))
        done = len(read_jsonl(run / "metrics.jsonl"))
        self._wait_for_rows(run, done + 10)
        os.close(writing)  # what the kernel does when a parent dies
        assert process.wait() == INTERRUPTED

        process = self._start(job, tmp_path)
        assert process.wait() == FINISHED
        pretrain(_job(shards, tmp_path / "a", **many))
        assert _rows(run) == _rows(tmp_path / "a")
        assert _weights(run) == _weights(tmp_path / "a")
        summary = json.loads((run / "summary.json").read_text())
        assert summary["steps"] == 250 and summary["generations"] == 4

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "error: "),
            ('{"model": {"vocab": 3}}', "job.model.vocab=3: no such field"),
            ('{"trian": 1}', "job.trian=1: no such field; did you mean 'train'?"),
        ],
    )
    def test_bad_input_is_one_line(self, text: str, message: str, tmp_path: Path) -> None:
        path = tmp_path / "job.json"
        path.write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "gptcore.pretrain", str(path)], capture_output=True, text=True
        )
        assert done.returncode == BAD_INPUT
        assert message in done.stderr and "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1

    def test_a_ruined_training_and_a_pipe_that_is_none_have_codes_of_their_own(
        self, shards: Path, tmp_path: Path
    ) -> None:
        hopeless = {"learning_rate": 1e30, "optimizer": "adamw", "max_skipped": 2}
        process = self._start(_job(shards, tmp_path / "run", **hopeless), tmp_path)
        said = process.communicate()[1]
        assert process.returncode == RUINED, said
        assert "lower learning_rate, in another run directory" in said.splitlines()[-1]
        job = _job(shards, tmp_path / "other")
        process = self._start(job, tmp_path, "--parent-pipe", str(tmp_path / "none"))
        assert "is no named pipe" in process.communicate()[1]
        assert process.returncode == BAD_INPUT and not (tmp_path / "other").exists()

    def test_missing_shards_are_named(self, tmp_path: Path) -> None:
        process = self._start(_job(tmp_path / "none", tmp_path / "run"), tmp_path)
        assert process.wait() == BAD_INPUT
        assert "corpus.npy is missing" in process.stderr.read()


def test_a_config_says_which_field_cannot_work() -> None:
    with pytest.raises(ConfigError, match="warmup_tokens=9000: must be less than tokens=100"):
        _train(tokens=100, warmup_tokens=9000)
    with pytest.raises(ConfigError, match="mixture"):
        _train(mixture=())


def _closure(names: set[str]) -> set[str]:
    """Names of installed distributions that the given ones need."""
    seen: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and requirement.name not in seen:
                waiting.add(requirement.name)
    return seen


def test_trains_with_nothing_but_its_four_packages(shards: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for name in _closure({"torch", "numpy", "sentencepiece", "safetensors"}):
        files = metadata.files(name) or []
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (site / top).exists():  # CUDA's packages share a folder
                (site / top).symlink_to(Path(str(metadata.distribution(name).locate_file(top))))
    (site / "gptcore").symlink_to(Path(gptcore.__file__).parent)
    for absent in ("prefect", "mlflow", "duckdb", "datasets", "pyarrow", "flows", "tasks_to_text"):
        assert not list(site.glob(f"{absent}*"))
    job = tmp_path / "job.json"
    job.write_text(json.dumps(asdict(_job(shards, tmp_path / "run", tokens=16 * 8 * 5))))
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import gptcore.scoring, gptcore.generate;"
        " from gptcore.pretrain import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", code, str(job)], capture_output=True, text=True
    )
    assert done.returncode == FINISHED, done.stderr
    assert (tmp_path / "run" / "summary.json").exists()
