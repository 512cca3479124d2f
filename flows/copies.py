"""Products and checkpoints, from a workspace to the store and back.

    <kind>/<name>-<key12>/<files>, then manifest.json
    run/<name>-<key12>/checkpoints/step-<n>/<files>, then state.json

What says that all is there, with a checksum per file, goes last; so whoever reads sees nothing or
all, and a push that broke off is begun again by the next one. A copy comes under another name, is
held against its checksums and only then renamed: what was damaged on the way is asked for once
more, and then refused.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from flows.errors import StoreError
from flows.progress import LOG
from flows.store import Store, need_room
from gptcore.errors import ProductError
from gptcore.manifest import FILE, Manifest, file_digest, object_digest, read_manifest

STATE = "state.json"
CHECKPOINTS = "checkpoints"
BESIDE = ("job.json", "metrics.jsonl", "summary.json", "mlflow.json", "trainer.log")
"""Files of a product directory that go with it without a checksum: they are no content."""


def place_of(directory: Path) -> str:
    """``kind/name-key12``: where a product is, in the workspace as in the store."""
    return f"{directory.parent.name}/{directory.name}"


def push_product(store: Store, directory: Path) -> bool:
    """Copy a finished product to the store; False: it is there already."""
    place = place_of(directory)
    if store.read(f"{place}/{FILE}") is not None:
        return False
    start, manifest = time.monotonic(), read_manifest(directory)
    names = [*manifest.files, *(name for name in BESIDE if name not in manifest.files)]
    files = [directory / name for name in names if (directory / name).is_file()]
    for file in files:
        store.upload(file, f"{place}/{file.relative_to(directory).as_posix()}")
    store.upload(directory / FILE, f"{place}/{FILE}")
    _tell("pushed", place, sum(file.stat().st_size for file in files), start)
    return True


def pull_product(store: Store, directory: Path, key: str | None = None) -> bool:
    """Copy a finished product from the store, in place of an unfinished one; False: it has none.

    StoreError when it is damaged there, or is not the product of ``key``.
    """
    place, start = place_of(directory), time.monotonic()
    raw = store.read(f"{place}/{FILE}")
    if raw is None:
        return False
    aside = _aside(directory)
    try:
        aside.mkdir(parents=True)
        (aside / FILE).write_bytes(raw)
        manifest = _manifest(store, place, aside, key)
        sizes = store.sizes(place)
        wanted = {name: manifest.files.get(name) for name in (*manifest.files, *BESIDE)}
        there = {name: digest for name, digest in wanted.items() if digest or name in sizes}
        need_room(aside, sum(sizes.get(name, 0) for name in there))
        _fetch(store, place, aside, there)
        _put_in_place(aside, directory)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _tell("pulled", place, sum(sizes.get(name, 0) for name in there), start)
    return True


def _manifest(store: Store, place: str, aside: Path, key: str | None) -> Manifest:
    try:
        manifest = read_manifest(aside)
    except ProductError as error:
        raise _damaged(store, f"{place}/{FILE}", str(error)) from error
    if not place.endswith(f"{manifest.name}-{manifest.key[:12]}") or key not in (
        None,
        manifest.key,
    ):
        raise _damaged(store, f"{place}/{FILE}", "it carries another key")
    return manifest


def _fetch(store: Store, place: str, aside: Path, files: Mapping[str, str | None]) -> None:
    """Bring files that must have these checksums (None: any), each at most twice."""
    for name, expected in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise _damaged(store, f"{place}/{FILE}", f"it names the file {name!r}")
        if not any(_came(store, f"{place}/{name}", aside / name, expected) for _ in range(2)):
            raise _damaged(store, f"{place}/{name}", "it is not what its checksum says")


def _came(store: Store, name: str, file: Path, expected: str | None) -> bool:
    there = store.download(name, file)
    return expected is None or (there and file_digest(file) == expected)


def _damaged(store: Store, name: str, why: str) -> StoreError:
    directory = name.rpartition("/")[0]
    return StoreError(
        f"{store.url}/{name} is damaged in the store ({why}): remove {store.url}/{directory}, and "
        "the next run pushes or builds it again"
    )


def _aside(directory: Path) -> Path:
    """A new place in the workspace for what is still incomplete."""
    name = f"pulled-{directory.name}-{os.getpid()}-{time.monotonic_ns()}"
    return directory.parents[1] / ".building" / name


def _put_in_place(aside: Path, directory: Path) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    if (directory / FILE).exists():  # another process was as quick
        return
    grave = aside.with_name(f"{aside.name}-before")
    if directory.exists():
        directory.rename(grave)
    aside.rename(directory)
    shutil.rmtree(grave, ignore_errors=True)


def push_checkpoint(store: Store, run: Path, after: int = -1) -> int:
    """Copy a run's newest checkpoint, if its step is past ``after``; returns the store's newest.

    Those before it are removed from the store then: it keeps one. The trainer may delete the
    checkpoint meanwhile, so hard links to its files are what is copied.
    """
    newest = newest_step(run)
    if newest <= after:
        return after
    start, place, held = time.monotonic(), place_of(run), _aside(run)
    name, size = _step_name(newest), 0
    try:
        held.mkdir(parents=True)
        for file in (run / CHECKPOINTS / name).iterdir():
            os.link(file, held / file.name)
        for extra in BESIDE:  # after the checkpoint was held: its metrics are all there
            if (run / extra).is_file():
                store.write(f"{place}/{extra}", (run / extra).read_bytes())
        for file in sorted(held.iterdir(), key=lambda file: file.name == STATE):
            store.upload(file, f"{place}/{CHECKPOINTS}/{name}/{file.name}")
            size += file.stat().st_size
    except FileNotFoundError:  # the trainer was quicker
        return after
    finally:
        shutil.rmtree(held, ignore_errors=True)
    for old in {path.partition("/")[0] for path in store.sizes(f"{place}/{CHECKPOINTS}")}:
        if _step(old) < newest:  # a later one is of a host that has taken over
            store.remove(f"{place}/{CHECKPOINTS}/{old}")
    _tell("pushed", f"{place}/{name}", size, start)
    return newest


def pull_checkpoint(store: Store, run: Path) -> bool:
    """Copy the store's newest whole checkpoint of a run, if it is past the newest one here."""
    place, start = place_of(run), time.monotonic()
    sizes = store.sizes(place)
    prefix = f"{CHECKPOINTS}/"
    whole = [
        _step(name[len(prefix) :].partition("/")[0])
        for name in sizes
        if name.startswith(prefix) and name.endswith(f"/{STATE}")
    ]
    if max(whole, default=-1) <= newest_step(run):
        return False
    name, aside = _step_name(max(whole)), _aside(run)
    try:
        files = _checkpoint_files(store, f"{place}/{prefix}{name}")
        need_room(run.parents[1], sum(sizes.values()))
        _fetch(store, f"{place}/{prefix}{name}", aside / name, files)
        beside = [extra for extra in BESIDE if extra in sizes]
        _fetch(store, place, aside, dict.fromkeys(beside))
        (run / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
        for extra in beside:
            if (aside / extra).exists():
                (aside / extra).replace(run / extra)
        (aside / name).rename(run / CHECKPOINTS / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _tell("pulled", f"{place}/{name}", sum(_sizes_under(sizes, prefix + name)), start)
    return True


def _sizes_under(sizes: Mapping[str, int], prefix: str) -> list[int]:
    return [size for name, size in sizes.items() if name.startswith(f"{prefix}/")]


def _checkpoint_files(store: Store, place: str) -> dict[str, str | None]:
    """Files of a checkpoint with their checksums, as its state says, and that file itself."""
    raw = store.read(f"{place}/{STATE}") or b""
    try:
        state: dict[str, Any] = json.loads(raw)
        digest = state.pop("digest")
        files: dict[str, str | None] = dict(state["files"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(store, f"{place}/{STATE}", str(error)) from error
    if digest != object_digest(state):
        raise _damaged(store, f"{place}/{STATE}", "it is not what its checksum says")
    return {**files, STATE: None}


def newest_step(run: Path) -> int:
    """The step of the newest checkpoint here; -1: there is none."""
    return max((_step(path.name) for path in (run / CHECKPOINTS).glob("step-*")), default=-1)


def _step(name: str) -> int:
    return int(name[5:]) if re.fullmatch(r"step-\d{8,}", name) else -1


def _step_name(step: int) -> str:
    return f"step-{step:08d}"


def _tell(done: str, place: str, size: int, start: float) -> None:
    seconds = max(time.monotonic() - start, 1e-6)
    rate = f"{size / 1e6:.1f} MB in {seconds:.1f} s ({size / 1e6 / seconds:.0f} MB/s)"
    LOG.info("%s %s: %s", done, place, rate)
