"""The forward pass without gradients: the numbers of ``gptcore.model`` in fewer and smaller steps.

- what only some columns are asked for costs the last Block its keys and values there and no more;
- hidden states are (N, C), and a product adds to them in place;
- the MLP goes through chunks of rows whose inner layer stays in a processor's cache, and the tanh
  GELU is made of a sigmoid, 0.5 · (1 + tanh z) = σ(2z): torch's own takes twice as long in fp32;
- for a few rows (decoding of many texts) a processor multiplies by [in, out] matrices faster than
  by [out, in]: they are copied once.

Shapes: B rows, T columns, N = B·T, H heads, D head width, C = H·D width, V vocabulary, Q columns
of a row that are asked for.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gptcore.cache import Layout
from gptcore.model import GPT, Block

MLP_ROWS = {"cpu": 128}
"""Rows whose inner layer exists at one time; elsewhere all."""
TURNED_FROM = 4
"""Rows of a product from which on a processor likes [in, out] matrices better, in fp32."""
_SMALL = 16384
"""Numbers below which one call of torch's GELU is quicker than five smaller steps."""
_CUBE, _SCALE = 0.044715, 2 * math.sqrt(2 / math.pi)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns of each row that are asked for, in order; not equally many in each."""

    columns: Tensor
    """(B, Q), filled up with column 0."""
    asked: Tensor
    """Flat places in (B, Q) of what was asked for."""
    queries: Tensor
    """Flat places in (B, T) of ``columns``."""
    rows: Tensor
    """Flat places in (B, T) of what was asked for."""

    @classmethod
    def of(cls, columns: Sequence[Sequence[int]], t: int, device: torch.device) -> "Wanted":
        """From the columns of each row, and T."""
        q = max(map(len, columns))
        padded = torch.tensor([[*row, *[0] * (q - len(row))] for row in columns])
        asked = torch.arange(q) < torch.tensor([[len(row)] for row in columns])
        queries = (padded + t * torch.arange(len(columns))[:, None]).view(-1)
        places = asked.view(-1).nonzero()[:, 0]
        found = (padded, places, queries, queries[places])
        return cls(*(tensor.to(device) for tensor in found))


class Inference:
    """A model that is only read."""

    def __init__(self, model: GPT, *, rows: int | None = None) -> None:
        """``rows``: how many each product will have, where they are few: decoding."""
        weight = model.wte.weight.detach()
        few = rows is not None and rows >= TURNED_FROM
        turned = few and weight.device.type == "cpu" and weight.dtype is torch.float32
        self.device = weight.device
        self._wte, self._wpe = weight, model.wpe.weight.detach()
        self._head = _matrix(weight, turned)
        self._layers = [_Layer(block, turned) for block in model.h]  # type: ignore[arg-type]
        self._norm: Callable[[Tensor], Tensor] = (
            _norm(model.ln_f) if isinstance(model.ln_f, nn.LayerNorm) else lambda x: x
        )
        self._shape = model.config.n_head, model.config.n_embd // model.config.n_head

    def __call__(self, ids: Tensor, layout: Layout, wanted: Wanted | None = None) -> Tensor:
        """Ids (B, T) → last hidden states, (N, C) or those that are wanted, row by row."""
        b, t = ids.shape
        x = F.embedding(ids, self._wte) + F.embedding(layout.open(t, self._wte.dtype), self._wpe)
        x = x.view(b * t, -1)
        *first, last = range(len(self._layers))
        for i in first:
            x = self._all(i, x, b, layout)
        x = self._all(last, x, b, layout) if wanted is None else self._some(x, b, layout, wanted)
        layout.close(t)
        return self._norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Hidden states (N, C) → logits (N, V) in fp32."""
        return torch.mm(hidden, self._head).float()

    def _all(self, block: int, x: Tensor, b: int, layout: Layout) -> Tensor:
        layer = self._layers[block]
        qkv = layer.project(layer.before(x), 0, 3).view(b, -1, 3, *self._shape)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
        return layer.finish(x, _flat(layout.attend(block, q, k, v, None)))

    def _some(self, x: Tensor, b: int, layout: Layout, wanted: Wanted) -> Tensor:
        """The last Block: keys and values of all columns, the rest where it is wanted."""
        layer = self._layers[-1]
        h = layer.before(x)
        k, v = layer.project(h, 1, 3).view(b, -1, 2, *self._shape).permute(2, 0, 3, 1, 4)
        q = layer.project(h[wanted.queries], 0, 1).view(b, -1, *self._shape).transpose(1, 2)
        y = _flat(layout.attend(len(self._layers) - 1, q, k, v, wanted.columns))
        return layer.finish(x[wanted.rows], y[wanted.asked])


class _Layer:
    """What a Block does to hidden states, but for attention itself."""

    def __init__(self, block: Block, turned: bool) -> None:
        self._pre = block.pre_norm
        self._ln_1, self._ln_2 = _norm(block.ln_1), _norm(block.ln_2)
        (
            (self._w_qkv, self._b_qkv),
            (self._w_y, self._b_y),
            (self._w_in, self._b_in),
            (
                self._w_out,
                self._b_out,
            ),
        ) = (
            (_matrix(linear.weight.detach(), turned), linear.bias.detach())
            for linear in (block.attn.c_attn, block.attn.c_proj, block.mlp.c_fc, block.mlp.c_proj)
        )
        self._gelu = partial(_gelu, approximate=block.mlp.approximate)
        self._rows = MLP_ROWS.get(self._w_in.device.type)

    def before(self, x: Tensor) -> Tensor:
        """What queries, keys and values are made of."""
        return self._ln_1(x) if self._pre else x

    def project(self, h: Tensor, start: int, end: int) -> Tensor:
        """From the start-th to before the end-th of queries, keys and values, (N, …)."""
        c = h.shape[1]
        part = slice(start * c, end * c)
        return torch.addmm(self._b_qkv[part], h, self._w_qkv[:, part])

    def finish(self, x: Tensor, y: Tensor) -> Tensor:
        """Add what attention found, then the MLP; ``x`` is written over."""
        x.addmm_(y, self._w_y).add_(self._b_y)
        if not self._pre:
            x = self._ln_1(x)
        for part in torch.split(x, self._rows or len(x)):
            h = self._ln_2(part) if self._pre else part
            inner = self._gelu(torch.addmm(self._b_in, h, self._w_in))
            part.addmm_(inner, self._w_out).add_(self._b_out)
        return x if self._pre else self._ln_2(x)


def _matrix(weight: Tensor, turned: bool) -> Tensor:
    """[out, in] → [in, out], as a view or a copy."""
    return weight.t().contiguous() if turned else weight.t()


def _norm(norm: nn.LayerNorm) -> Callable[[Tensor], Tensor]:
    shape, weight, bias = norm.normalized_shape, norm.weight.detach(), norm.bias.detach()
    return lambda x: F.layer_norm(x, shape, weight, bias, norm.eps)


def _gelu(x: Tensor, approximate: str) -> Tensor:
    """GELU; ``x`` may be written over."""
    slow = x.device.type == "cpu" and x.dtype is torch.float32 and x.numel() >= _SMALL
    if approximate == "none" or not slow:
        return F.gelu(x, approximate=approximate)
    gate = (x * x).mul_(_CUBE * _SCALE).add_(_SCALE).mul_(x).sigmoid_()
    return x.mul_(gate)


def _flat(y: Tensor) -> Tensor:
    """(B, H, T, D) → (N, C)."""
    return y.transpose(1, 2).reshape(-1, y.shape[1] * y.shape[3])
