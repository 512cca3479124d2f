"""Which host trains a run: a lease in the store, refreshed while it is held.

    leases/<kind>/<name>-<key12>/<generation>.json

Object stores have no locks. A lease is taken by *creating* the next generation, which one host can
do (``Store.create``); its holder alone writes to that object from then on, to move its end. Who
finds the newest generation ended may create the next. The holder looks for one when it refreshes,
and gives up when there is one.

What that guarantees, where the hosts' clocks agree within half a lease: two hosts never start the
same run at once; a holder that was cut off from the store, or asleep, for longer than a lease may
train beside its successor until it sees the store again, at most a third of a lease later. That
costs work, never a result: both compute the same run, and a product appears whole, with its
checksums, whoever pushed it.
"""

import json
import os
import platform
import threading
import time
import uuid
from contextvars import copy_context
from dataclasses import dataclass

from flows.errors import ConfigError, StoreError
from flows.progress import LOG
from flows.store import Store

VARIABLE = "GENERALIST_STORE_LEASE"
SECONDS = 120.0
"""How long a lease lasts that nobody refreshes: so long a dead host's run waits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """What a lease says."""

    generation: int
    owner: str
    """Host and process."""
    token: str
    """One per taking."""
    expires: float
    """Seconds since 1970, by the holder's clock; 0: given back."""


def lease_seconds() -> float:
    """The length of a lease: ``GENERALIST_STORE_LEASE``, or two minutes."""
    given = os.environ.get(VARIABLE)
    if given is None:
        return SECONDS
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86400:
        raise ConfigError(f"{VARIABLE}={given!r}: give seconds from 1 to 86400")
    return seconds


class Lease:
    """A lease that is held, and refreshed by a thread until it is given back."""

    def __init__(self, store: Store, place: str, holder: Holder, seconds: float) -> None:
        self._store, self._place, self._holder, self._seconds = store, place, holder, seconds
        self._ending = threading.Event()
        self.lost = threading.Event()
        """Set when another host has taken over."""
        self._thread = threading.Thread(target=copy_context().run, args=(self._keep,), daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        warned = False
        while not self._ending.wait(self._seconds / 3):
            try:
                if not self._refresh():
                    return
                warned = False
            except StoreError as error:
                if not warned:
                    LOG.warning("the lease on %s is not refreshed: %s", self._place, error)
                warned = True

    def _refresh(self) -> bool:
        newest = newest_holder(self._store, self._place)
        if newest is not None and newest.token != self._holder.token:
            LOG.warning("%s was taken over by %s", self._place, newest.owner)
            self.lost.set()
            return False
        _put(self._store, self._place, self._holder, time.time() + self._seconds)
        return True

    def give_back(self) -> None:
        """Let the next host have it at once; a store that is down lets it run out instead."""
        self._ending.set()
        self._thread.join()
        if self.lost.is_set():
            return
        try:
            _put(self._store, self._place, self._holder, 0.0)
        except StoreError as error:
            LOG.warning("the lease on %s was not given back: %s", self._place, error)


def take_lease(store: Store, place: str) -> Lease | Holder:
    """The lease on a place, or who holds it."""
    seconds = lease_seconds()
    newest = newest_holder(store, place)
    if newest is not None and newest.expires > time.time():
        return newest
    mine = Holder(
        generation=1 if newest is None else newest.generation + 1,
        owner=f"{platform.node()}, process {os.getpid()}",
        token=uuid.uuid4().hex,
        expires=time.time() + seconds,
    )
    created = store.create(_name(place, mine.generation), _encoded(mine))
    now = newest_holder(store, place)
    if not created and (now is None or now.token != mine.token):  # a retried request finds its own
        return now or Holder(generation=mine.generation, owner="?", token="", expires=0.0)
    if newest is not None:
        store.remove(_name(place, newest.generation))
    return Lease(store, place, mine, seconds)


def newest_holder(store: Store, place: str) -> Holder | None:
    """What the newest generation says; None: nobody ever took it."""
    numbers = [int(name[:-5]) for name in store.sizes(f"leases/{place}") if name[:-5].isdigit()]
    if not numbers:
        return None
    raw = store.read(_name(place, max(numbers)))
    if raw is None:  # its successor removed it meanwhile
        return newest_holder(store, place)
    try:
        return Holder(**json.loads(raw))
    except (ValueError, TypeError) as error:
        name = f"{store.url}/{_name(place, max(numbers))}"
        raise StoreError(f"{name} is damaged ({error}): remove it, if nobody trains") from error


def _name(place: str, generation: int) -> str:
    return f"leases/{place}/{generation:08d}.json"


def _put(store: Store, place: str, holder: Holder, expires: float) -> None:
    moved = Holder(
        generation=holder.generation, owner=holder.owner, token=holder.token, expires=expires
    )
    store.write(_name(place, holder.generation), _encoded(moved))


def _encoded(holder: Holder) -> bytes:
    return json.dumps({name: getattr(holder, name) for name in Holder.__slots__}).encode()
