"""Running text: what is a document, what is counted, and that nothing is lost on the way."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_to_text import registry
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.evaluate import evaluate
from tasks_to_text.example import Example
from tasks_to_text.metric import METRICS
from tasks_to_text.sources import Places, read_rows
from tasks_to_text.task import Rejected, Row, Task
from tasks_to_text.tasks.running_text import articles, pieces, runs
from tests.tasks_to_text.fakes import Fake

NAMES = (
    *("wikitext2", "wikitext103", "ptb", "one_billion_words", "enwik8", "text8"),
    "ppl_novels",
)


def _examples(task: Task, records: list[Row]) -> list[Example]:
    rows = list(task.rows(records, "test"))
    return [task.template(row) for row in rows if not isinstance(row, Rejected)]


LINES = [
    "",
    " = Ann Lee = \n",
    "",
    " Ann ( born 1900 ) wrote . \n",
    "",
    " = = Life = = \n",
    "",
    " The value is \n",
    " = 1 k = \n",
    " 2 here . \n",
    "",
    " = B = \n",
    "",
    " B . \n",
]
"""As the Hub has WikiText: a line a record, blank ones empty."""


def test_articles_start_at_headings_between_blank_lines_and_not_at_formulas() -> None:
    assert list(articles(LINES)) == [
        " = Ann Lee = \n \n Ann ( born 1900 ) wrote . \n \n = = Life = = \n \n The value is \n"
        " = 1 k = \n 2 here . \n \n",
        " = B = \n \n B . \n",
    ]


def test_articles_do_not_depend_on_how_lines_are_spread_over_records() -> None:
    one = ["".join(f"{line.removesuffix(chr(10)) or chr(32)}\n" for line in LINES)]
    assert list(articles(one)) == list(articles(LINES))
    whole = list(articles(LINES))
    assert list(articles(whole)) == whole


@given(st.lists(st.sampled_from([*LINES[:6], " = = = C = = = \n", " \n", "text"]), max_size=20))
def test_no_line_of_an_article_is_lost(lines: list[str]) -> None:
    kept = [line for text in articles(lines) for line in text.split("\n") if line.strip()]
    assert kept == [line.removesuffix("\n") for line in lines if line.strip()]


def test_what_stands_before_the_first_heading_is_an_article() -> None:
    assert list(articles(["a", "", " = B = ", " "])) == ["a\n \n", " = B = \n \n"]


@given(st.lists(st.text(alphabet="ab \né", max_size=30), max_size=4), st.integers(1, 12))
def test_pieces_joined_are_the_text(texts: list[str], size: int) -> None:
    made = list(pieces(texts, size))
    assert "".join(made) == "".join(texts)
    assert all(0 < len(piece) <= size for piece in made)
    for piece in made[:-1]:  # no word is cut that could be spared
        assert piece[-1] in " \n" or not set(piece) & {" ", "\n"}


def test_runs_have_their_lines_in_order() -> None:
    assert list(runs(["a", " b \n", "", "c"], 2)) == ["a\nb\n", "c\n"]
    assert [len(run.splitlines()) for run in runs(["x"] * 250)] == [100, 100, 50]


def test_records_without_text_are_rejected_and_the_others_regrouped() -> None:
    task = registry.get("wikitext2")
    records: list[Row] = [{"text": line} for line in LINES]
    rows = list(task.rows([*records, {"text": None}, {"other": 1}], "test"))
    assert [row.reason for row in rows if isinstance(row, Rejected)] == ["field missing"] * 2
    assert len([row for row in rows if not isinstance(row, Rejected)]) == 2


def test_wikitext_of_the_hub_is_the_same_task_as_articles_of_a_mirror() -> None:
    for name in ("wikitext2", "wikitext103"):
        task = registry.get(name)
        by_line = _examples(task, [{"text": line} for line in LINES])
        by_article = _examples(task, [{"text": text} for text in articles(LINES)])
        assert by_line == by_article
        assert by_line[0].target.startswith("= Ann Lee =\n\nAnn (born 1900) wrote.\n\n== Life ==")
        assert by_line[0].segments == (next(articles(LINES)),)


def test_a_hundred_sentences_of_the_treebank_are_a_document_and_ends_are_counted() -> None:
    sentences: list[Row] = [{"sentence": f"mr. no{i} is n't N"} for i in range(150)]
    first, second = _examples(registry.get("ptb"), sentences)
    assert first.target.startswith("mr. no0 isn't N\nmr. no1 isn't N\n")
    assert first.target.count("\n") == 100 and second.target.count("\n") == 50
    assert first.segments[0].startswith("mr. no0 is n't N <eos> mr. no1 is n't N <eos>")
    assert len(first.segments[0].split()) == 100 * 6


def test_the_bytes_of_enwik8_stay_as_they_are() -> None:
    text = "<page>\n  R\u00e9sum\u00e9 &amp; '''[[x]]'''\n\n" * 6000
    made = _examples(registry.get("enwik8"), [{"text": text[:1001]}, {"text": text[1001:]}])
    assert len(made) == 3
    assert "".join(one.target for one in made) == text
    assert sum(len(one.segments[0].encode()) for one in made) == len(text.encode())


def _scores(task: Task, examples: list[Example]) -> dict[tuple[str, str], float]:
    _, scores = evaluate(
        task,
        examples,
        split="test",
        models={"uniform": Fake()},
        choices_only_of="uniform",
        train=(),
        exposure={"uniform": "unseen"},
        seed=0,
    )
    return {(score.model, score.metric): score.value for score in scores}


def test_perplexity_is_all_nats_over_all_published_words() -> None:
    sentences = ["the cat is n't in", "it is", "n't it"]
    task = registry.get("one_billion_words")
    examples = _examples(task, [{"text": text} for text in sentences])
    read = "the cat isn't in\nit is\nn't it\n"  # what the fake reads, at ln 256 per byte
    words = sum(len(text.split()) + 1 for text in sentences)
    expected = 256 ** (len(read) / words)
    found = _scores(task, examples)["uniform", "word_perplexity"]
    assert found == pytest.approx(expected)


def test_bits_per_byte_are_bits_per_character_of_text8() -> None:
    task = registry.get("text8")
    examples = _examples(task, [{"text": " anarchism originated as a term " * 8000}])
    assert len(examples) == 3
    scores = _scores(task, examples)
    assert scores["uniform", "bits_per_byte"] == pytest.approx(8.0)
    assert scores["uniform", "byte_perplexity"] == pytest.approx(256)
    assert 0 < scores["lzma", "bits_per_byte"] < 1


@pytest.mark.parametrize("name", NAMES)
def test_unit_and_window_rule_are_named(name: str) -> None:
    task = registry.get(name)
    assert task.unseen and task.protocol == "text"
    unit = "byte" if task.headline == "bits_per_byte" else "word"
    assert f"per {unit}" in task.description or f"per published {unit}" in task.description
    for metric in task.metrics:
        assert METRICS[metric].title.endswith("disjoint windows")


def test_a_long_text_becomes_enough_documents_to_convert(tmp_path: Path) -> None:
    folder = tmp_path / "mirror" / "tasks" / "text8"
    folder.mkdir(parents=True)
    for split in ("validation", "test"):
        words = " ".join(f"{split} {i:05d}".translate(_LETTERS) for i in range(20_000))
        (folder / f"{split}.jsonl").write_text(f'{{"text": "{words}"}}\n')
    (tmp_path / "out").mkdir()
    counts = convert(
        ConvertConfig(tasks=("text8",)),
        [registry.get("text8")],
        Places(mirror=tmp_path / "mirror"),
        tmp_path / "out",
    )
    assert counts["tasks"]["text8"]["test"]["records"] == 1
    assert counts["tasks"]["text8"]["test"]["examples"] == math.ceil(len(words) / 100_000) == 3


_LETTERS = str.maketrans("0123456789", "abcdefghij")

real_rows = pytest.mark.skipif(
    "GENERALIST_DATA" not in os.environ,
    reason="GENERALIST_DATA names no directory with the published rows",
)


def _published(name: str, split: str) -> list[Row]:
    task, places = registry.get(name), Places(mirror=Path(os.environ["GENERALIST_DATA"]))
    return read_rows(task.source, split, columns=task.columns, places=places)


@real_rows
def test_wikitext_has_the_published_articles_and_words() -> None:
    words = {"validation": 213_886, "test": 241_211}
    for split, n_words in words.items():
        records = _published("wikitext2", split)
        examples = _examples(registry.get("wikitext2"), records)
        assert len(examples) == 60
        assert sum(len(one.segments[0].split()) for one in examples) == n_words


@real_rows
def test_novels_are_whole() -> None:
    records = _published("ppl_novels", "test")
    examples = _examples(registry.get("ppl_novels"), records)
    assert [one.target for one in examples] == [record["text"] for record in records]
    assert {one.group for one in examples} == {record["title"] for record in records}
    assert min(len(one.target) for one in examples) > 400_000
