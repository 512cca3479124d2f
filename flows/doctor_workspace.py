"""What the doctor asks of a workspace: formats, locks, leftovers, promotions, MLflow's records."""

import fcntl
import json
import logging
from collections.abc import Iterator
from pathlib import Path

from flows.champion import FILE, champion_of, decisions
from flows.errors import FlowsError
from flows.finding import Finding, good, odd, told, wrong
from flows.progress import LOG
from flows.workspace import Workspace
from gptcore.errors import ProductError
from gptcore.manifest import FILE as MANIFEST
from gptcore.manifest import read_manifest

_NAMED = 3
"""Things of a kind that are named; the rest is counted."""


def workspace(space: Workspace) -> Iterator[Finding]:
    """All that can be seen without a server."""
    yield products(space)
    yield checkpoints(space)
    yield locks(space)
    yield leftovers(space)
    yield from promotions(space)
    yield stale_training_runs(space)


def products(space: Workspace) -> Finding:
    """Whether every manifest can be read."""
    problems, count = [], 0
    for path in sorted(space.root.glob(f"*/*/{MANIFEST}")):
        count += 1
        try:
            read_manifest(path.parent)
        except ProductError as error:
            problems.append(str(error))
    if not problems:
        return good("products", f"{count}, all of them can be read")
    return wrong(
        "products",
        f"{len(problems)} of {count} cannot be read: {_some(problems)}",
        "of a newer format: upgrade; else delete these directories, and they are built again",
    )


def checkpoints(space: Workspace) -> Finding:
    """Whether the unfinished runs could go on."""
    states = {
        path.parents[2]: path
        for path in sorted(space.root.glob("run/*/checkpoints/step-*/state.json"))
        if not (path.parents[2] / MANIFEST).exists()
    }
    if not states:
        return good("checkpoints", "no unfinished training")
    from gptcore.checkpoint import FORMAT

    bad = [str(path) for path in states.values() if _format(path) != FORMAT]
    if bad:
        remedy = "go on with the version that began them, or delete these runs to begin anew"
        return wrong("checkpoints", f"of another format, or broken: {_some(bad)}", remedy)
    return told("checkpoints", f"{len(states)} unfinished trainings, which can go on")


def _format(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["format"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def locks(space: Workspace) -> Finding:
    """What is being built or trained at this moment."""
    files = [*(space.root / ".locks").glob("*"), *space.root.glob("run/*/lock")]
    held = [
        path.parent.name if path.name == "lock" else path.name for path in files if is_held(path)
    ]
    if held:
        return told("locks", f"at work: {_some(sorted(set(held)))}")
    return good("locks", "none is held")


def is_held(path: Path) -> bool:
    """Whether a process holds a lock; False where there is none."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def leftovers(space: Workspace) -> Finding:
    """Half-built products that nobody builds any more."""
    held = any(is_held(path) for path in (space.root / ".locks").glob("*"))
    there = sorted((space.root / ".building").iterdir())
    if not there:
        return good("leftovers", "none in .building")
    names = _some([path.name for path in there])
    if held:
        return told("leftovers", f".building has {names}; something is being built")
    remedy = f"rm -r {space.root / '.building'}/*, or generalist gc"
    return odd("leftovers", f".building has {names}, and nobody builds", remedy)


def promotions(space: Workspace) -> Iterator[Finding]:
    """The promotion log, and each profile's champion."""
    path = space.root / FILE
    if not path.exists():
        yield told("promotions", "none yet: generalist run")
        return
    lines = len(path.read_text(encoding="utf-8", errors="replace").splitlines())
    LOG.setLevel(logging.ERROR)  # what it warns of is said here
    judged = decisions(space)
    if len(judged) < lines:
        said = f"{lines - len(judged)} of {lines} lines of {path} are no decisions"
        yield odd("promotions", said, "remove these lines; a crash cut them off")
    else:
        yield good("promotions", f"{lines} decisions")
    for profile in sorted({decision.profile for decision in judged}):
        yield _champion(space, profile)


def _champion(space: Workspace, profile: str) -> Finding:
    about = f"champion of {profile}"
    try:
        champion = champion_of(space, profile)
    except FlowsError as error:
        return wrong(about, "cannot be read", str(error))
    if champion is None:
        return told(about, "none was promoted yet")
    return good(about, champion.path.name)


def stale_training_runs(space: Workspace) -> Finding:
    """MLflow's runs that say RUNNING while no trainer is at them."""
    from flows.mlflow_tracking import running_runs

    if not (space.root / "mlflow.db").exists():
        return told("MLflow's runs", "no store yet")
    try:
        running = running_runs(space)
    except FlowsError as error:
        return wrong("MLflow's runs", "cannot be read", str(error))
    stale = [name for name in running if not is_held(space.root / "run" / name / "lock")]
    if stale:
        said = f"RUNNING without a trainer: {_some(stale)}"
        return odd("MLflow's runs", said, "run the same training again: it goes on and ends them")
    return good("MLflow's runs", f"{len(running)} at work" if running else "none hangs")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
