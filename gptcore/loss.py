"""Linear layer and weighted cross-entropy without the logits of a whole batch.

Shapes: N tokens, C width, V vocabulary.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

LOSS_CHUNK = {"cpu": 512, "cuda": 8192}
"""Tokens whose logits exist at one time in the loss; on a processor they fit its cache."""


class ChunkedLoss(torch.autograd.Function):
    """Linear layer and weighted cross-entropy, chunk by chunk.

    The gradient is known as soon as a chunk's logits are, so it is made in the forward pass and
    the logits of one chunk are all that ever exist.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, labels: Tensor, weights: Tensor
    ) -> Tensor:
        """hidden (N, C), weight (V, C), labels (N,), weights (N,) → scalar."""
        total = torch.zeros((), device=hidden.device)
        needs_gradient = hidden.requires_grad or weight.requires_grad
        d_hidden = torch.empty_like(hidden)
        d_weight = torch.zeros(weight.shape, device=weight.device)
        chunk = LOSS_CHUNK.get(hidden.device.type, 4096)
        for i in range(0, hidden.shape[0], chunk):
            part = slice(i, i + chunk)
            h, y, w = hidden[part], labels[part, None], weights[part, None]
            logits = F.linear(h, weight).float()
            logits -= logits.amax(1, keepdim=True)
            at_label = logits.gather(1, y)
            normalizer = logits.exp_().sum(1, keepdim=True)
            total += ((normalizer.log() - at_label) * w).sum()
            if needs_gradient:
                d_logits = logits.mul_(w / normalizer).scatter_add_(1, y, -w).to(h.dtype)
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
        return d_hidden * scale, d_weight * scale, None, None
