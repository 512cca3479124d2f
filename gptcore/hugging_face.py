"""Whole published directories: a run's weights and tokenizer written as Hugging Face's, and read.

Written beside the target and renamed, so that there is the whole or nothing. What is in the files:
``gptcore.interop``, ``gptcore.openai_release`` and ``gptcore.exported_tokenizer``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gptcore.checkpoint import load_weights, save_weights
from gptcore.errors import ConfigError
from gptcore.exported_tokenizer import read_tokenizer, write_tokenizer
from gptcore.interop import check_weights, read_hugging_face, write_hugging_face
from gptcore.openai_release import SHAPES, read_openai_release
from gptcore.tokenizer import load_tokenizer

README = "README.md"
_NAME = 40
"""Characters of the name of ``target`` that the directory beside it begins with."""


def export_hugging_face(weights: Path, tokenizer: Path, target: Path, *, card: str = "") -> None:
    """Write ``target``, for ``AutoModelForCausalLM`` and ``AutoTokenizer``; ``card`` is its README.

    ConfigError when ``target`` is taken, when weights and tokenizer do not belong together, or for
    a model that transformers does not have; ProductError when they cannot be read.
    """
    with _whole(target) as directory:
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
    with _whole(target) as directory:
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


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A new directory to write, which becomes ``target`` if all goes well and else disappears.

    It has a name of its own beside ``target``, so nothing else is touched and two writers never
    meet; the one that comes second finds ``target`` taken. ConfigError when it cannot be written.
    """
    try:
        place = _free(target)
        prefix = f".{place.name[:_NAME]}-"
        with TemporaryDirectory(prefix=prefix, dir=place.parent, ignore_cleanup_errors=True) as own:
            aside = Path(own, "made")  # a temporary directory is its owner's only, this one is not
            aside.mkdir()
            yield aside
            aside.rename(place)  # replaces an empty directory, nothing else
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"{target} cannot be written ({error}): name another place") from error


def _free(target: Path) -> Path:
    """``target`` without links; ConfigError when it is taken."""
    place = target.resolve()
    if target.is_symlink() or place == Path.cwd():
        raise ConfigError(f"{target} is a link or the current directory: name a new directory")
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ConfigError(f"{target} is there already: name a new directory, or an empty one")
    if not place.parent.is_dir():
        raise ConfigError(f"{place.parent} is no directory: make it first")
    return place
