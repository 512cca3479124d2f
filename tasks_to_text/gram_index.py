"""The grams of a few texts, to be found among those of very many.

A filter in front, Bloom's with a single hash function (the leading bits of a gram's hash), is a
table of bits that stays in the cache; by chance it lets one gram in 32 pass. What passes is
compared with the sorted 64-bit hashes themselves. So a gram that is there is always found, and one
that is not is reported with a probability of (distinct grams) / 2⁶⁴, 5·10⁻¹³ for ten million.
Memory hangs on the texts that are looked for alone, never on those that are looked through.

Shapes: G distinct grams, P places where they stand.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tasks_to_text.grams import Hashes, Positions, Words

_BITS_PER_GRAM = 32
_FEWEST_BITS = 1 << 16
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
        self.keys: Hashes = keys
        """(G,) distinct hashes, in order."""
        self.places: _Numbers = places.astype(np.int32)
        """(P,) position in the words of each gram."""
        self.rows: _Numbers = rows.astype(np.int32)
        """(P,) which of the keys stands there."""
        self.first: _Numbers = self.places[first]
        """(G,) a place of each key."""

    def find(self, hashes: Hashes) -> tuple[Positions, Positions]:
        """Which of these hashes are keys: their indices in order, and the row of each."""
        if not len(self.keys):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        rows = np.searchsorted(self.keys, hashes)
        found = np.flatnonzero(self.keys.take(rows, mode="clip") == hashes)
        return found, rows[found]

    def places_of(self, rows: Positions) -> tuple[Positions, Positions]:
        """All places of some rows: the index in ``rows`` of each, and its index in ``places``."""
        counts = self.uses[rows]
        index = np.repeat(np.arange(len(rows)), counts)
        before = np.repeat(np.cumsum(counts) - counts, counts)
        begin = (self._ends[rows] - counts)[index]
        return index, self._order[begin + np.arange(len(index)) - before].astype(np.int64)

    @cached_property
    def uses(self) -> _Numbers:
        """(G,) at how many places each key stands."""
        return np.bincount(self.rows, minlength=len(self.keys)).astype(np.int32)

    @cached_property
    def _order(self) -> _Numbers:
        """(P,) places, those of each key together."""
        return np.argsort(self.rows, kind="stable").astype(np.int32)

    @cached_property
    def _ends(self) -> Positions:
        return np.cumsum(self.uses)

    @property
    def n_bytes(self) -> int:
        """Memory of what has been made so far."""
        return sum(part.nbytes for part in vars(self).values() if isinstance(part, np.ndarray))


class GramFilter:
    """Lets all keys of an index pass, and few others."""

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
