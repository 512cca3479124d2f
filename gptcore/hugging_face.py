"""Whole published directories: a run's weights and tokenizer written as Hugging Face's, and read.

Written beside the target and renamed, so that there is the whole or nothing. What is in the files:
``gptcore.interop``, ``gptcore.openai_release`` and ``gptcore.exported_tokenizer``.
"""

from pathlib import Path

from gptcore.checkpoint import load_weights, save_weights
from gptcore.errors import ConfigError
from gptcore.exported_tokenizer import read_tokenizer, write_tokenizer
from gptcore.interop import check_weights, read_hugging_face, write_hugging_face
from gptcore.new_directory import whole
from gptcore.openai_release import SHAPES, read_openai_release
from gptcore.tokenizer import load_tokenizer

README = "README.md"


def export_hugging_face(weights: Path, tokenizer: Path, target: Path, *, card: str = "") -> None:
    """Write ``target``, for ``AutoModelForCausalLM`` and ``AutoTokenizer``; ``card`` is its README.

    ConfigError when ``target`` is taken, when weights and tokenizer do not belong together, or for
    a model that transformers does not have; ProductError when they cannot be read.
    """
    with whole(target) as directory:
        config, tensors = load_weights(weights)
        check_weights(weights, config, tensors)
        end_of_text = _end_of_text(tokenizer, config.vocab_size)
        write_tokenizer(tokenizer, directory, context_length=config.context_length)
        write_hugging_face(directory, config, tensors, end_of_text=end_of_text)
        if card:
            (directory / README).write_text(card, encoding="utf-8")


def import_published(source: Path, target: Path) -> None:
    """Write ``target/weights`` and ``target/tokenizer``, as ``Scorer.load`` reads them.

    ``source`` is a Hugging Face directory, or OpenAI's GPT-1 if it has ``params_shapes.json``, with
    ``encoder_bpe_40000.json`` and ``vocab_40000.bpe`` beside it, as they were published.
    ConfigError when ``target`` is taken or the model is another one than ours can be, ProductError
    when the directory cannot be read or has no tokenizer that we have.
    """
    with whole(target) as directory:
        release = (source / SHAPES).exists()
        config, tensors = read_openai_release(source) if release else read_hugging_face(source)
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
