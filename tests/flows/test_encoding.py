"""A task of which nothing can be scored is refused before a model is trained."""

from dataclasses import replace
from pathlib import Path

import pytest

from flows.encoding import EncodingConfig, encode
from flows.shipped import tiny
from gptcore.config import TokenizerConfig
from gptcore.tokenizer import train_tokenizer
from tasks_to_text import registry
from tasks_to_text.errors import DataError
from tasks_to_text.example import Example
from tasks_to_text.store import Converted, write_prompts


def _example(example_id: str, choice: str) -> Example:
    return Example(
        example_id=example_id, group="g", prompt="", target=choice, choices=(choice, "no"), gold=0
    )


@pytest.mark.parametrize(
    ("words", "fits"), [((60,), True), ((3000, 60), True), ((3000, 3000), False)]
)
def test_a_task_of_which_no_choices_fit_the_context_is_named(
    words: tuple[int, ...], fits: bool, tmp_path: Path
) -> None:
    for name in ("tokenizer", "prompts", "shards"):
        (tmp_path / name).mkdir()
    texts = [f"word{i} of {i * i} in {i % 7:b} and {chr(97 + i % 26) * 3}{i}" for i in range(4000)]
    train_tokenizer(TokenizerConfig(vocab_size=512), texts, tmp_path / "tokenizer")
    made = Converted(
        task=registry.get("continuation"),
        source_name="here",
        licence="",
        revision="",
        examples={"test": [_example(f"e{i}", " ".join(["fox"] * n)) for i, n in enumerate(words)]},
        n_records={"test": 1},
    )
    write_prompts([made], tmp_path / "prompts")
    config = EncodingConfig(tasks=(), ranked=("continuation",), context_length=256)
    places = [tmp_path / name for name in ("tokenizer", "documents", "prompts", "shards")]
    # Documents are read after the check, and there are none.
    expected = pytest.raises(Exception, match=r"train\.parquet is missing")
    if not fits:
        expected = pytest.raises(DataError, match=r"test: none of 2 examples .* 'e0' with 'fox fox")
    with expected:
        encode(config, *places, lambda done, total, what: None)


def test_every_ranked_task_of_a_profile_is_checked_against_its_context() -> None:
    profile = tiny()
    longer = replace(profile, model=replace(profile.model, context_length=512))
    assert longer.encoding.context_length == 512
    assert set(profile.encoding.ranked) == {
        *("parameter_type", "package", "sentence_order", "continuation", "last_word")
    }
