"""Sources: what is meant is found, or an error says what to do; held-out rows stay held out."""

import gzip
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.held_out import drawn
from tasks_to_text.records import Tally
from tasks_to_text.source import Source
from tasks_to_text.sources import (
    Places,
    files,
    fingerprint,
    iter_rows,
    read_rows,
    splits,
)

MakeSource = Callable[..., Path]
ROWS = [{"id": str(i), "text": f"text {i}", "more": [{"name": "x"}]} for i in range(5)]
NOWHERE = Places()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def write(root: Path, **texts: str) -> Path:
    """Files by name, ``__`` for the dot and ``_in_`` for the directory that they are in."""
    for name, text in texts.items():
        path = root / name.replace("_in_", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def names(root: Path, source: Source, places: Places = NOWHERE) -> list[str]:
    return [path.relative_to(root).as_posix() for path in files(source, places)]


# ---------------------------------------------------------------------------------- declarations


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"splits": ["train"]}, r"source.splits=\['train'\]: give a dictionary, split → file"),
        ({"splits": {"train": 1}}, r"source.splits=\{'train': 1\}: give a dictionary"),
        (
            {"splits": {"train": "a"}, "hold_out": {"test": "0.1"}},
            r"source.hold_out=\{'test': '0.1'\}: give a dictionary, split → share",
        ),
        ({"limit": "5"}, "source.limit='5': give a whole number"),
        ({"limit": True}, "source.limit=True: give a whole number"),
        ({"limit": 1.5}, "source.limit=1.5: give a whole number"),
        ({"max_bad_share": "1%"}, "source.max_bad_share='1%': give a number"),
        ({"path": Path("a")}, r"source.path=PosixPath\('a'\): give text, such as 'data/"),
        ({"licence": None}, "source.licence=None: give text"),
    ],
)
def test_a_value_of_another_type_is_named(given_: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Source(**{"path": "a", **given_})


# ------------------------------------------------------------------------------------------- rows


def test_rows_come_in_order_with_the_named_columns(
    make_source: MakeSource, no_network: None
) -> None:
    source = Source(path=str(make_source(train=ROWS, test=ROWS[3:])))
    assert read_rows(source, "test", columns=["text", "more"], places=NOWHERE) == [
        {"text": "text 3", "more": [{"name": "x"}]},
        {"text": "text 4", "more": [{"name": "x"}]},
    ]
    assert read_rows(source, "train", columns=[], places=NOWHERE) == ROWS
    assert splits(source, NOWHERE) == ("train", "test")


def test_paths_are_relative_to_the_project_mirrors_to_the_mirror(tmp_path: Path) -> None:
    write(tmp_path, project_in_a_in_train__csv="x\n1\n", mirror_in_b_in_train__csv="x\n2\n")
    places = Places(
        project=tmp_path / "project",
        mirror=tmp_path / "mirror",
        products={"documentation": tmp_path / "mirror/b"},
    )
    for source, value in (
        (Source(path="a"), "1"),
        (Source(path="a/train.csv"), "1"),
        (Source(path=str(tmp_path / "mirror/b")), "2"),
        (Source(mirror="b"), "2"),
        (Source(hub="some/rows", mirror="b"), "2"),
        (Source(product="documentation"), "2"),
    ):
        assert read_rows(source, "train", columns=["x"], places=places) == [{"x": value}]


def test_nothing_lands_in_the_home_directory(
    make_source: MakeSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    source = Source(path=str(make_source(train=ROWS)))
    read_rows(source, "train", columns=["id"], places=NOWHERE)
    assert list(home.iterdir()) == []


def test_a_limit_is_of_rows_per_split_and_what_is_behind_it_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, train__jsonl='{"x": 1}\n{"x": 2}\nno JSON\n', test__jsonl='{"x": 3}\n')
    source = Source(path=str(tmp_path), limit=2)
    rows = {
        split: read_rows(source, split, columns=["x"], places=NOWHERE)
        for split in ("train", "test")
    }
    assert rows == {"train": [{"x": 1}, {"x": 2}], "test": [{"x": 3}]}


def test_an_id_comes_once_in_a_split(tmp_path: Path) -> None:
    rows = [{"id": 1, "x": "a"}, {"id": 2, "x": "b"}, {"id": 1, "x": "c"}, {"id": None, "x": "d"}]
    text = "".join(json.dumps(row) + "\n" for row in [*rows, rows[-1]])
    write(tmp_path, train__jsonl=text, test__jsonl=text)
    source = Source(path=str(tmp_path))
    for split in ("train", "test"):
        tally = Tally()
        found = read_rows(source, split, columns=["x"], id="id", places=NOWHERE, tally=tally)
        assert [row["x"] for row in found] == ["a", "b", "d", "d"]
        assert tally.reasons == {"duplicate id": 1} and tally.kept == 4
        assert tally.examples[0].endswith(f"{split}: 1")
        found = read_rows(source, split, columns=["x"], places=NOWHERE)  # no id is named
        assert [row["x"] for row in found] == ["a", "b", "c", "d", "d"]


def test_bad_rows_below_the_share_are_skipped_and_above_it_named(tmp_path: Path) -> None:
    write(tmp_path, train__jsonl='{"x": 1}\n' * 98 + "no JSON\n" + '{"y": 1}\n')
    few = Source(path=str(tmp_path), max_bad_share=0.02)
    assert len(read_rows(few, "train", columns=["x"], places=NOWHERE)) == 98
    rows = iter_rows(Source(path=str(tmp_path)), "train", columns=["x"], places=NOWHERE)
    assert next(rows) == {"x": 1}  # streaming: the error comes at the end
    with pytest.raises(
        DataError,
        match=r"split 'train': 2 of 100 rows are bad \(2.00%.*1 field missing, 1 not JSON.*"
        r"train\.jsonl:99: no JSON; field missing: train\.jsonl:100: no x; it has y",
    ):
        list(rows)
    tally = Tally()
    assert len(read_rows(few, "train", columns=["x"], places=NOWHERE, tally=tally)) == 98
    assert (tally.kept, tally.bad) == (98, 2)


def test_a_torn_archive_fails_whatever_the_share(tmp_path: Path) -> None:
    lines = "".join(f'{{"x": {i}}}\n' for i in range(300_000))
    (tmp_path / "train.jsonl.gz").write_bytes(gzip.compress(lines.encode(), 1)[:-10])
    source = Source(path=str(tmp_path), max_bad_share=0.9)
    with pytest.raises(DataError, match=r"truncated archive: train\.jsonl\.gz"):
        read_rows(source, "train", columns=["x"], places=NOWHERE)


# ------------------------------------------------------------------------------------------ files


def test_a_name_means_its_files_here_and_in_data(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{"train__csv": "x\n1\n", "train-00001__csv": "x\n2\n", "data_in_train-2__csv__gz": ""},
        README__md="about",
        trainer__csv="x\n",
        _hidden="",
    )
    (tmp_path / ".train.csv").write_text("x\n")
    (tmp_path / "data/train-2.csv.gz").write_bytes(gzip.compress(b"x\n3\n"))
    source = Source(path=str(tmp_path), splits={"train": "train"})
    found = ["data/train-2.csv.gz", "train-00001.csv", "train.csv"]
    assert names(tmp_path, source) == found
    rows = read_rows(source, "train", columns=["x"], places=NOWHERE)
    assert [row["x"] for row in rows] == ["3", "2", "1"]
    assert list(fingerprint(source, NOWHERE)) == found


def test_splits_are_read_under_the_names_of_the_source_or_by_pattern(tmp_path: Path) -> None:
    write(
        tmp_path,
        dev__tsv="x\ndev\n",
        a_in_2023__tsv="x\n1\n",
        a_in_b_in_2024__tsv="x\n2\n",
        a_in_b_in_c__txt="text",
    )
    source = Source(path=str(tmp_path), splits={"validation": "dev", "train": "**/20*.tsv"})
    assert splits(source, NOWHERE) == ("train", "validation")
    assert names(tmp_path, source) == ["a/2023.tsv", "a/b/2024.tsv", "dev.tsv"]
    for name, said in (("*.csv", r"matches \*\.csv; it holds a, dev\.tsv"), ("", "pattern ''")):
        with pytest.raises(DataError, match=said):
            files(Source(path=str(tmp_path), splits={"train": name}), NOWHERE)


def test_a_file_that_is_called_like_a_pattern_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "labels [1].csv").write_text("x\n1\n")
    write(tmp_path, **{"labels 1__csv": "x\n2\n"})
    for path in (tmp_path, tmp_path / "labels [1].csv"):
        source = Source(path=str(path), splits={"train": "labels [1].csv"})
        assert read_rows(source, "train", columns=["x"], places=NOWHERE) == [{"x": "1"}]
    source = Source(path=str(tmp_path), splits={"train": "labels [0-9].csv"})
    assert read_rows(source, "train", columns=["x"], places=NOWHERE) == [{"x": "2"}]


def test_a_name_of_a_split_never_means_a_file_without_a_suffix(tmp_path: Path) -> None:
    write(tmp_path, train="no table", train__csv="x\n1\n")
    assert names(tmp_path, Source(path=str(tmp_path), splits={"train": "train"})) == ["train.csv"]


def test_a_directory_without_names_of_splits_is_all_train(tmp_path: Path) -> None:
    write(tmp_path, a__txt="one", b_in_c_in_d__md="two", b_in_e__rst="no format")
    write(tmp_path / ".git", a__txt="hidden")
    source = Source(path=str(tmp_path))
    assert splits(source, NOWHERE) == ("train",)
    rows = read_rows(source, "train", columns=["text"], places=NOWHERE)
    assert rows == [{"text": "one"}, {"text": "two"}]


def test_one_file_is_the_split_that_is_named(tmp_path: Path) -> None:
    write(tmp_path, reviews__csv="x\n1\n", test__csv="x\n1\n", notes__rst="")
    path = str(tmp_path / "reviews.csv")
    assert splits(Source(path=path), NOWHERE) == ("train",)
    assert splits(Source(path=str(tmp_path / "test.csv")), NOWHERE) == ("test",)
    for named in ("reviews.csv", "reviews", "*.csv"):
        assert splits(Source(path=path, splits={"test": named}), NOWHERE) == ("test",)
    for named in ("anything", "*.jsonl", "review", ""):
        with pytest.raises(DataError, match=r"is one file, and splits=.* names another: give 'rev"):
            files(Source(path=path, splits={"test": named}), NOWHERE)
    with pytest.raises(DataError, match="is one file, and splits train, test are asked of it"):
        files(Source(path=path, splits={"train": "a", "test": "b"}), NOWHERE)
    with pytest.raises(DataError, match=r"notes\.rst cannot be read; use \.txt"):
        files(Source(path=str(tmp_path / "notes.rst")), NOWHERE)


@pytest.mark.parametrize(
    ("texts", "splits_", "said"),
    [
        ({"train__csv": "", "train__jsonl": ""}, {}, r"several formats, \.csv, \.jsonl"),
        ({"a__csv": "", "b__md": ""}, {}, r"several formats, \.csv, \.txt"),
        ({"train__csv": "", "train__csv__gz": ""}, {}, "train.csv both plain and compressed"),
        ({"test__md": "", "a__md": "", "b__txt": ""}, {}, "has test.md, but also a.md, b.txt: say"),
        ({"a__xlsx": ""}, {"train": "*.xlsx"}, r"'\*\.xlsx' matches a\.xlsx; use \.txt"),
        ({"a__xlsx": ""}, {}, r"has no file to read; it holds a\.xlsx; formats are \.txt"),
        ({}, {}, "has no file to read; it holds nothing"),
        ({"a__csv": ""}, {"train": "/etc/*.csv"}, "give one relative to this directory"),
        ({"a__csv": ""}, {"train": "train"}, r"matches train\.\* or train-\*\.\* or data/train"),
    ],
)
def test_what_could_be_understood_in_two_ways_or_in_none_is_refused(
    tmp_path: Path, texts: dict[str, str], splits_: dict[str, str], said: str
) -> None:
    root = tmp_path / "source"
    root.mkdir()
    with pytest.raises(DataError, match=said):
        files(Source(path=str(write(root, **texts)), splits=splits_), NOWHERE)


def test_links_are_followed_once_and_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", a__txt="one")
    root = write(tmp_path / "source", b__txt="two")
    (root / "linked").symlink_to(outside)
    (outside / "back").symlink_to(root)
    (root / "again.txt").symlink_to(root / "b.txt")
    assert names(root, Source(path=str(root))) == ["again.txt", "linked/a.txt"]
    (root / "lost.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"lost\.txt is a link to nothing"):
        files(Source(path=str(root)), NOWHERE)


def test_the_fingerprint_follows_the_bytes(tmp_path: Path) -> None:
    source = Source(path=str(write(tmp_path, train__csv="x\n1\n", test__csv="x\n2\n")))
    before = fingerprint(source, NOWHERE)
    assert list(before) == ["test.csv", "train.csv"]
    write(tmp_path, train__csv="x\n3\n")
    after = fingerprint(source, NOWHERE)
    assert after["test.csv"] == before["test.csv"] and after["train.csv"] != before["train.csv"]
    one = fingerprint(Source(path=str(tmp_path / "train.csv")), NOWHERE)
    assert one == {"train.csv": after["train.csv"]}
    assert fingerprint(Source(product="documentation"), NOWHERE) == {}
    assert fingerprint(Source(hub="a/b"), NOWHERE) == {"hub": "a/b", "revision": "unverified"}
    pinned = Source(hub="a/b", revision="0" * 40)
    assert fingerprint(pinned, NOWHERE) == {"hub": "a/b", "revision": "0" * 40}


# ----------------------------------------------------------------------------------------- errors


def test_what_is_not_there_is_named(make_source: MakeSource, tmp_path: Path) -> None:
    root = make_source(train=ROWS)
    mirrored = Places(mirror=root)
    for source, places, said in (
        (Source(path=str(tmp_path / "no")), NOWHERE, "there is no .*/no; name a file or a dir"),
        (Source(path="relative"), NOWHERE, "relative to what"),
        (Source(mirror="a"), NOWHERE, "is read from a mirror: name one with --data"),
        (Source(mirror="a"), mirrored, "there is no .*/a"),
        (Source(hub="a/b", mirror="a"), mirrored, "there is no .*/a"),
        (Source(product="documentation"), NOWHERE, "no product 'documentation' is made here"),
        (Source(path=str(root)), NOWHERE, "has no split 'test' in .*; it has train: name its"),
    ):
        with pytest.raises(DataError, match=said):
            read_rows(source, "test", columns=["id"], places=places)
    with pytest.raises(DataError, match="no column documented; it has id, text, more"):
        read_rows(Source(path=str(root)), "train", columns=["documented"], places=NOWHERE)


def test_nothing_leads_out_of_a_mirror(tmp_path: Path) -> None:
    write(tmp_path, secret__csv="x\n1\n", mirror_in_a_in_train__csv="x\n1\n")
    places = Places(mirror=tmp_path / "mirror")
    for source in (
        Source(mirror="../secret.csv"),
        Source(mirror="a/../../secret.csv"),
        Source(mirror=str(tmp_path / "secret.csv")),
        Source(mirror="a", splits={"train": "../../*.csv"}),
    ):
        with pytest.raises(ConfigError, match="stay inside the mirror"):
            files(source, places)


def test_a_split_without_rows_is_named(make_source: MakeSource) -> None:
    root = make_source(train=ROWS)
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), root / "train.parquet")
    with pytest.raises(DataError, match="split 'train' has no rows"):
        read_rows(Source(path=str(root)), "train", columns=["id"], places=NOWHERE)


# --------------------------------------------------------------------------------------- held out

SHARES: Mapping[str, float] = {"validation": 0.2, "test": 0.1}


def held_out(root: Path, **named: Any) -> dict[str, list[Any]]:
    source = Source(path=str(root), splits={"train": "train"}, hold_out=SHARES)
    assert splits(source, NOWHERE) == ("train", "validation", "test")
    return {
        split: list(iter_rows(source, split, places=NOWHERE, **named))
        for split in splits(source, NOWHERE)
    }


def test_held_out_rows_are_every_row_once_by_group_whatever_their_order(tmp_path: Path) -> None:
    rows = [f'{{"author": "{i % 300}", "x": {i}}}\n' for i in range(3000)]
    found = held_out(write(tmp_path, train__jsonl="".join(rows)), columns=["x"], group="author")
    assert sorted(row["x"] for split in found.values() for row in split) == list(range(3000))
    groups = {split: {row["x"] % 300 for row in of} for split, of in found.items()}
    assert sum(map(len, groups.values())) == 300
    assert 40 < len(groups["validation"]) < 80 and 15 < len(groups["test"]) < 45
    write(tmp_path, train__jsonl="".join(rows[::-1][1000:]))
    fewer = held_out(tmp_path, columns=["x"], group="author")
    for split, of in fewer.items():
        assert {row["x"] % 300 for row in of} == groups[split]


def test_without_a_group_rows_are_drawn_by_their_id_or_their_content(tmp_path: Path) -> None:
    rows = "".join(f'{{"id": "{i}", "x": "{i}"}}\n' for i in range(500))
    found = held_out(write(tmp_path, train__jsonl=rows), columns=["x"], id="id")
    for split, of in found.items():
        assert of and all(drawn(row["x"], SHARES) == split for row in of)
    copies = "".join(f'{{"x": "{i % 100}"}}\n' for i in range(500))
    found = held_out(write(tmp_path, train__jsonl=copies), columns=["x"])
    values = [{row["x"] for row in of} for of in found.values()]
    assert sum(map(len, values)) == len(set().union(*values)) == 100


def test_whatever_columns_are_read_the_same_records_are_held_out(tmp_path: Path) -> None:
    rows = "".join(f'{{"id": "{i}", "x": "{i}", "y": "{i % 3}"}}\n' for i in range(500))
    write(tmp_path, train__jsonl=rows)
    pq.write_table(pa.table({"x": [str(i) for i in range(500)], "y": [1] * 500}), tmp_path / "t")
    (tmp_path / "parquet").mkdir()
    (tmp_path / "t").rename(tmp_path / "parquet/train.parquet")
    for root in (tmp_path, tmp_path / "parquet"):
        one, both = held_out(root, columns=["x"]), held_out(root, columns=["x", "y"])
        for split, of in one.items():
            assert of and set(of[0]) == {"x"}
            assert [row["x"] for row in of] == [row["x"] for row in both[split]]


def test_what_is_bad_in_train_is_counted_alike_for_what_is_held_out(tmp_path: Path) -> None:
    write(tmp_path, train__jsonl='{"x": 1}\n' * 990 + "".join('{"x": 2}\n' * 5) + "bad\n" * 5)
    source = Source(path=str(tmp_path), splits={"train": "train"}, hold_out={"test": 0.01})
    tally = Tally()
    list(iter_rows(source, "test", columns=["x"], places=NOWHERE, tally=tally))
    assert (tally.kept, tally.bad) == (995, 5)


@given(st.text(), st.integers(0, 3))
def test_a_larger_share_takes_from_train_alone(group: str, seed: int) -> None:
    small = drawn(group, {"test": 0.1}, seed)
    assert small in ("train", "test")
    if small == "test":
        assert drawn(group, {"test": 0.2}, seed) == "test"
        assert drawn(group, SHARES, seed) == "test"


# -------------------------------------------------------------------------------------------- Hub


def test_a_dataset_of_the_hub_is_pinned_by_a_whole_commit(no_network: None) -> None:
    source = Source(hub="someone/something")
    with pytest.raises(DataError, match="revision='' is not verified; pin .* 40 hexadecimal"):
        read_rows(source, "train", columns=["id"], places=NOWHERE)
    with pytest.raises(DataError, match="is not verified"):
        splits(source, NOWHERE)
    with pytest.raises(ConfigError, match="40 hexadecimal digits"):
        Source(hub="someone/something", revision="main")
    assert files(source, NOWHERE) == []


CALLS = """
import sys, time
from tasks_to_text.errors import DataError
from tasks_to_text.source import Source
from tasks_to_text.sources import Places, read_rows, resolve_revision, splits
source = Source(hub="someone/something", revision="0" * 40)
start = time.monotonic()
for call in (
    lambda: read_rows(source, "train", columns=["id"], places=Places()),
    lambda: splits(source, Places()),
    lambda: resolve_revision("someone/something"),
):
    try:
        call()
    except DataError as error:
        print(error)
assert time.monotonic() - start < 10
"""


def said_of_the_hub_at(address: str) -> list[str]:
    """Messages of reading rows, asking for splits and for the revision of a Hub at an address."""
    environment = {**os.environ, "HF_ENDPOINT": address}
    environment.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run(
        [sys.executable, "-c", CALLS], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_hub_that_cannot_be_reached_is_an_error_soon() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    lines = said_of_the_hub_at(address)
    assert len(lines) == 3
    for line in lines:
        assert line.startswith("source 'someone/something': the Hub cannot be reached (")
        assert line.endswith("); name a mirror with --data, or a local directory")
        assert "refused" in line


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (404, "RepoNotFound", "the Hub has no such dataset, or not for you; look at its address"),
        (404, "RevisionNotFound", "the Hub has no revision '0000"),
        (500, "", "the Hub cannot be reached ("),
    ],
)
def test_what_the_hub_refuses_is_told_in_one_line(status: int, code: str, said: str) -> None:
    """The real client, against a server that answers as the Hub does."""

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        lines = said_of_the_hub_at(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert len(lines) == 3
    assert all(said in line for line in lines[:2])
