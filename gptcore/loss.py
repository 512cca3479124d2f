"""Linear layer and weighted cross-entropy without the logits of a whole batch.

The gradient is known as soon as a chunk's logits are, so it is made in the forward pass, and the
logits of one chunk are all that ever exist.

Shapes: N tokens, C width, V vocabulary, n tokens of a chunk.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

LOSS_CHUNK = {"cpu": 512, "cuda": 8192}
"""Tokens whose logits exist at one time; on a processor they fit its caches."""


class ChunkedLoss(torch.autograd.Function):
    """Σ weights · negative log-likelihood, chunk by chunk."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        labels: Tensor,
        weights: Tensor,
        compiled: bool,
        learning: bool,
    ) -> Tensor:
        """hidden (N, C), weight (V, C), labels (N,), weights (N,) → scalar, fp32.

        ``learning``: a backward pass will follow; nothing is made for it otherwise.
        """
        score = _compiled() if compiled else _score
        total = torch.zeros((), device=hidden.device)
        d_hidden = torch.empty_like(hidden if learning else hidden[:0])
        d_weight = torch.zeros(weight.shape if learning else 0, device=weight.device)
        chunk = LOSS_CHUNK.get(hidden.device.type, 4096)
        for i in range(0, hidden.shape[0], chunk):
            part = slice(i, i + chunk)
            h = hidden[part]
            loss, d_logits = score(F.linear(h, weight), labels[part, None], weights[part, None])
            total += loss
            if learning:
                torch.mm(d_logits, weight, out=d_hidden[part])
                if h.dtype == d_weight.dtype:
                    d_weight.addmm_(d_logits.t(), h)  # sums inside the product
                else:
                    d_weight += torch.mm(d_logits.t(), h)
        ctx.save_for_backward(d_hidden, d_weight.to(weight.dtype))
        return total

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> Any:
        """Scale what the forward pass kept."""
        d_hidden, d_weight = ctx.saved_tensors
        scale = grad[0].to(d_hidden.dtype)
        return d_hidden * scale, d_weight * scale, None, None, None, None


def _score(logits: Tensor, labels: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (n, V), labels and weights (n, 1) → the loss and its gradient (n, V); in place."""
    x = logits.float()
    x -= x.amax(1, keepdim=True)
    at_label = x.gather(1, labels)
    normalizer = x.exp_().sum(1, keepdim=True)
    loss = ((normalizer.log() - at_label) * weights).sum()
    gradient = x.mul_(weights / normalizer).scatter_add_(1, labels, -weights)
    return loss, gradient.to(logits.dtype)


def _fusable(logits: Tensor, labels: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The same without writing in place, for a compiler to make two passes of."""
    x = logits.float()
    normalizer = x.logsumexp(1, keepdim=True)
    loss = ((normalizer - x.gather(1, labels)) * weights).sum()
    here = torch.arange(x.shape[1], device=x.device) == labels
    gradient = ((x - normalizer).exp() - here.float()) * weights
    return loss, gradient.to(logits.dtype)


@functools.cache
def _compiled() -> Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]:
    compiled: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]] = torch.compile(_fusable)
    return compiled
