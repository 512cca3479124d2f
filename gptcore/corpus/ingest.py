"""Documentation → documents: text as a reader sees it, filtered, free of evaluation text.

The training split is decontaminated against the texts that evaluation will show (prompts and
targets of the validation and test splits), in both directions: a document mostly made of such
texts, and a long document that holds one of them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gptcore.corpus.documents import (
    Document,
    DocumentationRow,
    read_documentation,
    write_documents,
)
from gptcore.corpus.filters import FilterConfig, reason_to_drop
from gptcore.corpus.near_duplicates import Mask, overlaps, shingles
from gptcore.corpus.splits import COMMON, SPLITS
from gptcore.errors import ConfigError, DataError

MADE_OF_HELD_OUT = "made of evaluation text"
HOLDS_HELD_OUT = "holds an evaluation text"


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestConfig:
    """How documentation becomes documents."""

    filters: FilterConfig = field(default_factory=FilterConfig)
    """Applied to every split."""
    max_overlap: float = 0.5
    """A training document is dropped when more than this share of its shingles stands in held-out
    texts, or when it has more than this share of the shingles of one of them."""
    min_shared: int = 6
    """Shingles that a document must share with one held-out text to be said to hold it: six are
    thirteen consecutive words."""

    def __post_init__(self) -> None:
        if not 0 <= self.max_overlap < 1:
            raise ConfigError(f"ingest.max_overlap={self.max_overlap}: must lie in [0, 1)")
        if self.min_shared < 1:
            raise ConfigError(f"ingest.min_shared={self.min_shared}: must be positive")


def ingest(
    config: IngestConfig,
    documentation: Path,
    held_out: Iterable[str],
    out: Path,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> dict[str, Any]:
    """Write ``train``, ``validation`` and ``test.parquet`` of documents into ``out``.

    ``held_out``: prompts and targets that evaluation shows. Returns counts: documents, bytes,
    words, documents_by_split, bytes_by_source (by split), dropped (by reason), held_out_texts.
    Raises ProductError for a missing or broken file, DataError when no training document is left.
    """
    texts = list(held_out)
    dropped: Counter[str] = Counter()
    by_split: dict[str, list[Document]] = {}
    for done, split in enumerate(SPLITS):
        progress(done, len(SPLITS), split)
        kept = _kept(documentation / f"{split}.parquet", config.filters, dropped)
        by_split[split] = kept if split != "train" else _clean(kept, texts, config, dropped)
        write_documents(by_split[split], out / f"{split}.parquet")
    if not by_split["train"]:
        raise DataError(f"{documentation}: no training document is left, dropped {dict(dropped)}")
    progress(len(SPLITS), len(SPLITS), "done")
    return {
        **_counts(by_split),
        "dropped": dict(sorted(dropped.items())),
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


def _kept(path: Path, config: FilterConfig, dropped: Counter[str]) -> list[Document]:
    """Documents of a documentation file whose docstring passes the filters."""
    documents: list[Document] = []
    for row in read_documentation(path):
        reason = reason_to_drop(row.text, config)
        if reason:
            dropped[reason] += 1
        else:
            documents.append(as_document(row))
    return documents


def _clean(
    documents: list[Document], held_out: list[str], config: IngestConfig, dropped: Counter[str]
) -> list[Document]:
    """Training documents that neither are made of held-out text nor hold one of its texts."""
    made_of, holds = _contaminated(documents, held_out, config)
    dropped[MADE_OF_HELD_OUT] += int(made_of.sum())
    dropped[HOLDS_HELD_OUT] += int((holds & ~made_of).sum())
    bad = made_of | holds
    return [document for document, is_bad in zip(documents, bad, strict=True) if not is_bad]


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


def _counts(by_split: dict[str, list[Document]]) -> dict[str, Any]:
    """Documents, words and bytes, and bytes by source and split."""
    sizes: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SPLITS, 0))
    words = 0
    for split, documents in by_split.items():
        for document in documents:
            sizes[document.source][split] += len(document.text.encode())
            words += len(document.text.split())
    return {
        "documents": sum(map(len, by_split.values())),
        "bytes": sum(sum(size.values()) for size in sizes.values()),
        "words": words,
        "documents_by_split": {split: len(by_split[split]) for split in SPLITS},
        "bytes_by_source": {name: sizes[name] for name in sorted(sizes)},
    }
