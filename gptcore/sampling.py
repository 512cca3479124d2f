"""Which token comes next: temperature, then top-k, then top-p, then one draw.

The order is that of GPT-2's code (``src/sample.py``) and of transformers; top-p is the smallest set
of likeliest tokens that holds this probability (Holtzman et al. 2020, "The Curious Case of Neural
Text Degeneration"). Of equal logits at the border of top-k, torch chooses which stay.

A draw takes one uniform number per text, made by the text's own generator on the processor, so
that neither the batch nor the device changes it.

Shapes: B texts, V vocabulary, K tokens that are looked at.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gptcore.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How tokens are drawn."""

    temperature: float = 0.0
    """Logits are divided by it; 0: always the likeliest token."""
    top_k: int = 0
    """Only so many of the likeliest tokens; 0: all."""
    top_p: float = 1.0
    """Only the likeliest tokens that hold this probability together, one at least; 1: all."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < math.inf:
            raise ConfigError(
                f"temperature={self.temperature}: use 0 for greedy, or a positive number"
            )
        if self.top_k < 0:
            raise ConfigError(f"top_k={self.top_k}: use 0 for all tokens, or a positive number")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p={self.top_p}: use more than 0, and 1 for all tokens")

    @property
    def greedy(self) -> bool:
        """No draw is made."""
        return self.temperature == 0 or self.top_k == 1


def pick(logits: Tensor, sampling: Sampling, uniform: Tensor | None) -> Tensor:
    """Logits (B, V) in fp32, numbers (B,) from [0, 1) unless greedy → tokens (B,)."""
    if uniform is None:
        return _likeliest(logits)
    p, ids = candidates(logits, sampling)
    sums = p.cumsum(-1, dtype=torch.float64)
    aim = uniform[:, None] * sums[:, -1:]
    at = torch.searchsorted(sums, aim, right=True)  # the first whose sum is beyond the aim: p > 0
    return (at if ids is None else ids.gather(1, at))[:, 0]


def candidates(logits: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor | None]:
    """Logits (B, V) → probabilities (B, K), 0 for what may not be drawn, not summing to 1, and
    their ids, likeliest first; None: all, in order."""
    scores, ids = logits / sampling.temperature, None
    if 0 < sampling.top_k < logits.shape[1]:
        scores, ids = scores.topk(sampling.top_k)
    elif sampling.top_p < 1:
        scores, ids = scores.sort(descending=True, stable=True)
    p = scores.softmax(-1)
    if sampling.top_p < 1:
        p = p.masked_fill(p.cumsum(-1) - p >= sampling.top_p, 0)
    return p, ids


def _likeliest(logits: Tensor) -> Tensor:
    """argmax; on a processor NumPy's, which takes a twentieth of the time of torch's."""
    if logits.device.type == "cpu":
        return torch.from_numpy(logits.numpy().argmax(1))
    return logits.argmax(1)
