"""The grams of a few texts, to be found among those of very many.

A filter in front, Bloom's with a single hash function (the leading bits of a gram's hash), is a
table of bits that stays in the cache; by chance it lets one gram in 32 pass. What passes is
compared with the sorted 64-bit hashes themselves. So a gram that is there is always found, and one
that is not is reported with a probability of (distinct grams) / 2⁶⁴, 5·10⁻¹³ for ten million.
Memory hangs on the texts that are looked for alone, never on those that are looked through.

Shapes: G distinct grams, P places where they stand.
"""

import numpy as np
from numpy.typing import NDArray

from tasks_to_text.grams import Hashes, Positions, Words

_BITS_PER_GRAM = 32
_FEWEST_BITS = 1 << 16
_LAST = np.uint64(2**64 - 1)
_BIT = (1 << np.arange(8)).astype(np.uint8)
_Numbers = NDArray[np.int32]
"""Of places and grams: fewer than 2³¹, or the texts would be larger than any evaluation."""


class GramIndex:
    """Distinct grams of n words of some texts, and where each of them stands."""

    def __init__(self, words: Words, places: Positions, n: int) -> None:
        """Of the grams that begin at ``places``, none of which crosses the end of a text."""
        keys, first, rows = np.unique(
            words.grams_at(places, n), return_index=True, return_inverse=True
        )
        self.n = n
        self._ended = np.append(keys, _LAST)
        """(G + 1,) keys, and behind them a number that no hash exceeds."""
        self.places: _Numbers = places.astype(np.int32)
        """(P,) position in the words of each gram."""
        self.rows: _Numbers = rows.astype(np.int32)
        """(P,) which of the keys stands there."""
        self.first: _Numbers = self.places[first]
        """(G,) a place of each key."""
        self.uses: _Numbers = np.bincount(rows, minlength=len(keys)).astype(np.int32)
        """(G,) at how many places each key stands."""
        self._order: _Numbers = np.argsort(self.rows, kind="stable").astype(np.int32)
        """(P,) places, those of each key together."""
        self._ends: _Numbers = np.cumsum(self.uses, dtype=np.int32)
        bits = max(len(keys), 1).bit_length()
        self._shift = np.uint64(64 - bits)
        sizes = np.bincount((keys >> self._shift).view(np.int64), minlength=1 << bits)
        self._begins: _Numbers = (np.cumsum(sizes) - sizes).astype(np.int32)
        """By the leading bits of a hash: the row of the first key that begins with them."""

    @property
    def keys(self) -> Hashes:
        """(G,) distinct hashes, in order."""
        return self._ended[:-1]

    def find(self, hashes: Hashes) -> tuple[Positions, Positions]:
        """Which of these hashes are keys: their indices in order, and the row of each."""
        rows = self._begins.take((hashes >> self._shift).view(np.int64)).astype(np.int64)
        behind = np.flatnonzero(self._ended[rows] < hashes)
        while len(behind):  # few times: hardly a bucket holds more than a key or two
            rows[behind] += 1
            behind = behind[self._ended[rows[behind]] < hashes[behind]]
        found = np.flatnonzero((self._ended[rows] == hashes) & (rows < len(self.keys)))
        return found, rows[found]

    def places_of(self, rows: Positions) -> tuple[Positions, Positions]:
        """All places of some rows: the index in ``rows`` of each, and its index in ``places``."""
        counts = self.uses[rows]
        index = np.repeat(np.arange(len(rows)), counts)
        before = np.repeat(np.cumsum(counts) - counts, counts)
        begin = (self._ends[rows] - counts)[index]
        return index, self._order[begin + np.arange(len(index)) - before].astype(np.int64)

    @property
    def n_bytes(self) -> int:
        """Memory."""
        return sum(part.nbytes for part in vars(self).values() if isinstance(part, np.ndarray))


class GramFilter:
    """Lets all of some hashes pass, and few others."""

    def __init__(self, keys: Hashes) -> None:
        bits = max(_BITS_PER_GRAM * len(keys), _FEWEST_BITS).bit_length()
        self._shift = np.uint64(64 - bits)
        self._bits = np.zeros(1 << (bits - 3), dtype=np.uint8)
        places = (keys >> self._shift).view(np.int64)
        np.bitwise_or.at(self._bits, places >> 3, _BIT[places & 7])

    def passing(self, hashes: Hashes) -> Positions:
        """Indices of those that pass, in order."""
        places = (hashes >> self._shift).view(np.int64)
        octets = self._bits.take(places >> 3)
        return np.flatnonzero(octets & _BIT[places & 7])

    @property
    def n_bytes(self) -> int:
        """Memory of the table."""
        return self._bits.nbytes
