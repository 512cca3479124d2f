"""A trainer is killed with SIGKILL again and again, and ends as if nothing had happened.

``python -m tests.faults.kill --kills 30`` trains once without disturbance and once with: killed at
random moments of random steps, every other time while it writes a checkpoint. Then losses (all of
``metrics.jsonl`` but what a clock measures) and weights must be the same to the last bit.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gptcore.config import ModelConfig, StreamConfig, TrainConfig
from gptcore.pretrain import Job
from gptcore.tracking import read_jsonl

MEASURED = ("tokens_per_second", "memory_gb", "mfu")
STEPS_PER_KILL = 30
MODEL = ModelConfig(vocab_size=512, context_length=16, n_layer=2, n_head=2, n_embd=32, dropout=0.1)


@dataclass(frozen=True, slots=True)
class Kill:
    """How far the run had come, and what was going on."""

    step: int
    writing: bool
    """Whether a checkpoint was being written."""


def make_shards(place: Path) -> Path:
    """Random texts, in shards so short that a stream is read several times."""
    rng = np.random.default_rng(0)
    for split, name, size in (
        ("train", "corpus", 40_000),
        ("train", "answer", 3_000),
        ("validation", "corpus", 2_000),
    ):
        path = place / split / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, (rng.zipf(1.3, size) % 511 + 1).astype(np.uint16), allow_pickle=False)
    target = rng.random(3_000) < 0.2
    np.save(place / "train" / "answer.target.npy", target.astype(np.uint8), allow_pickle=False)
    for path in place.rglob("*.npy"):
        if ".target" not in path.name:
            ids = np.load(path, mmap_mode="r+", allow_pickle=False)
            ids[99::100] = ids[-1] = 0
            ids.flush()
    return place


def job_for(shards: Path, out: Path, optimizer: Any, steps: int) -> Job:
    """A run with everything that has a state: two streams, accumulation, dropout, the guard."""
    mixture = (
        StreamConfig(name="corpus", rate=1),
        StreamConfig(name="answer", rate=2, target_weight=5),
    )
    train = TrainConfig(
        mixture=mixture, tokens=16 * 4 * 2 * steps, batch_size=4, accumulation=2,
        optimizer=optimizer, precision="fp32", threads=1, checkpoint_every=7, log_every=1,
        validate_every=25, validation_windows=8, warmup_tokens=16 * 4 * 2 * 10, spike_factor=1.5,
    )  # fmt: skip
    return Job(model=MODEL, train=train, shards=str(shards), out=str(out))


def killed(run: Path, process: subprocess.Popen[bytes], rng: random.Random, late: bool) -> Kill:
    """Kill a trainer some steps on; ``late``: not before it writes a checkpoint."""
    wanted = _step(run) + rng.randint(1, STEPS_PER_KILL)
    _wait(process, lambda: _step(run) >= wanted)
    if late:
        _wait(process, lambda: _writing(run))
    time.sleep(rng.uniform(0, 0.006 if late else 0.03))
    process.kill()
    process.wait()
    return Kill(_step(run), _writing(run))


def _wait(process: subprocess.Popen[bytes], until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not until():
        assert process.poll() is None, "the trainer ended before it was killed"
        assert time.monotonic() < deadline, "the trainer makes no progress"
        time.sleep(0.0005)


def _step(run: Path) -> int:
    rows = read_jsonl(run / "metrics.jsonl")
    return int(rows[-1]["step"]) if rows else 0


def _writing(run: Path) -> bool:
    return any((run / "checkpoints").glob(".step-*"))


def differences(ours: Path, theirs: Path) -> list[str]:
    """What two finished runs do not share."""
    found = []
    for name in ("weights/model.safetensors", "weights/config.json"):
        if (ours / name).read_bytes() != (theirs / name).read_bytes():
            found.append(name)
    rows = [
        [{k: v for k, v in row.items() if k not in MEASURED} for row in read_jsonl(run)]
        for run in (ours / "metrics.jsonl", theirs / "metrics.jsonl")
    ]
    if rows[0] != rows[1]:
        found.append("metrics.jsonl")
    return found


def trial(
    place: Path, *, kills: int, optimizer: str, seed: int, say: Callable[[str], None]
) -> list[str]:
    """Both runs; returns what differs at the end."""
    rng = random.Random(seed)
    steps = (kills + 1) * (STEPS_PER_KILL + 20)
    shards = make_shards(place / "shards")
    undisturbed, disturbed = place / "undisturbed", place / "disturbed"
    _finish(_start(job_for(shards, undisturbed, optimizer, steps)))
    job = job_for(shards, disturbed, optimizer, steps)
    last: Kill | None = None
    for number in range(1, kills + 1):
        process = _start(job)
        kill = killed(disturbed, process, rng, late=number % 2 == 0)
        say(_line(number, kills, kill, last, _said(process)))
        last = kill
    said = _finish(_start(job))
    say(f"then to the end, step {steps}: {_resumed(said)}")
    return differences(disturbed, undisturbed)


def _line(number: int, kills: int, kill: Kill, last: Kill | None, said: str) -> str:
    before = f"killed at {last.step}, " if last else ""
    writing = ", writing a checkpoint" if kill.writing else ""
    return f"kill {number} of {kills}: {before}{_resumed(said)}, killed at {kill.step}{writing}"


def _resumed(said: str) -> str:
    found = re.search(r"resumed at step \d+", said)
    return found.group() if found else "began at step 0"


def _start(job: Job) -> subprocess.Popen[bytes]:
    path = Path(f"{job.out}.json")
    path.write_text(json.dumps(asdict(job)))
    command = [sys.executable, "-m", "gptcore.pretrain", str(path)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def _said(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None
    with process.stderr as stream:
        return stream.read().decode()


def _finish(process: subprocess.Popen[bytes]) -> str:
    said = _said(process)
    assert process.wait() == 0, said
    return said


def main() -> int:
    """Print a line per kill and the verdict; 1 when something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--optimizer", choices=("adamw", "muon"), default="muon")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = trial(Path(place), **vars(options), say=lambda line: print(line, flush=True))
    print(f"DIFFERENT: {', '.join(found)}" if found else "bit-equal to the undisturbed run")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
