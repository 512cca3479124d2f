"""The forward pass without gradients: the numbers of ``gptcore.model`` in fewer and smaller steps.

- what only some columns are asked for costs the last Block its keys and values there and no more;
- hidden states are (N, C), and a product adds to them in place;
- the MLP goes through chunks of rows whose inner layer stays in a processor's cache;
- how products are made: ``gptcore.products``.

Shapes: B rows, T columns, N = B·T, H heads, D head width, C = H·D width, V vocabulary, Q columns
of a row that are asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gptcore.cache import Layout
from gptcore.model import GPT, Block
from gptcore.products import Gelu, Product, product

MLP_ROWS = {"cpu": 256}
"""Rows per thread whose inner layer exists at one time; elsewhere all."""


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
        self._wte, self._wpe = model.wte.weight.detach(), model.wpe.weight.detach()
        self.device = self._wte.device
        self._head = product(self._wte, None, rows)
        self._layers = [_Layer(block, rows) for block in model.h]  # type: ignore[arg-type]
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
        return self._head(hidden).float()

    def _all(self, block: int, x: Tensor, b: int, layout: Layout) -> Tensor:
        layer = self._layers[block]
        qkv = layer.project(layer.before(x)).view(b, -1, 3, *self._shape)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
        return layer.finish(x, _flat(layout.attend(block, q, k, v, None)))

    def _some(self, x: Tensor, b: int, layout: Layout, wanted: Wanted) -> Tensor:
        """The last Block: keys and values of all columns, the rest where it is wanted."""
        layer = self._layers[-1]
        h = layer.before(x)
        k, v = layer.project_part(h, 1, 3).view(b, -1, 2, *self._shape).permute(2, 0, 3, 1, 4)
        q = layer.project_part(h[wanted.queries], 0, 1).view(b, -1, *self._shape).transpose(1, 2)
        y = _flat(layout.attend(len(self._layers) - 1, q, k, v, wanted.columns))
        return layer.finish(x[wanted.rows], y[wanted.asked])


class _Layer:
    """What a Block does to hidden states, but for attention itself."""

    def __init__(self, block: Block, rows: int | None) -> None:
        self._pre = block.pre_norm
        self._ln_1, self._ln_2 = _norm(block.ln_1), _norm(block.ln_2)
        attention, mlp = block.attn, block.mlp
        self._weight, self._bias = attention.c_attn.weight.detach(), attention.c_attn.bias.detach()

        def made(linear: nn.Linear, gelu: Gelu | None = None) -> Product:
            return product(linear.weight.detach(), linear.bias.detach(), rows, gelu)

        self.project, self._y = made(attention.c_attn), made(attention.c_proj)
        gelu: Gelu = "tanh" if mlp.approximate == "tanh" else "none"
        self._in, self._out = made(mlp.c_fc, gelu), made(mlp.c_proj)
        self._rows = MLP_ROWS.get(self._weight.device.type, 0) * torch.get_num_threads()

    def before(self, x: Tensor) -> Tensor:
        """What queries, keys and values are made of."""
        return self._ln_1(x) if self._pre else x

    def project_part(self, h: Tensor, start: int, end: int) -> Tensor:
        """Of queries, keys and values those from the start-th to before the end-th, (N, …)."""
        part = slice(start * h.shape[1], end * h.shape[1])
        return F.linear(h, self._weight[part], self._bias[part])

    def finish(self, x: Tensor, y: Tensor) -> Tensor:
        """Add what attention found, then the MLP; ``x`` is written over."""
        self._y.add_to(x, y)
        if not self._pre:
            x = self._ln_1(x)
        for part in torch.split(x, self._rows or len(x)):
            self._out.add_to(part, self._in(self._ln_2(part) if self._pre else part))
        return x if self._pre else self._ln_2(x)


def _norm(norm: nn.LayerNorm) -> Callable[[Tensor], Tensor]:
    shape, weight, bias = norm.normalized_shape, norm.weight.detach(), norm.bias.detach()
    return lambda x: F.layer_norm(x, shape, weight, bias, norm.eps)


def _flat(y: Tensor) -> Tensor:
    """(B, H, T, D) → (N, C)."""
    return y.transpose(1, 2).reshape(-1, y.shape[1] * y.shape[3])
