"""Where every product lives, and the only cache: finished products, looked up by their key.

    <root>/<kind>/<name>-<first 12 digits of the key>/manifest.json

A key covers the configuration, the digests of the inputs' contents, the source that the stage can
reach and the packages it uses; so whatever changes the outcome changes the place. A product is
built in a temporary directory of the same file system and renamed when whole: a reader sees
nothing or all of it. One lock per key lets two processes that want the same product build it once.
A run directory is the exception: it is trained in place, so that it can be resumed, and is finished
when its manifest is there. Where hosts share a store, products come from there and go there
(flows/sharing.py).
"""

import contextlib
import dataclasses
import errno
import fcntl
import fnmatch
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from flows import in_use, provenance, sharing
from flows.errors import ConfigError, FlowsError, WorkspaceError
from flows.progress import Event, tell
from gptcore.errors import ProductError
from gptcore.manifest import (
    FILE,
    Manifest,
    checksums,
    file_digest,
    object_digest,
    read_manifest,
    write_manifest,
)

VARIABLE = "GENERALIST_WORKSPACE"
MINIMUM_FREE = 500_000_000
"""Bytes that must be free before a stage starts."""
ASIDE, LOCKS = ".building", ".locks"
"""Where products are built and what is removed goes first; a file per lock, named by its label."""
VERIFIED_BYTES = 64_000_000
"""Files up to this size are checked against their checksum on every reuse; larger ones must be
there."""


@dataclasses.dataclass(frozen=True, slots=True)
class Product:
    """A finished directory of the workspace."""

    path: Path
    manifest: Manifest
    reused: bool = False
    """True: found finished; False: built just now."""

    @property
    def digest(self) -> str:
        """Digest of the content: what the keys of products made from it contain."""
        return self.manifest.digest


@dataclasses.dataclass(frozen=True, slots=True)
class Workspace:
    """The root directory; raises WorkspaceError when it cannot be made or written."""

    root: Path
    minimum_free: int = MINIMUM_FREE

    def __post_init__(self) -> None:
        if set("?#%") & set(str(self.root)):
            raise WorkspaceError(
                f"workspace {self.root}: ?, # and % mean something else in the address of a "
                f"database: name another place with --workspace or {VARIABLE}"
            )
        try:
            for directory in (self.root, self.root / ASIDE, self.root / LOCKS):
                directory.mkdir(parents=True, exist_ok=True)
            probe = self.root / ASIDE / f"probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise WorkspaceError(
                f"workspace {self.root} cannot be written ({error.strerror}): "
                f"name another with --workspace or {VARIABLE}"
            ) from error

    @classmethod
    def open(cls) -> "Workspace":
        """The workspace that ``GENERALIST_WORKSPACE`` names, or ./workspace."""
        return cls(root())

    def find(
        self,
        kind: str,
        name: str,
        *,
        config: Any,
        inputs: Mapping[str, Product],
        entry: Collection[str],
    ) -> Product | None:
        """The product that ``product`` would reuse; None: it would be built. Changes nothing."""
        plan = _plan(kind, name, config, inputs, entry)
        place = self._place(plan)
        try:
            manifest = read_manifest(place)
            _check(place, manifest, plan)
        except ProductError:
            return None
        return Product(place, manifest, reused=True)

    def _place(self, plan: Manifest) -> Path:
        return self.root / plan.kind / f"{plan.name}-{plan.key[:12]}"

    def newest(self, kind: str, name: str) -> Product | None:
        """The product of a kind and name that was finished last; None when there is none."""
        pattern = f"{name}-{'[0-9a-f]' * 12}/{FILE}"
        found = sorted((self.root / kind).glob(pattern), key=lambda p: p.stat().st_mtime_ns)
        return Product(found[-1].parent, read_manifest(found[-1].parent), True) if found else None

    def finished(self, kind: str = "*") -> list[Product]:
        """The products of a kind, or all, that can be read, oldest first."""
        found = []
        for path in sorted(self.root.glob(f"{kind}/*/{FILE}"), key=lambda p: p.stat().st_mtime_ns):
            with contextlib.suppress(ProductError):
                found.append(Product(path.parent, read_manifest(path.parent), reused=True))
        return found

    def product(
        self,
        kind: str,
        name: str,
        *,
        config: Any,
        inputs: Mapping[str, Product],
        entry: Collection[str],
        build: Callable[[Path], dict[str, Any]],
        content: Collection[str] = ("*",),
        in_place: bool = False,
    ) -> Product:
        """Find the product finished, or build it.

        ``config``: a dataclass or plain values. ``entry``: the modules whose import closure is the
        stage's source. ``build`` writes files into the directory it gets and returns counts.
        ``content``: patterns of the files that make up the digest. ``in_place``: build in the final
        directory and keep what a failed build leaves there, so that it can be resumed.
        """
        in_use.hold(self.root)
        plan = _plan(kind, name, config, inputs, entry)
        target = self._place(plan)
        label = f"{kind}/{target.name}"
        with self.locked(label), sharing.shared(target, plan.key, resumable=in_place):
            resumable = in_place and not (target / FILE).exists()
            found = None if resumable else self._finished(target, plan, label)
            if found is not None:
                tell(Event(kind="reused", label=label), f"reused {label}")
                return found
            return self._build(target, plan, label, build, content, in_place)

    def _finished(self, target: Path, plan: Manifest, label: str) -> Product | None:
        """The product at a place, if it is whole; a broken one is reported and removed."""
        if not target.exists():
            return None
        try:
            manifest = read_manifest(target)
            _check(target, manifest, plan)
        except ProductError as error:
            reason = f"{label} is broken and is built again: {error}"
            tell(Event(kind="broken", label=label), reason, level=logging.WARNING)
            self.remove(target)
            return self._finished(target, plan, label) if sharing.bring(target, plan.key) else None
        return Product(target, manifest, reused=True)

    def _build(
        self,
        target: Path,
        plan: Manifest,
        label: str,
        build: Callable[[Path], dict[str, Any]],
        content: Collection[str],
        in_place: bool,
    ) -> Product:
        self.need_room()
        work = target if in_place else self.root / ASIDE / f"{plan.kind}-{target.name}"
        if not in_place:
            self.remove(work)
        work.mkdir(parents=True, exist_ok=True)
        tell(Event(kind="started", label=label), f"building {label}")
        start = time.monotonic()
        try:
            counts = build(work)
            manifest = _described(plan, counts, work, content, content if in_place else ("*",))
            write_manifest(work, manifest)
            target.parent.mkdir(exist_ok=True)
            work.rename(target)
        except BaseException as error:
            if not in_place:
                shutil.rmtree(work, ignore_errors=True)
            if _disk_is_full(error):
                raise self._no_room(f"the disk is full (while building {label})") from error
            raise
        seconds = time.monotonic() - start
        event = Event(kind="finished", label=label, seconds=seconds)
        tell(event, f"built {label} in {seconds:.1f} s")
        return Product(target, manifest)

    def need_room(self) -> None:
        """WorkspaceError when the disk is nearly full."""
        free = shutil.disk_usage(self.root).free
        if free < self.minimum_free:
            needed = f"{self.minimum_free / 1e6:.0f} MB are needed"
            raise self._no_room(f"{free / 1e6:.0f} MB are free, {needed}")

    def _no_room(self, why: str) -> WorkspaceError:
        remedy = f"free some space, or name another place with --workspace or {VARIABLE}"
        return WorkspaceError(f"workspace {self.root}: {why}: {remedy}")

    def remove(self, path: Path) -> None:
        """Remove a directory in a way that never leaves a half of it under its own name."""
        if path.exists():
            grave = self.root / ASIDE / f"removed-{path.name}-{os.getpid()}-{time.monotonic_ns()}"
            path.rename(grave)
            shutil.rmtree(grave, ignore_errors=True)

    @contextlib.contextmanager
    def locked(self, label: str) -> Iterator[None]:
        """Hold a lock by name; the kernel lets go of it however the holder ends."""
        with (self.root / LOCKS / label.replace("/", "-")).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                tell(Event(kind="waiting", label=label), f"waiting for another process at {label}")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def root() -> Path:
    """Where the workspace is: an absolute path.

    A Prefect worker starts every flow run in an empty temporary directory, so there the variable
    must say it; ConfigError when it does not.
    """
    named = os.environ.get(VARIABLE)
    by_worker = "PREFECT__FLOW_RUN_ID" in os.environ
    if by_worker and not (named and Path(named).is_absolute()):
        raise ConfigError(
            f"{VARIABLE}={named!r}: a worker needs an absolute path; set it where the worker starts"
        )
    return Path(named or "workspace").absolute()


def plain(value: Any) -> Any:
    """A configuration as JSON-able values: dataclasses become objects, tuples lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    return json.loads(json.dumps(value, ensure_ascii=False))


def _plan(
    kind: str,
    name: str,
    config: Any,
    inputs: Mapping[str, Product],
    entry: Collection[str],
) -> Manifest:
    """The manifest as far as it is known before the product is built: all that makes its key."""
    settings = plain(config)
    digests = {role: inputs[role].digest for role in sorted(inputs)}
    source = provenance.source_digest(entry)
    locked = object_digest(provenance.lock(entry))
    key = object_digest(
        {
            "kind": kind,
            "name": name,
            "config": settings,
            "inputs": digests,
            "source": source,
            "lock": locked,
        }
    )
    return Manifest(
        kind=kind,
        name=name,
        key=key,
        digest="",
        inputs=digests,
        config=settings,
        source=source,
        lock=locked,
        counts={},
        files={},
    )


def _described(
    plan: Manifest,
    counts: dict[str, Any],
    directory: Path,
    content: Collection[str],
    listed: Collection[str],
) -> Manifest:
    """The plan completed by what was built: counts, files and the digest of the content."""
    files = checksums(directory)
    return dataclasses.replace(
        plan,
        counts=counts,
        files=_matching(files, listed),
        digest=object_digest(_matching(files, content)),
    )


def _matching(files: Mapping[str, str], patterns: Collection[str]) -> dict[str, str]:
    return {
        name: digest
        for name, digest in files.items()
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    }


def _check(directory: Path, manifest: Manifest, plan: Manifest) -> None:
    """Raise ProductError unless the product is what its key and its files say."""
    if manifest.key != plan.key:
        raise ProductError(f"{directory / FILE} carries another key")
    for name, expected in manifest.files.items():
        path = directory / name
        if not path.is_file():
            raise ProductError(f"{path} is missing")
        if path.stat().st_size <= VERIFIED_BYTES and file_digest(path) != expected:
            raise ProductError(f"{path} has changed since it was written")


def _disk_is_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind an error; libraries wrap the system's in their own."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if not isinstance(error, FlowsError) and "No space left on device" in str(error):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False
