"""What a run directory refuses, so that no work is lost and none is mixed."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gptcore import cores
from gptcore.checkpoint import load_weights, newest_checkpoint, save_weights
from gptcore.config import ModelConfig, StreamConfig, TrainConfig, from_plain
from gptcore.distributed import seed_dropout
from gptcore.errors import CheckpointError, ConfigError, DataError, ProductError, RunLocked
from gptcore.manifest import Manifest, write_manifest
from gptcore.pretrain import Job, pretrain
from gptcore.rundir import claimed_precision

MODEL = ModelConfig(vocab_size=512, context_length=16, n_layer=1, n_head=2, n_embd=16)


def _job(shards: Path, out: Path, **changes: Any) -> Job:
    fields: dict[str, Any] = {
        "mixture": (StreamConfig(name="corpus", rate=1),), "tokens": 16 * 4 * 30, "batch_size": 4,
        "precision": "fp32", "threads": 1, "checkpoint_every": 5, "validation_windows": 4,
    }  # fmt: skip
    return Job(
        model=MODEL, train=TrainConfig(**{**fields, **changes}), shards=str(shards), out=str(out)
    )


def _stopped(job: Job, steps: int) -> Path:
    asked = iter(range(1000))
    assert pretrain(job, stopping=lambda: next(asked) >= steps - 1) is None
    return Path(job.out) / "checkpoints"


def _edit(path: Path, **changes: Any) -> None:
    state = json.loads(path.read_text())
    path.write_text(json.dumps({**state, **changes}))


def test_checkpoints_of_another_version_are_refused_and_kept(shards: Path, tmp_path: Path) -> None:
    job = _job(shards, tmp_path / "run")
    checkpoints = _stopped(job, 12)
    there = sorted(path.name for path in checkpoints.iterdir())
    for path in checkpoints.glob("*/state.json"):
        state = json.loads(path.read_text())
        state.pop("digest")
        path.write_text(json.dumps({**state, "format": 1}))
    with pytest.raises(
        ProductError, match="format 1, this version reads 2.*go on with the version"
    ):
        pretrain(job)
    assert sorted(path.name for path in checkpoints.iterdir()) == there


def test_a_run_whose_checkpoints_are_all_damaged_does_not_begin_anew(
    shards: Path, tmp_path: Path
) -> None:
    job = _job(shards, tmp_path / "run")
    checkpoints = _stopped(job, 12)
    for path in checkpoints.glob("*/state.json"):
        _edit(path, step=3)
    with pytest.raises(CheckpointError, match="no checkpoint can be read.*damaged.*delete them"):
        pretrain(job)
    shutil.rmtree(checkpoints)
    assert pretrain(job) is not None


@pytest.mark.parametrize(
    "change", [{"step": 11}, {"streams": {"corpus": 7}}, {"files": {}}, {"guard": []}]
)
def test_a_state_that_was_changed_is_a_damaged_checkpoint(
    change: dict[str, Any], shards: Path, tmp_path: Path
) -> None:
    checkpoints = _stopped(_job(shards, tmp_path / "run"), 12)
    newest = checkpoints / "step-00000012"
    _edit(newest / "state.json", **change)
    path, problems = newest_checkpoint(checkpoints)
    assert path is not None and path.name == "step-00000010"
    assert "state.json is damaged" in problems[0]


def test_other_text_is_refused(shards: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(shards, other)
    job = _job(other, tmp_path / "run")
    _stopped(job, 7)
    path = other / "train" / "corpus.npy"
    ids = np.load(path, allow_pickle=False)
    np.save(path, ids[:-5], allow_pickle=False)
    with pytest.raises(CheckpointError, match="another data.train/corpus: use another directory"):
        pretrain(job)


def test_text_of_the_same_length_is_told_by_the_digest_of_its_product(
    shards: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(shards, other)
    made: dict[str, Any] = {
        "kind": "shards", "name": "x", "key": "k", "inputs": {}, "config": {}, "source": "s",
        "lock": "l", "counts": {}, "files": {},
    }  # fmt: skip
    write_manifest(other, Manifest(**made, digest="a"))
    job = _job(other, tmp_path / "run")
    _stopped(job, 7)
    write_manifest(other, Manifest(**made, digest="b"))
    with pytest.raises(CheckpointError, match="another data.digest: use another directory"):
        pretrain(job)


def test_initial_weights_that_are_not_whole_are_named(shards: Path, tmp_path: Path) -> None:
    pretrain(_job(shards, tmp_path / "a"))
    config, weights = load_weights(tmp_path / "a" / "weights")
    weights.pop("ln_f.bias")
    save_weights(tmp_path / "broken", config, weights)
    job = replace(_job(shards, tmp_path / "b"), initial=str(tmp_path / "broken"))
    with pytest.raises(ProductError, match=r"ln_f.bias has the shape of nothing: it is missing"):
        pretrain(job)


def test_a_trainer_that_was_overtaken_writes_nothing_more(shards: Path, tmp_path: Path) -> None:
    job = _job(shards, tmp_path / "run")
    checkpoints = _stopped(job, 7)

    def overtaken() -> bool:
        """Another machine, whose lock this one cannot see, goes on from the same checkpoint."""
        (tmp_path / "run" / "lock").unlink(missing_ok=True)
        asked = iter(range(100))
        pretrain(job, stopping=lambda: next(asked) >= 1)
        pretrain(job, stopping=lambda: True)
        return True

    with pytest.raises(RunLocked, match="later start of this run"):
        pretrain(job, stopping=overtaken)
    path, problems = newest_checkpoint(checkpoints)
    assert path is not None and not problems


def test_what_a_person_keeps_beside_the_checkpoints_stays(shards: Path, tmp_path: Path) -> None:
    job = _job(shards, tmp_path / "run")
    checkpoints = _stopped(job, 7)
    shutil.copytree(checkpoints / "step-00000007", checkpoints / "step-00000007-good")
    assert pretrain(job) is not None
    assert (checkpoints / "step-00000007-good").exists()


def test_ids_without_a_row_and_shards_of_another_shape_are_named(
    shards: Path, tmp_path: Path
) -> None:
    small = replace(_job(shards, tmp_path / "a"), model=replace(MODEL, vocab_size=100))
    with pytest.raises(DataError, match=r"train/corpus has the id \d+, the model vocab_size=100"):
        pretrain(small)
    other = tmp_path / "other"
    shutil.copytree(shards, other)
    np.save(other / "train" / "corpus.npy", np.zeros((3, 9), np.uint16), allow_pickle=False)
    with pytest.raises(ProductError, match="no row of 16-bit ids"):
        pretrain(_job(other, tmp_path / "b"))
    (other / "train" / "corpus.npy").write_bytes(b"")
    with pytest.raises(ProductError, match="is no shard"):
        pretrain(_job(other, tmp_path / "b"))


def test_auto_goes_on_in_the_precision_that_the_run_began_with(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "cpuinfo"
    monkeypatch.setattr(cores, "CPUINFO", info)
    info.write_text("flags : amx_bf16")
    job = _job(shards, tmp_path / "run", precision="auto")
    _stopped(job, 7)
    info.write_text("flags : avx2")
    summary = pretrain(job)
    assert summary is not None and summary["precision"] == "bf16"
    assert claimed_precision(tmp_path / "run") == "bf16"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("train.tokens", 16.5, r"job.train.tokens=16.5: must be a whole number"),
        ("train.tokens", float("inf"), r"job.train.tokens=inf: must be a finite number"),
        ("train.threads", True, r"job.train.threads=True: must be a finite number"),
        ("train.learning_rate", 10**400, r"learning_rate=1000.*must be a finite number"),
        ("train.separate_documents", "no", r"must be true or false"),
        ("train.beta1", 1, r"beta1=1.0: must lie in \[0, 1\)"),
        ("train.mixture", 5, r"job.train.mixture=5: must be a list"),
        ("model.scale_residual_init", "no", r"job.model.scale_residual_init='no'"),
        ("model.wpe_std", float("nan"), r"job.model.wpe_std=nan: must be a finite number"),
        ("shards", 5, r"job.shards=5: must be a text"),
        ("out", None, r"job.out=None: must be a text"),
    ],
)
def test_values_of_another_type_are_named(path: str, value: Any, message: str) -> None:
    job: dict[str, Any] = {
        "model": {"vocab_size": 512, "context_length": 16, "n_layer": 1, "n_head": 2, "n_embd": 16},
        "train": {"mixture": [{"name": "corpus", "rate": 1}], "tokens": 1000.0, "compile": None},
        "shards": "s",
        "out": "o",
    }
    whole = from_plain(Job, job, "job")
    assert whole.train.tokens == 1000 and isinstance(whole.train.tokens, int)
    *parts, last = path.split(".")
    place = job
    for part in parts:
        place = place[part]
    place[last] = value
    with pytest.raises(ConfigError, match=message):
        from_plain(Job, job, "job")


def test_a_stream_cannot_leave_its_split() -> None:
    with pytest.raises(ConfigError, match="name a shard"):
        StreamConfig(name="../validation/corpus", rate=1)


def test_dropout_differs_in_each_of_its_numbers() -> None:
    drawn = []
    for numbers in ((0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)):
        seed_dropout(*numbers)
        drawn.append(torch.rand(1).item())
    assert len(set(drawn)) == 5
    seed_dropout(0, 0, 0, 0)
    assert torch.rand(1).item() == drawn[0]
