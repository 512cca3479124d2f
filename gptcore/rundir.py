"""The directory of a run: one trainer at a time, and always for the same job.

The lock is the kernel's (``flock``), so it goes when its holder ends, however it ends.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gptcore.errors import CheckpointError, RunLocked
from gptcore.manifest import changed_keys, write_json

HOW = ("parallel", "threads", "compile", "recompute_activations")
"""Fields of TrainConfig that say how to compute and not what: a run may go on with others."""


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold a run directory; RunLocked when another process holds it."""
    with (run / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunLocked(f"{run} is in use by another trainer: wait for it or stop it") from None
        yield


def claim(run: Path, job: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the job into a new run directory, or check that the one there is the same.

    ``job``: its ``model``, ``train`` and ``data`` as plain values. CheckpointError names what
    differs.
    """
    path = run / "job.json"
    if not path.exists():
        write_json(path, job)
        return
    try:
        theirs = json.loads(path.read_text())
        changed = [
            f"{part}.{key}"
            for part in job
            for key in changed_keys(theirs[part], job[part])
            if key not in HOW
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}): delete {run}") from error
    if changed:
        raise CheckpointError(
            f"{run} holds a run with another {', '.join(changed)}: use another directory"
        )


def claimed_precision(run: Path) -> Any:
    """The precision that a run began with; None: it has not begun."""
    try:
        return json.loads((run / "job.json").read_text())["train"]["precision"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # ``claim`` says what is wrong with it
