"""Causal attention, and the rule that chooses how it is computed.

torch's fused kernel everywhere, but for plain products on a processor in bf16 at short context,
where they are about twice as fast (docs/experiments.md). The rule depends on device, dtype and
length only, never on a timing, so that two runs on one machine cannot differ.

Shapes: B rows, H heads, T and S positions, D head width.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

PLAIN_ATTENTION_MAX = 512
"""Longest context at which plain products beat the fused kernel on a processor in bf16."""


def attention_kernel(device: str, dtype: torch.dtype, length: int) -> Literal["plain", "fused"]:
    """The rule that chooses the attention kernel; what it chose is in a run's summary."""
    plain = device == "cpu" and dtype is torch.bfloat16 and length <= PLAIN_ATTENTION_MAX
    return "plain" if plain else "fused"


def plain_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, dropout: float) -> Tensor:
    """(B, H, T, D), (B, H, S, D) ×2 and an additive mask (T, S) → (B, H, T, D)."""
    b, h, t, d = q.shape
    q, k, v = (x.reshape(b * h, -1, d) for x in (q, k, v))
    scores = torch.baddbmm(mask.expand(b * h, t, -1), q, k.transpose(1, 2), alpha=d**-0.5)
    weights = F.dropout(scores.softmax(-1), dropout)
    return torch.bmm(weights, v).view(b, h, t, d)
