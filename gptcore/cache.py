"""Keys and values of what a model has read, and how ids are read that are not one text per row.

Shapes: B rows, H heads, T new columns, S columns so far, D head width.
"""

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

Past = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Keys and values (B, H, T, D) of a Block → them and all before them (B, H, S, D)."""


class Layout(Protocol):
    """How ids are read where they are not one text per row from its beginning on."""

    def positions(self, t: int) -> Tensor:
        """(B, T) positions of the next T columns."""

    def mask(self, t: int, dtype: torch.dtype) -> Tensor | None:
        """(B or 1, 1, T, S) additive, what is hidden from the next T columns; None: nothing."""

    def extend(self, block: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values (B, H, T, D) of a Block → with those before them (B, H, S, D)."""

    def read(self, t: int) -> None:
        """T columns went through all Blocks."""


class Cache:
    """Keys and values of what was read, for texts that are read on together.

    Buffers of their full length from the start, (B, H, length, D) per Block, because appending
    would copy all that is there at every token. Texts of unequal length end together: ``starts``
    says at which column each begins, what stands before is padding that nothing looks at.
    """

    def __init__(self, length: int, starts: Tensor) -> None:
        """``length``: columns to come, padding included; ``starts`` (B,)."""
        self.length, self.starts, self.seen = length, starts, 0
        self._padded = bool(starts.any())
        self._buffers: dict[int, tuple[Tensor, Tensor]] = {}

    def extend(self, block: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write (B, H, T, D) of a Block after what was seen; all of it so far (B, H, S, D)."""
        if block not in self._buffers:
            whole = (*k.shape[:2], self.length, k.shape[3])
            self._buffers[block] = k.new_empty(whole), v.new_empty(whole)
        end = self.seen + k.shape[2]
        for buffer, new in zip(self._buffers[block], (k, v), strict=True):
            buffer[:, :, self.seen : end] = new
        keys, values = self._buffers[block]
        return keys[:, :, :end], values[:, :, :end]

    def read(self, t: int) -> None:
        """What follows stands after these columns."""
        self.seen += t

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the texts."""
        self.starts = self.starts[rows]
        self._buffers = {i: (k[rows], v[rows]) for i, (k, v) in self._buffers.items()}

    def positions(self, t: int) -> Tensor:
        """(B, T) positions of the next columns; padding counts as 0."""
        columns = torch.arange(self.seen, self.seen + t, device=self.starts.device)
        return (columns - self.starts[:, None]).clamp_min(0)

    def mask(self, t: int, dtype: torch.dtype) -> Tensor | None:
        """(B or 1, 1, T, S) additive: nobody looks ahead or at padding, but padding at itself.

        None: there is nothing to hide.
        """
        if t == 1 and not self._padded:
            return None
        columns = torch.arange(self.seen + t, device=self.starts.device)
        queries = columns[self.seen :, None]
        visible = columns <= queries
        if self._padded:
            visible = visible & (columns >= self.starts[:, None, None]) | (columns == queries)
        blank = torch.zeros(visible.shape, dtype=dtype, device=columns.device)
        return blank.masked_fill(~visible, -math.inf).view(-1, 1, t, self.seen + t)
