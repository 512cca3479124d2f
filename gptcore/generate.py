"""Decoding with a key–value cache: the prompt is read once, then one token at a time.

A prompt starts after end-of-text, as every document did in training. Greedy at temperature 0, else
drawn from softmax(logits / temperature) with a seeded generator (GPT-2's code: ``src/sample.py``).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gptcore.errors import ConfigError
from gptcore.model import GPT, Cache
from gptcore.tokenizer import Tokenizer


@torch.inference_mode()
def generate(
    model: GPT,
    tokenizer: Tokenizer,
    prompt: str,
    *,
    stop: Sequence[str] = (),
    max_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
) -> str:
    """Text that continues ``prompt``, up to a stop string, end-of-text or ``max_tokens``.

    A prompt that does not fit beside ``max_tokens`` loses its beginning. ConfigError when
    ``max_tokens`` leaves no room for a prompt, or for a negative temperature.
    """
    length = model.config.context_length
    if not 0 < max_tokens < length:
        raise ConfigError(f"max_tokens={max_tokens}: use 1 … {length - 1}, the context less one")
    if not 0 <= temperature < math.inf:
        raise ConfigError(f"temperature={temperature}: use 0 for greedy, or a positive number")
    generator = torch.Generator().manual_seed(seed)
    ids = [tokenizer.end_of_text, *tokenizer.encode(prompt)][-(length - max_tokens) :]
    device, cache, made = model.wte.weight.device, Cache(), list[int]()
    step = ids
    while len(made) < max_tokens:
        hidden = model(torch.tensor([step], device=device), cache)
        token = _pick(model.logits(hidden[0, -1]).cpu(), temperature, generator)
        if token == tokenizer.end_of_text:
            break
        made.append(token)
        step = [token]
        text = tokenizer.decode(made)
        if any(mark in text for mark in stop):
            return text[: min(text.find(mark) for mark in stop if mark in text)]
    return tokenizer.decode(made)


def _pick(logits: Tensor, temperature: float, generator: torch.Generator) -> int:
    if temperature == 0:
        return int(logits.argmax())
    p = (logits / temperature).softmax(-1)
    return int(torch.multinomial(p, 1, generator=generator))
