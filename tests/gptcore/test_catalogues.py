"""Message catalogues of installed distributions: what is read, and that a message stays whole."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.distributions import CATALOGUES
from gptcore.corpus.catalogues import (
    CatalogueConfig,
    collect_catalogues,
    message_key,
    read_entries,
)
from gptcore.corpus.installed import Distribution
from gptcore.corpus.splits import SPLITS
from gptcore.errors import ConfigError

ROOT = Path(__file__).parents[2]
SMALL = Distribution(name="small", version="1.0")

FRENCH = """# A comment
msgid ""
msgstr ""
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

#: small/time.py
#, python-format
msgid "%d day"
msgid_plural "%d days"
msgstr[0] "%d jour"
msgstr[1] ""
"%d "
"jours"

msgid "a day"
msgstr "un \\"jour\\"\\\\"
msgid "kB"
msgstr "Ko"

msgctxt "0 (male)"
msgid "zeroth"
msgstr "e"

#, fuzzy, python-format
msgid "%d weeks"
msgstr "%d mois"

#, fuzzy
#~ msgid "gone away"
#~ msgstr "parti"

msgid "million"
msgid_plural "million"
msgstr[0] "million"
msgstr[1] "millions"

msgid "tomorrow"
msgstr ""

msgid "Two\\nlines here"
msgstr "Deux lignes"

msgid "yesterday"
msgstr "hier"
"""


def _install(site: Path, catalogues: dict[str, str]) -> None:
    """Put a distribution "small" 1.0 with catalogues by locale on disk, as an installer would."""
    names = {locale: f"small/locale/{locale}/LC_MESSAGES/small.po" for locale in catalogues}
    for locale, name in names.items():
        (site / name).parent.mkdir(parents=True)
        (site / name).write_text(catalogues[locale], encoding="utf-8")
    info = site / "small-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: small\nVersion: 1.0\nLicense: MIT\n"
    )
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in [*names.values(), "small.py"]))


def _catalogue(n: int, language: str) -> str:
    return "\n".join(
        f'msgid "say the {word}"\nmsgstr "{language} {word}"\n'
        f'\nmsgid "Say the {word} %d"\nmsgstr "{language} {word} %d"\n'
        for word in ("w" + chr(97 + i // 26) + chr(97 + i % 26) for i in range(n))
    )


def _rows(out: Path) -> dict[str, list[dict[str, Any]]]:
    return {split: pq.read_table(out / f"{split}.parquet").to_pylist() for split in SPLITS}


def test_entries_are_read_as_written() -> None:
    entries = list(read_entries(FRENCH))
    assert [(one.english, one.plural, one.forms) for one in entries] == [
        ("%d day", "%d days", {0: "%d jour", 1: "%d jours"}),
        ("a day", "", {0: 'un "jour"\\'}),
        ("kB", "", {0: "Ko"}),
        ("zeroth", "", {0: "e"}),
        ("%d weeks", "", {0: "%d mois"}),
        ("million", "million", {0: "million", 1: "millions"}),
        ("tomorrow", "", {0: ""}),
        ("Two\nlines here", "", {0: "Deux lignes"}),
        ("yesterday", "", {0: "hier"}),
    ]
    assert [one.english for one in entries if one.fuzzy] == ["%d weeks"]
    assert [one.english for one in entries if one.context] == ["zeroth"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a second", "%d seconds", True),
        ("1 year, %d month", "1 Year, 1 month", True),
        ("%(count)s file", "{n} files", True),
        ("a second", "a minute", False),
        ("%s ago", "%s from now", False),
        ("Bot Name", "Bot", False),
    ],
)
def test_variants_of_a_message_share_a_key(one: str, other: str, same: bool) -> None:
    assert (message_key(one) == message_key(other)) == same


def test_what_is_kept_and_why_the_rest_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, {"fr_FR": FRENCH, "xx": FRENCH})
    monkeypatch.syspath_prepend(str(tmp_path))
    config = CatalogueConfig(distributions=(SMALL,), languages=("French",))
    counts = collect_catalogues(config, tmp_path)
    rows = sorted((row for rows in _rows(tmp_path).values() for row in rows), key=lambda r: r["id"])
    assert [(row["english"], row["translated"], row["group"]) for row in rows] == [
        ("%d day", "%d jour", "day"),
        ("%d days", "%d jours", "day"),
        ("a day", 'un "jour"\\', "day"),
        ("yesterday", "hier", "yesterday"),
    ]
    assert rows[0]["id"] == "small:French:%d day"
    assert {row["language"] for row in rows} == {"French"}
    assert {(row["distribution"], row["licence"]) for row in rows} == {("small", "MIT")}
    assert counts["messages"] == 4
    assert counts["groups"] == 2
    assert counts["dropped"] == {
        "longer than a line": 1,
        "no language: an ordinal, a unit or an abbreviation": 2,
        "not confirmed by its translator": 1,
        "not translated": 1,
        "same as the English": 1,
    }


def test_a_message_stays_whole_in_all_languages_and_the_split_depends_on_the_seed_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, {"fr": _catalogue(40, "fr"), "de": _catalogue(40, "de")})
    monkeypatch.syspath_prepend(str(tmp_path))
    splits = []
    for languages, seed in ((("French", "German"), 0), (("German", "French"), 0), (("French",), 1)):
        config = CatalogueConfig(distributions=(SMALL,), languages=languages, seed=seed)
        counts = collect_catalogues(config, tmp_path)
        rows = _rows(tmp_path)
        groups = {split: {row["group"] for row in rows[split]} for split in SPLITS}
        assert [len(groups[split]) for split in ("train", "validation", "test")] == [28, 6, 6]
        for split in SPLITS:  # two forms in each language
            times = Counter(row["group"] for row in rows[split])
            assert set(times.values()) == {2 * len(languages)}
            assert counts["messages_by_split"][split] == len(rows[split])
        splits.append(groups)
    assert splits[0] == splits[1] != splits[2]


def test_absent_languages_and_nonsense_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, {"fr": FRENCH})
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigError, match=r"\['German'\]: none of the distributions"):
        collect_catalogues(
            CatalogueConfig(distributions=(SMALL,), languages=("French", "German")), tmp_path
        )
    with pytest.raises(ConfigError, match="Klingon.*use some of Catalan"):
        CatalogueConfig(distributions=(SMALL,), languages=("Klingon",))
    with pytest.raises(ConfigError, match="name at least one"):
        CatalogueConfig(distributions=())
    with pytest.raises(ConfigError, match="name some of"):
        CatalogueConfig(distributions=(SMALL,), languages=())
    with pytest.raises(ConfigError, match="hold out at most half"):
        CatalogueConfig(distributions=(SMALL,), test_share=0.6)


def test_the_shipped_catalogues_are_runtime_constraints_and_hold_what_the_task_says(
    tmp_path: Path,
) -> None:
    constraints = (ROOT / "constraints.txt").read_text().splitlines()
    assert {f"{one.name}=={one.version}" for one in CATALOGUES} <= set(constraints)
    counts = collect_catalogues(CatalogueConfig(distributions=CATALOGUES), tmp_path)
    assert counts["groups"] > 200
    assert len(counts["messages_by_language"]) == 10
    rows = _rows(tmp_path)
    assert all(len({row["group"] for row in rows[split]}) >= 30 for split in SPLITS)
    assert len({row["id"] for split in SPLITS for row in rows[split]}) == counts["messages"]
    english = {row["english"] for split in SPLITS for row in rows[split]}
    assert "tomorrow" in english
    assert not {"kB", "th", "st"} & english
