"""Checkpoints (resumable training state) and weights (parameters alone), without pickle.

A checkpoint is a directory ``step-00001200`` with ``model.safetensors`` (fp32 master weights),
``optimizer.safetensors`` and ``state.json``: where the run stands (``Position``), how it computes
(schedule, kernels, ranks, versions) and checksums. It is written under a hidden name, synced and
renamed, so that a process killed at any moment leaves whole checkpoints only. A broken newest one
falls back to the one before.

The files hold whole tensors, whatever they are spread over: what one rank has written two can read,
and the other way round. All ranks must see the directory; the first one writes.

Besides the last ones the best is kept: that of the lowest validation loss.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from gptcore.config import ModelConfig, from_plain
from gptcore.distributed import ALONE, Ranks
from gptcore.errors import CheckpointError, ProductError, RunLocked
from gptcore.manifest import checksums, object_digest, write_json
from gptcore.sharding import Storable
from gptcore.tensorfile import TensorFile, write_tensors

FORMAT = 2
_MODEL, _OPTIMIZER, _STATE = "model.safetensors", "optimizer.safetensors", "state.json"
_CONFIG = "config.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Best:
    """The lowest validation loss so far."""

    step: int
    loss: float
    """Nats per token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """How far a run has come."""

    step: int = 0
    """Optimizer steps done, skipped ones included."""
    tokens: int = 0
    """Tokens seen."""
    streams: dict[str, int]
    """Windows given, by stream, over all ranks."""
    generation: int = 0
    """Raised by one at every start of the run, so that a trainer believed dead is recognised."""
    guard: dict[str, Any] = field(default_factory=dict)
    """What ``gptcore.guard`` remembers."""
    best: Best | None = None


def save_checkpoint(
    root: Path,
    position: Position,
    model: Mapping[str, Storable],
    optimizer: Mapping[str, Storable],
    *,
    keep: int,
    about: Mapping[str, Any],
    ranks: Ranks = ALONE,
) -> None:
    """Write ``root/step-…``, then delete all but the last ``keep`` and the best.

    What stands there with a later step is broken (a run resumed before it), and goes too.
    ``about``: how the run computes, for people and for whoever resumes it. All ranks call this, and
    none goes on before the checkpoint is there.
    """
    final = root / _name(position.step)
    aside = root / f".{final.name}"
    if ranks.first:
        _require_latest(root, position.generation)
        _sweep(root)
        aside.mkdir(parents=True)
    write_tensors(aside / _MODEL, model, here=ranks.first)
    write_tensors(aside / _OPTIMIZER, optimizer, here=ranks.first)
    if ranks.first:
        state = {"format": FORMAT, **asdict(position), "about": about, "files": checksums(aside)}
        write_json(aside / _STATE, {**state, "digest": object_digest(state)})
        _rename(aside, final)
        _thin_out(root, position, keep)
    ranks.wait()


def _require_latest(root: Path, generation: int) -> None:
    """RunLocked when a later start of this run has written checkpoints: ours would undo them."""
    for path in _checkpoints(root)[:1]:
        try:
            later = _state(path)["generation"] > generation
        except CheckpointError:
            return
        if later:
            raise RunLocked(f"{root} is in use by a later start of this run: this one ends")


def _name(step: int) -> str:
    return f"step-{step:08d}"


def _sweep(root: Path) -> None:
    """Remove what a killed process left half written or half deleted."""
    for path in root.glob(".step-*"):
        shutil.rmtree(path)


def _thin_out(root: Path, position: Position, keep: int) -> None:
    there = _checkpoints(root)
    best = None if position.best is None else _name(position.best.step)
    later = [path for path in there if path.name > _name(position.step)]
    for old in later + [path for path in there[len(later) :][keep:] if path.name != best]:
        # Renamed first: a directory that is half deleted must not look like a checkpoint.
        shutil.rmtree(old.rename(old.with_name(f".{old.name}")))


def _rename(aside: Path, final: Path) -> None:
    """Put a directory in its place, and the change on the disk."""
    _sync(aside)
    shutil.rmtree(final, ignore_errors=True)
    aside.rename(final)
    _sync(final.parent)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checkpoints(root: Path) -> list[Path]:
    """Newest first; what else a person keeps there is none."""
    found = (path for path in root.glob("step-*") if re.fullmatch(r"step-\d{8,}", path.name))
    return sorted(found, reverse=True)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What ``read_checkpoint`` found; tensors are read one by one."""

    position: Position
    about: dict[str, Any]
    model: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]


def newest_checkpoint(root: Path) -> tuple[Path | None, list[str]]:
    """The newest whole checkpoint (None: there is none) and a line for each broken one passed.

    CheckpointError when all are broken, ProductError when they are of another format: to begin anew
    would delete them.
    """
    problems: list[str] = []
    for path in _checkpoints(root):
        try:
            _check(path)
            read_checkpoint(path)
            return path, problems
        except CheckpointError as error:
            problems.append(f"{error}; falling back to the checkpoint before")
    if problems:
        raise CheckpointError(
            f"{root}: no checkpoint can be read ({problems[0].partition(';')[0]}): delete them to "
            "begin anew"
        )
    return None, problems


def _check(path: Path) -> None:
    """CheckpointError when a file is not what was written."""
    state, found = _state(path), checksums(path)
    broken = [name for name, digest in state["files"].items() if found.get(name) != digest]
    if broken:
        raise CheckpointError(f"{path / broken[0]} is missing or damaged")


def _state(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads((path / _STATE).read_text(encoding="utf-8"))
        version, digest = state["format"], state.pop("digest", None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error})") from error
    whole = digest == object_digest(state)
    if version != FORMAT and (whole or digest is None):
        raise ProductError(
            f"{path}: format {version!r}, this version reads {FORMAT}: go on with the version that "
            f"began the run, or delete {path.parent} to begin anew"
        )
    if not whole:
        raise CheckpointError(f"{path / _STATE} is damaged")
    return state


def read_checkpoint(path: Path) -> Checkpoint:
    """Open a checkpoint; CheckpointError when it is no whole one."""
    state = _state(path)
    try:
        best = None if state["best"] is None else Best(**state["best"])
        values = {f.name: state[f.name] for f in fields(Position)}
        position = Position(**{**values, "best": best})
        model, optimizer = TensorFile(path / _MODEL), TensorFile(path / _OPTIMIZER)
    except (OSError, TypeError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read ({error})") from error
    return Checkpoint(position, state["about"], model, optimizer)


def save_weights(
    directory: Path,
    config: ModelConfig,
    weights: Mapping[str, Storable],
    *,
    ranks: Ranks = ALONE,
) -> None:
    """Write parameters and configuration, whole or not at all; all ranks call this."""
    aside = directory.with_name(f".{directory.name}")
    if ranks.first:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
    write_tensors(aside / _MODEL, weights, here=ranks.first)
    if ranks.first:
        write_json(aside / _CONFIG, asdict(config))
        _rename(aside, directory)
    ranks.wait()


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
