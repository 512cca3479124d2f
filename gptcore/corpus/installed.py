"""Installed distributions: are they the listed ones, under which licence, and where is the source.

Read through ``importlib.metadata``, without importing anything of them.
"""

import csv
import importlib.metadata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path, PurePosixPath
from typing import cast

from gptcore.errors import ConfigError

TESTS = frozenset({"test", "tests", "_test", "_tests", "testing", "_testing"})
"""Directories of tests and of helpers for them, at any depth."""
VENDORED = frozenset(
    {"_vendor", "_vendored", "vendor", "vendored", "externals", "_externals", "extern",
     "third_party"}
)  # fmt: skip
"""Directories of copies of other projects, which have other licences and versions."""
GENERATED = frozenset({"version.py", "_version.py", "__config__.py", "_distributor_init.py"})
"""Files written when a distribution is built, different on every platform."""
_SHORT = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """A distribution whose documentation is read."""

    name: str
    """As in the constraints file."""
    version: str
    """Public version: the installed one may add a local label such as ``+cpu``."""
    skip: tuple[str, ...] = ()
    """Packages or modules (dotted names) left out, with all that is below them: those that not
    every platform's build has."""

    def __post_init__(self) -> None:
        if not self.name or not self.version:
            raise ConfigError(
                f"distribution name={self.name!r} version={self.version!r}: give both, as in the "
                "constraints file"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A module of a distribution and where its source is."""

    distribution: Distribution
    licence: str
    module: str
    path: Path


def find(distributions: Sequence[Distribution]) -> list[importlib.metadata.Distribution]:
    """The installed distributions; ConfigError names every absent or different one."""
    found: list[importlib.metadata.Distribution] = []
    wrong: list[str] = []
    for wanted in distributions:
        try:
            installed = importlib.metadata.distribution(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{wanted.name}: listed {wanted.version}, not installed")
            continue
        found.append(installed)
        if installed.version.split("+")[0] != wanted.version:
            wrong.append(f"{wanted.name}: listed {wanted.version}, found {installed.version}")
    if wrong:
        raise ConfigError(
            f"distributions: {'; '.join(wrong)}. The corpus is the documentation of these very "
            "versions: run `make install`"
        )
    return found


def licence(installed: importlib.metadata.Distribution) -> str:
    """The licence in short: an SPDX expression, the licence field or the classifiers.

    "unknown" where the metadata names none.
    """
    metadata = cast(Message, installed.metadata)
    expression = metadata.get("License-Expression")
    if expression:
        return str(expression)
    field = str(metadata.get("License") or "").strip()
    if field and len(field) <= _SHORT and "\n" not in field:
        return field
    classifiers = [str(c) for c in metadata.get_all("Classifier") or ()]
    names = [c.split("::")[-1].strip() for c in classifiers if c.startswith("License ::")]
    return " AND ".join(sorted(names)) or "unknown"


def source_files(
    wanted: Distribution, installed: importlib.metadata.Distribution
) -> tuple[list[SourceFile], Counter[str]]:
    """Modules of a distribution, sorted by name, and how many files were left out by reason."""
    record = installed.read_text("RECORD")  # `files` leaves missing ones out, from Python 3.12 on
    if record is None:
        raise ConfigError(
            f"distribution {wanted.name}: it has no list of its files; reinstall it with "
            "`make install`"
        )
    listed = [row[0] for row in csv.reader(record.splitlines()) if row]
    short = licence(installed)
    files: list[SourceFile] = []
    dropped: Counter[str] = Counter()
    for name in sorted(path for path in listed if path.endswith(".py")):
        file = PurePosixPath(name)
        reason = _left_out(file, wanted.skip)
        if reason:
            dropped[reason] += 1
            continue
        path = Path(str(installed.locate_file(name)))
        files.append(
            SourceFile(distribution=wanted, licence=short, module=module_name(file), path=path)
        )
    return files, dropped


def module_name(file: PurePosixPath) -> str:
    """The dotted name of a source file.

    >>> module_name(PurePosixPath("numpy/linalg/__init__.py"))
    'numpy.linalg'
    """
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _left_out(file: PurePosixPath, skip: tuple[str, ...]) -> str:
    """Why a file is not read; "" when it is."""
    if not all(part.isidentifier() for part in file.with_suffix("").parts):
        return "file is no module"
    directories = set(file.parts[:-1])
    if directories & TESTS or file.name.startswith("test_") or file.name == "conftest.py":
        return "file of tests"
    if directories & VENDORED:
        return "file is vendored"
    if file.name in GENERATED:
        return "file is generated"
    module = module_name(file)
    if any(module == name or module.startswith(f"{name}.") for name in skip):
        return "file is skipped"
    return ""
