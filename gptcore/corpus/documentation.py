"""The documentation of installed distributions as a corpus with one digest everywhere.

A fresh machine has no corpus, but the environment that was just installed holds tens of megabytes
of English under open licences: its docstrings. They are read as source text (``source_text``),
split so that nothing leaks from training into evaluation (``splits``), and written as one row per
documented object. Nothing depends on the order of a file system, of hashes or of processes.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

import gptcore
from gptcore.corpus.documents import DocumentationRow, write_documentation
from gptcore.corpus.installed import Distribution, SourceFile, find, source_files
from gptcore.corpus.near_duplicates import shingles
from gptcore.corpus.splits import DUPLICATE, SPLITS, families, place
from gptcore.errors import ConfigError, DataError

__all__ = ["Distribution", "DocumentationConfig", "collect"]

Progress = Callable[[int, int, str], None]

TOO_SHORT = "too short"
NOT_TEXT = "not text"
_LONG_HEADING = 300
"""Characters of a heading from which on its annotations are left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentationConfig:
    """Which documentation is read and how it is split."""

    distributions: tuple[Distribution, ...]
    """At least one; each name once."""
    min_characters: int = 40
    """Shorter docstrings are dropped."""
    validation_share: float = 0.08
    """Bytes of each distribution held out for validation, about."""
    test_share: float = 0.08
    """Bytes of each distribution held out for testing, about."""
    max_overlap: float = 0.2
    """Share of a held-out document's shingles that training text may hold."""
    seed: int = 0
    """Of the assignment of families to splits."""
    processes: int = 2
    """Processes that read source files; the result does not depend on it."""

    def __post_init__(self) -> None:
        names = [d.name for d in self.distributions]
        repeated = sorted(name for name, n in Counter(names).items() if n > 1)
        if not names or repeated:
            raise ConfigError(f"distributions={repeated}: name at least one, and each once")
        for field in ("validation_share", "test_share", "max_overlap"):
            if not 0 <= getattr(self, field) < 1:
                raise ConfigError(f"{field}={getattr(self, field)}: must lie in [0, 1)")
        if self.validation_share + self.test_share > 0.5:
            raise ConfigError(
                f"validation_share={self.validation_share} and test_share={self.test_share}: "
                "hold out at most half"
            )
        for field in ("min_characters", "processes"):
            if getattr(self, field) < 1:
                raise ConfigError(f"{field}={getattr(self, field)}: must be positive")


def collect(
    config: DocumentationConfig, out: Path, progress: Progress = lambda done, total, what: None
) -> dict[str, Any]:
    """Write ``train``, ``validation``, ``test.parquet`` and ``digest.txt`` into ``out``.

    Returns counts: documents, bytes, documents_by_split, bytes_by_source (by split), families,
    largest_family, dropped (by reason) and corpus_digest; groups, largest_group and share_in_groups
    (of the documents) are about families of two modules or more. Raises ConfigError when a
    distribution is absent or at another version, before any work starts.
    """
    installed = find(config.distributions)
    files: list[SourceFile] = []
    dropped: Counter[str] = Counter()
    for wanted, found in zip(config.distributions, installed, strict=True):
        modules, left_out = source_files(wanted, found)
        files += modules
        dropped += left_out
    rows = _rows(files, config, dropped, progress)
    if not rows:
        raise DataError("distributions: they hold no docstring that is long enough")
    by_split = _split(rows, config, dropped)
    for split in SPLITS:
        write_documentation(by_split[split], out / f"{split}.parquet")
    digest = corpus_digest(row for split in SPLITS for row in by_split[split])
    (out / "digest.txt").write_text(digest + "\n", encoding="utf-8")
    return _counts(by_split, dropped, digest)


def corpus_digest(rows: Iterable[DocumentationRow]) -> str:
    """SHA-256 over the rows' ids and texts, in the order of their ids."""
    digest = hashlib.sha256()
    for row in sorted(rows, key=lambda row: row.id):
        digest.update(json.dumps([row.id, row.text]).encode() + b"\n")
    return digest.hexdigest()


def _rows(
    files: Sequence[SourceFile],
    config: DocumentationConfig,
    dropped: Counter[str],
    progress: Progress,
) -> list[DocumentationRow]:
    """Rows of all files, sorted by id; their group is not known yet."""
    rows: dict[str, DocumentationRow] = {}
    for file, answer in zip(files, _answers(files, config.processes, progress), strict=True):
        if "dropped" in answer:
            dropped[answer["dropped"]] += 1
            continue
        for item in answer["objects"]:
            reason = _unfit(item["text"], config.min_characters)
            if reason:
                dropped[reason] += 1
                continue
            row = _row(file, item)
            if rows.setdefault(row.id, row) is not row:
                dropped[DUPLICATE] += 1
    return [rows[key] for key in sorted(rows)]


def _unfit(text: str, min_characters: int) -> str:
    if len(text) < min_characters:
        return TOO_SHORT
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, written as an escape
        return NOT_TEXT
    return NOT_TEXT if "\0" in text else ""


def _row(file: SourceFile, item: dict[str, Any]) -> DocumentationRow:
    name = file.distribution.name
    full = f"{file.module}.{item['qualname']}" if item["qualname"] else file.module
    return DocumentationRow(
        id=f"{name}:{full}",
        distribution=name,
        version=file.distribution.version,
        licence=file.licence,
        module=file.module,
        group="",
        heading=heading(file.module, item),
        **item,
    )


def heading(module: str, item: Mapping[str, Any]) -> str:
    """The qualified name and signature of a documented object, in one line.

    ``numpy.linalg.norm(x, ord=None)``, ``class …(…)``, ``property … -> int``, ``module …``.
    """
    name = f"{module}.{item['qualname']}" if item["qualname"] else module
    after = f" -> {item['returns']}" if item["returns"] else ""
    if item["kind"] in ("module", "property"):
        return f"{item['kind']} {name}{after}"
    before = "class " if item["kind"] == "class" else ""
    full = f"{before}{name}({', '.join(map(_typed, item['parameters']))}){after}"
    if len(full) <= _LONG_HEADING:
        return full
    return f"{before}{name}({', '.join(map(_untyped, item['parameters']))})"


def _typed(parameter: Mapping[str, str]) -> str:
    """``x: int = 3``; without an annotation ``x=3``."""
    if not parameter["annotation"]:
        return _untyped(parameter)
    default = f" = {parameter['default']}" if parameter["default"] else ""
    return f"{parameter['name']}: {parameter['annotation']}{default}"


def _untyped(parameter: Mapping[str, str]) -> str:
    default = f"={parameter['default']}" if parameter["default"] else ""
    return parameter["name"] + default


def _answers(
    files: Sequence[SourceFile], processes: int, progress: Progress
) -> list[dict[str, Any]]:
    """The answer of ``source_text`` to each file, in order, from several worker processes."""
    answers: list[dict[str, Any]] = [{} for _ in files]
    waiting = iter(enumerate(files))
    done = 0
    lock = Lock()

    def ask() -> None:
        nonlocal done
        with _worker() as worker:
            assert worker.stdin and worker.stdout
            while True:
                with lock:
                    index, file = next(waiting, (-1, None))
                if file is None:
                    return
                worker.stdin.write(json.dumps(str(file.path)) + "\n")
                worker.stdin.flush()
                answer = worker.stdout.readline()
                if not answer:
                    raise DataError(f"{file.path}: the process that reads it died; run it again")
                answers[index] = json.loads(answer)
                with lock:
                    done += 1
                    if done % 100 == 0 or done == len(files):
                        progress(done, len(files), "files")

    with ThreadPoolExecutor(processes) as pool:
        for job in [pool.submit(ask) for _ in range(processes)]:
            job.result()
    return answers


def _worker() -> subprocess.Popen[str]:
    root = str(Path(gptcore.__file__).parent.parent)
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "gptcore.corpus.source_text"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": path},
    )


def _split(
    rows: list[DocumentationRow], config: DocumentationConfig, dropped: Counter[str]
) -> dict[str, list[DocumentationRow]]:
    """Families, then splits, then what must go."""
    texts = shingles(row.text for row in rows)
    groups = families(texts, [f"{row.distribution}:{row.module}" for row in rows])
    places = place(
        texts,
        groups,
        [row.distribution for row in rows],
        [len(row.text) for row in rows],
        validation_share=config.validation_share,
        test_share=config.test_share,
        max_overlap=config.max_overlap,
        seed=config.seed,
    )
    by_split: dict[str, list[DocumentationRow]] = {split: [] for split in SPLITS}
    for row, group, (split, reason) in zip(rows, groups, places, strict=True):
        if reason:
            dropped[reason] += 1
        else:
            by_split[split].append(replace(row, group=group))
    return by_split


def _counts(
    by_split: dict[str, list[DocumentationRow]], dropped: Counter[str], digest: str
) -> dict[str, Any]:
    """What the manifest says of the product."""
    families_seen: Counter[str] = Counter()
    modules: dict[str, set[str]] = defaultdict(set)
    sizes: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SPLITS, 0))
    for split in SPLITS:
        for row in by_split[split]:
            families_seen[row.group] += 1
            modules[row.group].add(row.module)
            sizes[row.distribution][split] += len(row.text.encode())
    largest, documents_in_largest = min(families_seen.items(), key=lambda kv: (-kv[1], kv[0]))
    joined = [families_seen[group] for group, names in modules.items() if len(names) > 1]
    documents = sum(families_seen.values())
    return {
        "documents": documents,
        "bytes": sum(sum(size.values()) for size in sizes.values()),
        "documents_by_split": {split: len(by_split[split]) for split in SPLITS},
        "bytes_by_source": {name: sizes[name] for name in sorted(sizes)},
        "families": len(families_seen),
        "largest_family": {"name": largest, "documents": documents_in_largest},
        "groups": len(joined),
        "largest_group": max(joined, default=0),
        "share_in_groups": round(sum(joined) / documents, 4),
        "dropped": dict(sorted(dropped.items())),
        "corpus_digest": digest,
    }
