"""Texts → documents: repeats stay together, nothing leaks, whatever is dropped is counted."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptcore.corpus.documents import Document, read_documents
from gptcore.corpus.ingest import IngestConfig, ingest
from gptcore.corpus.splits import SPLITS
from gptcore.corpus.texts import RawText, TextsConfig, collect_texts
from gptcore.errors import ConfigError, DataError

CONFIG = TextsConfig(validation_share=0.2, test_share=0.2)


def prose(seed: int, n: int) -> str:
    """``n`` words of a large vocabulary: two seeds share no shingle."""
    generator = np.random.default_rng(seed)
    return " ".join(f"word{i}" for i in generator.integers(0, 100_000, n))


def raw(i: int, text: str = "", **changes: str) -> RawText:
    named = RawText(
        id=f"c:{i:03}", text=text or prose(i, 60), source="c", licence="CC0-1.0", version="v1"
    )
    return replace(named, **changes)


def collect(
    directory: Path, texts: Iterable[RawText], config: TextsConfig = CONFIG
) -> tuple[dict[str, Any], dict[str, list[Document]]]:
    directory.mkdir(exist_ok=True)
    counts = collect_texts(config, texts, directory)
    return counts, {split: list(read_documents(directory / f"{split}.parquet")) for split in SPLITS}


def test_documents_carry_what_their_texts_did(tmp_path: Path) -> None:
    texts = [raw(i) for i in range(20)]
    counts, found = collect(tmp_path, texts)
    documents = {document.id: document for split in SPLITS for document in found[split]}
    assert documents["c:003"] == Document(
        id="c:003",
        text=texts[3].text,
        source="c",
        version="v1",
        licence="CC0-1.0",
        group="c:003",
    )
    by_split = {split: len(found[split]) for split in SPLITS}
    assert sum(by_split.values()) == 20 and min(by_split.values()) >= 3
    sizes = {split: sum(len(one.text) for one in found[split]) for split in SPLITS}
    assert counts == {
        "documents": 20,
        "bytes": sum(len(text.text) for text in texts),
        "words": 1200,
        "documents_by_split": by_split,
        "bytes_by_source": {"c": sizes},
        "groups": 0,
        "largest_group": 1,
        "share_in_groups": 0.0,
        "dropped": {},
        "dropped_by_source": {},
        "divided": 0,
    }


def test_what_cannot_be_used_is_dropped_with_its_reason(tmp_path: Path) -> None:
    bad = [
        raw(100, "too short"),
        raw(101, " " * 90 + "x"),
        raw(102, prose(102, 30) + "\0"),
        raw(103, prose(103, 30) + "\ud800"),
        raw(104, prose(3, 60)),  # the text of another
        raw(105, prose(4, 60).upper().replace(" ", ",  ")),  # the words of another
        raw(5),  # the very same
        raw(6, prose(106, 60)),  # another text under the same id
    ]
    counts, found = collect(tmp_path, [*(raw(i) for i in range(20)), *bad])
    assert counts["dropped"] == {
        "duplicate id": 1,
        "duplicate": 3,
        "not text": 2,
        "too short": 2,
    }
    assert counts["dropped_by_source"] == {"c": counts["dropped"]}
    assert sum(map(len, found.values())) == counts["documents"] == 20


def test_near_duplicates_are_one_group_in_one_split_and_one_of_them_stays(tmp_path: Path) -> None:
    versions = [prose(7, 300) + f" as of {year}" for year in range(2000, 2004)]
    texts = [raw(i) for i in range(40)]
    texts[7:9] = [raw(7, versions[0]), raw(8, versions[1])]
    texts += [raw(50, versions[2]), raw(51, versions[3] + prose(51, 500))]  # a part of a longer one
    counts, found = collect(tmp_path, texts)
    assert counts["groups"] == 1 and counts["largest_group"] == 4
    assert counts["share_in_groups"] == round(4 / 42, 4)
    stayed = [
        (split, one.group)
        for split in SPLITS
        for one in found[split]
        if one.text.startswith(prose(7, 20))
    ]
    assert len(set(stayed)) == 1 and stayed[0][1] == "c:007"
    assert len(stayed) == 4 - counts["dropped"]["near duplicate in its split"] < 4


def test_a_given_group_is_never_divided(tmp_path: Path) -> None:
    texts = [raw(i, group=f"c:author {i % 15}") for i in range(90)]
    counts, found = collect(tmp_path, texts)
    authors = {split: {document.group for document in found[split]} for split in SPLITS}
    assert sum(map(len, authors.values())) == 15 and all(authors.values())
    assert (counts["groups"], counts["largest_group"], counts["share_in_groups"]) == (15, 6, 1.0)


def test_a_passage_that_both_sides_share_is_a_leak(tmp_path: Path) -> None:
    """Too little to join the two, too much to test on."""
    texts = [raw(i) for i in range(30)]
    _, before = collect(tmp_path / "before", texts)
    held, trained = before["test"][0].id, before["train"][0].id
    passage = " ".join(prose(int(held[2:]), 60).split()[:25])
    planted = [
        replace(text, text=f"{text.text} {passage} {prose(900, 40)}")
        if text.id == trained
        else text
        for text in texts
    ]
    counts, after = collect(tmp_path / "after", planted)
    assert counts["dropped"] == {"shares text with another split": 1}
    assert counts["groups"] == 0
    assert held not in {document.id for split in SPLITS for document in after[split]}
    assert trained in {document.id for document in after["train"]}


def test_every_source_is_held_out_by_its_share(tmp_path: Path) -> None:
    texts = [raw(i, source="ab"[i % 2], id=f"{'ab'[i % 2]}:{i}") for i in range(100)]
    counts, _ = collect(tmp_path, texts, TextsConfig(validation_share=0.1, test_share=0.1))
    for of in counts["bytes_by_source"].values():
        total = sum(of.values())
        assert 0.05 < of["validation"] / total < 0.11 and 0.05 < of["test"] / total < 0.11


def test_the_order_of_the_texts_does_not_matter_and_the_seed_does(tmp_path: Path) -> None:
    texts = [raw(i, prose(i // 2, 60) + f" {i}") for i in range(60)]
    collect(tmp_path / "one", texts)
    collect(tmp_path / "two", iter(texts[::-1]))
    collect(tmp_path / "three", texts, replace(CONFIG, seed=1))
    for split in SPLITS:
        one, two, three = (
            (tmp_path / name / f"{split}.parquet").read_bytes() for name in ("one", "two", "three")
        )
        assert one == two != three


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(0, 12), min_size=12, max_size=40).filter(
        lambda found: len(set(found)) > 3
    ),
    st.integers(0, 5),
)
def test_no_words_are_lost_or_on_both_sides(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[int], seed: int
) -> None:
    """Texts of two passages each, drawn from few: all is counted, and no passage leaks."""
    texts = [
        raw(i, f"{prose(piece, 40)} {prose(100 + i % 5, 10)} {prose(200 + i, 8)}")
        for i, piece in enumerate(pieces)
    ]
    counts, found = collect(tmp_path_factory.mktemp("texts"), texts, replace(CONFIG, seed=seed))
    assert counts["documents"] + sum(counts["dropped"].values()) == len(texts)
    held = {split: {" ".join(one.text.split()[:40]) for one in found[split]} for split in SPLITS}
    assert not held["train"] & held["test"]
    assert not held["train"] & held["validation"]
    assert not held["validation"] & held["test"]


def test_a_corpus_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is none that can be used"):
        collect_texts(CONFIG, [], tmp_path)
    lost = [raw(i, "short", source="lost") for i in range(100, 103)]
    copies = [raw(i, id=f"copy:{i}", source="lost") for i in range(20)]
    with pytest.raises(DataError, match="'lost': no training document .* 20 duplicate; look"):
        collect_texts(CONFIG, [*(raw(i) for i in range(20)), *copies], tmp_path)
    for others in ([], [raw(i) for i in range(20)]):
        with pytest.raises(DataError, match="'lost': no training document .* 3 too short; look"):
            collect_texts(CONFIG, [*others, *lost], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_texts_in_a_script_without_spaces_are_kept(tmp_path: Path) -> None:
    """Each is shorter than forty characters, and as long as a sentence."""
    generator = np.random.default_rng(0)
    texts = [
        raw(i, "".join(map(chr, generator.integers(0x4E00, 0x9FA5, 25))) + "。") for i in range(20)
    ]
    counts, _ = collect(tmp_path / "collected", texts)
    assert (counts["documents"], counts["dropped"]) == (20, {})
    (tmp_path / "out").mkdir()
    counts = ingest(IngestConfig(), None, [tmp_path / "collected"], [], tmp_path / "out")
    assert (counts["documents"], counts["dropped"]) == (20, {})


def paragraphs(seed: int, characters: int) -> str:
    found = prose(seed, characters // 8).split()
    return "\n\n".join(" ".join(found[i : i + 90]) for i in range(0, len(found), 90))


def test_one_book_is_divided_into_documents_of_all_splits(tmp_path: Path) -> None:
    book = paragraphs(1, 700_000)
    counts, found = collect(tmp_path, [raw(1, book)], TextsConfig())
    assert (counts["divided"], counts["groups"], counts["dropped"]) == (1, 0, {})
    documents = {one.id: one for split in SPLITS for one in found[split]}
    assert "".join(documents[f"c:001#{i}"].text for i in range(1, len(documents) + 1)) == book
    assert all(one.group == one.id for one in documents.values())
    assert all(one.text.endswith("\n\n") for one in documents.values() if one.text[-1:] != book[-1])
    sizes = counts["bytes_by_source"]["c"]
    for split in ("validation", "test"):
        assert found[split] and 0.02 < sizes[split] / sum(sizes.values()) < 0.051


def test_parts_of_a_long_text_among_many_stay_together(tmp_path: Path) -> None:
    long = [raw(i, paragraphs(i, 12_000)) for i in range(6)]
    config = replace(CONFIG, max_characters=2000)
    counts, found = collect(tmp_path, [*long, *(raw(i) for i in range(6, 40))], config)
    splits_of: dict[str, set[str]] = {}
    for split in SPLITS:
        for one in found[split]:
            assert len(one.text) <= 2000
            splits_of.setdefault(one.id.split("#")[0], set()).add(split)
            assert one.group == one.id.split("#")[0]
    assert set(map(len, splits_of.values())) == {1} and len(splits_of) == 40
    assert counts["divided"] == 6 and counts["documents"] > 70
    assert (counts["groups"], counts["largest_group"], counts["share_in_groups"]) == (0, 1, 0.0)


@pytest.mark.parametrize(
    "texts",
    [
        [raw(1)],
        [raw(1), raw(2)],
        [raw(i, paragraphs(i, 50_000), group="one author") for i in range(5)],
        [raw(1, "The same words again and again. " * 1000)],
    ],
)
def test_texts_that_cannot_be_held_out_are_refused(tmp_path: Path, texts: list[RawText]) -> None:
    with pytest.raises(DataError, match="corpus c: no text is left for validation.*at least three"):
        collect_texts(CONFIG, texts, tmp_path)
    assert list(tmp_path.iterdir()) == []
    collect_texts(TextsConfig(validation_share=0, test_share=0), texts, tmp_path)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"min_characters": 0}, "texts.min_characters=0"),
        ({"max_characters": 1000}, "texts.max_characters=1000"),
        ({"min_characters": 30_000}, "texts.max_characters=100000: .*four times"),
        ({"test_share": 1.0}, "texts.test_share=1.0"),
        ({"validation_share": 0.3, "test_share": 0.3}, "hold out at most half"),
        ({"max_overlap": -0.1}, "texts.max_overlap=-0.1"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        TextsConfig(**changes)


def test_texts_that_repeat_each_other_are_enough_beside_another_corpus(tmp_path: Path) -> None:
    same = [RawText(id=str(i), text=LONG, source="s", licence="", version="") for i in range(3)]
    with pytest.raises(DataError, match="no text is left for"):
        collect_texts(TextsConfig(), same, tmp_path)
    counts = collect_texts(TextsConfig(must_hold_out=False), same, tmp_path)
    assert counts["documents_by_split"] == {"train": 1, "validation": 0, "test": 0}


LONG = "One page that was copied three times and says nothing else than that it was copied."
