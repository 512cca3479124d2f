"""What a workspace does where hosts share a store: bring what others finished, give what it did.

The workspace is then a verified cache of the store. Without ``GENERALIST_STORE`` every function
here returns at once. To look something up needs the store, so one that is down is an error, before
any work begins; to give something to it does not: a warning tells of what it lacks, and the next
look at the product gives it then.
"""

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Any

from flows.copies import (
    place_of,
    pull_checkpoint,
    pull_product,
    push_checkpoint,
    push_product,
)
from flows.errors import FlowsError, StoreError
from flows.json_lines import json_lines
from flows.lease import Lease, take_lease
from flows.progress import LOG, Event, tell
from flows.store import Store, current
from gptcore.errors import ProductError
from gptcore.manifest import FILE, Manifest, read_manifest

CHECKPOINT_SECONDS = 1.0
"""Between two looks for a new checkpoint of a run."""
WAIT_SECONDS = 1.0
"""Between two looks at a run that another host trains."""
_held: dict[Path, Lease] = {}
"""Leases of the runs that this process trains."""


@contextmanager
def shared(directory: Path, key: str, *, resumable: bool) -> Iterator[None]:
    """Around the look-up and building of a product: it is brought before and given after.

    ``resumable``: a run directory, which one host trains at a time; its newest checkpoint is
    brought, and every newer one is given while the block works.
    """
    store = current()
    if store is None:
        yield
        return
    lease = None
    if not (directory / FILE).exists() and not pull_product(store, directory, key) and resumable:
        lease = _lease(store, directory, key)
    if lease is not None:
        with _trained(store, directory, lease):
            yield
    else:
        yield
        give(directory)


def bring(directory: Path, key: str | None = None) -> bool:
    """Bring a product that is finished elsewhere and not here; False: it is not there either."""
    store = current()
    if store is None or (directory / FILE).exists():
        return False
    return pull_product(store, directory, key)


def give(directory: Path) -> None:
    """Give a finished product to the store, unless it has it; a warning says what went wrong."""
    store = current()
    if store is not None and (directory / FILE).exists():
        with _tolerant(place_of(directory)):
            push_product(store, directory)


def give_file(file: Path) -> None:
    """Give one file beside a finished product, that has changed since."""
    store = current()
    if store is not None and (file.parent / FILE).exists():
        with _tolerant(file.name):
            store.write(f"{place_of(file.parent)}/{file.name}", file.read_bytes())


def require_lease(directory: Path) -> None:
    """FlowsError when another host has taken over the run that this process trains."""
    lease = _held.get(directory)
    if lease is not None and lease.lost.is_set():
        raise FlowsError(
            f"{directory.name}: another host has taken this run over, because the store was out of "
            "reach from here; this one stops, and the same command goes on"
        )


def others(root: Path, kind: str, name: str) -> list[Manifest]:
    """Manifests of a kind and name that are finished in the store and not in the workspace."""
    store = current()
    if store is None:
        return []
    found = []
    for path in store.sizes(kind):
        place, _, file = path.partition("/")
        wanted = file == FILE and place[:-13] == name
        if wanted and not (root / kind / place / FILE).exists():
            raw = json.loads(store.read(f"{kind}/{path}") or b"{}")
            found.append(Manifest(**raw))
    return found


@contextmanager
def _tolerant(what: str) -> Iterator[None]:
    try:
        yield
    except (StoreError, ProductError, OSError) as error:
        LOG.warning("the store does not have %s yet: %s", what, error)


def _lease(store: Store, directory: Path, key: str) -> Lease | None:
    """The lease on a run, waited for; None: the run was finished by its holder and is here."""
    place, told = place_of(directory), False
    while True:
        lease = take_lease(store, place)
        if isinstance(lease, Lease):
            break
        if not told:
            tell(Event(kind="waiting", label=place), f"waiting for {lease.owner}, who has {place}")
        told = True
        time.sleep(WAIT_SECONDS)
        if pull_product(store, directory, key):
            return None
    try:
        if not pull_product(store, directory, key):
            pull_checkpoint(store, directory)
            return lease
    except BaseException:
        lease.give_back()
        raise
    lease.give_back()
    return None


@contextmanager
def _trained(store: Store, directory: Path, lease: Lease) -> Iterator[None]:
    """Give checkpoints while the block works, the last one at its end, then the lease back."""
    _held[directory] = lease
    courier = _Courier(store, directory, lease)
    try:
        yield
    finally:
        del _held[directory]
        finished = (directory / FILE).exists()
        courier.end(last=not finished)
        if finished:
            give(directory)
            with _tolerant(f"the end of {directory.name}"):
                store.remove(f"{place_of(directory)}/checkpoints")
        lease.give_back()


class _Courier:
    """A thread that gives every new checkpoint of a run to the store, the newest if it is slow."""

    def __init__(self, store: Store, directory: Path, lease: Lease) -> None:
        self._store, self._directory, self._lease = store, directory, lease
        self._given, self._warned = -1, False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=copy_context().run, args=(self._work,), daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._ending.wait(CHECKPOINT_SECONDS):
            self._give()

    def _give(self) -> None:
        if self._lease.lost.is_set():
            return
        try:
            self._given = push_checkpoint(self._store, self._directory, self._given)
            self._warned = False
        except (StoreError, OSError) as error:
            if not self._warned:
                LOG.warning("training goes on without the store: %s", error)
            self._warned = True

    def end(self, *, last: bool) -> None:
        """Stop after what is being given, and the last checkpoint where that is wanted."""
        self._ending.set()
        self._thread.join()
        if last:
            self._give()


def share_decisions(log: Path) -> None:
    """Make a promotion log and the store's the same: what either lacks it gets.

    A decision is an object of its own, ``decisions/<profile>/<date>-<key12>.json``, never changed;
    its run and evaluation are given before it. A store that cannot be read is an error: who is
    champion could not be said.
    """
    store = current()
    if store is None:
        return
    here = {_decision_name(line): line for line in _lines(log)}
    there = {name for name in store.sizes("decisions") if name.endswith(".json")}
    for name in sorted(set(here) - there):
        with _tolerant(f"the decision {name}"):
            for place in ("run", "evaluation"):
                give(log.parent / str(here[name].get(place, "")))
            store.write(f"decisions/{name}", json.dumps(here[name], ensure_ascii=False).encode())
    for name in sorted(there - set(here)):
        _append(log, name, store.read(f"decisions/{name}") or b"")


def give_decisions(log: Path) -> None:
    """``share_decisions`` after one was made: where that fails, the next look at them does it."""
    with _tolerant("the last decision"):
        share_decisions(log)


def _lines(log: Path) -> list[dict[str, Any]]:
    """The decisions in a log; a line that is none is passed over."""
    found = []
    for line in json_lines(log):
        try:
            decision = json.loads(line)
            _decision_name(decision)
        except (ValueError, KeyError, TypeError):
            continue
        found.append(decision)
    return found


def _decision_name(decision: dict[str, Any]) -> str:
    date = str(decision["date"]).replace(":", "")
    return f"{decision['profile']}/{date}-{decision['key'][:12]}.json"


def _append(log: Path, name: str, content: bytes) -> None:
    """Append the decision that an object holds; one of another name would come again for ever."""
    try:
        decision = json.loads(content)
        if _decision_name(decision) != name:
            raise ValueError("it is another decision than its name says")
        line = json.dumps(decision, ensure_ascii=False)
    except (ValueError, KeyError, TypeError):
        LOG.warning("passed over an object of the store that is no decision: %.60r", content)
        return
    with log.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        whole = file.read(1) in (b"", b"\n")
        file.write(f"{'' if whole else chr(10)}{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def manifest_here(directory: Path) -> Manifest:
    """A product's manifest, brought first where only the store has it; ProductError: nowhere."""
    bring(directory)
    return read_manifest(directory)
