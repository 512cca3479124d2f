"""Labels of a table: what is in it is found, and what is wrong with it is told."""

from pathlib import Path

import pytest

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.kinds import labels_of


def labels(root: Path, raw: bytes, name: str = "labels.csv") -> dict[str, str]:
    (root / name).write_bytes(raw)
    return labels_of(root / name, "label")


def test_every_value_comes_once_and_in_order(tmp_path: Path) -> None:
    expected = {"bug": "bug", "idea": "idea"}
    raw = b"\xef\xbb\xbftext,label,,\na, idea ,,\nb,bug,,\nc,bug,,\nd,,,\n"
    assert labels(tmp_path, raw) == expected
    assert labels(tmp_path, b"text\tlabel\na\tidea\nb\tbug\n", "labels.tsv") == expected
    numbers = b'{"label": 1}\n{"label": 0}\n{"label": null}\n'
    assert labels(tmp_path, numbers, "labels.jsonl") == {"0": "0", "1": "1"}


def test_bad_rows_are_passed_over(tmp_path: Path) -> None:
    raw = b'text,label\ncaf\xe9,noise\na,bug\nb\n"c"d,noise\ne,idea\n'
    assert labels(tmp_path, raw) == {"bug": "bug", "idea": "idea"}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"text,topic\na,b\n", "no column label; it has text, topic"),
        (b"text;label\na;b\n", "no column label; its header is 'text;label', divided by ';'"),
        (b"", "column 'label' has 0 values, none; a choice needs two: add rows, or write the dict"),
        (b"text,label\na,bug\nb,bug\n", "has 1 values, bug; a choice needs two"),
        (b"text,label\na\n", r"0 values, none \(field missing: labels.csv:2: 1 cells"),
        (
            b"text,label\n" + b"".join(b"a,%d\n" % i for i in range(51)),
            r"has more than 50 values \('0', '1', '10' …\), too many .* write the dictionary",
        ),
    ],
)
def test_what_gives_no_labels_is_told(tmp_path: Path, raw: bytes, said: str) -> None:
    with pytest.raises((ConfigError, DataError), match=said):
        labels(tmp_path, raw)


def test_a_missing_file_says_where_the_rows_go(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.csv: put your rows there, with .* 'label'"):
        labels_of(tmp_path / "nothing.csv", "label")
