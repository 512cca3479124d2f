"""Documentation and collections of texts → documents: filtered, free of evaluation text.

Where there are several inputs, each split by itself, what a document repeats of another input goes.

The training split is decontaminated against the texts that evaluation will show (prompts and
targets of the validation and test splits), in both directions: a document mostly made of such
texts, and a long document that holds one of them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gptcore.corpus.documents import (
    Document,
    DocumentationRow,
    read_documentation,
    read_documents,
    write_documents,
)
from gptcore.corpus.filters import FilterConfig, reason_to_drop
from gptcore.corpus.near_duplicates import Mask, overlaps, shingles
from gptcore.corpus.splits import COMMON, SPLITS, leaks
from gptcore.corpus.texts import Dropped, check_sources, drops, sizes
from gptcore.errors import ConfigError, DataError

MADE_OF_HELD_OUT = "made of evaluation text"
HOLDS_HELD_OUT = "holds an evaluation text"


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestConfig:
    """How documentation and collections become documents."""

    filters: FilterConfig = field(default_factory=FilterConfig)
    """Applied to every split."""
    max_overlap: float = 0.5
    """A training document is dropped when more than this share of its shingles stands in held-out
    texts, or when it has more than this share of the shingles of one of them."""
    min_shared: int = 6
    """Shingles that a document must share with one held-out text to be said to hold it: six are
    thirteen consecutive words."""
    max_leak: float = 0.2
    """Of several inputs: share of a held-out document's shingles that training text may hold."""

    def __post_init__(self) -> None:
        for name in ("max_overlap", "max_leak"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"ingest.{name}={getattr(self, name)}: must lie in [0, 1)")
        if self.min_shared < 1:
            raise ConfigError(f"ingest.min_shared={self.min_shared}: must be positive")


def ingest(
    config: IngestConfig,
    documentation: Path | None,
    collections: Sequence[Path],
    held_out: Iterable[str],
    out: Path,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> dict[str, Any]:
    """Write ``train``, ``validation`` and ``test.parquet`` of documents into ``out``.

    ``documentation`` is a product of ``documentation.collect``, ``collections`` are products of
    ``texts.collect_texts``, ``held_out`` prompts and targets that evaluation shows. Returns counts:
    documents, bytes, words, documents_by_split, bytes_by_source (by split), dropped (by reason),
    dropped_by_source, held_out_texts. Raises ConfigError without any input, ProductError for a
    missing or broken file, DataError when no training document is left, or none of a collection's
    source.
    """
    if documentation is None and not collections:
        raise ConfigError("corpora: there is none; name a collection, or take the documentation")
    texts = list(held_out)
    dropped: Dropped = Counter()
    collected: set[str] = set()
    by_split: dict[str, list[Document]] = {}
    for done, split in enumerate(SPLITS):
        progress(done, len(SPLITS) + 1, f"reading {split}")
        read = _read(documentation, collections, f"{split}.parquet", collected)
        by_split[split] = list(_kept(read, config.filters, dropped))
    progress(len(SPLITS), len(SPLITS) + 1, "comparing with what evaluation shows")
    if len(collections) + (documentation is not None) > 1:
        by_split = _without_leaks(by_split, config.max_leak, dropped)
    by_split["train"] = _clean(by_split["train"], texts, config, dropped)
    if not by_split["train"]:
        inputs = ", ".join(map(str, filter(None, [documentation, *collections])))
        reasons = drops(dropped)["dropped"]
        raise DataError(f"{inputs}: no training document is left, dropped {reasons}")
    check_sources(collected, {document.source for document in by_split["train"]}, dropped)
    for split in SPLITS:
        write_documents(by_split[split], out / f"{split}.parquet")
    progress(len(SPLITS) + 1, len(SPLITS) + 1, "done")
    return {
        **sizes(by_split),
        **drops(dropped),
        "held_out_texts": len(texts),
    }


def as_document(row: DocumentationRow) -> Document:
    """A documentation row as a reader sees it: ``heading: docstring``.

    The colon, not white space, marks where the description begins, so that a prompt can end in it.
    """
    return Document(
        id=row.id,
        text=f"{row.heading}: {row.text}",
        source=row.distribution,
        version=row.version,
        licence=row.licence,
        group=row.group,
    )


def _read(
    documentation: Path | None, collections: Sequence[Path], name: str, collected: set[str]
) -> Iterator[tuple[str, Document]]:
    """Documents of one split of all inputs, each with the text that the filters judge.

    Sources of the collections are added to ``collected``.
    """
    if documentation is not None:
        for row in read_documentation(documentation / name):
            yield row.text, as_document(row)
    for collection in collections:
        for document in read_documents(collection / name):
            collected.add(document.source)
            yield document.text, document


def _kept(
    documents: Iterable[tuple[str, Document]], config: FilterConfig, dropped: Dropped
) -> Iterator[Document]:
    """Documents whose text passes the filters."""
    for text, document in documents:
        reason = reason_to_drop(text, config)
        if reason:
            dropped[document.source, reason] += 1
        else:
            yield document


def _without_leaks(
    by_split: dict[str, list[Document]], limit: float, dropped: Dropped
) -> dict[str, list[Document]]:
    """Documents without those that repeat others, in their split or in an earlier one."""
    documents = [document for split in SPLITS for document in by_split[split]]
    splits = [split for split in SPLITS for _ in by_split[split]]
    reasons = leaks(shingles(document.text for document in documents), splits, limit)
    kept: dict[str, list[Document]] = {split: [] for split in SPLITS}
    for document, split, reason in zip(documents, splits, reasons, strict=True):
        if reason:
            dropped[document.source, reason] += 1
        else:
            kept[split].append(document)
    return kept


def _clean(
    documents: list[Document], held_out: list[str], config: IngestConfig, dropped: Dropped
) -> list[Document]:
    """Training documents that neither are made of held-out text nor hold one of its texts."""
    made_of, holds = _contaminated(documents, held_out, config)
    kept = []
    for document, is_made_of, is_holding in zip(documents, made_of, holds, strict=True):
        if is_made_of or is_holding:
            reason = MADE_OF_HELD_OUT if is_made_of else HOLDS_HELD_OUT
            dropped[document.source, reason] += 1
        else:
            kept.append(document)
    return kept


def _contaminated(
    documents: list[Document], held_out: list[str], config: IngestConfig
) -> tuple[Mask, Mask]:
    """Masks over the documents: made of held-out text; holding one held-out text."""
    n = len(documents)
    both = shingles([*(document.text for document in documents), *held_out])
    is_held_out = np.arange(n + len(held_out)) >= n
    made_of = both.containment(both.held_by(is_held_out))[:n] > config.max_overlap
    # Wording that many prompts share (the template's) is common, and no part of any of them.
    owners = np.where(is_held_out, np.arange(n + len(held_out)) - n, -1)
    found = overlaps(both, owners, COMMON)
    itself = found.texts == found.owners + n
    own = np.zeros(len(held_out), dtype=np.int64)
    own[found.owners[itself]] = found.shared[itself]
    enough = (found.shared >= config.min_shared) & (
        found.shared > config.max_overlap * own[found.owners]
    )
    holds = np.zeros(n, dtype=bool)
    holds[found.texts[enough & (found.texts < n)]] = True
    return made_of, holds
