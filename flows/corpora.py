"""Corpora of any source → texts: what crosses from ``tasks_to_text`` to ``gptcore`` as strings."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gptcore.corpus.texts import DUPLICATE_ID, RawText
from tasks_to_text.errors import DataError
from tasks_to_text.records import DOCUMENTS, Bad, Tally, format_of
from tasks_to_text.source import Source
from tasks_to_text.sources import Places, files, iter_records, splits
from tasks_to_text.task import Row, Split

NOT_TEXT = "field is not text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """A collection of texts."""

    source: Source
    """All its splits are read as one collection, which is split anew by what repeats what."""
    text: str = "text"
    """Column of the text; files of text have just this one and ``id``."""
    id: str = ""
    """Column that tells texts apart, in all splits and files together; "", or blank in a row: the
    name of a file that is one text, else a digest of the text."""
    group: str = ""
    """Column of what must not be divided, such as an author; "", or blank in a row: the text is on
    its own."""


def raw_texts(corpora: Mapping[str, Corpus], places: Places, tally: Tally) -> Iterator[RawText]:
    """The texts of all corpora, one after the other, with the corpus as their source.

    Bad rows are counted in ``tally``; DataError when one corpus has too large a share of them, or
    cannot be found (all are looked for before the first is read).
    """
    found = {name: splits(corpus.source, places) for name, corpus in corpora.items()}
    for name, corpus in corpora.items():
        own = Tally()
        for row, bad in _rows(corpus, found[name], places, own):
            if bad:
                own.reject(bad)
            else:
                yield _raw_text(name, corpus, row)
        tally.merge(own)
        own.check(corpus.source.max_bad_share, f"corpus {name!r}")


def _rows(
    corpus: Corpus, names: Iterable[Split], places: Places, tally: Tally
) -> Iterator[tuple[Row, Bad | None]]:
    """Rows of all splits with their key as ``id``, and what is wrong with them."""
    columns = list(dict.fromkeys(filter(None, (corpus.text, corpus.id, corpus.group))))
    paths = files(corpus.source, places)
    is_file = bool(paths) and all(format_of(path) in DOCUMENTS for path in paths)
    texts: dict[str, str] = {}
    for split in names:
        if split in corpus.source.hold_out:  # its rows are among those of train
            continue
        rows = iter_records(corpus.source, split, columns=columns, places=places, tally=tally)
        for number, row in enumerate(rows, start=1):
            text, where = row[corpus.text], f"{split}, row {number}"
            if not isinstance(text, str):
                yield row, Bad(reason=NOT_TEXT, where=f"{where}: {corpus.text}={text!r:.60}")
                continue
            digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
            key = _cell(row, corpus.id or ("id" if is_file else "")) or digest
            if texts.setdefault(key, digest) == digest:
                yield {**row, "id": key}, None
            else:
                yield row, Bad(reason=DUPLICATE_ID, where=f"{where}: {corpus.id or 'id'}={key!r}")


def _cell(row: Row, column: str) -> str:
    """A cell as text, "" when it is blank or there is no such column."""
    value = row.get(column) if column else None
    return "" if value is None or value != value else str(value).strip()


def _raw_text(name: str, corpus: Corpus, row: Row) -> RawText:
    key, group = row["id"], _cell(row, corpus.group)
    try:
        key.encode()
    except UnicodeEncodeError:  # only the name of a file can be like that
        raise DataError(
            f"corpus {name!r}: the name of the file {key!a} is not UTF-8: rename it"
        ) from None
    return RawText(
        id=f"{name}:{key}",
        text=row[corpus.text],
        source=name,
        licence=corpus.source.licence,
        version=corpus.source.revision,
        group=f"{name}:{group}" if group else "",
    )
