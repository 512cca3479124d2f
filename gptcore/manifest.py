"""Manifests: a product directory is complete when ``manifest.json`` is there.

The manifest is written last, into a temporary directory that is then renamed into place, so a
reader sees either nothing or the whole. It says what the product was made from: the configuration,
the digests of its inputs, of the source code and of the installed packages, and a checksum per
file. ``digest`` is that of the content, so that a product rebuilt to the same bytes leaves
everything after it valid. (A product is finished when its last file is: cf. karpathy/nanochat,
``tasks/common.py``.)
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from gptcore.errors import ProductError

FORMAT = 1
"""Version of the manifest's layout; readers refuse a newer one."""
FILE = "manifest.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a finished product is and what it was made from."""

    format: int = FORMAT
    kind: str
    """Kind of product: documentation, prompts, documents, tokenizer, shards, run, evaluation."""
    name: str
    """Name within the kind; with the key it names the directory."""
    key: str
    """SHA-256 over configuration, inputs' digests, source and lock: what the cache looks up."""
    digest: str
    """SHA-256 over names and checksums of the content files: what later products refer to."""
    inputs: dict[str, str]
    """Role of each input → its digest."""
    config: dict[str, Any]
    """The stage's configuration as plain values."""
    source: str
    """SHA-256 of the source of the modules that the stage uses."""
    lock: str
    """SHA-256 of the names and versions of the packages that the stage uses."""
    counts: dict[str, Any]
    """What the stage tallied."""
    files: dict[str, str]
    """Relative path → SHA-256 of the content."""


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def object_digest(value: Any) -> str:
    """SHA-256 of a JSON-able value with sorted keys, in hex."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def checksums(directory: Path) -> dict[str, str]:
    """Relative path → SHA-256 of every file below a product directory but the manifest."""
    paths = sorted(p for p in directory.rglob("*") if p.is_file() and p.name != FILE)
    return {p.relative_to(directory).as_posix(): file_digest(p) for p in paths}


def write_whole(path: Path, text: str) -> None:
    """Write a file aside, sync and rename it: it is whole or as before, power lost or not."""
    aside = path.with_name(f".{path.name}")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def write_json(path: Path, value: Any) -> None:
    """``write_whole`` of JSON."""
    write_whole(path, json.dumps(value, indent=1))


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write ``manifest.json``."""
    text = json.dumps(asdict(manifest), indent=1, sort_keys=True, ensure_ascii=False)
    write_whole(directory / FILE, text)


def read_manifest(directory: Path) -> Manifest:
    """Read a product's manifest; ProductError when it is missing, broken or newer than we are."""
    path = directory / FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        version = int(raw["format"])
    except FileNotFoundError:
        raise ProductError(f"{directory} has no {FILE}: it was never finished; delete it") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ProductError(f"{path} cannot be read ({error}): delete {directory}") from error
    if version > FORMAT:
        raise ProductError(
            f"{path}: format {version} is newer than {FORMAT}, which this version reads: upgrade"
        )
    try:
        found = {field.name: raw[field.name] for field in fields(Manifest)}
    except KeyError as error:
        raise ProductError(f"{path} lacks the field {error}: delete {directory}") from error
    for name in ("inputs", "config", "counts", "files"):
        if not isinstance(found[name], dict):
            raise ProductError(f"{path}: {name}={found[name]!r} is no object: delete {directory}")
    return Manifest(**found)


def changed_keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Names of the top-level entries in which two configurations differ, sorted."""
    return sorted(k for k in old.keys() | new.keys() if old.get(k) != new.get(k))
