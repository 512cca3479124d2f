"""Windows of several documents, read as if each stood alone.

A window is cut from documents that follow each other, so without this a text is read after the end
of another that has nothing to do with it. Here end-of-text opens a document: from there on nothing
before it is seen, and positions count from 0. That is how texts are scored and continued, too
(after end-of-text), so every label keeps its meaning and none is left out; the window's loss is the
sum of the losses of its documents apart. A window that begins within a document lacks what came
before it, as ever.
"""

import torch
from torch import Tensor


class Documents:
    """How ids (B, T) are read."""

    def __init__(self, ids: Tensor, end_of_text: int) -> None:
        opens = ids == end_of_text
        columns = torch.arange(ids.shape[1], device=ids.device)
        self.positions = columns - torch.where(opens, columns, 0).cummax(1).values
        """(B, T), from 0 in every document."""
        self._document = opens.cumsum(1)

    def mask(self, dtype: torch.dtype) -> Tensor:
        """(B, 1, T, T) additive: nobody looks ahead, nor into another document."""
        visible = (self._document[:, :, None] == self._document[:, None, :]).tril()
        blank = torch.zeros(visible.shape, dtype=dtype, device=visible.device)
        return blank.masked_fill_(~visible, -torch.inf)[:, None]
