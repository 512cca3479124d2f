"""Summaries and scores of the clean and the dirty part, against figures worked out by hand."""

import json
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks_to_text.clean_and_dirty import by_task, is_dirty, part_scores
from tasks_to_text.contamination import EvaluationText, Found, Holder, Overlap, find_overlaps
from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.overlaps import OVERLAPS, SCHEMA, SUMMARY, read_overlaps, write_overlaps
from tasks_to_text.scored import Item


def overlap(example_id: str, n_grams: int, n_found: int, **fields: object) -> Overlap:
    given = {
        "task": "t",
        "split": "test",
        "group": f"g{example_id}",
        "documents": (),
        "confirmed": False,
        "too_short": False,
    }
    return Overlap(example_id=example_id, n_grams=n_grams, n_found=n_found, **{**given, **fields})  # type: ignore[arg-type]


OVERLAPPING = [
    overlap("clean", 10, 0),
    overlap("chance", 20, 1, documents=(Holder(id="d", n=1),)),
    overlap("copied", 30, 29, confirmed=True, documents=(Holder(id="d", n=29),)),
    overlap("short", 1, 0, too_short=True),
    overlap("short and there", 1, 1, too_short=True, confirmed=True),
    overlap("no word", 0, 0, too_short=True),
]


def item(example_id: str, model: str = "m", **fields: object) -> Item:
    given = {
        "task": "t",
        "split": "test",
        "model": model,
        "group": f"g{example_id}",
        "template_hash": "",
        "prompt_digest": "",
    }
    return Item(example_id=example_id, **{**given, **fields})  # type: ignore[arg-type]


def test_a_summary_counts_short_items_apart() -> None:
    other = overlap("x", 5, 5, task="u", split="validation", confirmed=True)
    one, two = by_task([*OVERLAPPING, other], seed=0)
    assert (one.task, one.split, one.items, one.grams, one.found) == ("t", "test", 6, 60, 30)
    assert one.overlap is not None and one.overlap.value == 0.5
    assert one.overlap.low <= 0.5 <= one.overlap.high
    assert one.touched == 2 and one.touched_share is not None
    assert one.touched_share.value == pytest.approx(2 / 3)
    assert one.confirmed == 2 and one.confirmed_share.value == pytest.approx(1 / 3)
    assert (one.too_short, one.short_found) == (3, 1)
    assert (two.task, two.split, two.items) == ("u", "validation", 1)
    (short,) = by_task(OVERLAPPING[3:], seed=0)
    assert (short.overlap, short.touched_share, short.touched) == (None, None, 0)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("confirmed", [False, False, True, False, True, None]),
        ("any", [False, True, True, False, True, None]),
    ],
)
def test_the_rules_of_dirt(rule: str, expected: list[bool | None]) -> None:
    assert [is_dirty(one, rule) for one in OVERLAPPING] == expected  # type: ignore[arg-type]


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(ConfigError, match="rule='all': use one of confirmed, any"):
        is_dirty(OVERLAPPING[0], "all")  # type: ignore[arg-type]


def _figures(items: list[Item], **options: object) -> dict[tuple[str, str, str], tuple[float, int]]:
    scores = part_scores(items, OVERLAPPING, seed=0, **options)  # type: ignore[arg-type]
    assert all(s.low <= s.value <= s.high for s in scores)
    return {(s.model, s.metric, s.part): (s.value, s.n) for s in scores}


def test_means_of_the_clean_and_the_dirty_part() -> None:
    values = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    items = [
        item(one.example_id, values={"acc": value})
        for one, value in zip(OVERLAPPING, values, strict=True)
    ]
    items += [item("clean", "n", values={"acc": 0.0}), item("a document", task="corpus")]
    assert _figures(items) == {
        ("m", "acc", "all"): (pytest.approx(4 / 6), 6),
        ("m", "acc", "clean"): (pytest.approx(2 / 3), 3),
        ("m", "acc", "dirty"): (0.5, 2),
        ("n", "acc", "all"): (0.0, 1),
        ("n", "acc", "clean"): (0.0, 1),
    }
    assert _figures(items, rule="any")["m", "acc", "clean"] == (1.0, 2)
    assert _figures(items, rule="any")["m", "acc", "dirty"] == (pytest.approx(1 / 3), 3)


def test_texts_and_last_words_by_their_nats() -> None:
    texts = [
        item("clean", nats=8 * math.log(2), n_bytes=4, n_words=2, values={"bits_per_byte": 2.0}),
        item("copied", nats=2 * math.log(2), n_bytes=2, n_words=1, values={"bits_per_byte": 1.0}),
    ]
    figures = _figures(texts)
    assert figures["m", "bits_per_byte", "all"] == (pytest.approx(10 / 6), 2)
    assert figures["m", "bits_per_byte", "clean"] == (pytest.approx(2), 1)
    assert figures["m", "word_perplexity", "clean"] == (pytest.approx(16), 1)
    assert figures["m", "byte_perplexity", "dirty"] == (pytest.approx(2), 1)
    words = [
        item("clean", nats=math.log(8), values={"acc": 0.0}),
        item("copied", nats=math.log(2), values={"acc": 1.0}),
    ]
    figures = _figures(words)
    assert figures["m", "perplexity", "all"] == (pytest.approx(4), 2)
    assert figures["m", "perplexity", "clean"] == (pytest.approx(8), 1)
    assert figures["m", "acc", "dirty"] == (1.0, 1)


def test_a_metric_of_pooled_counts_is_left_out() -> None:
    assert set(_figures([item("clean", values={"bleu": 10.0, "exact_match": 1.0})])) == {
        ("m", "exact_match", "all"),
        ("m", "exact_match", "clean"),
    }


def test_an_item_that_was_not_looked_for_is_named() -> None:
    with pytest.raises(DataError, match="'t', test: 1 items were not looked for.*'new'"):
        part_scores([item("new", values={"acc": 1.0})], OVERLAPPING, seed=0)


def test_what_is_written_is_read_again_in_equal_bytes(tmp_path: Path) -> None:
    text = EvaluationText(
        task="t", split="test", example_id="é", group="g", text="a b c d e f g h i j k l m"
    )
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found = find_overlaps([text], [("doc", "A b c d e f g h i j k l m.")])
        write_overlaps(found, tmp_path / name, seed=0)
        assert read_overlaps(tmp_path / name / OVERLAPS) == list(found.overlaps)
        written.append([(tmp_path / name / file).read_bytes() for file in (OVERLAPS, SUMMARY)])
    assert written[0] == written[1]
    told = json.loads(written[0][1])
    assert (told["documents"], told["bytes"], told["words"]) == (1, 26, 13)
    assert told["tasks"][0]["overlap"] == {
        "value": 1.0,
        "low": 1.0,
        "high": 1.0,
        "stderr": 0.0,
    }
    assert told["tasks"][0]["confirmed"] == 1


def test_a_summary_of_short_items_alone_is_written_too(tmp_path: Path) -> None:
    found = Found(overlaps=tuple(OVERLAPPING[3:]), documents=1, n_bytes=1, n_words=1, index_bytes=1)
    write_overlaps(found, tmp_path, seed=0)
    assert json.loads((tmp_path / SUMMARY).read_text())["tasks"][0]["overlap"] is None
    write_overlaps(Found(overlaps=(), documents=0, n_bytes=0, n_words=0, index_bytes=0), tmp_path,
                   seed=0)  # fmt: skip
    assert read_overlaps(tmp_path / OVERLAPS) == []


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is missing"):
        read_overlaps(tmp_path / OVERLAPS)
    (tmp_path / OVERLAPS).write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match="cannot be read"):
        read_overlaps(tmp_path / OVERLAPS)
    fewer = pa.table({"task": ["t"]}, schema=pa.schema([SCHEMA.field("task")]))
    pq.write_table(fewer, tmp_path / OVERLAPS)
    with pytest.raises(DataError, match="columns task; expected task, split"):
        read_overlaps(tmp_path / OVERLAPS)
