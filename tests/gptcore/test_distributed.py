"""One rank, two replicas and two shards are the same run; what stops one stops all."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gptcore.batches import MixtureStream, validation_batches
from gptcore.checkpoint import load_weights
from gptcore.config import ModelConfig, StreamConfig, TrainConfig
from gptcore.distributed import Ranks
from gptcore.errors import ConfigError
from gptcore.pretrain import INTERRUPTED, LOCKED, Job, pretrain
from gptcore.shards import load_shard
from gptcore.tracking import read_jsonl

MODEL = ModelConfig(vocab_size=512, context_length=16, n_layer=2, n_head=2, n_embd=34)
MIXTURE = (
    StreamConfig(name="corpus", rate=1),
    StreamConfig(name="answer", rate=2, target_weight=5),
)
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
STEPS = 50


def _job(shards: Path, out: Path, **changes: Any) -> Job:
    fields: dict[str, Any] = {
        "mixture": MIXTURE, "tokens": 16 * 4 * 2 * STEPS, "batch_size": 4, "accumulation": 2,
        "precision": "fp32", "threads": 1, "checkpoint_every": 1000, "log_every": 1,
        "validate_every": 25, "validation_windows": 7, "learning_rate": 3e-3,
        # Muon's iteration runs in bf16 and magnifies the last bit of a gradient; at its usual rate
        # two runs whose sums come in another order are apart by 4e-5 after 50 steps.
        "muon_learning_rate": 2e-3,
    }  # fmt: skip
    train = TrainConfig(**{**fields, **changes})
    return Job(model=MODEL, train=train, shards=str(shards), out=str(out))


def _losses(run: Path) -> torch.Tensor:
    rows = read_jsonl(run / "metrics.jsonl")
    assert [row["step"] for row in rows] == list(range(1, STEPS + 1))
    found = [row["train/loss"] for row in rows]
    found += [row["validation/loss"] for row in rows if "validation/loss" in row]
    return torch.tensor(found, dtype=torch.float64)


def _assert_same(run: Path, other: Path) -> None:
    torch.testing.assert_close(_losses(run), _losses(other), rtol=1e-5, atol=0)
    for (name, ours), theirs in zip(
        load_weights(run / "weights")[1].items(),
        load_weights(other / "weights")[1].values(),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=2e-3, msg=name)


OPTIMIZERS = ("adamw", "muon")


@pytest.fixture(scope="module")
def place(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs on one rank and on two: whole, and handed over from one to the other half-way."""
    place = tmp_path_factory.mktemp("ranks")
    jobs: list[dict[str, Any]] = []

    def on_two(name: str, stop: int | None = None, **changes: Any) -> None:
        jobs.append({"job": asdict(_job(shards, place / name, **changes)), "stop": stop})

    for optimizer in OPTIMIZERS:
        whole = _job(shards, place / f"{optimizer}-one", optimizer=optimizer)
        pretrain(whole)
        handed = replace(whole, out=str(place / f"{optimizer}-handed"))
        asked = iter(range(1, 100))
        assert pretrain(handed, stopping=lambda asked=asked: next(asked) == 11) is None
        on_two(f"{optimizer}-handed", 10, optimizer=optimizer)
        on_two(f"{optimizer}-handed", 10, optimizer=optimizer, parallel="fsdp")
        on_two(f"{optimizer}-ddp", optimizer=optimizer)
        on_two(f"{optimizer}-fsdp", optimizer=optimizer, parallel="fsdp")
    apart = {"separate_documents": True, "recompute_activations": True}
    pretrain(_job(shards, place / "apart-one", **apart))
    on_two("apart-fsdp", parallel="fsdp", **apart)
    on_two("bf16-ddp", precision="bf16")
    on_two("bf16-fsdp", precision="bf16", parallel="fsdp")
    path = place / "jobs.json"
    path.write_text(json.dumps(jobs))
    done = subprocess.run(
        [*TORCHRUN, "-m", "tests.gptcore.ranks", str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return place


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_ranks_are_one_run(place: Path, optimizer: str, parallel: str) -> None:
    _assert_same(place / f"{optimizer}-one", place / f"{optimizer}-{parallel}")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_is_handed_from_one_rank_to_replicas_to_shards_and_back(
    place: Path, shards: Path, optimizer: str
) -> None:
    run = place / f"{optimizer}-handed"
    states = {
        path.parent.name: json.loads(path.read_text())["about"]
        for path in run.glob("checkpoints/*/state.json")
    }
    assert {name: (about["ranks"], about["parallel"]) for name, about in states.items()} == {
        "step-00000025": (2, "fsdp"), "step-00000031": (2, "fsdp"),
    }  # fmt: skip
    said: list[str] = []
    pretrain(_job(shards, run, optimizer=optimizer), say=said.append)
    assert "resumed at step 31 of 50" in said
    assert any("ranks" in line and "parallel" in line for line in said)
    _assert_same(place / f"{optimizer}-one", run)


def test_shards_recompute_and_keep_documents_apart(place: Path) -> None:
    _assert_same(place / "apart-one", place / "apart-fsdp")
    assert not torch.equal(_losses(place / "apart-one"), _losses(place / "adamw-one"))


def test_half_precision_learns_alike_on_replicas_and_shards(place: Path) -> None:
    ddp, fsdp = _losses(place / "bf16-ddp"), _losses(place / "bf16-fsdp")
    torch.testing.assert_close(ddp, fsdp, rtol=2e-3, atol=0)
    torch.testing.assert_close(ddp, _losses(place / "adamw-one"), rtol=1e-2, atol=0)


@pytest.mark.parametrize("count", [2, 4])
def test_ranks_read_the_rows_of_one_batch(shards: Path, count: int) -> None:
    def stream(ranks: Ranks) -> MixtureStream:
        return MixtureStream.open(shards, MIXTURE, context_length=16, rows=8, seed=3, ranks=ranks)

    alone, shared = stream(Ranks()), [stream(Ranks(rank=r, count=count)) for r in range(count)]
    for draw in range(120):  # several epochs
        whole, parts = alone.batch(draw), [one.batch(draw) for one in shared]
        for ours, theirs in zip(
            whole.tensors,
            map(torch.cat, zip(*(p.tensors for p in parts), strict=True)),
            strict=True,
        ):
            assert torch.equal(ours, theirs)
        assert all(one.state == alone.state for one in shared)
    assert alone.epochs["answer"] > 1


@pytest.mark.parametrize("windows", [7, 8, 9])
def test_ranks_validate_the_same_windows_in_as_many_batches(shards: Path, windows: int) -> None:
    shard = load_shard(shards, split="validation", name="corpus")
    whole = validation_batches(shard, 16, windows, 4)
    parts = [validation_batches(shard, 16, windows, 4, Ranks(rank=r, count=2)) for r in range(2)]
    assert [b.ids.shape for b in parts[0]] == [b.ids.shape for b in parts[1]]

    def rows(batches: Any) -> list[list[int]]:
        return sorted(
            row.tolist()
            for batch in batches
            for row, weight in zip(batch.ids, batch.weights, strict=True)
            if weight.any()
        )

    assert rows(whole) == rows([batch for part in parts for batch in part])


def test_ranks_that_cannot_share_a_batch_are_refused(shards: Path) -> None:
    with pytest.raises(ConfigError, match=r"batch_size=8: 3 ranks cannot share it.*multiple of 3"):
        MixtureStream.open(shards, MIXTURE, context_length=16, rows=8, seed=0, ranks=Ranks(count=3))


def test_a_signal_to_the_launcher_stops_all_ranks_after_one_checkpoint(
    shards: Path, tmp_path: Path
) -> None:
    run, path, verdict = tmp_path / "run", tmp_path / "job.json", tmp_path / "verdict"
    job = _job(shards, run, tokens=10**8)
    path.write_text(json.dumps(asdict(job)))
    command = [*TORCHRUN, "-m", "gptcore.pretrain", str(path), "--verdict", str(verdict)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while len(read_jsonl(run / "metrics.jsonl")) < 5:
        assert time.monotonic() < deadline, (tmp_path / "log").read_text()
        time.sleep(0.05)
    second = subprocess.run(command, capture_output=True, text=True)
    assert second.returncode and json.loads(verdict.read_text()) == LOCKED, second.stderr
    os.kill(process.pid, signal.SIGTERM)
    process.wait(30)
    assert json.loads(verdict.read_text()) == INTERRUPTED
    steps = sorted(int(p.name.removeprefix("step-")) for p in (run / "checkpoints").iterdir())
    assert steps[-1] == read_jsonl(run / "metrics.jsonl")[-1]["step"]
    assert "stopped after a checkpoint" in (tmp_path / "log").read_text()
