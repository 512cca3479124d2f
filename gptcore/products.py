"""Products with a matrix that is read only, and the rule that chooses how each is made.

On a processor a product of a few rows takes as long as reading the matrix, and how long that takes
hangs on its layout. For few rows, as in decoding, a matrix is copied once:

- fp32, from TURNED_FROM rows on: as [in, out], which MKL reads about 1.5 times as fast;
- bf16: in oneDNN's own layout (about 1.5 times as fast at one row, 1.3 times at 16), by the
  operators that ``torch.compile`` uses; where a torch does not have them, as it is.

The tanh GELU of many rows in fp32 is made of single steps on parts that stay in the cache: torch's
own takes twice as long, and ten times where it is saturated.

The rule depends on device, dtype and the number of rows only.

Shapes: N rows, I in, O out.
"""

import functools
import math
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

TURNED_FROM = 4
"""Rows from which on a processor likes [in, out] matrices better, in fp32."""
_SMALL = 16384
"""Numbers below which one call of torch's GELU is quicker than six smaller steps."""
_PART = 100_000
"""Numbers of GELU's argument at a time: with what is made of them they stay in 2 MB."""
_CUBE, _SCALE = 0.044715, math.sqrt(2 / math.pi)

Gelu = Literal["tanh", "none"]
"""As torch names them: its tanh approximation, or exact."""


class Product(Protocol):
    """h ↦ h · weightᵀ + bias, and GELU of it where that was asked for."""

    def __call__(self, h: Tensor) -> Tensor:
        """(N, I) → (N, O)."""

    def add_to(self, x: Tensor, h: Tensor) -> None:
        """Add the product of (N, I) to (N, O) in place."""


class Plain:
    """By a view of the matrix, or a copy as [in, out]."""

    def __init__(
        self, weight: Tensor, bias: Tensor | None, gelu: Gelu | None, *, turned: bool
    ) -> None:
        self._weight = weight.t().contiguous() if turned else weight.t()
        self._bias, self._gelu = bias, gelu

    def __call__(self, h: Tensor) -> Tensor:
        """(N, I) → (N, O)."""
        if self._bias is None:
            return torch.mm(h, self._weight)
        made = torch.addmm(self._bias, h, self._weight)
        return made if self._gelu is None else _gelu(made, self._gelu)

    def add_to(self, x: Tensor, h: Tensor) -> None:
        """Add the product of (N, I) to (N, O) in place."""
        x.addmm_(h, self._weight)
        if self._bias is not None:
            x.add_(self._bias)


class Packed:
    """By a copy in oneDNN's layout."""

    def __init__(
        self, weight: Tensor, bias: Tensor | None, gelu: Gelu | None, *, rows: int
    ) -> None:
        """``rows``: how many most products will have."""
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
        self._bias = bias
        self._then: tuple[str, list[float], str] = (
            ("none", [], "") if gelu is None else ("gelu", [], gelu)
        )

    def __call__(self, h: Tensor) -> Tensor:
        """(N, I) → (N, O)."""
        made: Tensor = torch.ops.mkldnn._linear_pointwise(h, self._weight, self._bias, *self._then)
        return made

    def add_to(self, x: Tensor, h: Tensor) -> None:
        """Add the product of (N, I) to (N, O) in place."""
        x.add_(self(h))


def product(
    weight: Tensor, bias: Tensor | None, rows: int | None, gelu: Gelu | None = None
) -> Product:
    """The product with weight (O, I) and bias (O,); ``rows``: how many it will have, if few."""
    if rows is None or weight.device.type != "cpu":
        return Plain(weight, bias, gelu, turned=False)
    if weight.dtype is torch.bfloat16 and _can_pack():
        return Packed(weight, bias, gelu, rows=rows)
    turned = weight.dtype is torch.float32 and rows >= TURNED_FROM
    return Plain(weight, bias, gelu, turned=turned)


@functools.cache
def _can_pack() -> bool:
    """Whether this torch has oneDNN's operators as we know them."""
    weight, h = (torch.ones(n, 16, dtype=torch.bfloat16) for n in (8, 2))
    try:
        made = Packed(weight, None, "tanh", rows=2)(h)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return torch.equal(made, F.gelu(F.linear(h, weight), approximate="tanh"))


def _gelu(x: Tensor, approximate: Gelu) -> Tensor:
    """GELU; ``x`` may be written over."""
    slow = x.device.type == "cpu" and x.dtype is torch.float32 and x.numel() >= _SMALL
    if approximate == "none" or not slow:
        return F.gelu(x, approximate=approximate)
    for part in torch.split(x, max(1, _PART // x.shape[1])):
        bend = torch.addcmul(part, part * part, part, value=_CUBE).mul_(_SCALE).tanh_()
        part.mul_(0.5).addcmul_(part, bend)
    return x
