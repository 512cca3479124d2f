"""Messages of installed packages in several languages: English and its translation, with a split.

Packages that speak to people carry catalogues (GNU gettext, ``.po``): each entry is an English
message and what a translator made of it. They are read as text; an entry marked *fuzzy* is one that
its translator has not confirmed, and is left out, as by gettext itself.

The split is by entry, never by string: all languages, plural forms and variants of a message (other
numbers, placeholders or case: "a second", "%d seconds") are one group and stay together.
"""

import csv
import importlib.metadata
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gptcore.corpus.installed import Distribution, find, licence
from gptcore.corpus.splits import SPLITS
from gptcore.errors import ConfigError

LANGUAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Catalan": ("ca", "ca_ES"),
        "Danish": ("da", "da_DK"),
        "Dutch": ("nl", "nl_NL"),
        "French": ("fr", "fr_FR"),
        "German": ("de", "de_DE"),
        "Italian": ("it", "it_IT"),
        "Norwegian": ("nb", "nb_NO"),
        "Portuguese": ("pt_BR",),
        "Spanish": ("es", "es_ES"),
        "Swedish": ("sv", "sv_SE"),
    }
)
"""Languages that can be read, by their English names, and the locales that they are looked for
under: in Latin script, with one plural form (Portuguese is that of Brazil, which more packages
have)."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogueConfig:
    """Which catalogues are read and how their messages are split."""

    distributions: tuple[Distribution, ...]
    """At least one."""
    languages: tuple[str, ...] = tuple(LANGUAGES)
    """Names in ``LANGUAGES``, at least one."""
    validation_share: float = 0.15
    """Of the groups of messages of a distribution."""
    test_share: float = 0.15
    """Of the groups of messages of a distribution."""
    seed: int = 0
    """Of the split."""

    def __post_init__(self) -> None:
        if not self.distributions:
            raise ConfigError("distributions=(): name at least one that has catalogues")
        if unknown := sorted(set(self.languages) - set(LANGUAGES)):
            raise ConfigError(f"languages={unknown}: use some of {', '.join(LANGUAGES)}")
        if not self.languages:
            raise ConfigError(f"languages=(): name some of {', '.join(LANGUAGES)}")
        shares = (self.validation_share, self.test_share)
        if min(shares) < 0 or sum(shares) > 0.5:
            raise ConfigError(
                f"validation_share={shares[0]} and test_share={shares[1]}: hold out at most half"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Translation:
    """A message in English and in one other language."""

    id: str
    """``distribution:language:message``."""
    group: str
    """Its message, whatever its language, number and form."""
    language: str
    """English name."""
    english: str
    translated: str
    distribution: str
    licence: str


def collect_catalogues(
    config: CatalogueConfig, out: Path, progress: Progress = lambda done, total, what: None
) -> dict[str, Any]:
    """Write ``train``, ``validation`` and ``test.parquet`` of translations into ``out``.

    Returns counts: messages (pairs), by split and by language, groups, dropped (by reason). Raises
    ConfigError when a distribution is absent or at another version, or a language is in none.
    """
    dropped: Counter[str] = Counter()
    rows: list[Translation] = []
    installed = find(config.distributions)
    for done, (wanted, found) in enumerate(zip(config.distributions, installed, strict=True), 1):
        short = licence(found)
        for language, path in _files(wanted, found, config.languages):
            entries = read_entries(path.read_text(encoding="utf-8"))
            rows += _translations(entries, wanted.name, short, language, dropped)
        progress(done, len(config.distributions), "catalogues")
    absent = sorted(set(config.languages) - {row.language for row in rows})
    if absent:
        raise ConfigError(f"languages={absent}: none of the distributions has a catalogue for them")
    split = _split(rows, config)
    for name in SPLITS:
        _write([row for row in rows if split[row.group] == name], out / f"{name}.parquet")
    return {
        "messages": len(rows),
        "messages_by_split": {s: sum(split[row.group] == s for row in rows) for s in SPLITS},
        "messages_by_language": dict(sorted(Counter(row.language for row in rows).items())),
        "groups": len(split),
        "dropped": dict(sorted(dropped.items())),
    }


def _files(
    wanted: Distribution, installed: importlib.metadata.Distribution, languages: Sequence[str]
) -> Iterator[tuple[str, Path]]:
    """Language and catalogue, in the order of ``languages``; the first of its locales counts."""
    record = installed.read_text("RECORD")
    if record is None:
        raise ConfigError(
            f"distribution {wanted.name}: it has no list of its files; reinstall it with "
            "`make install`"
        )
    by_locale: dict[str, list[str]] = defaultdict(list)
    for name in sorted(row[0] for row in csv.reader(record.splitlines()) if row):
        parts = PurePosixPath(name).parts
        if name.endswith(".po") and len(parts) > 2 and parts[-2] == "LC_MESSAGES":
            by_locale[parts[-3]].append(name)
    for language in languages:
        locale = next((one for one in LANGUAGES[language] if one in by_locale), "")
        for name in by_locale.get(locale, ()):
            yield language, Path(str(installed.locate_file(name)))


# ------------------------------------------------------------------------------------- .po files


@dataclass(slots=True)
class Entry:
    """An entry of a catalogue, as it is written."""

    context: str = ""
    english: str = ""
    plural: str = ""
    forms: dict[int, str] = field(default_factory=dict)
    """The translation: form 0, and further plural forms."""
    fuzzy: bool = False


_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*$')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d+)\])?\s+(?=\")")
_FIRST = ("msgctxt", "msgid")


def read_entries(text: str) -> Iterator[Entry]:
    """Entries of a ``.po`` file in its order, without its header and without obsolete ones.

    >>> [one.forms for one in read_entries('msgid "a day"\\nmsgstr "un "\\n"jour"')]
    [{0: 'un jour'}]
    """
    entry, slot = Entry(), ("", 0)
    for line in (*text.splitlines(), "#"):
        keyword = _KEYWORD.match(line)
        ends = not line.strip() or line.startswith("#") or (keyword and keyword[1] in _FIRST)
        if entry.forms and ends:
            if entry.english:
                yield entry
            entry = Entry()
        if not line.strip():
            entry.fuzzy = False
        if line.startswith("#,"):
            entry.fuzzy = "fuzzy" in line
        if keyword:
            slot = (keyword[1], int(keyword[2] or 0))
        quoted = _QUOTED.search(line) if keyword or line.startswith('"') else None
        if quoted:
            _append(entry, *slot, _ESCAPE.sub(lambda e: _ESCAPES.get(e[1], e[1]), quoted[1]))


def _append(entry: Entry, keyword: str, form: int, text: str) -> None:
    if keyword == "msgctxt":
        entry.context += text
    elif keyword == "msgid":
        entry.english += text
    elif keyword == "msgid_plural":
        entry.plural += text
    elif keyword == "msgstr":
        entry.forms[form] = entry.forms.get(form, "") + text


# ------------------------------------------------------------------------------------ which count

_WORD = re.compile(r"(?<![A-Za-z])[A-Za-z][a-z]{2,}(?![A-Za-z])")
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}")
_LITTLE = frozenset({"a", "an", "and", "ago", "from", "now", "of", "the"})
_LONG = 200


def message_key(english: str) -> str:
    """What all variants of a message share: its words, without numbers, case, plural or order.

    >>> message_key("a second") == message_key("%d Seconds"), message_key("%s ago")
    (True, '%s ago')
    """
    words = re.findall(r"[a-z]+", _PLACEHOLDER.sub(" ", english).casefold())
    stems = {word.removesuffix("s") if len(word) > 3 else word for word in words}
    return " ".join(sorted(stems - _LITTLE)) or " ".join(english.casefold().split())


def _translations(
    entries: Iterator[Entry],
    distribution: str,
    short: str,
    language: str,
    dropped: Counter[str],
) -> Iterator[Translation]:
    """Messages of one catalogue that are language, and translated; one English text counts once."""
    seen: set[str] = set()
    for entry in entries:
        pairs = {entry.english: entry.forms.get(0, "")}
        if entry.plural and len(entry.forms) == 2:
            pairs.setdefault(entry.plural, entry.forms.get(1, ""))
        for english, translated in pairs.items():
            reason = "repeated" if english in seen else _unfit(entry, english, translated)
            seen.add(english)
            if reason:
                dropped[reason] += 1
                continue
            yield Translation(
                id=f"{distribution}:{language}:{english}",
                group=message_key(english),
                language=language,
                english=english,
                translated=translated,
                distribution=distribution,
                licence=short,
            )


def _unfit(entry: Entry, english: str, translated: str) -> str:
    """Why a pair is left out; "" when it stays."""
    if entry.context or not _WORD.search(_PLACEHOLDER.sub(" ", english)):
        return "no language: an ordinal, a unit or an abbreviation"
    if entry.fuzzy:
        return "not confirmed by its translator"
    if not translated.strip():
        return "not translated"
    if translated.casefold() == english.casefold():
        return "same as the English"
    if len(english) > _LONG or "\n" in english + translated:
        return "longer than a line"
    return ""


# ------------------------------------------------------------------------------------------ split


def _split(rows: Sequence[Translation], config: CatalogueConfig) -> dict[str, str]:
    """Group → split. Within each distribution groups are held out in the order of a seeded hash; a
    group that several have belongs to the first of them."""
    first: dict[str, str] = {}
    for row in rows:
        first.setdefault(row.group, row.distribution)
    members: dict[str, list[str]] = defaultdict(list)
    for group in sorted(first, key=lambda name: _hash(config.seed, name)):
        members[first[group]].append(group)
    split = dict.fromkeys(first, "train")
    for groups in members.values():
        n_test = round(config.test_share * len(groups))
        n_validation = round(config.validation_share * len(groups))
        split |= dict.fromkeys(groups[:n_test], "test")
        split |= dict.fromkeys(groups[n_test : n_test + n_validation], "validation")
    return split


def _hash(seed: int, name: str) -> bytes:
    return blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()


def _write(rows: Sequence[Translation], path: Path) -> None:
    schema = pa.schema([(one.name, pa.string()) for one in fields(Translation)])
    table = pa.Table.from_pylist([asdict(row) for row in rows], schema=schema)
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)
