"""From files to documents and prompts: a small project, bad in many ways, and a real mirror."""

import gzip
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.corpora import Corpus, raw_texts
from flows.workspace import Product, Workspace
from gptcore.corpus.documents import read_documents
from gptcore.corpus.ingest import IngestConfig, ingest
from gptcore.corpus.texts import TextsConfig, collect_texts
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.errors import DataError
from tasks_to_text.kinds import classification
from tasks_to_text.records import Tally
from tasks_to_text.source import Source
from tasks_to_text.sources import Places
from tasks_to_text.store import evaluation_texts
from tasks_to_text.task import Task

MIRROR = "GENERALIST_DATA"
SPLITS = ("train", "validation", "test")
BOOKS = Corpus(source=Source(path="books", licence="CC0-1.0"))
POSTS = Corpus(
    source=Source(path="posts.csv", max_bad_share=0.1), text="body", id="url", group="author"
)
PAGES = Corpus(source=Source(path="pages"))
CORPORA = {"books": BOOKS, "posts": POSTS, "pages": PAGES}


def prose(seed: int, n: int = 60) -> str:
    """``n`` words of six random letters: two seeds share no shingle."""
    letters = np.random.default_rng(seed).integers(ord("a"), ord("z") + 1, (n, 6))
    return " ".join("".join(map(chr, word)) for word in letters)


@pytest.fixture
def project(tmp_path: Path) -> Places:
    """Books as text files, posts as a table with a bad row, pages as packed JSON lines."""
    root = tmp_path / "project"
    (root / "books/old").mkdir(parents=True)
    for i in range(20):
        (root / f"books/old/{i}.txt").write_text(prose(i))
    lines = [f"https://x/{i},author {i % 9},{prose(100 + i)}" for i in range(40)]
    lines.insert(7, "a row of too few cells")
    (root / "posts.csv").write_text("\n".join(["url,author,body", *lines]))
    (root / "pages").mkdir()
    pages = "\n".join(json.dumps({"text": prose(200 + i), "more": i}) for i in range(30))
    (root / "pages/train.jsonl.gz").write_bytes(gzip.compress(pages.encode()))
    return Places(project=root)


def texts_product(
    workspace: Path, corpora: Mapping[str, Corpus], places: Places, tally: Tally
) -> Product:
    return Workspace(workspace, minimum_free=0).product(
        "texts",
        "small",
        config={},
        inputs={},
        entry=("gptcore.corpus.texts", "flows.corpora"),
        build=lambda out: collect_texts(TextsConfig(), raw_texts(corpora, places, tally), out),
    )


def left_in(workspace: Path) -> list[Path]:
    """Files of products, finished or not."""
    return [path for path in workspace.rglob("*") if path.is_file() and ".locks" not in path.parts]


def test_texts_carry_where_they_are_from(project: Places) -> None:
    tally = Tally()
    texts = {text.id: text for text in raw_texts(CORPORA, project, tally)}
    assert len(texts) == 90 and (tally.kept, tally.reasons) == (90, {"field missing": 1})
    book, post = texts["books:old/3.txt"], texts["posts:https://x/3"]
    assert (book.text, book.source, book.licence) == (prose(3), "books", "CC0-1.0")
    assert (book.group, book.version) == ("", "")
    assert (post.text, post.group) == (prose(103), "posts:author 3")
    assert [text.id for text in raw_texts({"pages": PAGES}, project, Tally())] == [
        key for key in texts if key.startswith("pages:")
    ]


def test_all_splits_of_a_source_are_one_collection(tmp_path: Path) -> None:
    for split in SPLITS:
        table = pa.table({"text": [prose(len(split)), prose(99)]})
        pq.write_table(table, tmp_path / f"{split}.parquet")
    held = Source(path=str(tmp_path), splits={"train": "train"}, hold_out={"test": 0.1})
    for source, n in ((Source(path=str(tmp_path)), 6), (held, 2)):
        corpora = {"c": Corpus(source=source)}
        assert len(list(raw_texts(corpora, Places(), Tally()))) == n


def ids_and_groups(corpus: Corpus, tally: Tally) -> list[tuple[str, str]]:
    return [(text.id, text.group) for text in raw_texts({"c": corpus}, Places(), tally)]


def test_an_id_is_only_what_is_named_as_one(tmp_path: Path) -> None:
    """Splits and files that each count from 0 lose nothing."""
    for number, name in enumerate(("train", "test")):
        rows = [{"id": i, "text": prose(100 * number + i)} for i in range(10)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    source = Source(path=str(tmp_path))
    tally = Tally()
    found = ids_and_groups(Corpus(source=source), tally)
    assert len(set(found)) == 20 == tally.kept and tally.bad == 0
    named = (
        "10 of 20 rows are bad .*: 10 duplicate id. The first: duplicate id: test, row 1: id='0'"
    )
    with pytest.raises(DataError, match=named):
        ids_and_groups(Corpus(source=source, id="id"), Tally())


def test_a_text_that_comes_again_with_its_id_is_no_bad_row(tmp_path: Path) -> None:
    for name in ("train", "test"):
        rows = [{"id": i, "text": prose(i)} for i in range(10)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    tally = Tally()
    found = ids_and_groups(Corpus(source=Source(path=str(tmp_path)), id="id"), tally)
    assert len(found) == 20 and len(set(found)) == 10 and tally.bad == 0


def test_a_blank_cell_is_no_id_and_no_group(tmp_path: Path) -> None:
    rows = [f"{key},{group},{prose(i)}" for i, (key, group) in enumerate([("", " "), (" ", "")])]
    path = tmp_path / "train.csv"
    path.write_text(
        "\n".join(["key,author,text", *rows, f"k,one ,{prose(8)}", f"l,one,{prose(9)}"])
    )
    corpus = Corpus(source=Source(path=str(path)), id="key", group="author")
    (one, no_group), (other, none_either), *named = ids_and_groups(corpus, Tally())
    assert one != other and no_group == none_either == ""
    assert named == [("c:k", "c:one"), ("c:l", "c:one")]


def test_a_file_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    try:
        Path(os.fsdecode(path)).write_text(prose(1))
    except OSError:
        pytest.skip("file names are UTF-8 here")
    with pytest.raises(DataError, match=r"caf\\udce9\.txt.*rename it"):
        ids_and_groups(Corpus(source=Source(path=str(tmp_path))), Tally())


def test_a_corpus_of_a_project_becomes_a_product(project: Places, tmp_path: Path) -> None:
    product = texts_product(tmp_path / "workspace", CORPORA, project, Tally())
    counts = product.manifest.counts
    assert counts["documents"] == 90 and set(counts["bytes_by_source"]) == set(CORPORA)
    assert min(counts["documents_by_split"].values()) >= 3
    authors: list[set[str]] = [
        {one.group for one in read_documents(product.path / f"{split}.parquet")} for split in SPLITS
    ]
    assert len(set.union(*authors)) == sum(map(len, authors))


def write_pages(project: Places, lines: Iterable[str], cut: int | None = None) -> None:
    assert project.project
    packed = gzip.compress("\n".join(lines).encode())[:cut]
    (project.project / "pages/train.jsonl.gz").write_bytes(packed)


@pytest.mark.parametrize(
    ("lines", "cut", "said"),
    [
        (['{"text": 1}'], None, r"corpus 'pages': 1 of 1 rows .* field is not text: train, row 1"),
        ([r'{"text": "\ud800"}'], None, r"lone surrogate: train\.jsonl\.gz:1"),
        (['{"text": null}', '{"txt": ""}'], None, "1 field is not text, 1 field missing"),
        ([prose(1)] * 99, None, "99 of 99 rows are bad .*99 not JSON"),
        (['{"text": "' + prose(1) + '"}'] * 999, -9, "truncated archive: train"),
        ([], None, "source 'pages': split 'train' has no rows"),
    ],
)
def test_a_bad_corpus_is_named_and_nothing_is_left_of_it(
    project: Places, tmp_path: Path, lines: list[str], cut: int | None, said: str
) -> None:
    write_pages(project, lines, cut)
    tally = Tally()
    with pytest.raises(DataError, match=said):
        texts_product(tmp_path / "workspace", CORPORA, project, tally)
    assert left_in(tmp_path / "workspace") == []


def test_a_corpus_that_is_not_there_is_named_before_any_work(project: Places) -> None:
    corpora = {**CORPORA, "lost": Corpus(source=Source(path="nowhere"))}
    tally = Tally()
    with pytest.raises(DataError, match="source 'nowhere': there is no .*nowhere"):
        next(raw_texts(corpora, project, tally))
    with pytest.raises(DataError, match="no column title; it has url, author, body"):
        list(raw_texts({"p": Corpus(source=POSTS.source, text="title")}, project, tally))
    assert tally.kept == 0


# ---------------------------------------------------------------------------- with labelled data


def topics() -> Task:
    return classification(
        name="topics",
        description="For the laws.",
        source=Source(path="topics.csv", splits={"train": "topics.csv"}, hold_out={"test": 0.3}),
        text="body",
        label="topic",
        labels={"a": "apples", "b": "pears"},
        question="Topic:",
        specimens=[{"body": "It is red.", "topic": "a"}],
    )


def prompts_product(workspace: Path, places: Places) -> Product:
    return Workspace(workspace, minimum_free=0).product(
        "prompts",
        "small",
        config={},
        inputs={},
        entry=("tasks_to_text.convert",),
        build=lambda out: convert(ConvertConfig(tasks=("topics",)), [topics()], places, out),
    )


def write_topics(project: Places, rows: Iterable[str]) -> None:
    assert project.project
    (project.project / "topics.csv").write_text("\n".join(["body,topic", *rows]))


def test_a_corpus_does_not_hold_what_a_project_tests_on(project: Places, tmp_path: Path) -> None:
    """A test passage copied into a training document is found, and the document dropped."""
    write_topics(project, (f"{prose(500 + i, 30)},{'ab'[i % 2]}" for i in range(60)))
    prompts = prompts_product(tmp_path / "workspace", project)
    counts = prompts.manifest.counts["tasks"]["topics"]
    assert counts["train"]["examples"] + counts["test"]["examples"] == 60
    held_out = list(evaluation_texts(prompts.path))
    before = texts_product(tmp_path / "workspace", CORPORA, project, Tally())
    victim = next(read_documents(before.path / "train.parquet"))
    assert victim.source == "books" and project.project
    passage = held_out[0].split("\nTopic:")[0]
    planted = project.project / "books" / victim.id.removeprefix("books:")
    planted.write_text(f"{prose(900, 15)} {passage} {prose(901, 15)}")

    after = texts_product(tmp_path / "other workspace", CORPORA, project, Tally())
    kept = {document.id for document in read_documents(after.path / "train.parquet")}
    assert victim.id in kept
    (tmp_path / "out").mkdir()
    ingested = ingest(IngestConfig(), None, [after.path], held_out, tmp_path / "out")
    assert ingested["dropped"] == {"holds an evaluation text": 1}
    assert ingested["held_out_texts"] == len(held_out) == counts["test"]["examples"]
    ids = {document.id for document in read_documents(tmp_path / "out/train.parquet")}
    assert kept - ids == {victim.id}


def test_a_bad_dataset_is_named_and_nothing_is_left_of_it(project: Places, tmp_path: Path) -> None:
    write_topics(project, [*(f"{prose(500 + i, 30)},a" for i in range(60)), "x,c", "y", "z,c"])
    with pytest.raises(
        DataError,
        match=r"task 'topics', split 'train': 3 of 63 rows are bad \(4\.76%.*"
        r"1 field missing, 2 label out of range\. The first: field missing: topics\.csv:63: 1 cell",
    ):
        prompts_product(tmp_path / "workspace", project)
    assert left_in(tmp_path / "workspace") == []


# -------------------------------------------------------------------------------- a real mirror


@pytest.fixture
def mirror() -> Places:
    named = os.environ.get(MIRROR)
    if not named:
        pytest.skip(f"{MIRROR} names no mirror of datasets")
    return Places(mirror=Path(named))


@pytest.mark.slow
def test_near_duplicates_of_real_corpora_are_found(mirror: Places, tmp_path: Path) -> None:
    names = ("python_peps", "openstax_textbooks", "world_factbook")
    corpora = {name: Corpus(source=Source(mirror=f"corpora/{name}.jsonl.zst")) for name in names}
    real = list(raw_texts(corpora, mirror, Tally()))
    assert len(real) > 1000
    config = TextsConfig()
    plain: dict[str, Any] = collect_texts(config, real, made(tmp_path / "plain"))
    assert 0 < plain["groups"] < 100 and plain["share_in_groups"] < 0.2
    assert plain["largest_group"] < 50
    assert plain["documents"] > 0.9 * len(real)

    train = read_documents(tmp_path / "plain/train.parquet")
    victim = next(one for one in train if one.group == one.id and len(one.text) > 10_000)
    words = victim.text.split()
    words[50::200] = ["altered"] * len(words[50::200])
    copy = next(text for text in real if text.id == victim.id)
    copy = type(copy)(
        id="copy:1", text=" ".join(words), source=copy.source, licence="", version="", group=""
    )
    planted = collect_texts(config, [*real, copy], made(tmp_path / "planted"))
    assert planted["groups"] == plain["groups"] + 1
    assert planted["dropped"]["near duplicate in its split"] == 1 + plain["dropped"].get(
        "near duplicate in its split", 0
    )
    places = {
        document.group
        for split in SPLITS
        for document in read_documents(tmp_path / f"planted/{split}.parquet")
        if document.id in ("copy:1", victim.id)
    }
    assert places == {"copy:1"}  # the two are one group, and one of them stays


def made(directory: Path) -> Path:
    directory.mkdir()
    return directory
