"""Near duplicates by shared word shingles: what one text repeats of others.

A shingle is the hash of eight consecutive words (lower case, punctuation and white space left
out); a text of fewer words has one shingle, all of them. The containment of a text in others is
the share of its distinct shingles that they hold too: unlike Jaccard similarity it finds a short
passage inside a long document (A. Broder, "On the resemblance and containment of documents",
1997; GPT-2, Radford et al. 2019, §4 measures its overlaps with 8-grams). Hashes are 64 bits and the
same on every machine: BLAKE2b for a word, a polynomial of the word hashes for a shingle.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

LENGTH = 8
"""Words in a shingle."""
_BASE = np.uint64(0x9E3779B97F4A7C15)
_WORD = re.compile(r"\w+")

Mask: TypeAlias = npt.NDArray[np.bool_]


def words(text: str) -> list[str]:
    """The words that count when texts are compared.

    >>> words("Return ``x``, or *None*.")
    ['return', 'x', 'or', 'none']
    """
    return _WORD.findall(text.lower())


@dataclass(frozen=True, kw_only=True, slots=True)
class Shingles:
    """The distinct shingles of D texts, numbered 0 … S − 1 over all of them together."""

    numbers: npt.NDArray[np.int64]
    """Shingle numbers, those of a text together and ascending, shape (N,)."""
    offsets: npt.NDArray[np.int64]
    """Where each text's numbers start, and the end, shape (D + 1,)."""
    hashes: npt.NDArray[np.uint64]
    """Hash of each shingle number, ascending, shape (S,)."""

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Distinct shingles of each text, at least 1, shape (D,)."""
        return np.diff(self.offsets)

    @property
    def texts(self) -> npt.NDArray[np.int64]:
        """The text of each entry of ``numbers``, shape (N,)."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.sizes)

    def of(self, text: int) -> npt.NDArray[np.int64]:
        """Shingle numbers of one text."""
        return self.numbers[self.offsets[text] : self.offsets[text + 1]]

    def held_by(self, chosen: Mask) -> Mask:
        """Which shingles the chosen texts hold: (D,) → (S,)."""
        held = np.zeros(len(self.hashes), dtype=bool)
        held[self.numbers[np.repeat(chosen, self.sizes)]] = True
        return held

    def containment(self, held: Mask) -> npt.NDArray[np.float64]:
        """Share of each text's shingles that are held: (S,) → (D,)."""
        shared = np.add.reduceat(held[self.numbers].astype(np.int64), self.offsets[:-1])
        return shared / self.sizes

    def repeats(self, chosen: Mask, limit: float) -> Mask:
        """Which of the chosen texts repeat those before them: (D,) → (D,).

        In their order, a text is a repeat when more than ``limit`` of its shingles stand in
        earlier texts that were not repeats themselves.
        """
        seen = np.zeros(len(self.hashes), dtype=bool)
        repeats = np.zeros(len(chosen), dtype=bool)
        for text in np.flatnonzero(chosen):
            numbers = self.of(text)
            if np.count_nonzero(seen[numbers]) > limit * len(numbers):
                repeats[text] = True
            else:
                seen[numbers] = True
        return repeats


class _WordHashes(dict[str, int]):
    """Word → 64-bit hash, computed once per word."""

    def __missing__(self, word: str) -> int:
        digest = blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
        value = self[word] = int.from_bytes(digest, "little")
        return value


def shingles(texts: Iterable[str]) -> Shingles:
    """Shingle texts. No text: empty arrays."""
    table = _WordHashes()
    hashed: list[npt.NDArray[np.uint64]] = []
    for text in texts:
        found = words(text)
        padded = np.zeros(max(len(found), LENGTH), dtype=np.uint64)
        padded[: len(found)] = [table[word] for word in found]
        hashed.append(padded)
    if not hashed:
        nothing = np.zeros(0, dtype=np.int64)
        return Shingles(
            numbers=nothing, offsets=np.zeros(1, dtype=np.int64), hashes=nothing.astype(np.uint64)
        )
    return _numbered(hashed)


def _numbered(hashed: list[npt.NDArray[np.uint64]]) -> Shingles:
    """Roll over each text's word hashes and number the distinct shingles."""
    lengths = np.array([len(text) for text in hashed], dtype=np.int64)
    stream = np.concatenate(hashed)
    rolled = np.zeros(len(stream) - LENGTH + 1, dtype=np.uint64)
    for i in range(LENGTH):
        rolled *= _BASE
        rolled += stream[i : i + len(rolled)]
    text = np.repeat(np.arange(len(hashed)), lengths)
    inside = text[: len(rolled)] == text[LENGTH - 1 :]  # a shingle does not span two texts
    hashes, numbers = np.unique(rolled[inside], return_inverse=True)
    entries = np.unique(text[: len(rolled)][inside] * np.int64(len(hashes)) + numbers)
    counts = np.bincount(entries // len(hashes), minlength=len(hashed))
    return Shingles(
        numbers=entries % len(hashes),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        hashes=hashes,
    )
