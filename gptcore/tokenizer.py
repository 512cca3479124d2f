"""SentencePiece, lossless: decode(encode(text)) == text for every valid Unicode string.

The library's defaults are not (NFKC, collapsed white space, a dummy prefix). Ours: identity
normaliser, white space kept, no dummy prefix, bytes for what has no piece, and newline and tab as
symbols of their own. SentencePiece writes a space as U+2581, so a real U+2581 in the text would
come back as a space: text is split there and the character is written as its three byte pieces.
``<|endoftext|>`` is a control symbol: text that contains these characters never makes its id.

The only importer of sentencepiece. Options: google/sentencepiece ``doc/options.md``.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import sentencepiece

from gptcore.config import TokenizerConfig
from gptcore.errors import ConfigError, DataError, ProductError
from gptcore.parts import parts

END_OF_TEXT = "<|endoftext|>"
FILE = "tokenizer.model"
_SPACE_MARK = "\u2581"
_MAX_BYTES = 1 << 20
"""SentencePiece passes over a longer text and says nothing."""
_CHARACTER_BYTES = 4
"""Of UTF-8, at most."""

_Part: TypeAlias = tuple[int, str]
"""The number of a text, and the text or a part of it."""


def train_tokenizer(config: TokenizerConfig, texts: Iterable[str], out: Path) -> dict[str, Any]:
    """Train a byte-fallback BPE on training texts; writes ``tokenizer.model`` into ``out``.

    Long texts are read in parts, and of more than ``max_training_bytes`` every k-th text or part.
    Returns counts: texts (read at least in part), bytes, vocab_size. ConfigError when the texts are
    too few for the vocabulary.
    """
    numbered = list(_in_parts(texts, min(_MAX_BYTES, config.max_training_bytes // 8)))
    kept, total = _evenly(numbered, config.max_training_bytes)
    n_texts = len({number for number, _ in kept})
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(text for _, text in kept),
            model_writer=model,
            model_type="bpe",
            vocab_size=config.vocab_size,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
            allow_whitespace_only_pieces=True,
            byte_fallback=True,
            user_defined_symbols=["\n", "\t"],
            control_symbols=[END_OF_TEXT],
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
            max_sentence_length=_MAX_BYTES,
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise ConfigError(
            f"tokenizer.vocab_size={config.vocab_size}: cannot be trained on {n_texts} texts"
            f" ({error}); lower it or give more text"
        ) from error
    (out / FILE).write_bytes(model.getvalue())
    return {"texts": n_texts, "bytes": total, "vocab_size": config.vocab_size}


def _in_parts(texts: Iterable[str], max_bytes: int) -> Iterator[_Part]:
    """Texts and, of those that are larger than ``max_bytes`` of UTF-8, parts that are not."""
    for number, text in enumerate(texts):
        fits = len(text.encode()) <= max_bytes
        for part in [text] if fits else parts(text, max_bytes // _CHARACTER_BYTES):
            yield number, part


def _evenly(texts: Sequence[_Part], max_bytes: int) -> tuple[list[_Part], int]:
    """Every k-th text, within ``max_bytes`` of UTF-8; the texts and their size."""
    step = max(1, -(-sum(len(text.encode()) for _, text in texts) // max_bytes))
    kept, total = [], 0
    for number, text in texts[::step]:
        size = len(text.encode())
        if total + size <= max_bytes:
            kept.append((number, text))
            total += size
    return kept, total


class Tokenizer:
    """Text ↔ token ids."""

    def __init__(self, model: bytes) -> None:
        self._model = sentencepiece.SentencePieceProcessor(model_proto=model)
        self.end_of_text: int = self._model.piece_to_id(END_OF_TEXT)
        self.vocab_size: int = self._model.get_piece_size()
        mark = [f"<0x{byte:02X}>" for byte in _SPACE_MARK.encode()]
        self._mark_ids: list[int] = [self._model.piece_to_id(piece) for piece in mark]

    @classmethod
    def load(cls, directory: Path) -> "Tokenizer":
        """Read ``tokenizer.model``; ProductError when it is missing or broken."""
        path = directory / FILE
        try:
            return cls(path.read_bytes())
        except (OSError, RuntimeError) as error:
            raise ProductError(f"{path} is no tokenizer ({error}): delete {directory}") from error

    def encode(self, text: str) -> list[int]:
        """Ids of a text; DataError on a lone surrogate, which no UTF-8 can hold."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts, in the calling thread."""
        try:
            encoded: list[list[int]] = self._model.encode([text.encode() for text in texts])
        except UnicodeEncodeError as error:
            raise DataError(f"text holds a lone surrogate ({error}): replace it first") from error
        for i, text in enumerate(texts):
            if _SPACE_MARK in text:
                encoded[i] = self._encode_with_marks(text)
        return encoded

    def _encode_with_marks(self, text: str) -> list[int]:
        first, *rest = self._model.encode(text.split(_SPACE_MARK))
        return [*first, *(i for ids in rest for i in (*self._mark_ids, *ids))]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; ``<|endoftext|>`` has none, bytes that are no UTF-8 become U+FFFD."""
        text: str = self._model.decode(list(ids))
        return text
