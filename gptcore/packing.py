"""Continuations of one context in one row: the context once, then every continuation after it.

A row is a tree: a trunk, and ends that each see the trunk and themselves. Positions count on from
the trunk for every end, so each is scored as if it stood alone. The products with weights are made
for every token once; attention is made for all pairs of a row and hidden where ends do not see each
other. So an end joins a row only as long as that is less work than a row of its own, by counting
multiplications; a short trunk before long ends is not shared.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from gptcore.cache import rows_of

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """Ids to read, and the ids expected after them: the first one after the last of the trunk."""

    trunk: Ids
    expected: Ids


@dataclass(frozen=True, slots=True)
class Tree:
    """Requests with the same trunk, read in one row."""

    trunk: Ids
    ends: tuple[Ids, ...]
    """What is expected; the last id of each is never read."""

    def __len__(self) -> int:
        """Ids in the row."""
        return len(self.trunk) + sum(len(end) - 1 for end in self.ends)

    @property
    def ids(self) -> list[int]:
        """The row."""
        return [*self.trunk, *(i for end in self.ends for i in end[:-1])]

    def columns(self) -> Iterator[list[int]]:
        """Per end, the columns after which its ids are expected."""
        at = len(self.trunk)
        for end in self.ends:
            yield [len(self.trunk) - 1, *range(at, at + len(end) - 1)]
            at += len(end) - 1


def plant(requests: Iterable[Request], *, width: int, longest: int) -> list[Tree]:
    """Trees that hold every request once; ``width`` is that of the model, rows stay ``longest``."""
    by_trunk: dict[Ids, set[Ids]] = {}
    for request in requests:
        by_trunk.setdefault(request.trunk, set()).add(request.expected)
    return [
        Tree(trunk, tuple(ends))
        for trunk, found in by_trunk.items()
        for ends in _shared(
            len(trunk), sorted(found, key=lambda end: (len(end), end)), width, longest
        )
    ]


def _shared(trunk: int, ends: Sequence[Ids], width: int, longest: int) -> list[list[Ids]]:
    """Ends, shortest first, in rows such that none would be less work by itself."""
    rows: list[list[Ids]] = []
    length = 0
    for end in ends:
        new = len(end) - 1
        alone = _work(trunk + new, width, shared=False)
        together = _work(length + new, width, shared=True) - _work(length, width, shared=True)
        if rows and together < alone and length + new <= longest:
            rows[-1].append(end)
            length += new
        else:
            rows.append([end])
            length = trunk + new
    return rows


def _work(length: int, width: int, *, shared: bool) -> float:
    """Multiplications of a row in units of 2 · width: with the weights of a Block (12 · width²)
    and of attention, of which a row without ends makes the lower half only."""
    return length * (6 * width + (length if shared else length / 2))


class Grove:
    """A batch of trees as ids (B, longest), and what they see: a ``Layout``."""

    def __init__(self, trees: Sequence[Tree], pad: int, device: torch.device) -> None:
        """Padding stands after a row, where nothing looks at it."""
        longest = max(map(len, trees))
        rows = [tree.ids + [pad] * (longest - len(tree)) for tree in trees]
        self.ids = torch.tensor(rows, device=device)
        self.branching = any(len(tree.ends) > 1 for tree in trees)
        if self.branching:
            places = [_places(tree, longest) for tree in trees]
            self._positions = torch.tensor([p for p, _ in places], device=device)
            self._ends = torch.tensor([e for _, e in places], device=device)
        self._mask: Tensor | None = None

    def open(self, t: int, dtype: torch.dtype) -> Tensor:
        """Positions (B or 1, T): an end counts on from its trunk."""
        if not self.branching:
            return torch.arange(t, device=self.ids.device)[None]
        self._mask = _additive(self._visible(), dtype)
        return self._positions

    def attend(self, block: int, q: Tensor, k: Tensor, v: Tensor, at: Tensor | None) -> Tensor:
        """Nobody looks ahead, nor from one end at another."""
        if at is None:
            causal = self._mask is None
            return F.scaled_dot_product_attention(q, k, v, attn_mask=self._mask, is_causal=causal)
        if self._mask is not None:
            mask = rows_of(self._mask, at)
        else:
            columns = torch.arange(k.shape[2], device=at.device)
            mask = _additive(columns <= at[:, :, None], q.dtype)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)

    def close(self, t: int) -> None:
        """Nothing follows."""

    def _visible(self) -> Tensor:
        """(B, T, T): which column sees which."""
        own = self._ends[:, None, :] == self._ends[:, :, None]
        return (own | (self._ends[:, None, :] == 0)).tril()


def _additive(visible: Tensor, dtype: torch.dtype) -> Tensor:
    """(B, T, S) → (B, 1, T, S): 0 where something is visible, else −∞."""
    blank = torch.zeros(visible.shape, dtype=dtype, device=visible.device)
    return blank.masked_fill_(~visible, -torch.inf)[:, None]


def _places(tree: Tree, longest: int) -> tuple[list[int], list[int]]:
    """Positions, and the number of the end that each column belongs to: 0 is the trunk."""
    positions, ends = list(range(len(tree.trunk))), [0] * len(tree.trunk)
    for number, end in enumerate(tree.ends, 1):
        positions += range(len(tree.trunk), len(tree.trunk) + len(end) - 1)
        ends += [number] * (len(end) - 1)
    padding = longest - len(positions)
    return positions + [0] * padding, ends + [-1] * padding
