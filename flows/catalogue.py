"""The workspace's catalogue: ``catalogue.duckdb``, all that manifests and results say, to ask.

Nobody writes it as work goes on. A command that asks looks first whether the manifests and the
promotion log are those that it was made from: products that are new are appended to a copy, and
whatever else has changed (a product deleted or built again, another schema, a broken file) means
that it is made anew. So it is always right, and can never be a reason for a night to fail.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from flows import champion
from flows.gpu import METRICS
from flows.progress import LOG
from flows.workspace import Workspace
from gptcore.errors import ProductError
from gptcore.manifest import FILE as MANIFEST
from gptcore.manifest import read_manifest
from gptcore.tracking import read_jsonl
from tasks_to_text import database
from tasks_to_text.catalogue import SCHEMA, Contents, Entry, files_of, write_catalogue
from tasks_to_text.errors import DataError

FILE = "catalogue.duckdb"
_LOCK = "catalogue"
_DECISION = (
    *("date", "profile", "promoted", "reason"),
    *("run", "evaluation", "champion", "champion_evaluation"),
)


def catalogue(workspace: Workspace) -> Path:
    """The catalogue as the workspace is now: as it is, brought up to date, or made anew."""
    path = workspace.root / FILE
    with workspace.locked(_LOCK):
        stamps = _stamps(workspace)
        known = _known(path)
        if known != stamps:
            grown = known is not None and _has_only_grown(known, stamps)
            _write(workspace, path, stamps, old=known if grown else None)
    return path


def reindex(workspace: Workspace) -> Path:
    """The catalogue, made anew from the manifests, whatever it was."""
    path = workspace.root / FILE
    with workspace.locked(_LOCK):
        _write(workspace, path, _stamps(workspace), old=None)
    return path


def _write(
    workspace: Workspace, path: Path, stamps: dict[str, str], old: dict[str, str] | None
) -> None:
    """``old``: what the catalogue at ``path`` holds already, all as it still is; None: anew."""
    contents = Contents(
        entries=list(
            _entries(workspace, {k: v for k, v in stamps.items() if k not in (old or {})})
        ),
        decisions=[
            {name: asdict(decision)[name] for name in _DECISION}
            for decision in champion.decisions(workspace)
        ],
        files=stamps,
    )
    for complaint in write_catalogue(path, contents, start=path if old else None):
        LOG.warning("catalogue: %s", complaint)


def _known(path: Path) -> dict[str, str] | None:
    """What the catalogue was made from; None: it is not there, or is none that can be read."""
    try:
        return files_of(path) if path.exists() else None
    except DataError:
        return None


def _has_only_grown(known: dict[str, str], now: dict[str, str]) -> bool:
    """Whether all that the catalogue holds is still as it was; decisions are read anew anyway."""
    return {n: stamp for n, stamp in known.items() if n != champion.FILE}.items() <= now.items()


def _stamps(workspace: Workspace) -> dict[str, str]:
    """Every file that the catalogue is made from, relative to the workspace → its stamp."""
    schema = hashlib.sha256(database.schema(SCHEMA).encode()).hexdigest()
    found = {SCHEMA: schema}
    for path in (workspace.root / champion.FILE, *sorted(workspace.root.glob(f"*/*/{MANIFEST}"))):
        with suppress(FileNotFoundError):
            status = path.stat()
            name = path.relative_to(workspace.root).as_posix()
            found[name] = f"{status.st_mtime_ns} {status.st_size}"
    return found


def _entries(workspace: Workspace, stamps: dict[str, str]) -> Iterator[Entry]:
    """Every product whose manifest can be read, in the order in which they were finished."""
    names = [name for name in stamps if name.endswith(f"/{MANIFEST}")]
    for name in sorted(names, key=lambda name: (int(stamps[name].split()[0]), name)):
        directory = workspace.root / Path(name).parent
        try:
            manifest = read_manifest(directory)
        except ProductError as error:
            LOG.warning("catalogue: %s", error)
            continue
        yield Entry(
            product=Path(name).parent.as_posix(),
            path=directory,
            created=datetime.fromtimestamp(int(stamps[name].split()[0]) / 1e9, UTC),
            metrics=_last(directory) if manifest.kind == "run" else {},
            **{
                field: getattr(manifest, field)
                for field in ("kind", "name", "key", "digest", "source", "lock")
            },
            config=manifest.config,
            counts=manifest.counts,
            inputs=manifest.inputs,
        )


def _last(run: Path) -> dict[str, tuple[int, float]]:
    """Metric → the step at which it was measured last, and its value."""
    found: dict[str, tuple[int, float]] = {}
    for row in read_jsonl(run / METRICS):
        step = int(row["step"])
        found |= {name: (step, value) for name, value in row.items() if name != "step"}
    return found
