"""Causal self-attention in training, and the rule that chooses how it is computed.

torch's fused kernel computes it everywhere, but for training on a processor at a context of up to
1,024: there the texts of a batch are taken one by one, in tiles of queries that see only what
stands before them, so that scores stay in the processor's caches and the half above the diagonal is
mostly never made (docs/experiments.md). The rule depends on device and length only, never on a
timing, so that two runs on one machine cannot differ.

Shapes: B rows, T positions, H heads, D head width, C = H·D, R queries of a tile, S keys it sees.
"""

import math
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

TILES_MAX = 1024
"""Longest context at which tiles beat the fused kernel in training on a processor."""
TILE = 128
"""Queries of a tile."""


def attention_kernel(
    device: str, length: int, *, masked: bool = False
) -> Literal["tiles", "fused", "masked"]:
    """The rule that chooses the kernel for training; what it chose stands in every checkpoint.

    ``masked``: more is hidden than what is ahead; torch's fused kernel then gets a mask.
    """
    if masked:
        return "masked"
    return "tiles" if device == "cpu" and length <= TILES_MAX else "fused"


def causal_attention(
    qkv: Tensor, n_head: int, dropout: float, mask: Tensor | None = None
) -> Tensor:
    """Queries, keys and values side by side (B, T, 3C) → what attention makes of them (B, T, C).

    ``mask``: what else is hidden beside what is ahead, and that too, additive (B, 1, T, T).
    """
    b, t, c3 = qkv.shape
    c = c3 // 3
    if mask is None and torch.is_grad_enabled() and attention_kernel(qkv.device.type, t) == "tiles":
        tiled: Tensor = _Tiles.apply(qkv, n_head, dropout)  # type: ignore[no-untyped-call]
        return tiled
    q, k, v = qkv.view(b, t, 3, n_head, c // n_head).permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
    y = F.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=mask is None, dropout_p=dropout
    )
    return y.transpose(1, 2).reshape(b, t, c)


class _Tiles(torch.autograd.Function):
    """Attention of one text after the other, tile of queries by tile of queries."""

    @staticmethod
    def forward(ctx: Any, qkv: Tensor, n_head: int, dropout: float) -> Tensor:
        """(B, T, 3C) → (B, T, C); keeps the attention weights of every tile (B, H, R, S)."""
        b, t, c3 = qkv.shape
        scale = (c3 // 3 // n_head) ** -0.5
        y = qkv.new_empty(b, t, c3 // 3)
        spans = [(start, min(start + TILE, t)) for start in range(0, t, TILE)]
        ahead = [_ahead(r, s, qkv) for r, s in spans]
        kept = [qkv.new_empty(b, n_head, s - r, s) for r, s in spans]
        masks = [_dropped(weights, dropout) for weights in kept] if dropout else []
        for row in range(b):
            q, k, v = _heads(qkv[row], n_head, 3)
            (out,) = _heads(y[row], n_head, 1)
            for i, (r, s) in enumerate(spans):
                mask = ahead[i].expand(n_head, -1, -1)
                scores = torch.baddbmm(mask, q[:, r:s], k[:, :s].transpose(1, 2), alpha=scale)
                p = torch.softmax(scores, -1, out=kept[i][row])
                out[:, r:s] = torch.bmm(p * masks[i][row] if masks else p, v[:, :s])
        ctx.save_for_backward(qkv, *kept, *masks)
        ctx.n_head, ctx.scale, ctx.spans = n_head, scale, spans
        return y

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> Any:
        """(B, T, C) → (B, T, 3C)."""
        qkv, *rest = ctx.saved_tensors
        kept, masks = rest[: len(ctx.spans)], rest[len(ctx.spans) :]
        d_qkv = torch.empty_like(qkv)
        for row in range(qkv.shape[0]):
            q, k, v = _heads(qkv[row], ctx.n_head, 3)
            d_q, *d_kv = _heads(d_qkv[row], ctx.n_head, 3)
            (d_out,) = _heads(grad[0][row], ctx.n_head, 1)
            sums: list[Tensor] = []
            for i, (r, s) in reversed(list(enumerate(ctx.spans))):
                p, dy = kept[i][row], d_out[:, r:s]
                d_p = torch.bmm(dy, v[:, :s].transpose(1, 2))
                seen = p
                if masks:
                    seen, d_p = p * masks[i][row], d_p * masks[i][row]
                d_scores = torch._softmax_backward_data(d_p, p, -1, p.dtype).mul_(ctx.scale)
                d_q[:, r:s] = torch.bmm(d_scores, k[:, :s])
                parts = [torch.bmm(d_scores.mT, q[:, r:s]), torch.bmm(seen.mT, dy)]
                if sums:  # the last tile saw all keys, the others see fewer
                    for total, part in zip(sums, parts, strict=True):
                        total[:, :s] += part
                else:
                    sums = parts
            for to, total in zip(d_kv, sums, strict=True):
                to.copy_(total)
        return d_qkv, None, None


def _heads(x: Tensor, n_head: int, n: int) -> Tensor:
    """Views of a text (T, n·C) by head: n times (H, T, D)."""
    return x.view(x.shape[0], n, n_head, -1).permute(1, 2, 0, 3)


def _ahead(r: int, s: int, like: Tensor) -> Tensor:
    """(1, R, S) additive: queries r … s − 1 do not see later keys."""
    return torch.full((1, s - r, s), -math.inf, dtype=like.dtype).triu(r + 1)


def _dropped(weights: Tensor, dropout: float) -> Tensor:
    """A factor for every attention weight: 0, or what keeps the mean."""
    return torch.empty_like(weights).bernoulli_(1 - dropout).div_(1 - dropout)
