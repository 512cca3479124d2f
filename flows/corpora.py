"""Corpora of any source → texts: what crosses from ``tasks_to_text`` to ``gptcore`` as strings."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gptcore.corpus.texts import RawText
from tasks_to_text.records import Bad, Tally
from tasks_to_text.source import Source
from tasks_to_text.sources import Places, iter_records, splits
from tasks_to_text.task import Row

NOT_TEXT = "field is not text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """A collection of texts."""

    source: Source
    """All its splits are read as one collection, which is split anew by what repeats what."""
    text: str = "text"
    """Column of the text; files of text have just this one and ``id``."""
    id: str = ""
    """Column that tells texts apart; "": ``id`` or, where there is none, a digest of the text."""
    group: str = ""
    """Column of what must not be divided, such as an author; "": every text is on its own."""


def raw_texts(corpora: Mapping[str, Corpus], places: Places, tally: Tally) -> Iterator[RawText]:
    """The texts of all corpora, one after the other, with the corpus as their source.

    Bad rows are counted in ``tally``; DataError when one corpus has too large a share of them, or
    cannot be found (all are looked for before the first is read).
    """
    found = {name: splits(corpus.source, places) for name, corpus in corpora.items()}
    for name, corpus in corpora.items():
        own = Tally()
        columns = list(dict.fromkeys(filter(None, (corpus.text, corpus.id, corpus.group))))
        for split in found[name]:
            if split in corpus.source.hold_out:  # its rows are among those of train
                continue
            rows = iter_records(corpus.source, split, columns=columns, places=places, tally=own)
            for number, row in enumerate(rows, start=1):
                if isinstance(row[corpus.text], str):
                    yield _raw_text(name, corpus, row)
                else:
                    where = f"{split}, row {number}: {corpus.text}={row[corpus.text]!r:.60}"
                    own.reject(Bad(reason=NOT_TEXT, where=where))
        tally.merge(own)
        own.check(corpus.source.max_bad_share, f"corpus {name!r}")


def _raw_text(name: str, corpus: Corpus, row: Row) -> RawText:
    text, key = row[corpus.text], row.get(corpus.id or "id")
    if key is None:
        key = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    group = row.get(corpus.group) if corpus.group else None
    return RawText(
        id=f"{name}:{key}",
        text=text,
        source=name,
        licence=corpus.source.licence,
        version=corpus.source.revision,
        group="" if group is None else f"{name}:{group}",
    )
