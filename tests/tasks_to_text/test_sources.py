"""Reading a directory in the Hub's layout: offline, nothing left behind, one clear error each."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks_to_text.errors import DataError
from tasks_to_text.sources import read_rows

MakeSource = Callable[..., Path]
ROWS = [{"id": str(i), "text": f"text {i}", "more": [{"name": "x"}]} for i in range(5)]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_rows_come_in_order_with_the_named_columns(
    make_source: MakeSource, no_network: None
) -> None:
    source = make_source(train=ROWS, test=ROWS[3:])
    assert read_rows(source, "test", columns=["text", "more"]) == [
        {"text": "text 3", "more": [{"name": "x"}]},
        {"text": "text 4", "more": [{"name": "x"}]},
    ]
    assert [row["id"] for row in read_rows(str(source), "train", columns=["id"])] == list("01234")


def test_nothing_lands_in_the_home_directory(
    make_source: MakeSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    read_rows(make_source(train=ROWS), "train", columns=["id"])
    assert list(home.iterdir()) == []


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'.*nowhere' is no directory"):
        read_rows(tmp_path / "nowhere", "train", columns=["id"])
    with pytest.raises(DataError, match=r"'\./nowhere' is no directory"):
        read_rows("./nowhere", "train", columns=["id"])


def test_an_empty_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="doesn't contain any data files"):
        read_rows(tmp_path, "train", columns=["id"])


def test_a_missing_split_is_named(make_source: MakeSource) -> None:
    with pytest.raises(DataError, match="split 'validation' cannot be read"):
        read_rows(make_source(train=ROWS), "validation", columns=["id"])


def test_an_empty_split_is_named(make_source: MakeSource) -> None:
    source = make_source(train=ROWS)
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), source / "train.parquet")
    with pytest.raises(DataError, match="split 'train' has no rows"):
        read_rows(source, "train", columns=["id"])


def test_a_missing_column_is_named(make_source: MakeSource) -> None:
    with pytest.raises(DataError, match="no column documented; it has id, text, more"):
        read_rows(make_source(train=ROWS), "train", columns=["id", "documented"])


def test_a_broken_file_is_named(make_source: MakeSource) -> None:
    source = make_source(train=ROWS)
    (source / "train.parquet").write_bytes(b"PAR1 this is no Parquet file PAR1")
    with pytest.raises(DataError, match="split 'train' cannot be read"):
        read_rows(source, "train", columns=["id"])


def test_a_dataset_of_the_hub_is_pinned_by_a_whole_commit() -> None:
    for revision in (None, "main", "abc123"):
        with pytest.raises(DataError, match="40 hexadecimal digits"):
            read_rows("someone/something", "train", columns=["id"], revision=revision)
