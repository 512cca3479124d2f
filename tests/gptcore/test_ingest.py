"""Documents: as a reader sees them, filtered with reasons, free of evaluation text."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gptcore.corpus.documents import (
    Document,
    DocumentationRow,
    read_documents,
    read_texts,
    write_documentation,
    write_documents,
)
from gptcore.corpus.filters import FilterConfig, reason_to_drop
from gptcore.corpus.ingest import IngestConfig, as_document, ingest
from gptcore.errors import ConfigError, DataError, ProductError

ROW = DocumentationRow(
    id="d:d.m.f",
    distribution="d",
    version="1",
    licence="MIT",
    module="d.m",
    qualname="f",
    kind="function",
    parameters=[],
    returns="",
    heading="d.m.f()",
    documented=[],
    text="Do a thing.",
    group="d:d.m",
)


def test_a_document_is_heading_colon_docstring() -> None:
    assert as_document(ROW) == Document(
        id="d:d.m.f",
        text="d.m.f(): Do a thing.",
        source="d",
        version="1",
        licence="MIT",
        group="d:d.m",
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Return the sum of the elements.", ""),
        ("Return the sum of elements.", "too few words"),
        ("", "too few words"),
        ("| 12 | 34 | 56 | ab | 78 | 90 |", "mostly not letters"),
        ("这个函数返回所有元素的总和。", ""),
        ("これは短い文章の例です。", ""),
        ("ประโยคนี้เขียนโดยไม่มีช่องว่าง", ""),
        ("返回总和。", "too few words"),
        ("Résumé déjà vu.", "too few words"),
        ("Ein Satz mit Umlauten: äöü ßßß.", ""),
        ("the same line\n" * 3, ""),
        ("the same line\n" * 4, "repeats its lines"),
        ("the same line\nanother line\n" * 2, ""),
    ],
)
def test_filters_keep_or_say_why(text: str, reason: str) -> None:
    assert reason_to_drop(text, FilterConfig()) == reason


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: FilterConfig(min_words=0), "min_words=0"),
        (lambda: FilterConfig(min_letters=1.5), "min_letters=1.5"),
        (lambda: IngestConfig(max_overlap=1.0), "max_overlap=1.0"),
        (lambda: IngestConfig(max_leak=-0.1), "max_leak=-0.1"),
        (lambda: IngestConfig(min_shared=0), "min_shared=0"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(make: object, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        make()  # type: ignore[operator]


def sentence(start: int, n: int) -> str:
    """``n`` words, no eight of which stand in the sentence of another start."""
    return " ".join(f"word{i}" for i in range(start, start + n))


def documentation(directory: Path, **texts: list[str]) -> Path:
    directory.mkdir()
    for split in ("train", "validation", "test"):
        rows = [
            replace(ROW, id=f"d:{split}.{i}", qualname=f"f{i}", heading=f"d.m.f{i}()", text=text)
            for i, text in enumerate(texts.get(split, []))
        ]
        write_documentation(rows, directory / f"{split}.parquet")
    return directory


def test_ingest_writes_documents_and_tallies_what_it_drops(tmp_path: Path) -> None:
    source = documentation(
        tmp_path / "documentation",
        train=[sentence(0, 40), "Too short.", "1 2 3 4 5 6 7"],
        validation=[sentence(100, 20)],
        test=["Too short."],
    )
    out = tmp_path / "out"
    out.mkdir()
    counts = ingest(IngestConfig(), source, [], [], out)
    train = list(read_documents(out / "train.parquet"))
    assert [document.text for document in train] == [f"d.m.f0(): {sentence(0, 40)}"]
    assert list(read_texts(out / "validation.parquet")) == [f"d.m.f0(): {sentence(100, 20)}"]
    assert list(read_documents(out / "test.parquet")) == []
    sizes = {"train": len(train[0].text), "validation": 10 + 20 * 8 - 1, "test": 0}
    assert counts == {
        "documents": 2,
        "bytes": sizes["train"] + sizes["validation"],
        "words": 62,
        "documents_by_split": {"train": 1, "validation": 1, "test": 0},
        "bytes_by_source": {"d": sizes},
        "dropped": {"mostly not letters": 1, "too few words": 2},
        "dropped_by_source": {"d": {"mostly not letters": 1, "too few words": 2}},
        "held_out_texts": 0,
    }


def test_training_text_is_decontaminated_in_both_directions(tmp_path: Path) -> None:
    wording = f"Question: {sentence(90_000, 40)}? Text: "
    prompts = [wording + sentence(1000 * i, 30) for i in range(1, 40)]
    texts = {
        "apart": sentence(0, 200),
        "made of prompts": sentence(1000, 25) + " " + sentence(2000, 25) + " also",
        "holds a prompt": sentence(100, 400) + " " + sentence(3000, 30),
        "holds a part of a prompt": sentence(600, 100) + " " + sentence(4000, 18),
        "holds the wording of all prompts": sentence(800, 100) + " " + wording,
    }
    source = documentation(
        tmp_path / "documentation", train=list(texts.values()), test=[sentence(1000, 30)]
    )
    out = tmp_path / "out"
    out.mkdir()
    counts = ingest(IngestConfig(), source, [], iter(prompts), out)
    kept = [text.split(": ", 1)[1] for text in read_texts(out / "train.parquet")]
    assert [name for name, text in texts.items() if text in kept] == [
        "apart",
        "holds a part of a prompt",
        "holds the wording of all prompts",
    ]
    assert counts["dropped"] == {"holds an evaluation text": 1, "made of evaluation text": 1}
    assert counts["held_out_texts"] == 39
    assert counts["documents_by_split"] == {"train": 3, "validation": 0, "test": 1}


def collection(directory: Path, *, name: str = "c", **texts: list[str]) -> Path:
    """A product of texts, already split."""
    directory.mkdir()
    for split in ("train", "validation", "test"):
        documents = [
            Document(
                id=f"{name}:{split}{i}", text=text, source=name, version="", licence="", group=""
            )
            for i, text in enumerate(texts.get(split, []))
        ]
        write_documents(documents, directory / f"{split}.parquet")
    return directory


def ingested(
    out: Path, read: Path | None, collections: list[Path], held_out: list[str]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    out.mkdir()
    counts = ingest(IngestConfig(), read, collections, held_out, out)
    return counts, {
        split: list(read_texts(out / f"{split}.parquet"))
        for split in ("train", "validation", "test")
    }


def test_collections_are_filtered_and_decontaminated_like_documentation(tmp_path: Path) -> None:
    passage = sentence(5000, 30)
    source = collection(
        tmp_path / "texts",
        train=[sentence(0, 40), "1 2 3 4 5 6 7", sentence(100, 300) + f" {passage}", passage],
        test=[sentence(900, 40)],
    )
    counts, texts = ingested(tmp_path / "out", None, [source], [passage])
    assert texts == {"train": [sentence(0, 40)], "validation": [], "test": [sentence(900, 40)]}
    assert counts["dropped"] == {
        "holds an evaluation text": 1,
        "made of evaluation text": 1,
        "mostly not letters": 1,
    }
    assert set(counts["bytes_by_source"]) == {"c"}


def test_what_one_input_repeats_of_another_is_dropped(tmp_path: Path) -> None:
    read = documentation(
        tmp_path / "documentation", train=[sentence(0, 60)], test=[sentence(2000, 60)]
    )
    one = collection(
        tmp_path / "one",
        name="one",
        train=[sentence(1000, 60), sentence(0, 55)],
        test=[sentence(3000, 60), sentence(4000, 60) + " " + sentence(20, 30)],
    )
    two = collection(tmp_path / "two", name="two", train=[sentence(5000, 60), sentence(1005, 55)])
    counts, texts = ingested(tmp_path / "out", read, [one, two], [])
    assert texts == {
        "train": [f"d.m.f0(): {sentence(0, 60)}", sentence(1000, 60), sentence(5000, 60)],
        "validation": [],
        "test": [f"d.m.f0(): {sentence(2000, 60)}", sentence(3000, 60)],
    }
    assert counts["dropped"]["near duplicate in its split"] == 2
    assert counts["dropped"]["shares text with another split"] == 1
    with pytest.raises(ConfigError, match="there is none; name a collection, or take the docu"):
        ingest(IngestConfig(), None, [], [], tmp_path)


def test_a_corpus_without_training_text_is_refused(tmp_path: Path) -> None:
    source = documentation(tmp_path / "documentation", train=["Too short."])
    with pytest.raises(DataError, match="no training document is left"):
        ingest(IngestConfig(), source, [], [], tmp_path)


def test_a_source_that_vanishes_is_named_with_the_reasons(tmp_path: Path) -> None:
    one = collection(tmp_path / "one", name="one", train=[sentence(0, 60)])
    lost = collection(tmp_path / "two", name="two", train=["1 2 3 4 5 6 7"] * 3 + [sentence(0, 55)])
    said = "'two': no training document .* 3 mostly not letters, 1 near duplicate in its split; "
    with pytest.raises(DataError, match=said):
        ingest(IngestConfig(), None, [one, lost], [], tmp_path)
    # A distribution may have next to no documentation.
    read = documentation(tmp_path / "documentation", train=["Too short."])
    counts, _ = ingested(tmp_path / "out", read, [one], [])
    assert counts["dropped_by_source"] == {"d": {"too few words": 1}}


def test_documents_are_read_as_they_were_written(tmp_path: Path) -> None:
    documents = [
        Document(id=str(i), text=text, source="s", version="", licence="MIT", group="g")
        for i, text in enumerate(["ünï\n\ncode\t", "", "\u2028 x" * 5000])
    ]
    for name in ("one", "two"):
        write_documents(documents, tmp_path / name)
    assert list(read_documents(tmp_path / "one")) == documents
    assert list(read_texts(tmp_path / "one")) == [document.text for document in documents]
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_missing_broken_or_foreign_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    with pytest.raises(ProductError, match="train.parquet is missing: delete"):
        list(read_texts(path))
    path.write_bytes(b"PAR1 of another kind")
    with pytest.raises(ProductError, match="cannot be read as Parquet"):
        list(read_texts(path))
    pq.write_table(pa.table({"text": ["only"]}), path)
    with pytest.raises(DataError, match="columns text; expected id, text, source"):
        list(read_texts(path))


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    text = " ".join(str(i**5) for i in range(20_000))
    write_documents(
        [Document(id="1", text=text, source="s", version="", licence="", group="")], path
    )
    raw = bytearray(path.read_bytes())
    raw[2000:3000] = bytes(1000)
    path.write_bytes(raw)
    with pytest.raises(ProductError, match="is damaged"):
        list(read_texts(path))
