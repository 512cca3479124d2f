"""The trainer as a process: killed, stopped and refused; what it leaves and how that is told."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from flows import gpu
from flows.errors import TrainerError, TrainerStopped
from flows.shipped import tiny
from gptcore.config import TokenizerConfig, TrainConfig
from gptcore.manifest import file_digest
from gptcore.rundir import locked
from gptcore.shards import encode_documents
from gptcore.tokenizer import load_tokenizer, train_tokenizer

Job = dict[str, Any]


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A small training on text that is this project's own source."""
    place = tmp_path_factory.mktemp("text")
    sources = sorted(Path(gpu.__file__).parents[1].glob("gptcore/*.py"))
    texts = [path.read_text(encoding="utf-8") for path in sources]
    train_tokenizer(TokenizerConfig(vocab_size=512), texts, place)
    tokenizer = load_tokenizer(place)
    for split in ("train", "validation"):
        encode_documents(tokenizer, texts, place / "shards", split=split, name="corpus")
    model = replace(tiny().model, vocab_size=512, context_length=64)
    streams = tuple(s for s in tiny().train.mixture if s.name == "corpus")
    train = TrainConfig(
        mixture=streams,
        tokens=64 * 8 * 60,
        batch_size=8,
        precision="fp32",
        threads=1,
        checkpoint_every=10,
        log_every=1,
        validate_every=30,
        validation_windows=8,
    )
    return {
        "model": asdict(model),
        "train": asdict(train),
        "shards": str(place / "shards"),
        "initial": None,
    }


@pytest.fixture(scope="module")
def undisturbed(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed")
    gpu.train(job, out)
    return out


def losses(run: Path) -> dict[int, float]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert len({row["step"] for row in rows}) == len(rows), "a step stands there twice"
    return {row["step"]: row["train/loss"] for row in rows}


def at_step(step: int, act: Callable[[], None]) -> Callable[[Any], None]:
    """Act once when that step has been logged."""
    done = threading.Event()

    def on_rows(rows: Any) -> None:
        if rows[-1]["step"] >= step and not done.is_set():
            done.set()
            act()

    return on_rows


def trainers_of(run: Path) -> list[int]:
    """Process ids of the trainers that work in a run directory."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            words = (directory / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        started = [word for word in words[1:4] if word != b"-u"][:2]
        if started == [b"-m", b"gptcore.pretrain"]:
            found += [int(directory.name)] * (os.fsencode(run / "launch.json") in words)
    return sorted(found)


def trainer_of(run: Path) -> int:
    """Process id of the one trainer that works in a run directory."""
    (trainer,) = trainers_of(run)
    return trainer


def test_a_training_waits_for_the_trainer_that_a_dead_flow_left(job: Job, tmp_path: Path) -> None:
    released: list[float] = []

    def work() -> None:
        with locked(tmp_path):
            held.set()
            time.sleep(2)
            released.append(time.monotonic())

    held, predecessor = threading.Event(), threading.Thread(target=work)
    predecessor.start()
    assert held.wait(10)
    short = {**job, "train": {**job["train"], "tokens": 64 * 8 * 2}}
    assert gpu.train(short, tmp_path)["steps"] == 2
    assert released


def test_a_killed_trainer_resumes_and_ends_bit_equal(
    job: Job, undisturbed: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainerError, match=r"killed by SIGKILL") as caught:
        gpu.train(job, tmp_path, at_step(25, lambda: os.kill(trainer_of(tmp_path), signal.SIGKILL)))
    assert str(tmp_path / "trainer.log") in str(caught.value)
    assert not (tmp_path / "summary.json").exists()
    steps: list[int] = []
    summary = gpu.train(job, tmp_path, lambda rows: steps.extend(int(r["step"]) for r in rows))
    assert summary["generations"] > 1
    assert losses(tmp_path) == losses(undisturbed)
    assert steps == sorted(set(steps)), "the same step was reported twice"
    weights = Path("weights") / "model.safetensors"
    assert file_digest(tmp_path / weights) == file_digest(undisturbed / weights)


def test_a_stopped_trainer_leaves_a_checkpoint_and_resumes(
    job: Job, undisturbed: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainerStopped, match="run the command again"):
        gpu.train(job, tmp_path, at_step(15, lambda: os.kill(trainer_of(tmp_path), signal.SIGTERM)))
    newest = max(int(p.name.removeprefix("step-")) for p in (tmp_path / "checkpoints").iterdir())
    assert newest >= 15
    gpu.train(job, tmp_path)
    assert losses(tmp_path) == losses(undisturbed)


def test_an_exception_here_stops_the_trainer_after_a_checkpoint(job: Job, tmp_path: Path) -> None:
    def cancel() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gpu.train(job, tmp_path, at_step(15, cancel))
    assert trainers_of(tmp_path) == []
    assert "stopped after a checkpoint" in (tmp_path / "trainer.log").read_text()


def test_the_trainer_sees_the_death_of_its_parent(job: Job, tmp_path: Path) -> None:
    script = (
        "import json, sys; from pathlib import Path; from flows import gpu\n"
        "job, out = json.loads(sys.argv[1]), Path(sys.argv[2])\n"
        "gpu.train(job, out, lambda rows: print(rows[-1]['step'], flush=True))"
    )
    endless = {**job, "train": {**job["train"], "tokens": 10**9}}
    command = [sys.executable, "-c", script, json.dumps(endless), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        trainer = trainer_of(tmp_path)
        parent.kill()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{trainer}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{trainer}").exists()
    assert "stopped after a checkpoint" in (tmp_path / "trainer.log").read_text()


def test_two_ranks_stop_together_fall_together_and_end_on_one(
    job: Job, undisturbed: Path, tmp_path: Path
) -> None:
    def cancel() -> None:
        assert len(trainers_of(tmp_path)) == 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gpu.train(job, tmp_path, at_step(10, cancel), ranks=2)
    assert trainers_of(tmp_path) == []
    assert "stopped after a checkpoint" in (tmp_path / "trainer.log").read_text()
    kill = at_step(30, lambda: os.kill(trainers_of(tmp_path)[1], signal.SIGKILL))
    with pytest.raises(TrainerError, match="the trainer crashed"):
        gpu.train(job, tmp_path, kill, ranks=2)
    assert trainers_of(tmp_path) == []
    gpu.train(job, tmp_path)
    assert losses(tmp_path) == pytest.approx(losses(undisturbed), rel=1e-5)


def test_as_many_ranks_as_can_share_the_work(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu.ranks_for(job) == 1
    monkeypatch.setattr(gpu, "device_kind", lambda: "cuda")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 8)
    model = {**job["model"], "context_length": 1024}

    def ranks(rows: int) -> int:
        return gpu.ranks_for({"model": model, "train": {**job["train"], "batch_size": rows}})

    assert [ranks(rows) for rows in (4, 16, 64, 96, 63)] == [1, 2, 8, 8, 7]


def test_a_job_that_cannot_work_is_refused_in_one_line(job: Job, tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="missing") as caught:
        gpu.train({**job, "shards": str(tmp_path / "nowhere")}, tmp_path)
    assert "\n" not in str(caught.value) and "Traceback" not in str(caught.value)
