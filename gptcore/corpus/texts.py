"""Texts of any origin → documents, split so that nothing leaks from training into evaluation.

Collections of texts repeat themselves: pages are copied, versions of a page differ by a date. So
texts that repeat each other are joined into groups, a group is held out whole, and what a held-out
text still shares with training is dropped with a reason (``splits``, as for documentation).

All texts of a corpus are held in memory while they are compared, about twenty bytes per byte of
text at the peak: a hundred megabytes take 2 GB, ten gigabytes are too much for one machine.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gptcore.corpus.documents import Document, write_documents
from gptcore.corpus.near_duplicates import Shingles, shingles
from gptcore.corpus.splits import DUPLICATE, SPLITS, families, place
from gptcore.errors import ConfigError, DataError

Progress = Callable[[int, int, str], None]

TOO_SHORT = "too short"
NOT_TEXT = "not text"
DUPLICATE_ID = "duplicate id"


@dataclass(frozen=True, kw_only=True, slots=True)
class TextsConfig:
    """How texts are split."""

    min_characters: int = 40
    """Shorter texts are dropped."""
    validation_share: float = 0.05
    """Of the text of each source, held out for validation, about."""
    test_share: float = 0.05
    """Of the text of each source, held out for testing, about."""
    max_overlap: float = 0.2
    """Share of a held-out text's shingles that training text may hold."""
    seed: int = 0
    """Of the assignment of groups to splits."""

    def __post_init__(self) -> None:
        for name in ("validation_share", "test_share", "max_overlap"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"texts.{name}={getattr(self, name)}: must lie in [0, 1)")
        if self.validation_share + self.test_share > 0.5:
            raise ConfigError(
                f"texts.validation_share={self.validation_share}, test_share={self.test_share}: "
                "hold out at most half"
            )
        if self.min_characters < 1:
            raise ConfigError(f"texts.min_characters={self.min_characters}: must be positive")


@dataclass(frozen=True, kw_only=True, slots=True)
class RawText:
    """A text as its source has it."""

    id: str
    """Unique among all texts of a corpus, stable over runs."""
    text: str
    source: str
    """What it was taken from; every source is held out by the same shares."""
    licence: str
    version: str
    group: str = ""
    """Texts of one group (an author, a site) stay in one split; "": it is on its own."""


def collect_texts(
    config: TextsConfig,
    texts: Iterable[RawText],
    out: Path,
    progress: Progress = lambda done, total, what: None,
) -> dict[str, Any]:
    """Write ``train``, ``validation`` and ``test.parquet`` of documents into ``out``.

    A document's group is named after its first text. Returns counts: documents, bytes, words,
    documents_by_split, bytes_by_source (by split), dropped (by reason), and of the distinct texts,
    before leaks are dropped: groups of two or more that repeat each other (or share a given group),
    texts in the largest_group, and share_in_groups. DataError when no training text is left.
    """
    dropped: Counter[str] = Counter()
    progress(0, 3, "reading")
    kept = _fit(texts, config, dropped)
    if not kept:
        raise DataError(f"texts: there is none that can be used, dropped {dict(dropped)}")
    progress(1, 3, f"comparing {len(kept)} texts")
    hashed = shingles(text.text for text in kept)
    groups = families(hashed, [text.group or text.id for text in kept])
    progress(2, 3, "splitting")
    later = hashed.duplicates()
    by_split = _split(kept, hashed, groups, config, dropped)
    if not by_split["train"]:
        raise DataError(f"texts: no training text is left of {len(kept)}, dropped {dict(dropped)}")
    for split in SPLITS:
        write_documents(by_split[split], out / f"{split}.parquet")
    progress(3, 3, "done")
    return {
        **sizes(by_split),
        **_grouping([group for group, again in zip(groups, later, strict=True) if not again]),
        "dropped": dict(sorted(dropped.items())),
    }


def sizes(by_split: dict[str, list[Document]]) -> dict[str, Any]:
    """Documents, words and bytes, and bytes by source and split."""
    of: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SPLITS, 0))
    words = 0
    for split, documents in by_split.items():
        for document in documents:
            of[document.source][split] += len(document.text.encode())
            words += len(document.text.split())
    return {
        "documents": sum(map(len, by_split.values())),
        "bytes": sum(sum(size.values()) for size in of.values()),
        "words": words,
        "documents_by_split": {split: len(by_split[split]) for split in SPLITS},
        "bytes_by_source": {name: of[name] for name in sorted(of)},
    }


def _fit(texts: Iterable[RawText], config: TextsConfig, dropped: Counter[str]) -> list[RawText]:
    """Texts that can be used, sorted by id, so that their order in the source does not matter."""
    kept: dict[str, RawText] = {}
    for text in texts:
        reason = _unfit(text.text, config.min_characters)
        if not reason and (first := kept.setdefault(text.id, text)) is not text:
            reason = DUPLICATE if first.text == text.text else DUPLICATE_ID
        if reason:
            dropped[reason] += 1
    return [kept[key] for key in sorted(kept)]


def _unfit(text: str, min_characters: int) -> str:
    if len(text.strip()) < min_characters:
        return TOO_SHORT
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return NOT_TEXT
    return NOT_TEXT if "\0" in text else ""


def _split(
    texts: Sequence[RawText],
    hashed: Shingles,
    groups: Sequence[str],
    config: TextsConfig,
    dropped: Counter[str],
) -> dict[str, list[Document]]:
    """Groups to splits, then what must go."""
    places = place(
        hashed,
        groups,
        [text.source for text in texts],
        [len(text.text) for text in texts],
        validation_share=config.validation_share,
        test_share=config.test_share,
        max_overlap=config.max_overlap,
        seed=config.seed,
    )
    by_split: dict[str, list[Document]] = {split: [] for split in SPLITS}
    for text, group, (split, reason) in zip(texts, groups, places, strict=True):
        if reason:
            dropped[reason] += 1
        else:
            by_split[split].append(_document(text, group))
    return by_split


def _document(text: RawText, group: str) -> Document:
    return Document(
        id=text.id,
        text=text.text,
        source=text.source,
        version=text.version,
        licence=text.licence,
        group=group,
    )


def _grouping(groups: Sequence[str]) -> dict[str, Any]:
    """How much of the texts repeats other texts."""
    counts = [n for n in Counter(groups).values() if n > 1]
    return {
        "groups": len(counts),
        "largest_group": max(counts, default=1),
        "share_in_groups": round(sum(counts) / len(groups), 4),
    }
