"""Tokenizers: what is asked of one, and our own kind, a SentencePiece BPE that loses nothing.

decode(encode(text)) == text for every valid Unicode string. The library's defaults do not hold this
(NFKC, collapsed white space, a dummy prefix). Ours: identity normaliser, white space kept, no dummy
prefix, bytes for what has no piece, and newline and tab as symbols of their own. SentencePiece
writes a space as U+2581, so a real U+2581 in the text would come back as a space: text is split
there and the character is written as its three byte pieces. ``<|endoftext|>`` is a control symbol:
text that contains these characters never makes its id. Words seen before are looked up
(``gptcore.words``); the published kinds are in ``gptcore.bpe``.

The only importer of sentencepiece. Options: google/sentencepiece ``doc/options.md``.
"""

import io
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import sentencepiece

from gptcore.bpe import FILES, load_bpe, within
from gptcore.config import TokenizerConfig
from gptcore.errors import ConfigError, DataError, ProductError
from gptcore.parts import parts
from gptcore.pieces import SPACE_MARK, Kind, read_model
from gptcore.words import WordEncoder, cuts_are_exact

END_OF_TEXT = "<|endoftext|>"
FILE = "tokenizer.model"
_MAX_BYTES = 1 << 20
"""SentencePiece passes over a longer text and says nothing."""
_CHARACTER_BYTES = 4
"""Of UTF-8, at most."""

_Part: TypeAlias = tuple[int, str]
"""The number of a text, and the text or a part of it."""
_Encoder: TypeAlias = Callable[[str], list[int]]


class Tokenizer(Protocol):
    """Text ↔ token ids, as the model's users see it.

    ``encode`` makes no special id, whatever a text spells. The ids of a text begin with those of a
    beginning of it that ends with a word and before a space or newline: so a prompt and what
    follows it are encoded together and cut after the prompt's ids.
    """

    @property
    def vocab_size(self) -> int:
        """Ids are 0 … vocab_size − 1."""

    @property
    def end_of_text(self) -> int:
        """The id after each text, and before it when it is scored or continued."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text; DataError on a lone surrogate."""

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts, in their order."""

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; ``end_of_text`` has none. DataError names an id that is out of range."""


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


class SentencePieceTokenizer:
    """Our own vocabularies: text ↔ ids, nothing lost."""

    def __init__(self, model: bytes) -> None:
        """From the bytes of a model file; ProductError when it is broken or not one of ours."""
        try:
            self._model = sentencepiece.SentencePieceProcessor(model_proto=model, num_threads=1)
            vocabulary = read_model(model)
        except (RuntimeError, ValueError, LookupError, struct.error) as error:
            raise ProductError(f"{FILE} cannot be read ({error})") from error
        ids = {piece.text: i for i, piece in enumerate(vocabulary.pieces)}
        controls = [piece.text for piece in vocabulary.pieces if piece.kind is Kind.CONTROL]
        lossless = vocabulary.byte_fallback and vocabulary.verbatim and not vocabulary.by_words
        if not (lossless and END_OF_TEXT in controls):
            raise ProductError(
                f"{FILE} loses text or lacks the control symbol {END_OF_TEXT}: train it with "
                "gptcore.tokenizer"
            )
        self.end_of_text: int = ids[END_OF_TEXT]
        self.vocab_size: int = len(ids)
        self._mark_ids = [ids[f"<0x{byte:02X}>"] for byte in SPACE_MARK.encode()]
        exact = cuts_are_exact(vocabulary)
        self._ids: _Encoder = WordEncoder(self._raw) if exact else self._raw

    def encode(self, text: str) -> list[int]:
        """Ids of a text; DataError on a lone surrogate, which no UTF-8 can hold."""
        try:
            if SPACE_MARK not in text:
                return self._ids(text)
            first, *rest = map(self._ids, text.split(SPACE_MARK))
        except UnicodeEncodeError as error:
            raise DataError(f"text holds a lone surrogate ({error}): replace it first") from error
        return [*first, *(i for ids in rest for i in (*self._mark_ids, *ids))]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts, in the calling thread."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; ``<|endoftext|>`` has none, bytes that are no UTF-8 become U+FFFD."""
        text: str = self._model.decode(within(ids, self.vocab_size))
        return text

    def _raw(self, text: str) -> list[int]:
        """Ids as the library gives them, which takes U+2581 for a space."""
        ids: list[int] = self._model.encode(text.encode())
        return ids


def load_tokenizer(directory: Path) -> Tokenizer:
    """The tokenizer of a directory: SentencePiece's, GPT-2's or GPT-1's, told by its files.

    ProductError when there is none or it is broken.
    """
    path = directory / FILE
    if path.exists():
        try:
            return SentencePieceTokenizer(path.read_bytes())
        except (OSError, ProductError) as error:
            raise ProductError(f"{directory} holds no tokenizer ({error}): make it anew") from error
    published = load_bpe(directory)
    if published is None:
        known = ", ".join([FILE, *(f"{ids} with {merges}" for ids, merges in FILES)])
        raise ProductError(f"{directory} holds no tokenizer: one of {known} must be there")
    return published
