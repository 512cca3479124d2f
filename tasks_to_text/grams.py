"""Texts as normalised words, and the words as numbers: what makes grams comparable, and quick.

The normalisation is that of GPT-2 §4, "lower-cased alphanumeric words with a single space as a
delimiter", spelled out: text is brought into Unicode's form NFC; every character becomes the first
character of its own lower-case form; where ``str.isalnum`` says no to that, a word ends. So letters
and digits of all scripts are words, "don't" is two, and what is written without spaces is one.

A word's hash is a bijection of its bytes up to eight bytes and a 64-bit mixture of them beyond. The
hash of n words is Σ hash(wordᵢ) · Kⁿ⁻ⁱ modulo 2⁶⁴, so those of all positions are a few shifted
multiply-adds. Words of many texts are held together; no gram may cross from one into another, which
``Words.within`` says.

Shapes: W words, D texts.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Positions = NDArray[np.int64]

_BREAK = "\x01"
"""Between texts; all other bytes of folded text are spaces or parts of words."""
_SPACE = 32
_SLICE = 1 << 16
"""Characters folded at once: their code points stay in the cache."""
_BLOCK = 1 << 18
"""Bytes hashed at once, for the same reason."""
_LONG = 64
"""Bytes of a word from which on it is hashed alone: a run of hexadecimal digits has millions."""
_TWIST, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_BASE = 0xC2B2AE3D27D4EB4F
_KEEP = np.array([(1 << 8 * n) - 1 for n in range(9)], dtype=np.uint64)
"""Masks of the first 0 … 8 bytes of a little-endian number."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of some texts, one after the other."""

    raw: bytes
    """Folded text: words, white space around them, a break between texts."""
    starts: Positions
    """(W,) where in ``raw`` each word begins."""
    lengths: Positions
    """(W,) in bytes."""
    hashes: Hashes
    """(W,) of each word."""
    breaks: Positions
    """(D − 1,) where in ``raw`` texts end, but for the last."""

    def grams(self, n: int) -> Hashes:
        """(W − n + 1,) hashes of n words from each position on, those across texts too."""
        block, width, found, length = self.hashes, 1, None, 0
        while width <= n:
            if n & width:
                found = block if found is None else _joined(found, length, block, width)
                length += width
            if 2 * width <= n:
                block = _joined(block, width, block, width)
            width *= 2
        return self.hashes[:0] if found is None else found

    def grams_at(self, positions: Positions, n: int) -> Hashes:
        """As ``grams(n)[positions]``, for few positions."""
        found = self.hashes[positions]
        for i in range(1, n):
            found = found * np.uint64(_BASE) + self.hashes[positions + i]
        return found

    def text_of(self, positions: Positions) -> Positions:
        """The number of the text, from 0, that the words at some positions belong to."""
        return np.searchsorted(self.breaks, self.starts[positions])

    def within(self, positions: Positions, n: int) -> NDArray[np.bool_]:
        """Whether n words from each position on belong to one text."""
        last = np.minimum(positions + n, len(self.starts)) - 1
        same: NDArray[np.bool_] = self.text_of(positions) == self.text_of(last)
        return same & (positions + n <= len(self.starts))

    def spelled(self, position: int, n: int) -> bytes:
        """n words from a position on, with single spaces between them, in UTF-8."""
        starts = self.starts[position : position + n].tolist()
        lengths = self.lengths[position : position + n].tolist()
        return b" ".join(self.raw[s : s + k] for s, k in zip(starts, lengths, strict=True))


def words_of(texts: Sequence[str]) -> Words:
    """The words of texts. Memory: about ten bytes per byte of text, for as long as it is held."""
    joined = _BREAK.join(texts)
    if joined.count(_BREAK) != max(len(texts) - 1, 0):
        joined = _BREAK.join(text.replace(_BREAK, " ") for text in texts)
    raw = b" %b " % fold(joined)
    parts = [_words(raw, start, end) for start, end in _blocks(raw)]
    starts, lengths, hashes = (np.concatenate(part) for part in zip(*parts, strict=True))
    breaks = np.flatnonzero(np.frombuffer(raw, np.uint8) == ord(_BREAK))
    return Words(raw, starts, lengths, hashes, breaks)


def fold(text: str) -> bytes:
    """Text in lower case, a space for all that is no letter or digit, in UTF-8.

    >>> fold("«Était-ce 12½?» A_B")
    b' \\xc3\\xa9tait ce 12\\xc2\\xbd   a b'
    """
    if text.isascii():
        return text.encode().translate(_ascii())
    composed = (
        text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
    )
    slices = (composed[i : i + _SLICE] for i in range(0, len(composed), _SLICE))
    return b"".join(map(_folded, slices))


def normalised(text: str) -> str:
    """Words with single spaces between them: what is compared.

    >>> normalised("It's  «ÉTÉ», No. 7!")
    'it s été no 7'
    """
    return " ".join(fold(text).replace(_BREAK.encode(), b" ").decode().split())


def _folded(text: str) -> bytes:
    if text.isascii():
        return text.encode().translate(_ascii())
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return _folding().take(points).tobytes().decode("utf-32-le").encode()


@cache
def _ascii() -> bytes:
    return bytes(_folding()[:128].astype(np.uint8)) + bytes(range(128, 256))


@cache
def _folding() -> NDArray[np.uint32]:
    """(0x110000,) code point → its lower-case letter or digit, or a space; breaks stay."""
    table = np.full(0x110000, _SPACE, dtype=np.uint32)
    for point in range(len(table)):
        lower = chr(point).lower()[0]
        if lower.isalnum():
            table[point] = ord(lower)
    table[ord(_BREAK)] = ord(_BREAK)
    return table


def _blocks(raw: bytes) -> Iterator[tuple[int, int]]:
    """Where to cut folded text so that each part, but for one long word, is small: at spaces."""
    start = 0
    while len(raw) - start > _BLOCK:
        end = raw.rfind(b" ", start + 1, start + _BLOCK)
        if end < 0:
            end = raw.find(b" ", start + _BLOCK)
        yield start, end + 1
        start = end
    yield start, len(raw)


def _words(raw: bytes, start: int, end: int) -> tuple[Positions, Positions, Hashes]:
    """Starts, lengths and hashes of the words of a part that begins and ends with a space."""
    part = raw[start:end]
    inside = np.frombuffer(part, np.uint8) > _SPACE
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts = edges[0::2]
    lengths = edges[1::2] - starts
    return starts + start, lengths, _hashes(part, starts, lengths)


def _hashes(part: bytes, starts: Positions, lengths: Positions) -> Hashes:
    """Eight bytes at a time, read at any address, those behind the word's end masked."""
    padded = part + bytes(8)
    eights = np.ndarray((len(part),), np.dtype("<u8"), padded, strides=(1,))
    found = eights.take(starts)
    found &= _KEEP.take(lengths, mode="clip")
    found = _mixed(found)
    longer, done = np.flatnonzero(lengths > 8), 8
    while len(longer) and done < _LONG:
        more = eights[starts[longer] + done] & _KEEP.take(lengths[longer] - done, mode="clip")
        found[longer] = _mixed((found[longer] ^ (found[longer] >> np.uint64(29))) + more)
        done += 8
        longer = longer[lengths[longer] > done]
    for i in longer.tolist():
        word = part[starts[i] : starts[i] + lengths[i]]
        found[i] = int.from_bytes(hashlib.blake2b(word, digest_size=8).digest(), "little")
    found ^= found >> np.uint64(32)
    return found


def _mixed(numbers: Hashes) -> Hashes:
    """One-to-one, in place."""
    numbers *= _TWIST
    numbers ^= numbers >> np.uint64(32)
    numbers *= _MIX
    return numbers


def _joined(first: Hashes, n: int, second: Hashes, m: int) -> Hashes:
    """Hashes of n words and of the m words after them → of n + m words."""
    size = max(len(first) - m, 0)
    made = first[:size] * np.uint64(pow(_BASE, m, 1 << 64))
    made += second[n : n + size]
    return made
