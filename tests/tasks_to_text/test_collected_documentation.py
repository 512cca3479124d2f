"""The tasks on documentation as it is really collected: what is shown, and what it must fit."""

from pathlib import Path

import pytest

from flows.distributions import TINY
from gptcore.corpus.documentation import DocumentationConfig, collect
from gptcore.corpus.documents import read_documentation
from gptcore.corpus.ingest import as_document
from tasks_to_text import registry
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.sources import Places
from tasks_to_text.store import read_examples
from tasks_to_text.task import SPLITS

TASKS = ("parameter_type", "package", "sentence_order")


@pytest.fixture(scope="module")
def documentation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("documentation")
    collect(DocumentationConfig(distributions=TINY), out)
    return out


@pytest.fixture(scope="module")
def prompts(documentation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prompts")
    places = Places(products={"documentation": documentation})
    tasks = [registry.get(name) for name in TASKS]
    counts = convert(ConvertConfig(tasks=TASKS), tasks, places, out)["tasks"]
    for task in TASKS:
        assert counts[task]["test"]["examples"] >= 40, task
    return out


def test_both_orders_start_like_the_corpus_document(documentation: Path, prompts: Path) -> None:
    documents = {
        row.id: " ".join(as_document(row).text.split())
        for split in SPLITS
        for row in read_documentation(documentation / f"{split}.parquet")
    }
    for split in SPLITS:
        for example in read_examples(prompts, "sentence_order", split):
            shown = " ".join((example.prompt + example.target).split())
            assert documents[example.example_id].startswith(shown)
            assert {"".join(sorted(choice)) for choice in example.choices} == {
                "".join(sorted(example.target))
            }


def test_prompts_are_short_enough_for_256_tokens(prompts: Path) -> None:
    for task in TASKS:
        for split in SPLITS:
            for example in read_examples(prompts, task, split):
                for choice in example.choices:
                    assert len((example.prompt + choice).encode()) <= 550


def test_no_package_is_named_in_its_documentation(prompts: Path) -> None:
    for example in read_examples(prompts, "package", "test"):
        text = example.segments[0].lower()
        for name in ("numpy", "networkx", "werkzeug", "huggingface", "import np"):
            assert name not in text, example.example_id


def test_no_question_is_asked_in_two_splits(prompts: Path) -> None:
    for task in TASKS:
        by_split = [
            {" ".join(" ".join(one.segments).lower().split()[:12]) for one in examples}
            for examples in (read_examples(prompts, task, split) for split in SPLITS)
        ]
        if task != "sentence_order":  # there the heading comes first
            assert by_split[0].isdisjoint(by_split[1] | by_split[2])
            assert by_split[1].isdisjoint(by_split[2])
