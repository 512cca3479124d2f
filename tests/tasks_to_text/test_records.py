"""Readers of files: what was written is read, and every kind of bad row is counted by reason."""

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks_to_text.errors import DataError
from tasks_to_text.records import MAX_FIELD_BYTES, Bad, Record, Tally, read_file
from tasks_to_text.task import Rejected

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda raw: raw,
    ".gz": gzip.compress,
    ".zst": lambda raw: pa.compress(raw, codec="zstd", asbytes=True),
}
SUFFIXES = st.sampled_from(list(PACKERS))

unicode = st.text(st.characters(codec="utf-8"), max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | unicode,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(unicode, inner, max_size=3),
    max_leaves=6,
)


def zstd(raw: bytes) -> bytes:
    """A whole frame: ``pa.compress`` writes the same, but without a checksum."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(raw)
    return bytes(sink.getvalue())


def read(directory: Path, name: str, raw: bytes, columns: Sequence[str] = ()) -> list[Record | Bad]:
    path = directory / name
    path.write_bytes(raw)
    return list(read_file(path, name, columns))


def reasons(rows: list[Record | Bad]) -> list[str]:
    return [row.reason if isinstance(row, Bad) else "" for row in rows]


def only_bad(rows: list[Record | Bad]) -> Bad:
    found = [row for row in rows if isinstance(row, Bad)]
    assert len(found) == 1
    return found[0]


# ---------------------------------------------------------------------------------- round trips


@settings(deadline=None, max_examples=60)
@given(st.lists(st.dictionaries(unicode, values, max_size=4), max_size=6), SUFFIXES, st.booleans())
def test_json_lines_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Record], suffix: str, ascii_only: bool
) -> None:
    text = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows)
    raw = PACKERS[suffix](text.encode())
    directory = tmp_path_factory.mktemp("rows")
    assert read(directory, f"rows.jsonl{suffix}", raw) == rows


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(unicode, unicode), max_size=6), SUFFIXES)
def test_tables_are_read_as_they_were_written_but_for_line_ends(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], suffix: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("one", "two words"), *rows])
    raw = PACKERS[suffix](text.getvalue().encode())
    directory = tmp_path_factory.mktemp("rows")
    expected = [
        {"one": one.replace("\r\n", "\n"), "two words": two.replace("\r\n", "\n")}
        for one, two in rows
    ]
    assert read(directory, f"rows.csv{suffix}", raw) == expected


one_line = st.text(st.characters(codec="utf-8", exclude_characters="\t\r\n"), max_size=40)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(one_line, one_line), max_size=6), SUFFIXES)
def test_between_tabs_every_line_is_a_row_quotes_and_all(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], suffix: str
) -> None:
    text = "".join(f"{one}\t{two}\n" for one, two in [("one", "two words"), *rows])
    directory = tmp_path_factory.mktemp("rows")
    found = read(directory, f"rows.tsv{suffix}", PACKERS[suffix](text.encode()))
    assert found == [{"one": one, "two words": two} for one, two in rows]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": unicode,
                "n": st.none() | st.integers(-(2**63), 2**63 - 1),
                "nested": st.lists(st.fixed_dictionaries({"name": unicode}), max_size=3),
                "raw": st.binary(max_size=5),
            }
        ),
        min_size=1,
        max_size=6,
    ),
    SUFFIXES,
)
def test_parquet_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Record], suffix: str
) -> None:
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("n", pa.int64()),
            ("nested", pa.list_(pa.struct([("name", pa.string())]))),
            ("raw", pa.binary()),
        ]
    )
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink)
    raw = PACKERS[suffix](sink.getvalue())
    directory = tmp_path_factory.mktemp("rows")
    assert read(directory, f"rows.parquet{suffix}", raw) == rows
    some = [{"id": row["id"], "n": row["n"]} for row in rows]
    assert list(read_file(directory / f"rows.parquet{suffix}", "rows", ["n"])) == some


@settings(deadline=None, max_examples=40)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\ufeff")),
    SUFFIXES,
    st.sampled_from([".txt", ".md"]),
)
def test_a_text_file_is_one_record(
    tmp_path_factory: pytest.TempPathFactory, text: str, suffix: str, ending: str
) -> None:
    directory = tmp_path_factory.mktemp("rows")
    raw = PACKERS[suffix](text.encode())
    name = f"page{ending}{suffix}"
    assert read(directory, name, raw, ["text"]) == [{"id": name, "text": text}]


def test_a_byte_order_mark_and_the_line_ends_of_windows_are_not_text(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    assert read(tmp_path, "a.txt", mark + b"one\r\ntwo") == [{"id": "a.txt", "text": "one\ntwo"}]
    assert read(tmp_path, "a.jsonl", mark + b'{"a": 1}\r\n\r\n{"a": 2}') == [{"a": 1}, {"a": 2}]
    assert read(tmp_path, "a.csv", mark + b"a,b\r\n1,2\r\n\r\n3,4") == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": "4"},
    ]


def test_files_of_one_format_are_told_by_their_last_suffixes(tmp_path: Path) -> None:
    assert read(tmp_path, "train-1.of.2.JSONL", b'{"a": 1}\n') == [{"a": 1}]
    assert read(tmp_path, "empty.jsonl", b"") == []
    assert read(tmp_path, "empty.csv", b"") == []
    with pytest.raises(DataError, match=r"a\.xlsx: only \.txt, \.md, \.jsonl"):
        read(tmp_path, "a.xlsx", b"")
    with pytest.raises(DataError, match=r"nowhere\.jsonl cannot be read \(No such file"):
        list(read_file(tmp_path / "nowhere.jsonl", "nowhere.jsonl"))


# -------------------------------------------------------------------------------------- bad rows

GOOD = b'{"id": "1", "text": "one"}\n'


@pytest.mark.parametrize(
    ("line", "reason", "said"),
    [
        (b'{"text": "caf\xe9"}', "not UTF-8", "a.jsonl:2: byte 13"),
        (b'{"text": "\xed\xa0\x80"}', "not UTF-8", "a.jsonl:2"),
        (b'{"text": "one"', "not JSON", 'a.jsonl:2: {"text": "one"'),
        (b"[1, 2]", "not JSON", "no object"),
        (b"[" * 100_000, "not JSON", "a.jsonl:2"),
        (b'{"text": ' + b"9" * 5000 + b"}", "not JSON", "a.jsonl:2"),
        (rb'{"text": "a \ud800 b"}', "lone surrogate", "a.jsonl:2"),
        (rb'{"text": "", "more": {"\udc00": 1}}', "lone surrogate", "a.jsonl:2"),
        (rb'{"text": "", "more": ["\ud83d", "x"]}', "lone surrogate", "a.jsonl:2"),
        (b'{"text": "' + b"x" * 10_000_000 + b'"}', "field too long", "a.jsonl:2"),
        (b'{"id": "2", "txet": "one"}', "field missing", "no text; it has id, txet"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_bad_line_costs_one_row(tmp_path: Path, line: bytes, reason: str, said: str) -> None:
    rows = read(tmp_path, "a.jsonl", GOOD + line + b"\n" + GOOD, ["text"])
    assert reasons(rows) == ["", reason, ""]
    assert said in only_bad(rows).where
    assert len(only_bad(rows).where) < 300


def test_a_pair_of_escaped_surrogates_is_a_character(tmp_path: Path) -> None:
    assert read(tmp_path, "a.jsonl", rb'{"t": "\ud83d\ude00"}') == [{"t": "😀"}]


def test_a_field_may_be_as_long_as_the_limit(tmp_path: Path) -> None:
    text = "é" * (MAX_FIELD_BYTES // 2)
    for over, expected in ((text, ""), (text + "x", "field too long")):
        assert reasons(read(tmp_path, "a.jsonl", json.dumps({"t": over}).encode())) == [expected]
        assert reasons(read(tmp_path, "a.csv", f"t\n{over}\n".encode())) == [expected]
        assert reasons(read(tmp_path, "a.txt", over.encode())) == [expected]
        pq.write_table(pa.table({"t": ["", over, ""]}), tmp_path / "a.parquet")
        found = reasons(list(read_file(tmp_path / "a.parquet", "a")))
        assert found == ["", expected, ""]


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    raw = gzip.compress(b'{"a": "' + bytes(150_000_000) + b'"}\n' + GOOD, 1)
    assert reasons(read(tmp_path, "a.jsonl.gz", raw)) == ["field too long", ""]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"1,caf\xe9\n2,x", ["not UTF-8", ""]),
        (b"1\n2,x", ["field missing", ""]),
        (b"1,x,y\n2,x", ["field missing", ""]),
        (b'1,"x"y\n2,x', ["not CSV", ""]),
        (b'1,"never closed\n2,x\n3,y', ["not CSV", "not CSV", "not CSV"]),
        (b"1," + b"x" * 10_000_000 + b"\n2,x", ["field too long", ""]),
        (b'1,"two\nlines"\n2,x', ["", ""]),
    ],
    ids=["not UTF-8", "few cells", "many cells", "quote", "open quote", "long", "two lines"],
)
def test_a_bad_row_of_a_table_costs_itself(
    tmp_path: Path, lines: bytes, expected: list[str]
) -> None:
    assert reasons(read(tmp_path, "a.csv", b"id,text\n" + lines + b"\n")) == expected


def test_a_header_that_is_none_is_refused(tmp_path: Path) -> None:
    for raw, said in (
        (b"id,caf\xe9\n1,2\n", "a.csv: its first line is no header"),
        (b"id,text\n1,2\n", "a.csv: no column label; it has id, text"),
        (b"label,id,label\n1,2,3\n", "a.csv: column label stands in its header twice"),
    ):
        with pytest.raises(DataError, match=said):
            read(tmp_path, "a.csv", raw, ["label"])
    with pytest.raises(DataError, match=r"a\.txt: no column label; it has id, text"):
        read(tmp_path, "a.txt", b"text", ["label"])
    assert reasons(read(tmp_path, "a.txt", b"caf\xe9")) == ["not UTF-8"]


def test_a_header_with_other_delimiters_says_so(tmp_path: Path) -> None:
    for name, raw, said in (
        ("a.csv", b"text;label\n", r"no column label; its header is 'text;label', divided by ';'"),
        ("a.csv", b"text\tlabel\n", "divided by tabs"),
        ("a.tsv", b"text,label\n", "divided by commas: divide by commas in .csv and by tabs in"),
    ):
        with pytest.raises(DataError, match=said):
            read(tmp_path, name, raw, ["label"])


def test_columns_without_a_name_are_nothing(tmp_path: Path) -> None:
    raw = b"text,label,,\na,b,,\nc,d\ne,f,note,\ng\nh,i,,,more\nj,k,,,\n"
    for columns in ((), ("text",)):
        rows = read(tmp_path, "a.csv", raw, columns)
        assert reasons(rows) == ["", "", "", "field missing", "field missing", ""]
        assert rows[2] == {"text": "e", "label": "f"}
    assert reasons(read(tmp_path, "a.csv", b",,\n1,,\n")) == [""]


def test_only_wanted_columns_may_not_stand_twice(tmp_path: Path) -> None:
    raw = b"text,note,note\na,b,c\n"
    (row,) = read(tmp_path, "a.csv", raw, ["text"])
    assert isinstance(row, dict) and row["text"] == "a"
    for columns in ((), ("note",)):
        with pytest.raises(DataError, match="column note stands in its header twice"):
            read(tmp_path, "a.csv", raw, columns)


def test_text_of_parquet_that_is_none_costs_its_row(tmp_path: Path) -> None:
    texts = pa.array([b"one", b"caf\xe9", b"three"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    rows = list(read_file(tmp_path / "a.parquet", "a.parquet", ["text"]))
    assert rows[::2] == [{"text": "one"}, {"text": "three"}]
    assert only_bad(rows) == Bad(reason="not UTF-8", where="a.parquet: row 2")
    with pytest.raises(DataError, match=r"a\.parquet: no column label; it has text"):
        list(read_file(tmp_path / "a.parquet", "a.parquet", ["label"]))


def test_a_broken_parquet_file_is_named(tmp_path: Path) -> None:
    sink = io.BytesIO()
    pq.write_table(
        pa.table({"t": [str(i**3) for i in range(50_000)]}), sink, write_page_checksum=True
    )
    raw = bytearray(sink.getvalue())
    raw[5000:6000] = bytes(1000)
    for bad in (b"PAR1 no Parquet PAR1", bytes(raw), b""):
        for suffix, pack in PACKERS.items():
            with pytest.raises(DataError, match=rf"a\.parquet{suffix} cannot be read as Parquet"):
                read(tmp_path, f"a.parquet{suffix}", pack(bad))


# -------------------------------------------------------------------------------------- archives


def many_rows() -> bytes:
    draw = random.Random(0)
    return b"".join(b'{"t": "%x"}\n' % draw.getrandbits(400) for _ in range(40_000))


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstd)])
@pytest.mark.parametrize("cut", [0, 2, 10, -1_000_000, -5])
def test_the_rows_before_the_end_of_a_torn_archive_come_and_then_its_name(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes], cut: int
) -> None:
    rows = read(tmp_path, f"a.jsonl{suffix}", pack(many_rows())[:cut])
    assert set(reasons(rows[:-1])) <= {""}
    assert only_bad(rows).reason == "truncated archive"
    assert f"a.jsonl{suffix}" in only_bad(rows).where
    if cut == -1_000_000:
        assert 1000 < len(rows) < 40_000


@pytest.mark.parametrize("name", ["a.csv.gz", "a.txt.gz", "a.parquet.gz", "a.tsv.zst"])
def test_a_torn_archive_of_any_format_is_one(tmp_path: Path, name: str) -> None:
    pack = gzip.compress if name.endswith("gz") else zstd
    raw = pack(b"one line\n" * 500 + many_rows())[:-100]
    assert reasons(read(tmp_path, name, raw))[-1] == "truncated archive"


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstd)])
def test_archives_may_be_joined_and_no_archive_is_none(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    assert len(read(tmp_path, f"a.jsonl{suffix}", pack(GOOD) + pack(GOOD))) == 2
    assert reasons(read(tmp_path, f"a.jsonl{suffix}", GOOD)) == ["truncated archive"]


# ----------------------------------------------------------------------------------------- tally


def tally(kept: int, *bad: str) -> Tally:
    found = Tally(kept=kept)
    for number, reason in enumerate(bad):
        found.add(Bad(reason=reason, where=f"a.jsonl:{number}"))
    return found


def test_the_share_of_bad_rows_decides() -> None:
    found = tally(97, *["not JSON"] * 2, "not UTF-8")
    assert (found.bad, found.reasons) == (3, {"not JSON": 2, "not UTF-8": 1})
    found.check(0.03, "train")
    with pytest.raises(DataError) as error:
        found.check(0.029, "task 'x', split 'train'")
    assert str(error.value) == (
        "task 'x', split 'train': 3 of 100 rows are bad (3.00%, allowed are 2.90%): 2 not JSON, "
        "1 not UTF-8. The first: not JSON: a.jsonl:0; not JSON: a.jsonl:1; not UTF-8: a.jsonl:2. "
        "Repair them, or allow more with max_bad_share"
    )
    Tally().check(0.0, "nothing")


def test_a_rejected_record_is_no_longer_good() -> None:
    found = tally(10)
    found.reject(Rejected(reason="label out of range", where="row 3"))
    assert (found.kept, found.bad, found.examples) == (9, 1, ["label out of range: row 3"])


def test_no_share_excuses_a_torn_archive_which_is_named_however_late_it_came() -> None:
    torn = tally(10_000, *["not JSON"] * 6, "truncated archive")
    merged = tally(1, *["not UTF-8"] * 6)
    merged.merge(torn)
    for found in (torn, merged):
        with pytest.raises(DataError, match=r"corpus 'x': truncated archive: a\.jsonl:6; the rest"):
            found.check(0.99, "corpus 'x'")
    assert (merged.kept, merged.bad) == (10_001, 13)
    assert len(merged.examples) == 6


def test_reading_streams(tmp_path: Path) -> None:
    """The first row comes although the end of the file cannot be read."""
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(many_rows())[:-100])
    rows: Any = read_file(tmp_path / "a.jsonl.gz", "a.jsonl.gz")
    assert set(next(rows)) == {"t"}
