"""Which documents hold most of an item's grams: the first three, kept while a corpus streams by.

Shapes: N items, T triples of (item, document, grams).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KEPT = 3
"""Documents remembered per item."""
_Numbers = NDArray[np.int64]


class Holders:
    """Per item the documents with most of its grams; among equals, those that came first."""

    def __init__(self, n_items: int) -> None:
        self._counts = np.zeros((n_items, KEPT), dtype=np.int64)
        self._documents = np.full((n_items, KEPT), -1, dtype=np.int64)
        self._names: dict[int, str] = {}

    def add(
        self,
        items: _Numbers,
        documents: _Numbers,
        counts: _Numbers,
        names: Sequence[str],
        start: int,
    ) -> None:
        """Take in triples (T,), each pair of item and document once; a document comes in one call.

        ``documents`` are numbers over the whole corpus, of which ``names`` are those from ``start``
        on.
        """
        if not len(items):
            return
        order = np.lexsort((documents, -counts, items))
        items, documents, counts = items[order], documents[order], counts[order]
        touched, first, sizes = np.unique(items, return_index=True, return_counts=True)
        rank = np.arange(len(items)) - np.repeat(first, sizes)
        best = rank < KEPT
        place = np.repeat(np.arange(len(touched)), sizes)[best]
        counted, held = (np.zeros((len(touched), 2 * KEPT), np.int64) for _ in range(2))
        counted[:, :KEPT], held[:, :KEPT] = self._counts[touched], self._documents[touched]
        counted[place, KEPT + rank[best]] = counts[best]
        held[place, KEPT + rank[best]] = documents[best]
        keep = np.argsort(-counted, axis=1, kind="stable")[:, :KEPT]
        self._counts[touched] = np.take_along_axis(counted, keep, axis=1)
        self._documents[touched] = np.take_along_axis(held, keep, axis=1)
        for number in np.unique(documents[best]).tolist():
            self._names[number] = names[number - start]
        if len(self._names) > 2 * self._counts.size + 1000:
            self._forget()

    def of(self, item: int) -> list[tuple[str, int]]:
        """Names of documents and how many grams of the item each holds, most first."""
        pairs = zip(self._documents[item].tolist(), self._counts[item].tolist(), strict=True)
        return [(self._names[number], count) for number, count in pairs if count]

    def _forget(self) -> None:
        """Names of documents that others have overtaken."""
        kept = np.unique(self._documents).tolist()
        self._names = {number: self._names[number] for number in kept if number in self._names}
