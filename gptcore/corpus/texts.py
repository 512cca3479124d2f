"""Texts of any origin → documents, split so that nothing leaks from training into evaluation.

Collections of texts repeat themselves: pages are copied, versions of a page differ by a date. So
texts that repeat each other are joined into groups, a group is held out whole, and what a held-out
text still shares with training is dropped with a reason (``splits``, as for documentation).

A long document is divided into parts at ends of paragraphs. In a source of ten documents or more
the parts of one stay together. A source of fewer (one book, say) could not be held out by its
shares, or not at all, so there the parts are documents of their own: a book is then tested on pages
that were not read, but by an author who was. Given groups are never divided.

All texts of a corpus are held in memory while they are compared, about twenty bytes per byte of
text at the peak: a hundred megabytes take 2 GB, ten gigabytes are too much for one machine.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from gptcore.corpus.documents import Document, write_documents
from gptcore.corpus.filters import unspaced
from gptcore.corpus.near_duplicates import Shingles, shingles
from gptcore.corpus.splits import DUPLICATE, SPLITS, families, place
from gptcore.errors import ConfigError, DataError
from gptcore.parts import parts

Progress = Callable[[int, int, str], None]
Dropped: TypeAlias = Counter[tuple[str, str]]
"""(source, reason) → texts."""

TOO_SHORT = "too short"
NOT_TEXT = "not text"
DUPLICATE_ID = "duplicate id"

_FEW = 10
"""A source of fewer documents is held out by parts of documents."""
_FEW_PARTS = 40
"""Parts that the texts of such a source are divided into: two are a share of five per cent."""
_PAGE = 2000
"""Characters; parts that size need not be smaller."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextsConfig:
    """How texts are split."""

    min_characters: int = 40
    """Shorter texts are dropped; characters of scripts without spaces count twice."""
    max_characters: int = 100_000
    """Longer texts are divided into parts."""
    validation_share: float = 0.05
    """Of the text of each source, held out for validation, about."""
    test_share: float = 0.05
    """Of the text of each source, held out for testing, about."""
    max_overlap: float = 0.2
    """Share of a held-out text's shingles that training text may hold."""
    seed: int = 0
    """Of the assignment of groups to splits."""
    must_hold_out: bool = True
    """Refuse texts of which nothing can be held out; False where another corpus is held out."""

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
        if self.max_characters < max(_PAGE, 4 * self.min_characters):
            raise ConfigError(
                f"texts.max_characters={self.max_characters}: give at least {_PAGE}, and four times"
                " min_characters"
            )


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

    A document's group is named after its first text; parts are called ``id#1``, ``id#2``, ….
    Returns counts: documents, bytes, words, documents_by_split, bytes_by_source (by split), dropped
    (by reason), dropped_by_source, divided (texts), and of the distinct texts, before leaks are
    dropped: groups of two or more that repeat each other (or share a given group), texts in the
    largest_group, and share_in_groups. DataError when a source is left without training text, or
    all of them without text for a split that has a share.
    """
    dropped: Dropped = Counter()
    progress(0, 3, "reading")
    whole = _fit(texts, config, dropped)
    kept = [part for part in _divided(whole, config) if not _dropped(part, config, dropped)]
    if not whole and not dropped:
        raise DataError("texts: there is none that can be used")
    had = {text.source for text in kept} | {source for source, _ in dropped}
    check_sources(had, {text.source for text in kept}, dropped)
    progress(1, 3, f"comparing {len(kept)} texts")
    hashed = shingles(text.text for text in kept)
    groups = families(hashed, [text.group or text.id for text in kept])
    progress(2, 3, "splitting")
    distinct = ~hashed.duplicates()
    by_split = _split(kept, hashed, groups, config, dropped)
    check_sources(had, {text.source for text in by_split["train"]}, dropped)
    _check_held_out(by_split, config, len(set(groups)), dropped)
    for split in SPLITS:
        write_documents(by_split[split], out / f"{split}.parquet")
    progress(3, 3, "done")
    group_of = {
        text.id.removesuffix("#1"): group
        for text, group, first in zip(kept, groups, distinct, strict=True)
        if first
    }
    return {
        **sizes(by_split),
        **_grouping([group_of[text.id] for text in whole if text.id in group_of]),
        **drops(dropped),
        "divided": len({text.id for text in whole} - {text.id for text in kept}),
    }


def drops(dropped: Dropped) -> dict[str, Any]:
    """Dropped texts by reason, and by source and reason."""
    reasons: Counter[str] = Counter()
    of: dict[str, dict[str, int]] = defaultdict(dict)
    for (source, reason), n in sorted(dropped.items()):
        reasons[reason] += n
        of[source][reason] = n
    return {"dropped": dict(sorted(reasons.items())), "dropped_by_source": dict(of)}


def check_sources(had: Iterable[str], left: Collection[str], dropped: Dropped) -> None:
    """DataError when of a source that had texts none is left for training."""
    for source in sorted(set(had) - set(left)):
        reasons = drops(dropped)["dropped_by_source"].get(source, {})
        counts = ", ".join(f"{n} {reason}" for reason, n in reasons.items()) or "none"
        raise DataError(
            f"corpus {source!r}: no training document is left of it, dropped: {counts}; "
            "look at its texts, or leave it out"
        )


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


def _fit(texts: Iterable[RawText], config: TextsConfig, dropped: Dropped) -> list[RawText]:
    """Texts that can be used, sorted by id, so that their order in the source does not matter."""
    kept: dict[str, RawText] = {}
    for text in texts:
        if not _dropped(text, config, dropped):
            first = kept.setdefault(text.id, text)
            if first is not text:
                reason = DUPLICATE if first.text == text.text else DUPLICATE_ID
                dropped[text.source, reason] += 1
    return [kept[key] for key in sorted(kept)]


def _dropped(text: RawText, config: TextsConfig, dropped: Dropped) -> bool:
    reason = _unfit(text.text, config.min_characters)
    if reason:
        dropped[text.source, reason] += 1
    return bool(reason)


def _unfit(text: str, min_characters: int) -> str:
    if len(text.strip()) < min_characters and len(text.strip()) + unspaced(text) < min_characters:
        return TOO_SHORT
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return NOT_TEXT
    return NOT_TEXT if "\0" in text else ""


def _divided(texts: Sequence[RawText], config: TextsConfig) -> Iterator[RawText]:
    """Texts, the long ones in parts."""
    total, number, grouped = Counter[str](), Counter[str](), set[str]()
    for text in texts:
        total[text.source] += len(text.text)
        number[text.source] += 1
        if text.group:
            grouped.add(text.source)
    for text in texts:
        few = number[text.source] < _FEW and text.source not in grouped
        size = max(_PAGE, total[text.source] // _FEW_PARTS) if few else config.max_characters
        found = list(parts(text.text, min(size, config.max_characters)))
        if len(found) == 1:
            yield text
            continue
        group = "" if few else text.group or text.id
        for i, part in enumerate(found, start=1):
            yield replace(text, id=f"{text.id}#{i}", text=part, group=group)


def _check_held_out(
    by_split: dict[str, list[Document]], config: TextsConfig, n_groups: int, dropped: Dropped
) -> None:
    """DataError when a split that has a share is empty."""
    wanted = {"validation": config.validation_share, "test": config.test_share}
    empty = [split for split, share in wanted.items() if share and not by_split[split]]
    if empty and config.must_hold_out:
        names = ", ".join(sorted({document.source for document in by_split["train"]}))
        raise DataError(
            f"corpus {names}: no text is left for {' and '.join(empty)}: {n_groups} group(s) of "
            f"texts that must stay together, dropped {drops(dropped)['dropped']}; give at least "
            f"three texts that do not repeat each other, or one of {4 * _PAGE} characters or more"
        )


def _split(
    texts: Sequence[RawText],
    hashed: Shingles,
    groups: Sequence[str],
    config: TextsConfig,
    dropped: Dropped,
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
            dropped[text.source, reason] += 1
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
        "share_in_groups": round(sum(counts) / max(1, len(groups)), 4),
    }
