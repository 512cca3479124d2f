"""Who works in a workspace: every process that makes or reuses a product there says so.

It holds a shared lock from its first product to its end, because what it found finished it goes on
to read. ``generalist gc`` waits until nobody holds it, and nobody begins while it works. The
kernel lets go of it however a process ends.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from flows.progress import Event, tell

FILE = ".locks/in-use"
_held: dict[Path, IO[str]] = {}
"""The one workspace that this process works in, with its lock."""


def hold(root: Path) -> None:
    """Say that this process works in a workspace; waits while ``alone`` is held there."""
    if root not in _held:
        file = (root / FILE).open("a")
        _lock(file, fcntl.LOCK_SH, "waiting for generalist gc in another process")
        for other in _held.values():
            other.close()
        _held.clear()
        _held[root] = file


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep all other processes out of a workspace; waits until they have ended."""
    hold(root)
    file = _held[root]
    _lock(file, fcntl.LOCK_EX, "waiting until the flows at work in this workspace have ended")
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_SH)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock file at a path."""
    with suppress(FileNotFoundError), path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _lock(file: IO[str], how: int, waiting: str) -> None:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        tell(Event(kind="waiting", label="workspace"), waiting)
        fcntl.flock(file, how)
