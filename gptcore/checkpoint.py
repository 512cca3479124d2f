"""Checkpoints (resumable training state) and weights (parameters alone), without pickle.

A checkpoint is a directory ``step-00001200`` with ``model.safetensors`` (fp32 master weights),
``optimizer.safetensors`` and ``state.json`` (step, tokens seen, data position, generation,
checksums). It is written under a temporary name, synced and renamed, so that a process killed at
any moment leaves whole checkpoints only. A broken newest one falls back to the one before.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gptcore.config import ModelConfig, from_plain
from gptcore.errors import CheckpointError, ProductError
from gptcore.manifest import checksums

FORMAT = 1
_MODEL, _OPTIMIZER, _STATE = "model.safetensors", "optimizer.safetensors", "state.json"
_CONFIG = "config.json"
_RNG = "rng/torch"


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """How far a run has come."""

    step: int = 0
    """Optimizer steps done."""
    tokens: int = 0
    """Tokens seen."""
    streams: dict[str, int]
    """Windows given, by stream."""
    generation: int = 0
    """Raised by one at every start of the run, so that a trainer believed dead is recognised."""


def save_checkpoint(
    root: Path,
    position: Position,
    model: Mapping[str, Tensor],
    optimizer: Mapping[str, Tensor],
    *,
    keep: int,
) -> Path:
    """Write ``root/step-…``, then delete all but the last ``keep``.

    What stands there with a later step is broken (a run resumed before it), and goes too.
    """
    final = root / f"step-{position.step:08d}"
    aside = root / f".{final.name}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    save_file(_plain(model), aside / _MODEL)
    save_file(_plain({**optimizer, _RNG: torch.get_rng_state()}), aside / _OPTIMIZER)
    state = {"format": FORMAT, **asdict(position), "files": checksums(aside)}
    (aside / _STATE).write_text(json.dumps(state, indent=1))
    _sync(aside)
    shutil.rmtree(final, ignore_errors=True)
    aside.rename(final)
    for old in [path for path in _checkpoints(root) if path.name > final.name]:
        shutil.rmtree(old)
    for old in _checkpoints(root)[keep:]:
        shutil.rmtree(old)
    return final


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.detach().cpu().contiguous() for name, t in tensors.items()}


def _sync(directory: Path) -> None:
    for path in directory.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _checkpoints(root: Path) -> list[Path]:
    """Newest first."""
    return sorted(root.glob("step-*"), reverse=True)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What ``newest_checkpoint`` read."""

    position: Position
    model: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    rng: Tensor


def newest_checkpoint(root: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest whole checkpoint (None: there is none) and a line for each broken one passed."""
    problems: list[str] = []
    for path in _checkpoints(root):
        try:
            return _read(path), problems
        except CheckpointError as error:
            problems.append(f"{error}; falling back to the checkpoint before")
    return None, problems


def _read(path: Path) -> Checkpoint:
    try:
        raw = json.loads((path / _STATE).read_text())
        if raw["format"] > FORMAT:
            raise CheckpointError(f"{path}: format {raw['format']} is newer than {FORMAT}: upgrade")
        found = checksums(path)
        broken = [name for name, digest in raw["files"].items() if found.get(name) != digest]
        if broken:
            raise CheckpointError(f"{path / broken[0]} is missing or damaged")
        position = Position(**{f.name: raw[f.name] for f in fields(Position)})
        optimizer = load_file(path / _OPTIMIZER)
        return Checkpoint(position, load_file(path / _MODEL), optimizer, optimizer.pop(_RNG))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read ({error})") from error


def save_weights(directory: Path, config: ModelConfig, weights: Mapping[str, Tensor]) -> None:
    """Write parameters and configuration, whole or not at all."""
    aside = directory.with_name(f".{directory.name}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    save_file(_plain(weights), aside / _MODEL)
    (aside / _CONFIG).write_text(json.dumps(asdict(config), indent=1))
    _sync(aside)
    shutil.rmtree(directory, ignore_errors=True)
    aside.rename(directory)


def load_weights(directory: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Read what ``save_weights`` wrote; ProductError when it is missing or broken."""
    try:
        config = json.loads((directory / _CONFIG).read_text())
        return from_plain(ModelConfig, config), load_file(directory / _MODEL)
    except (OSError, ValueError, SafetensorError) as error:
        raise ProductError(f"{directory} holds no weights ({error}): train them again") from error


def plain_config(config: Any) -> dict[str, Any]:
    """A configuration as JSON gives it back (tuples become lists)."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return plain
