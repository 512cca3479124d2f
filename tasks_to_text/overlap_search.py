"""The items of an evaluation, looked for in a training text that streams by.

Per length of grams one index of what is sought (8 words; fewer for items that have fewer), and one
of the runs that confirm (13 words; all words of items that have fewer). Where and how often a gram
stands in the training text does not matter, only that it does; which documents hold an item is
counted document by document.

Shapes: W words of the items, N items, H hits in the training text.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tasks_to_text.gram_index import GramFilter, GramIndex
from tasks_to_text.grams import Positions, Words, words_of
from tasks_to_text.holders import Holders

GRAM = 8
"""Words of a gram (GPT-2 §4)."""
CHECK = 13
"""Words in a row that confirm a suspect."""
_LEAD = 2
"""First words by which grams of fewer than 8 are filtered."""
_COMMON = 64
"""Uses among the items from which on a gram says little about where one of them is from: the first
document that holds it is noted and no other, or a sentence that all items share would cost
items × documents."""


class Search:
    """What is looked for, and what of it has been found so far."""

    def __init__(self, texts: Sequence[str]) -> None:
        words = words_of(texts)
        self._item = words.text_of(np.arange(len(words.starts))).astype(np.int32)
        """(W,) the item that each word belongs to."""
        self.sizes = np.bincount(self._item, minlength=len(texts))
        """(N,) words of each item."""
        begins = np.cumsum(self.sizes) - self.sizes
        everywhere = np.arange(len(words.starts))

        def whole(n: int) -> Positions:
            chosen: Positions = begins[self.sizes == n]
            return chosen

        def every(n: int) -> Positions:
            return everywhere[words.within(everywhere, n)]

        lengths = sorted({*self.sizes.tolist()} - {0})
        self._sought = [_Sought(words, whole(n), n) for n in lengths if n < GRAM]
        self._sought.append(_Sought(words, every(GRAM), GRAM))
        leads = {_lead(one.index.n) for one in self._sought}
        self._filters = {n: _filter(words, n, self._sought) for n in sorted(leads)}
        self._checks = [_Check(words, whole(n), n, self._item) for n in lengths if n < CHECK]
        self._checks.append(_Check(words, every(CHECK), CHECK, self._item))
        self._words = replace(words, hashes=words.hashes[:0])
        self.holders = Holders(len(texts))

    def look(self, words: Words, ids: Sequence[str], start: int) -> None:
        """Look through whole documents: their words, their ids, and the number of the first."""
        passing = {n: one.passing(words.grams(n)) for n, one in self._filters.items()}
        for sought in self._sought:
            positions, rows = sought.hits(words, passing[_lead(sought.index.n)])
            if not len(positions):
                continue
            self._note(sought, words.text_of(positions), rows, ids, start)
            for check in self._checks:
                if check.index.n == sought.index.n or check.index.n > GRAM == sought.index.n:
                    check.look(self._words, words, positions)

    def _note(
        self, sought: "_Sought", texts: Positions, rows: Positions, ids: Sequence[str], start: int
    ) -> None:
        """Which items the hits (H,) in some texts belong to."""
        pairs = np.unique(texts * len(sought.found) + rows)
        texts, rows = np.divmod(pairs, len(sought.found))
        new = ~sought.found[rows]
        sought.found[rows] = True
        common = sought.index.uses[rows] >= _COMMON
        if common.any():
            first = np.zeros(len(rows), dtype=np.bool_)
            first[np.unique(rows, return_index=True)[1]] = True
            telling = ~common | (new & first)
            texts, rows = texts[telling], rows[telling]
        index, places = sought.index.places_of(rows)
        items = self._item[sought.index.places[places]]
        triples, counts = np.unique(
            items.astype(np.int64) * len(ids) + texts[index], return_counts=True
        )
        items_held, texts_held = np.divmod(triples, len(ids))
        self.holders.add(items_held, texts_held + start, counts, ids, start)

    def counts(self) -> tuple[Positions, Positions]:
        """(N,) grams of each item, and those that were found."""
        grams, found = (np.zeros(len(self.sizes), dtype=np.int64) for _ in range(2))
        for sought in self._sought:
            items = self._item[sought.index.places]
            hit = sought.found[sought.index.rows]
            grams += np.bincount(items, minlength=len(grams))
            found += np.bincount(items[hit], minlength=len(grams))
        return grams, found

    def confirmed(self) -> NDArray[np.bool_]:
        """(N,) whether one of the runs that confirm an item was seen."""
        confirmed = np.zeros(len(self.sizes), dtype=np.bool_)
        for check in self._checks:
            confirmed[: len(check.confirmed)] |= check.confirmed
        return confirmed

    @property
    def n_bytes(self) -> int:
        """Memory of what is looked for."""
        words = len(self._words.raw) + self._words.starts.nbytes + self._words.lengths.nbytes
        parts = [one.n_bytes for one in self._sought] + [one.n_bytes for one in self._checks]
        filters = [one.n_bytes for one in self._filters.values()]
        return words + self._item.nbytes + sum(parts) + sum(filters)


class _Sought:
    """Grams of one length, and which of them were found."""

    def __init__(self, words: Words, places: Positions, n: int) -> None:
        self.index = GramIndex(words, places, n)
        self.found = np.zeros(len(self.index.keys), dtype=np.bool_)

    def hits(self, words: Words, passing: Positions) -> tuple[Positions, Positions]:
        """(H,) positions where one of the grams stands within a text, in order, and its row.

        ``passing``: the positions, in order, to look at.
        """
        passing = passing[words.within(passing, self.index.n)]
        at, rows = self.index.find(words.grams_at(passing, self.index.n))
        return passing[at], rows

    @property
    def n_bytes(self) -> int:
        """Memory."""
        return self.index.n_bytes + self.found.nbytes


def _lead(n: int) -> int:
    """By how many of its words a gram of n words is filtered: short ones share a filter."""
    return n if n == GRAM else min(n, _LEAD)


def _filter(words: Words, lead: int, sought: Sequence[_Sought]) -> GramFilter:
    """Of the grams that are filtered by so many words."""
    places = [one.index.places for one in sought if _lead(one.index.n) == lead]
    return GramFilter(words.grams_at(np.concatenate([*places, []]).astype(np.int64), lead))


class _Check:
    """Runs of words of one length, and the items that one of them has confirmed."""

    def __init__(self, words: Words, places: Positions, n: int, items: NDArray[np.int32]) -> None:
        self.index = GramIndex(words, places, n)
        self.confirmed = np.zeros(int(items[-1]) + 1 if len(items) else 0, dtype=np.bool_)
        """By item, up to the last that has a word."""
        self._closed = np.zeros(len(self.index.keys), dtype=np.bool_)
        """(G,) whether a run was seen, or all its items are confirmed without it."""
        self._items = items

    def look(self, sought: Words, words: Words, hits: Positions) -> None:
        """Compare the runs that begin at hits, as words, with those that are sought.

        ``hits``: positions, in order, where a gram was found. A run of more than 8 words has one at
        its beginning and one 8 words before its end.
        """
        n = self.index.n
        positions = hits[_held(hits, hits + max(n - GRAM, 0))]
        positions = positions[words.within(positions, n)]
        at, rows = self.index.find(words.grams_at(positions, n))
        is_open = ~self._closed[rows]
        rows, first = np.unique(rows[is_open], return_index=True)
        positions = positions[at[is_open][first]]
        of_row, places = self.index.places_of(rows)
        items = self._items[self.index.places[places]]
        other = np.zeros(len(rows), dtype=np.bool_)  # another run of the same hash
        while len(of_row := of_row[wanting := ~(self.confirmed[items] | other[of_row])]):
            items, seen = items[wanting], np.zeros(len(rows), dtype=np.bool_)
            for i in np.unique(of_row[np.unique(items, return_index=True)[1]]).tolist():
                there = sought.spelled(int(self.index.first[rows[i]]), n)
                seen[i] = there == words.spelled(int(positions[i]), n)
                other[i] = not seen[i]
            self.confirmed[items[seen[of_row]]] = True
        self._closed[rows[~other]] = True

    @property
    def n_bytes(self) -> int:
        """Memory."""
        return self.index.n_bytes + self._closed.nbytes + self.confirmed.nbytes


def _held(ordered: Positions, wanted: Positions) -> NDArray[np.bool_]:
    """Which of the wanted numbers are among ordered ones."""
    held: NDArray[np.bool_] = ordered.take(np.searchsorted(ordered, wanted), mode="clip") == wanted
    return held
