"""``generalist contamination`` on files of all kinds, and the stage on real token shards."""

import gzip
import json
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.__main__ import main
from flows.contamination import contaminated
from flows.errors import ConfigError
from flows.foreign import ForeignCorpus, evaluation_texts
from flows.shipped import tiny
from flows.tokenize import Text
from flows.workspace import Product, Workspace
from gptcore.config import TokenizerConfig
from gptcore.shards import encode_documents
from gptcore.tokenizer import load_tokenizer, train_tokenizer
from tasks_to_text import registry
from tasks_to_text.contamination import CHECK, EvaluationText, find_overlaps
from tasks_to_text.errors import DataError
from tasks_to_text.example import Example
from tasks_to_text.overlaps import OVERLAPS, SUMMARY, read_overlaps
from tasks_to_text.store import Converted, write_prompts
from tests.flows.test_project import TASK, TOML

COPIED = "The mill stood silent for eleven years before anyone noticed that its wheel was gone."
CHANCE = "At the end of the day it was"
"""Eight words, which another item shares."""
ROWS = [
    {"id": "copied", "text": COPIED, "answer": "gone"},
    {"id": "chance", "text": f"{CHANCE} a long walk to a small harbour", "answer": "walk"},
    {"id": "clean", "text": "Nothing of this row is anywhere else in any file that is read."},
    {"id": "short", "text": "Of course."},
]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """main() sets variables and signal handlers; the files lie in the current directory."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in ("GENERALIST_PROJECT", "GENERALIST_DATA", "GENERALIST_WORKSPACE"):
        os.environ.pop(name, None)
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def corpus() -> Path:
    """A text, a table and rows, in and below a directory; in two of them something is planted."""
    place = Path("corpus")
    (place / "deep").mkdir(parents=True)
    (place / "a.txt").write_text(f"A page.\n\n{CHANCE} late, of course, as we said.")
    (place / "deep" / "b.csv").write_text('text,n\n"Row one",1\n"Row two, of it",2\n')
    lines = [{"text": f"Line {i}."} for i in range(5)]
    lines[3]["text"] = f"Before. «{COPIED.upper().replace(' ', chr(10))}» After."
    packed = "\n".join(json.dumps(line) for line in lines).encode()
    (place / "c.jsonl.gz").write_bytes(gzip.compress(packed))
    (place / "notes.bin").write_bytes(b"\x00")
    return place


@pytest.fixture
def rows() -> Path:
    path = Path("mine.jsonl")
    path.write_text("\n".join(json.dumps(row) for row in ROWS))
    return path


def look(*arguments: str | Path) -> int:
    return main(["contamination", *map(str, arguments)])


def test_what_is_planted_is_named_with_its_document(
    corpus: Path, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look("--corpus", corpus, "--tasks", rows, "--out", "found") == 0
    overlaps = {one.example_id: one for one in read_overlaps(Path("found") / OVERLAPS)}
    assert {id_: (one.n_found, one.confirmed) for id_, one in overlaps.items()} == {
        "copied": (8, True),
        "chance": (1, False),
        "clean": (0, False),
        "short": (1, True),
    }
    assert overlaps["copied"].documents[0].id == "c.jsonl.gz#4"
    assert overlaps["chance"].documents[0].id == "a.txt"
    told = json.loads((Path("found") / SUMMARY).read_text())
    assert told["documents"] == 8
    printed = capsys.readouterr().out
    assert "8 documents" in printed and "mine.jsonl, texts" in printed
    assert "copied" in printed and "c.jsonl.gz#4 (8)" in printed
    assert not Path("workspace").exists()


def test_more_than_allowed_is_exit_code_1(
    corpus: Path, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look("--corpus", corpus, "--tasks", rows, "--fail-above", "0.5") == 0
    assert look("--corpus", corpus, "--tasks", rows, "--fail-above", "0.4") == 1
    assert "2 of 4 items are confirmed, 50.00%, and 40.00% are allowed" in capsys.readouterr().out
    assert look("--corpus", corpus / "deep", "--tasks", rows, "--fail-above", "0") == 0


def test_columns_are_named(corpus: Path) -> None:
    Path("asked.csv").write_text("question,reply\nRow,one\n")
    (item,) = evaluation_texts(["asked.csv"], ["question", "reply"])
    assert (item.task, item.split, item.text) == ("asked.csv", "texts", "Row\none")
    Path("other.jsonl").write_text(json.dumps({"body": COPIED}))
    read = ForeignCorpus([Path("other.jsonl")], "body")
    assert list(read.documents()) == [("other.jsonl#1", COPIED)]


def test_files_of_one_name_are_told_apart_by_their_paths() -> None:
    for name in ("one", "two"):
        Path(name).mkdir()
        (Path(name) / "test.jsonl").write_text(json.dumps({"text": f"Text {name}."}))
    named = ["one/test.jsonl", "two/test.jsonl"]
    assert [item.task for item in evaluation_texts(named, ["text"])] == named
    documents = ForeignCorpus([Path("one"), Path("two")], "text").documents()
    assert [id_ for id_, _ in documents] == ["one/test.jsonl#1", "two/test.jsonl#1"]
    with pytest.raises(ConfigError, match="name each once"):
        evaluation_texts([named[0], named[0]], ["text"])


def test_the_items_of_a_projects_task_are_those_that_are_evaluated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("tasks").mkdir()
    Path("tasks/topic.py").write_text(TASK)
    Path("generalist.toml").write_text(TOML.replace('"topic", "sentence_order"', '"topic"'))
    texts = [f"Row {i} says at some length what nobody has said before: {i}." for i in range(60)]
    lines = [f"{text},{'ab'[i % 2]},author {i}\n" for i, text in enumerate(texts)]
    Path("rows.csv").write_text("text,label,author\n" + "".join(lines))
    Path("corpus.txt").write_text("\n\n".join(texts))
    assert look("--corpus", "corpus.txt", "--tasks", "topic", "--out", "found") == 0
    overlaps = read_overlaps(Path("found") / OVERLAPS)
    assert {one.split for one in overlaps} == {"validation", "test"}
    assert 10 < len(overlaps) < 40 and all(one.confirmed for one in overlaps)
    assert "topic, test" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--corpus nowhere --tasks mine.jsonl", "--corpus nowhere: there is no such file"),
        ("--corpus corpus/notes.bin --tasks mine.jsonl", "notes.bin: use .txt"),
        ("--corpus empty --tasks mine.jsonl", "--corpus empty: no file in it has one of .txt"),
        ("--corpus corpus --tasks lambda", "did you mean lambada?"),
        ("--corpus corpus --tasks lambada", "name a mirror with --data"),
        ("--corpus corpus --tasks package", "--tasks package: is made from what is installed"),
        ("--corpus corpus --tasks mine.jsonl --task-column no", "1 field missing"),
        ("--corpus corpus --tasks gone.jsonl", "gone.jsonl cannot be read"),
        ("--corpus corpus --tasks mine.jsonl --out corpus", "corpus is there already"),
        ("--corpus corpus --tasks mine.jsonl --fail-above 2", "--fail-above 2.0: give a share"),
        ("--corpus corpus --tasks mine.jsonl --worst -1", "--worst -1: use 0 or more"),
        ("--corpus corpus/deep --tasks mine.jsonl --column words", "no column words"),
        ("--corpus corpus/c.jsonl.gz --tasks mine.jsonl --column n", "5 field missing"),
    ],
)
def test_what_cannot_be_read_is_one_message(
    arguments: str, said: str, corpus: Path, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    if "task-column" in arguments:
        rows.write_text(json.dumps(ROWS[0]))
    assert look(*arguments.split()) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ") and said in message
    assert not Path("found").exists()


def test_rows_that_were_not_looked_through_are_told(
    rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.dumps({"text": f"Line {i}."}) for i in range(299)]
    Path("c.jsonl").write_text("\n".join([*lines, "{torn"]))
    assert look("--corpus", "c.jsonl", "--tasks", rows) == 0
    assert "1 rows of the corpus were not looked through: not JSON" in capsys.readouterr().out
    Path("c.jsonl").write_text("\n".join([*lines[:50], '{"text": 3}']))
    with pytest.raises(DataError, match=r"c\.jsonl: 1 of 51 rows are bad.*field is not text"):
        list(ForeignCorpus([Path("c.jsonl")], "text").documents())


def test_a_large_text_is_read_in_parts_and_nothing_between_them_is_missed() -> None:
    rng = random.Random(0)
    words = [f"{rng.choice('abcdé')}{i:x}{rng.choice(' ,.')}" for i in range(900_000)]
    text = " ".join(words)
    Path("large.txt").write_text(text, encoding="utf-8")
    starts = [*range(2**20 - 60, 2**20 + 20, 7), *range(2**21 - 90, 2**21 + 60, 7), 5_000_000]
    items = []
    for start in starts:
        begin = text.index(" ", start) + 1
        planted = " ".join(text[begin : begin + 400].split()[:CHECK])
        items.append(
            EvaluationText(task="t", split="s", example_id=str(start), group="g", text=planted)
        )
    read = ForeignCorpus([Path("large.txt")], "text")
    assert read.total > 5_000_000
    found = find_overlaps(items, read.documents())
    assert all(one.confirmed and one.share == 1 for one in found.overlaps)
    assert found.documents > 5 and read.done == read.total
    assert found.overlaps[-1].documents[0].id.startswith("large.txt#part ")


def _example(id_: str, text: str) -> Example:
    return Example(example_id=id_, group=id_, prompt=f"Read: {text}", target=" yes",
                   choices=(" yes", " no"), gold=0, segments=(text,))  # fmt: skip


def test_the_stage_looks_through_what_is_in_the_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """All streams: an item is planted in the corpus, another in the rows of a task."""
    profile, workspace = tiny(), Workspace(Path("workspace").absolute(), minimum_free=0)
    monkeypatch.setenv("GENERALIST_WORKSPACE", str(workspace.root))
    rng = random.Random(0)
    texts = [" ".join(f"w{rng.randrange(5000)}" for _ in range(60)) for _ in range(200)]
    wanted = {"in corpus": texts[7], "in a task": texts[150], "nowhere": COPIED}

    def made(kind: str, build: object) -> Product:
        return workspace.product(
            kind,
            "tiny",
            config={},
            inputs={},
            entry=(),
            build=build,  # type: ignore[arg-type]
        )

    def prompts(out: Path) -> dict[str, int]:
        examples = [_example(*one) for one in wanted.items()]
        task = registry.get("continuation")
        both = {"validation": examples[:1], "test": examples[1:]}
        write_prompts([Converted(task=task, source_name="here", licence="", revision="",
                                 examples=both, n_records={})], out)  # type: ignore[arg-type]  # fmt: skip
        return {}

    tokenizer = made(
        "tokenizer", lambda out: train_tokenizer(TokenizerConfig(vocab_size=512), texts, out)
    )

    def shards(out: Path) -> dict[str, int]:
        model = load_tokenizer(tokenizer.path)
        for name in ("corpus", *profile.mixture_tasks):
            some = {"corpus": texts[:100], "package": texts[100:]}.get(name, ["Nothing."])
            encode_documents(model, some, out, split="train", name=name)
        return {}

    text = Text(
        prompts=made("prompts", prompts),
        documents=tokenizer,
        tokenizer=tokenizer,
        shards=made("shards", shards),
    )
    product = contaminated.fn(profile, text)
    found = {one.example_id: one for one in read_overlaps(product.path / OVERLAPS)}
    assert {id_: one.confirmed for id_, one in found.items()} == {
        "in corpus": True,
        "in a task": True,
        "nowhere": False,
    }
    assert found["in corpus"].documents[0].id == "corpus#7"
    assert found["in a task"].documents[0].id == "package#50"
    assert found["in corpus"].split == "validation" and found["nowhere"].n_found == 0
    assert product.manifest.counts["confirmed"] == 2
    assert contaminated.fn(profile, text).reused
