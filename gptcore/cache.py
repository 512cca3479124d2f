"""How ids are read without gradients: what they see, and what is kept of what was read.

A ``Layout`` belongs to one reading and answers for its attention: texts that are read on together
(``Cache``), or rows that branch (``gptcore.packing``).

Shapes: B rows, H heads, T new columns, S columns so far, Q columns of a row that are asked for,
D head width.
"""

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class Layout(Protocol):
    """What the columns of a reading see."""

    def open(self, t: int, dtype: torch.dtype) -> Tensor:
        """Make ready for the next T columns; their positions (B or 1, T)."""

    def attend(self, block: int, q: Tensor, k: Tensor, v: Tensor, at: Tensor | None) -> Tensor:
        """Attention of a Block: keys and values (B, H, T, D), and queries of the same shape, or
        those of the columns ``at`` (B, Q) only, (B, H, Q, D) → the shape of the queries."""

    def close(self, t: int) -> None:
        """T columns went through all Blocks."""


def rows_of(mask: Tensor, at: Tensor) -> Tensor:
    """The rows ``at`` (B, Q) of a mask (B or 1, 1, T, S) → (B, 1, Q, S)."""
    whole = mask[:, 0].expand(at.shape[0], -1, -1)
    return whole[torch.arange(at.shape[0], device=at.device)[:, None], at][:, None]


class Cache:
    """Keys and values of what was read, for texts that are read on together.

    Buffers of their full length from the start, (2, B, H, length, D) per Block, because appending
    would copy all that is there at every token. Texts of unequal length end together: ``starts``
    says at which column each begins, what stands before is padding that nothing looks at.
    """

    def __init__(self, length: int, starts: Tensor) -> None:
        """``length``: columns to come, padding included; ``starts`` (B,)."""
        self.length, self.starts, self.seen = length, starts, 0
        self._padded = bool(starts.any())
        self._buffers: dict[int, Tensor] = {}
        self._mask: Tensor | None = None

    def open(self, t: int, dtype: torch.dtype) -> Tensor:
        """Positions (B, T) of the next columns; padding counts as 0."""
        if t == 1:
            self._mask = self._padding(dtype) if self._padded else None
            return self.seen - self.starts[:, None]
        columns = torch.arange(self.seen + t, device=self.starts.device)
        self._mask = self._hidden(columns, t, dtype)
        return (columns[self.seen :] - self.starts[:, None]).clamp_min(0)

    def attend(self, block: int, q: Tensor, k: Tensor, v: Tensor, at: Tensor | None) -> Tensor:
        """Attention to all that was read, after writing what is new."""
        if block not in self._buffers:
            self._buffers[block] = k.new_empty(2, *k.shape[:2], self.length, k.shape[3])
        end = self.seen + k.shape[2]
        buffer = self._buffers[block].narrow(3, 0, end)
        torch.stack((k, v), out=buffer.narrow(3, self.seen, k.shape[2]))
        mask = self._mask if at is None or self._mask is None else rows_of(self._mask, at)
        return F.scaled_dot_product_attention(q, buffer[0], buffer[1], attn_mask=mask)

    def close(self, t: int) -> None:
        """What follows stands after these columns."""
        self.seen += t

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the texts."""
        self.starts = self.starts[rows]
        self._padded = bool(self.starts.any())
        self._buffers = {i: buffer[:, rows] for i, buffer in self._buffers.items()}

    def _hidden(self, columns: Tensor, t: int, dtype: torch.dtype) -> Tensor:
        """(B or 1, 1, T, S) additive: nobody looks ahead or at padding, but padding at itself."""
        queries = columns[self.seen :, None]
        visible = columns <= queries
        if self._padded:
            visible = visible & (columns >= self.starts[:, None, None]) | (columns == queries)
        blank = torch.zeros(visible.shape, dtype=dtype, device=columns.device)
        return blank.masked_fill(~visible, -math.inf).view(-1, 1, t, len(columns))

    def _padding(self, dtype: torch.dtype) -> Tensor:
        """(B, 1, 1, S) additive, for one column: padding is hidden."""
        columns = torch.arange(self.seen + 1, device=self.starts.device)
        hidden = columns < self.starts[:, None]
        blank = torch.zeros(hidden.shape, dtype=dtype, device=columns.device)
        return blank.masked_fill_(hidden, -math.inf)[:, None, None]
