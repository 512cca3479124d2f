"""Documentation of installed distributions: what is read, what is not, and the same everywhere."""

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from flows.distributions import QUICKSTART, QUICKSTART_DIGEST, TINY
from gptcore.corpus.documentation import (
    Distribution,
    DocumentationConfig,
    collect,
    corpus_digest,
    heading,
)
from gptcore.corpus.documents import DocumentationRow, read_documentation
from gptcore.corpus.installed import find, licence
from gptcore.corpus.near_duplicates import LENGTH, words
from gptcore.corpus.splits import SPLITS
from gptcore.errors import ConfigError, DataError

ROOT = Path(__file__).parents[2]

TEXT = "Describe thing number {} of the package in more than forty characters."
FILES = {
    "small/__init__.py": f'"""{TEXT.format(0)}"""\nraise SystemExit("imported")\n',
    "small/_part.py": f'def f(n: int):\n    """{TEXT.format(1)}"""\ndef short(): "Short."\n',
    "small/again.py": f'def g(n: int):\n    """{TEXT.format(1).upper()}"""\n',
    "small/latin.py": "# coding: latin-1\n'''" + TEXT.format("ä") + "'''\n",
    "small/broken.py": "type X = int\n",
    "small/surrogate.py": f'"""{TEXT.format(2)} \\ud800"""\n',
    "small/gone.py": "",
    "small/version.py": f'"""{TEXT.format(3)}"""\n',
    "small/data-file.py": f'"""{TEXT.format(4)}"""\n',
    "small/tests/test_part.py": f'"""{TEXT.format(5)}"""\n',
    "small/test_part.py": f'"""{TEXT.format(5)}"""\n',
    "small/_vendor/other.py": f'"""{TEXT.format(6)}"""\n',
    "small/builds/here.py": f'"""{TEXT.format(7)}"""\n',
    "small/notes.txt": "",
}


def install(site: Path, files: dict[str, str], metadata: str = "License: MIT") -> None:
    """Put a distribution "small" 1.0+local on disk as an installer would."""
    for name, text in files.items():
        if not name.endswith("gone.py"):
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="latin-1")
    info = site / "small-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: small\nVersion: 1.0+local\n{metadata}\n"
    )
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in [*files, "../../bin/small.py"]))


def config(*distributions: Distribution, **fields: Any) -> DocumentationConfig:
    return DocumentationConfig(distributions=distributions, **fields)


SMALL = Distribution(name="small", version="1.0", skip=("small.builds",))


def test_collect_reads_source_text_and_says_what_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", FILES)
    monkeypatch.syspath_prepend(tmp_path / "site")
    out = tmp_path / "out"
    out.mkdir()
    seen = []
    counts = collect(config(SMALL), out, lambda *done: seen.append(done))
    rows = [row for split in SPLITS for row in read_documentation(out / f"{split}.parquet")]
    assert sorted((row.id, row.kind, row.text) for row in rows) == [
        ("small:small", "module", TEXT.format(0)),
        ("small:small._part.f", "function", TEXT.format(1)),
        ("small:small.latin", "module", TEXT.format("ä")),
    ]
    assert {(row.distribution, row.version, row.licence) for row in rows} == {
        ("small", "1.0", "MIT")
    }
    assert rows[0].group in {"small:small", "small:small._part", "small:small.latin"}
    assert counts["dropped"] == {
        "duplicate": 1,
        "file does not parse": 1,
        "file is generated": 1,
        "file is missing": 1,
        "file is no module": 2,
        "file is skipped": 1,
        "file is vendored": 1,
        "file of tests": 2,
        "not text": 1,
        "too short": 1,
    }
    assert counts["documents"] == 3
    assert counts["corpus_digest"] == corpus_digest(rows)
    assert seen == [(7, 7, "files")]
    assert not list((tmp_path / "site").rglob("__pycache__"))


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("License-Expression: MIT AND 0BSD\nLicense: other", "MIT AND 0BSD"),
        ("License: BSD", "BSD"),
        (
            f"License: {'Permission is hereby granted ' * 9}\n"
            "Classifier: License :: OSI Approved :: BSD License",
            "BSD License",
        ),
        ("Classifier: Topic :: Text", "unknown"),
    ],
)
def test_the_licence_in_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: str, expected: str
) -> None:
    install(tmp_path, {}, metadata)
    monkeypatch.syspath_prepend(tmp_path)
    assert licence(find([SMALL])[0]) == expected


def test_absent_and_different_distributions_are_named_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, FILES)
    monkeypatch.syspath_prepend(tmp_path)
    wanted = [Distribution(name="no-such", version="3"), Distribution(name="small", version="2")]
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ConfigError, match=re.escape("no-such: listed 3, not installed; ")) as error:
        collect(config(*wanted), out)
    assert "small: listed 2, found 1.0+local" in str(error.value)
    assert "make install" in str(error.value)
    assert not list(out.iterdir())


def test_a_corpus_without_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, {"small/__init__.py": ""})
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DataError, match="no docstring"):
        collect(config(SMALL), tmp_path)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"distributions": ()}, "distributions"),
        ({"distributions": (SMALL, SMALL)}, "small"),
        ({"distributions": (SMALL,), "test_share": 0.6}, "test_share=0.6"),
        ({"distributions": (SMALL,), "max_overlap": 1.0}, "max_overlap=1.0"),
        ({"distributions": (SMALL,), "min_characters": 0}, "min_characters=0"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(named)):
        DocumentationConfig(**fields)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[DocumentationRow]], Any]:
    out = tmp_path_factory.mktemp("documentation")
    counts = collect(config(*TINY), out)
    return {s: list(read_documentation(out / f"{s}.parquet")) for s in SPLITS}, counts


def test_every_distribution_is_held_out_in_whole_families(
    tiny: tuple[dict[str, list[DocumentationRow]], Any],
) -> None:
    rows, counts = tiny
    groups = {split: {row.group for row in rows[split]} for split in SPLITS}
    modules = {split: {(r.distribution, r.module) for r in rows[split]} for split in SPLITS}
    for kind in (groups, modules):
        assert sum(map(len, kind.values())) == len(set.union(*kind.values()))
    for sizes in counts["bytes_by_source"].values():
        total = sum(sizes.values())
        assert 0.04 < sizes["validation"] / total < 0.12
        assert 0.04 < sizes["test"] / total < 0.12
    assert counts["bytes"] == sum(len(row.text.encode()) for s in SPLITS for row in rows[s])
    assert counts["largest_family"]["documents"] < 0.05 * counts["documents"]
    assert len({row.id for split in SPLITS for row in rows[split]}) == counts["documents"]


def test_no_held_out_document_repeats_training_text(
    tiny: tuple[dict[str, list[DocumentationRow]], Any],
) -> None:
    def tuples(text: str) -> set[tuple[str, ...]]:
        found = words(text)
        return {tuple(found[i : i + LENGTH]) for i in range(max(1, len(found) - LENGTH + 1))}

    seen: set[tuple[str, ...]] = set()
    for split in SPLITS:
        mine = [tuples(row.text) for row in tiny[0][split]]
        if split != "train":
            assert max(len(one & seen) / len(one) for one in mine) <= 0.2
        seen.update(*mine)


def test_the_same_bytes_whatever_the_processes(tmp_path: Path) -> None:
    digests = []
    for processes in (1, 3):
        out = tmp_path / str(processes)
        out.mkdir()
        collect(config(*TINY[-1:], processes=processes), out)
        files = sorted(out.iterdir())
        assert [f.name for f in files] == [
            "digest.txt", "test.parquet", "train.parquet", "validation.parquet",
        ]  # fmt: skip
        digests.append([hashlib.sha256(f.read_bytes()).hexdigest() for f in files])
    assert digests[0] == digests[1]


def pinned(name: str) -> set[tuple[str, str]]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {tuple(line.split("==", 1)) for line in lines if "==" in line}  # type: ignore[misc]


def test_every_listed_distribution_is_a_pinned_runtime_dependency() -> None:
    runtime = pinned("constraints.txt")
    development = {name for name, _ in pinned("constraints-dev.txt")}
    for listed in (*QUICKSTART, *TINY):
        assert (listed.name, listed.version) in runtime
        assert listed.name not in development
    assert max(Counter(listed.name for listed in QUICKSTART).values()) == 1
    assert set(TINY) <= set(QUICKSTART)


@pytest.mark.slow
def test_the_quickstart_corpus_has_one_digest_everywhere(tmp_path: Path) -> None:
    counts = collect(config(*QUICKSTART), tmp_path)
    assert counts["corpus_digest"] == QUICKSTART_DIGEST
    assert (tmp_path / "digest.txt").read_text().strip() == QUICKSTART_DIGEST
    assert 25e6 < counts["bytes"] < 35e6
    # Joining modules must not make a giant family.
    assert counts["largest_family"]["documents"] < 0.01 * counts["documents"]


def parameter(name: str, annotation: str = "", default: str = "") -> dict[str, str]:
    return {"name": name, "annotation": annotation, "default": default}


LONG = [parameter(f"name{i}", "dict[str, int]", "None") for i in range(12)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": "module", "qualname": ""}, "module d.m"),
        ({"kind": "class", "qualname": "C", "parameters": [parameter("x")]}, "class d.m.C(x)"),
        ({"kind": "property", "qualname": "C.p"}, "property d.m.C.p"),
        ({"kind": "property", "qualname": "C.p", "returns": "int"}, "property d.m.C.p -> int"),
        (
            {
                "parameters": [parameter("x", "int", "3"), parameter("y", "", "3")],
                "returns": "str | None",
            },
            "d.m.f(x: int = 3, y=3) -> str | None",
        ),
        (
            {"kind": "method", "qualname": "C.m", "parameters": [parameter("*args", "int")]},
            "d.m.C.m(*args: int)",
        ),
        ({"parameters": LONG}, f"d.m.f({', '.join(f'name{i}=None' for i in range(12))})"),
    ],
)
def test_the_heading_is_what_documentation_shows(changes: dict[str, Any], expected: str) -> None:
    item = {"kind": "function", "qualname": "f", "parameters": [], "returns": "", **changes}
    assert heading("d.m", item) == expected
