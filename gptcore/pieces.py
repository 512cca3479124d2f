"""What a SentencePiece model file says: its pieces, its algorithm, how it prepares text.

The library gives the pieces but not the options, and both decide whether words may be encoded one
by one (``gptcore.words``), so the file itself is read: a protocol buffer, of which only the wire
format and six fields are needed. Source: google/sentencepiece ``src/sentencepiece_model.proto``.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

SPACE_MARK = "\u2581"
"""How pieces write a space."""

_PIECE, _TRAINER, _NORMALIZER = 1, 2, 3
"""Fields of the file."""
_MODEL_TYPE, _BYTE_FALLBACK = 3, 35
"""Fields of the trainer's options."""
_CHARSMAP, _DUMMY_PREFIX, _TRIM, _ESCAPE = 2, 3, 4, 5
"""Fields of the normaliser's options."""
_UNIGRAM, _BPE, _WORD = 1, 2, 3
"""Algorithms."""

_Value: TypeAlias = int | bytes


class Kind(IntEnum):
    """What a piece is for."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A row of the vocabulary; its place is its id."""

    text: str
    score: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class PieceModel:
    """A model file."""

    pieces: tuple[Piece, ...]
    is_bpe: bool
    """Else unigram, word or char."""
    by_words: bool
    """A text between spaces is one piece, or unknown."""
    byte_fallback: bool
    """A character without a piece is written as the pieces of its bytes."""
    verbatim: bool
    """Text is taken as it is: nothing normalised, trimmed or put before it."""

    @property
    def written(self) -> list[str]:
        """Pieces that text can become or be merged to."""
        from_text = (Kind.NORMAL, Kind.USER_DEFINED, Kind.UNUSED)
        return [piece.text for piece in self.pieces if piece.kind in from_text]


def read_model(model: bytes) -> PieceModel:
    """A whole model file; ValueError, IndexError or struct.error when it is none."""
    fields = list(_fields(model))
    options = {number: dict(_fields(value)) for number, value in fields if isinstance(value, bytes)}
    trainer, normalizer = options.get(_TRAINER, {}), options.get(_NORMALIZER, {})
    algorithm = trainer.get(_MODEL_TYPE, _UNIGRAM)
    return PieceModel(
        pieces=tuple(_piece(v) for n, v in fields if n == _PIECE and isinstance(v, bytes)),
        is_bpe=algorithm == _BPE,
        by_words=algorithm == _WORD,
        byte_fallback=trainer.get(_BYTE_FALLBACK) == 1,
        verbatim=not normalizer.get(_CHARSMAP)
        and normalizer.get(_DUMMY_PREFIX) == 0
        and normalizer.get(_TRIM) == 0
        and normalizer.get(_ESCAPE, 1) == 1,
    )


def _piece(message: bytes) -> Piece:
    fields = dict(_fields(message))
    text, score, kind = fields[1], fields.get(2, b"\0\0\0\0"), fields.get(3, Kind.NORMAL)
    if not (isinstance(text, bytes) and isinstance(score, bytes) and isinstance(kind, int)):
        raise ValueError("a piece of another layout")
    return Piece(text.decode(), struct.unpack("<f", score)[0], Kind(kind))


def _fields(message: bytes) -> Iterator[tuple[int, _Value]]:
    """(number, value) of every field: numbers as int, all else as its bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value: _Value
        if key & 7 == 0:
            value, at = _varint(message, at)
        else:
            size = {1: 8, 5: 4}.get(key & 7)
            if size is None:
                size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
        yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first; and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
