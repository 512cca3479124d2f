"""Byte-pair merging as the published GPT vocabularies define it: by the rank of a pair.

All neighbours that are the pair of the lowest rank become one symbol, from left to right, then
those of the next lowest, until no pair has a rank (Sennrich et al. 2016, Algorithm 1;
openai/finetune-transformer-lm ``text_utils.py``). Done here with a heap, so that a word of a
million letters takes seconds and not days.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Ranks: TypeAlias = Mapping[tuple[str, str], int]
_Pair: TypeAlias = tuple[int, int, str, str]
"""Rank, place of the left symbol, left and right symbol."""


def merged(symbols: Sequence[str], ranks: Ranks) -> list[str]:
    """What remains of a word's symbols when nothing can be merged any more.

    >>> merged("banana", {("a", "n"): 0, ("an", "a"): 1})
    ['b', 'an', 'ana']
    """
    line = _Line(symbols)
    heap = [pair for at in range(len(symbols)) for pair in line.pair(at, ranks)]
    heapq.heapify(heap)
    while heap:
        rank, fresh = heap[0][0], []
        while heap and heap[0][0] == rank:
            _, at, left, right = heapq.heappop(heap)
            if line.join(at, left, right):
                fresh += [*line.pair(line.before[at], ranks), *line.pair(at, ranks)]
        for pair in fresh:
            heapq.heappush(heap, pair)
    return [symbol for symbol in line.symbols if symbol]


class _Line:
    """Symbols with links to their neighbours; a symbol joined to its left one becomes ""."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = [*symbols, ""]
        self.after = list(range(1, len(symbols) + 2))
        self.before = list(range(-1, len(symbols)))

    def pair(self, at: int, ranks: Ranks) -> Iterator[_Pair]:
        """The pair that begins at a place, if it has a rank."""
        if at >= 0 and self.symbols[at]:
            left, right = self.symbols[at], self.symbols[self.after[at]]
            rank = ranks.get((left, right))
            if rank is not None:
                yield rank, at, left, right

    def join(self, at: int, left: str, right: str) -> bool:
        """Join a symbol with the one after it, if they are still these."""
        other = self.after[at]
        if self.symbols[at] != left or self.symbols[other] != right:
            return False
        self.symbols[at], self.symbols[other] = left + right, ""
        self.after[at] = self.after[other]
        self.before[self.after[at]] = at
        return True
