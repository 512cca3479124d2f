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
    wholes: npt.NDArray[np.uint64]
    """Hash of all the words of each text: equal where texts have the same words, shape (D,)."""

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

    def duplicates(self) -> Mask:
        """Which texts have the very words of an earlier one, shape (D,)."""
        _, first = np.unique(self.wholes, return_index=True)
        later = np.ones(len(self.wholes), dtype=bool)
        later[first] = False
        return later

    def repeats(self, chosen: Mask, limit: float) -> Mask:
        """Which of the chosen texts repeat those before them: (D,) → (D,).

        In their order, a text is a repeat when more than ``limit`` of its shingles stand in
        earlier texts that were not repeats themselves.
        """
        seen = np.zeros(len(self.hashes), dtype=bool)
        repeats = np.zeros(len(chosen), dtype=bool)
        for text in map(int, np.flatnonzero(chosen)):
            numbers = self.of(text)
            if np.count_nonzero(seen[numbers]) > limit * len(numbers):
                repeats[text] = True
            else:
                seen[numbers] = True
        return repeats


def distinct(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Sorted distinct values (numpy's own hashes first, ten times slower on millions)."""
    ordered = np.sort(values)
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    kept: npt.NDArray[np.int64] = ordered[new]
    return kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlaps:
    """How many shingles a text shares with an owner, for P pairs that share any."""

    texts: npt.NDArray[np.int64]
    """Shape (P,)."""
    owners: npt.NDArray[np.int64]
    """Shape (P,)."""
    shared: npt.NDArray[np.int64]
    """Shingles of the text that the owner has too, at least 1, shape (P,)."""


def overlaps(shingles: Shingles, owners: npt.NDArray[np.int64], common: int) -> Overlaps:
    """Pair every text with every owner that shares shingles with it.

    ``owners`` is the owner of each text, −1 for none, shape (D,); an owner's shingles are those of
    all its texts. Shingles of more than ``common`` owners are boilerplate and do not count. A text
    is paired with its own owner too.
    """
    n = int(owners.max(initial=-1)) + 1
    text_of = shingles.texts
    owned = owners[text_of] >= 0
    held = distinct(shingles.numbers[owned] * n + owners[text_of[owned]])  # (shingle, owner)
    n_owners = np.bincount(held // max(n, 1), minlength=len(shingles.hashes))
    first = np.cumsum(n_owners) - n_owners
    count = n_owners[shingles.numbers]
    few = (count > 0) & (count <= common)
    numbers, count = shingles.numbers[few], count[few]
    # Each (text, shingle) beside each owner of the shingle.
    start = np.repeat(first[numbers] - (np.cumsum(count) - count), count)
    owner = held[start + np.arange(len(start))] % max(n, 1)
    pairs, shared = np.unique(
        np.repeat(text_of[few], count) * max(n, 1) + owner, return_counts=True
    )
    return Overlaps(texts=pairs // max(n, 1), owners=pairs % max(n, 1), shared=shared)


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
        padded[: len(found)] = list(map(table.__getitem__, found))
        hashed.append(padded)
    lengths = np.array([len(text) for text in hashed], dtype=np.int64)
    wholes = [blake2b(text.tobytes(), digest_size=8).digest() for text in hashed]
    stream = np.concatenate([np.zeros(LENGTH, dtype=np.uint64), *hashed])
    return _numbered(stream, lengths, np.frombuffer(b"".join(wholes), dtype="<u8"))


def _numbered(
    stream: npt.NDArray[np.uint64], lengths: npt.NDArray[np.int64], wholes: npt.NDArray[np.uint64]
) -> Shingles:
    """Roll over the words of the texts (after ``LENGTH`` of none) and number the shingles."""
    rolled = np.zeros(len(stream) - LENGTH, dtype=np.uint64)
    for i in range(LENGTH):
        rolled *= _BASE
        rolled += stream[i + 1 : i + 1 + len(rolled)]
    # ``rolled[k]`` ends with word k; inside its text once LENGTH − 1 words of it came before.
    text = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    inside = np.arange(len(rolled)) - starts[text] >= LENGTH - 1
    hashes, numbers = np.unique(rolled[inside], return_inverse=True)
    base = np.int64(max(len(hashes), 1))
    entries = distinct(text[inside] * base + numbers)
    counts = np.bincount(entries // base, minlength=len(lengths))
    return Shingles(
        numbers=entries % base,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        hashes=hashes,
        wholes=wholes,
    )
