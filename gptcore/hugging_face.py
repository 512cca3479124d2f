"""Whole Hugging Face directories: a run's weights and tokenizer written as one, and read from one.

Written beside the target and renamed, so that there is the whole or nothing. What is in the files:
``gptcore.interop`` and ``gptcore.exported_tokenizer``.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gptcore.checkpoint import load_weights, save_weights
from gptcore.errors import ConfigError
from gptcore.exported_tokenizer import read_tokenizer, write_tokenizer
from gptcore.interop import read_hugging_face, write_hugging_face
from gptcore.tokenizer import load_tokenizer

README = "README.md"


def export_hugging_face(weights: Path, tokenizer: Path, target: Path, *, card: str = "") -> None:
    """Write ``target``, for ``AutoModelForCausalLM`` and ``AutoTokenizer``; ``card`` is its README.

    ConfigError when ``target`` is taken, when weights and tokenizer do not belong together, or for
    a model that transformers does not have; ProductError when they cannot be read.
    """
    with _whole(target) as directory:
        config, tensors = load_weights(weights)
        end_of_text = _end_of_text(tokenizer, config.vocab_size)
        write_hugging_face(directory, config, tensors, end_of_text=end_of_text)
        write_tokenizer(tokenizer, directory, context_length=config.context_length)
        if card:
            (directory / README).write_text(card, encoding="utf-8")


def import_hugging_face(source: Path, target: Path) -> None:
    """Write ``target/weights`` and ``target/tokenizer``, as ``Scorer.load`` reads them.

    ConfigError when ``target`` is taken or the model is another one than ours can be, ProductError
    when the directory cannot be read or has no tokenizer that we have.
    """
    with _whole(target) as directory:
        config, tensors = read_hugging_face(source)
        (directory / "tokenizer").mkdir()
        read_tokenizer(source, directory / "tokenizer")
        _end_of_text(directory / "tokenizer", config.vocab_size)
        save_weights(directory / "weights", config, tensors)


def _end_of_text(tokenizer: Path, vocab_size: int) -> int:
    """Its id; ConfigError when the model has other ids than the tokenizer."""
    found = load_tokenizer(tokenizer)
    if found.vocab_size != vocab_size:
        raise ConfigError(
            f"vocab_size={vocab_size} of the model is not the tokenizer's {found.vocab_size}: they "
            "do not belong together"
        )
    return found.end_of_text


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A directory to write, which becomes ``target`` if all goes well and else disappears."""
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(f"{target} is there already: name a new directory, or an empty one")
    if not target.parent.is_dir():
        raise ConfigError(f"{target.parent} is no directory: make it first")
    aside = target.with_name(f".{target.name}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
        if target.exists():
            target.rmdir()
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
