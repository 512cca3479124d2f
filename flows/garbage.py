"""``generalist gc``: removes what no kept night, champion or running flow needs (flows/keeping.py).

It waits until the flows at work in the workspace have ended, and holds back those that begin. What
goes is renamed first, then deleted, and a line in ``removed.jsonl`` says when; the promotion log
never shrinks. MLflow's and Prefect's own databases are theirs to clean.
"""

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flows import in_use
from flows.champion import FILE as LOG_FILE
from flows.champion import Decision, decisions
from flows.errors import ConfigError, FlowsError
from flows.json_lines import json_lines
from flows.keeping import DAY, kept, place_of
from flows.progress import LOG
from flows.removed import note
from flows.workspace import ASIDE, LOCKS, Product, Workspace
from gptcore.errors import ProductError
from gptcore.manifest import FILE, read_manifest

KEEP = 14
"""Nights per profile whose products are kept, unless told otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One thing in the workspace, and what becomes of it."""

    place: str
    """Relative to the workspace."""
    size: int
    """Bytes."""
    why: str
    """Why it is kept, or goes."""
    goes: tuple[Path, ...] = ()
    """The directories that are removed; empty: it is kept."""


def collect(
    workspace: Workspace, *, keep: int = KEEP, dry_run: bool = False, now: float | None = None
) -> list[Found]:
    """Remove what is not needed; returns all that was found, what goes first.

    ``dry_run``: only say what would go. ``now``: seconds since the epoch. ConfigError for a number
    of nights below 1, FlowsError where something cannot be read that may be needed.
    """
    if keep < 1:
        raise ConfigError(f"keep={keep}: keep 1 night or more")
    moment = time.time() if now is None else now
    if dry_run:
        return survey(workspace, keep, moment)
    with in_use.alone(workspace.root):
        found = survey(workspace, keep, moment)
        gone = [one for one in found if one.goes]
        date = datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
        note(workspace, [{"place": one.place, "date": date, "size": one.size} for one in gone])
        for one in gone:
            for path in one.goes:
                workspace.remove(path)
    LOG.info("gc: removed %d things, %.1f MB", len(gone), sum(one.size for one in gone) / 1e6)
    return found


def survey(workspace: Workspace, keep: int, now: float) -> list[Found]:
    """All that is there; what goes is first, runs before the evaluations that tell of them."""
    products, judged = _products(workspace), _judged(workspace)
    used = {place_of(one): _used(workspace, one) for one in products}
    used |= {place: now for place in _read_by_unfinished(workspace, now) if place in used}
    needed = kept(products, judged, keep=keep, used=used, now=now)
    found = [_product(workspace, one, needed.get(place_of(one), "")) for one in products]
    found += _checkpoints(workspace, [one for one in products if place_of(one) in needed])
    found += [*_unfinished(workspace, now), *_left_behind(workspace)]
    return sorted(found, key=lambda one: (not one.goes, one.place.split("/")[0] != "run"))


def _products(workspace: Workspace) -> list[Product]:
    """Every product; FlowsError when one cannot be read: nobody knows what it was made from."""
    found = []
    for path in sorted(workspace.root.glob(f"*/*/{FILE}")):
        try:
            product = Product(path.parent, read_manifest(path.parent), reused=True)
        except ProductError as error:
            raise FlowsError(f"{error}; nothing is removed before") from error
        if product.manifest.kind == path.parent.parent.name:
            found.append(product)
    return found


def _judged(workspace: Workspace) -> list[Decision]:
    """All decisions; FlowsError when a newer version has written one that we cannot read."""
    path, found = workspace.root / LOG_FILE, decisions(workspace)
    if sum(map(_is_object, json_lines(path))) > len(found):
        raise FlowsError(f"{path} holds a decision that this version cannot read: upgrade")
    return found


def _is_object(line: bytes) -> bool:
    """Whether a line is whole; one that a crash cut off is not."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _lock(workspace: Workspace, place: str) -> Path:
    return workspace.root / LOCKS / place.replace("/", "-")


def _used(workspace: Workspace, product: Product) -> float:
    """When a product was made or reused last: whoever does opens its lock for writing."""
    made = (product.path / FILE).stat().st_mtime
    lock = _lock(workspace, place_of(product))
    return max(made, lock.stat().st_mtime) if lock.exists() else made


def _is_held(workspace: Workspace, place: str) -> bool:
    """Whether a stage or a trainer holds a product."""
    locks = (_lock(workspace, place), workspace.root / place / "lock")
    return any(in_use.is_locked(path) for path in locks)


def _product(workspace: Workspace, product: Product, why: str) -> Found:
    place = place_of(product)
    if not why and _is_held(workspace, place):
        why = "a process holds it"
    goes = () if why else (product.path,)
    return Found(place=place, size=size(product.path), why=why or "no longer needed", goes=goes)


def _checkpoints(workspace: Workspace, products: Sequence[Product]) -> Iterator[Found]:
    """Checkpoints of finished runs: weights stay, and the best one if it is not the last."""
    for run in products:
        if run.manifest.kind != "run" or _is_held(workspace, place_of(run)):
            continue
        best = (run.manifest.counts.get("best") or {}).get("step")
        stays = best if best != run.manifest.counts.get("steps") else None
        there = (run.path / "checkpoints").glob("*step-*")
        goes = tuple(path for path in sorted(there) if _step(path) != stays or path.name[0] == ".")
        if goes:
            place, total = f"{place_of(run)}/checkpoints", sum(map(size, goes))
            yield Found(place=place, size=total, why="the run is finished", goes=goes)


def _step(checkpoint: Path) -> int | None:
    found = re.fullmatch(r"\.?step-(\d+)", checkpoint.name)
    return int(found[1]) if found else None


def _unfinished(workspace: Workspace, now: float) -> Iterator[Found]:
    """Runs without a manifest; those that nobody has gone on with for a day go."""
    for path in sorted((workspace.root / "run").glob("*/")):
        if (path / FILE).exists():
            continue
        place = f"run/{path.name}"
        if _is_held(workspace, place):
            yield Found(place=place, size=size(path), why="in training")
        elif _goes_on(workspace, path, now):
            yield Found(place=place, size=size(path), why="unfinished for less than a day")
        else:
            why = "unfinished, and nobody went on with it for a day"
            yield Found(place=place, size=size(path), why=why, goes=(path,))


def _goes_on(workspace: Workspace, run: Path, now: float) -> bool:
    """Whether an unfinished run is at work, or was within the last day."""
    if _is_held(workspace, f"run/{run.name}"):
        return True
    return now - max(one.lstat().st_mtime for one in (run, *run.rglob("*"))) < DAY


def _read_by_unfinished(workspace: Workspace, now: float) -> set[str]:
    """Places that a run which may go on reads: it was begun days ago, perhaps, and so were they."""
    found = set()
    for path in (workspace.root / "run").glob("*/launch.json"):
        if not (path.parent / FILE).exists() and _goes_on(workspace, path.parent, now):
            with suppress(OSError, ValueError, KeyError, TypeError):
                job = json.loads(path.read_text(encoding="utf-8"))
                read = [job["shards"], *([job["initial"]] if job["initial"] else [])]
                # "initial" names the weights within a run.
                places = [Path(one).relative_to(workspace.root).parts[:2] for one in read]
                found |= {"/".join(parts) for parts in places}
    return found


def _left_behind(workspace: Workspace) -> Iterator[Found]:
    """What processes that were killed have left half built or half removed."""
    for path in sorted((workspace.root / ASIDE).iterdir()):
        place = f"{ASIDE}/{path.name}"
        if in_use.is_locked(workspace.root / LOCKS / path.name):
            yield Found(place=place, size=size(path), why="being built")
        elif path.is_dir():
            yield Found(place=place, size=size(path), why="left by a killed process", goes=(path,))


def size(path: Path) -> int:
    """Bytes of all files of a directory."""
    total = 0
    for one in path.rglob("*"):
        with suppress(FileNotFoundError):  # beside a training files come and go
            total += one.lstat().st_size if not one.is_dir() else 0
    return total
