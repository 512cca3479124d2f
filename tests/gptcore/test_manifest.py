"""Manifests: whole or not there, and honest about what changed."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from gptcore.config import ModelConfig, TrainConfig, from_plain
from gptcore.errors import ConfigError, ProductError
from gptcore.manifest import (
    FORMAT,
    Manifest,
    checksums,
    object_digest,
    read_manifest,
    write_manifest,
)
from gptcore.tracking import JsonlTracker, read_jsonl


def _product(directory: Path) -> Manifest:
    (directory / "data").mkdir(parents=True)
    (directory / "data" / "a.txt").write_text("content")
    files = checksums(directory)
    manifest = Manifest(
        kind="documents", name="x", key="k" * 64, digest=object_digest(files), inputs={},
        config={"a": 1}, source="s", lock="l", counts={"documents": 1}, files=files,
    )  # fmt: skip
    write_manifest(directory, manifest)
    return manifest


def test_a_manifest_comes_back_and_holds(tmp_path: Path) -> None:
    manifest = _product(tmp_path)
    assert read_manifest(tmp_path) == manifest
    assert list(manifest.files) == ["data/a.txt"]


def test_unfinished_broken_and_newer_products_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProductError, match="never finished"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ProductError, match="cannot be read"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(ProductError, match="newer.*upgrade"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"format": FORMAT}))
    with pytest.raises(ProductError, match="lacks the field"):
        read_manifest(tmp_path)
    whole = {**asdict(_product(tmp_path / "whole")), "files": None}
    (tmp_path / "manifest.json").write_text(json.dumps(whole))
    with pytest.raises(ProductError, match="files=None is no object"):
        read_manifest(tmp_path)


def test_digests_ignore_the_order_of_keys() -> None:
    assert object_digest({"a": 1, "b": "é"}) == object_digest({"b": "é", "a": 1})
    assert object_digest({"a": 1}) != object_digest({"a": 2})


def test_a_metrics_file_is_rewound_to_a_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    tracker = JsonlTracker(path)
    for step in range(1, 6):
        tracker.log(step, {"train/loss": step / 2})
    with path.open("a") as file:
        file.write('nonsense\n{"step": 6, "train')  # damaged; killed while writing
    tracker.rewind(3)
    tracker.log(4, {"train/loss": 9.0})
    assert [(row["step"], row["train/loss"]) for row in read_jsonl(path)] == [
        (1, 0.5), (2, 1.0), (3, 1.5), (4, 9.0),
    ]  # fmt: skip


def test_configurations_come_back_from_json() -> None:
    model = ModelConfig(vocab_size=99, context_length=8, n_layer=1, n_head=1, n_embd=8)
    plain = {"mixture": [{"name": "corpus", "rate": 2}], "tokens": 5}
    assert from_plain(TrainConfig, plain).mixture[0].rate == 2
    assert replace(model, n_layer=2).n_layer == 2
    with pytest.raises(ConfigError, match=r"mixture.0.rat=2: no such field; did you mean 'rate'"):
        from_plain(TrainConfig, {"mixture": [{"name": "corpus", "rat": 2}], "tokens": 5})
    with pytest.raises(ConfigError, match="tokens"):
        from_plain(TrainConfig, {"mixture": [{"name": "corpus", "rate": 2}]})
