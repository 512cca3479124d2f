"""Decoding with a key–value cache: prompts are read once, then one token at a time, many together.

A prompt starts after end-of-text, as every document did in training. Greedy at temperature 0, else
drawn from softmax(logits / temperature) with a seeded generator per prompt (GPT-2's code:
``src/sample.py``).

Prompts of similar length go together, padded at the left; a text that has ended leaves its batch.
Which texts share a batch changes nothing but the last digits of the logits.
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from gptcore.cache import Cache
from gptcore.errors import ConfigError
from gptcore.model import GPT
from gptcore.tokenizer import Tokenizer

CACHE_TOKENS = {"cpu": 4096, "cuda": 131072}
"""Columns of the cache of one batch, over all its rows: how many prompts are continued together."""
_THINNED = 0.75
"""Share of a batch still at work below which the others leave the cache."""


def generate(
    model: GPT,
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    *,
    stop: Sequence[str] = (),
    max_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
) -> list[str]:
    """Texts that continue the prompts, each up to a stop string, end-of-text or ``max_tokens``.

    The i-th is drawn with ``seed + i``. A prompt that does not fit beside ``max_tokens`` loses its
    beginning. ConfigError when ``max_tokens`` leaves no room for a prompt, or for a negative
    temperature.
    """
    length = model.config.context_length
    if not 0 < max_tokens < length:
        raise ConfigError(f"max_tokens={max_tokens}: use 1 … {length - 1}, the context less one")
    if not 0 <= temperature < math.inf:
        raise ConfigError(f"temperature={temperature}: use 0 for greedy, or a positive number")
    texts = [
        _Text(tokenizer, ids[-(length - max_tokens) :], stop, max_tokens, seed + i)
        for i, ids in enumerate(_read(tokenizer, prompts))
    ]
    for batch in _batches(texts, max_tokens, model.wte.weight.device.type):
        _continue(model, batch, max_tokens, temperature)
    return [text.written for text in texts]


class _Text:
    """A prompt and what was made of it so far."""

    def __init__(
        self, tokenizer: Tokenizer, ids: list[int], stop: Sequence[str], max_tokens: int, seed: int
    ) -> None:
        self.ids, self.generator = ids, torch.Generator().manual_seed(seed)
        self._tokenizer, self._stop, self._max_tokens = tokenizer, stop, max_tokens
        self._made: list[int] = []
        self.ended = False

    def add(self, token: int) -> None:
        """Take a token and see whether the text has ended."""
        if token == self._tokenizer.end_of_text:
            self.ended = True
            return
        self._made.append(token)
        self.ended = len(self._made) == self._max_tokens or self._cut(self._text) is not None

    @property
    def written(self) -> str:
        """The text up to the first stop."""
        return self._text[: self._cut(self._text)]

    @property
    def _text(self) -> str:
        return self._tokenizer.decode(self._made)

    def _cut(self, text: str) -> int | None:
        """Where the first stop string begins; None where there is none."""
        return min((text.find(mark) for mark in self._stop if mark in text), default=None)


def _read(tokenizer: Tokenizer, prompts: Sequence[str]) -> Iterator[list[int]]:
    for ids in tokenizer.encode_batch(prompts):
        yield [tokenizer.end_of_text, *ids]


def _batches(texts: Sequence[_Text], max_tokens: int, device: str) -> Iterator[list[_Text]]:
    """Texts by length, longest first, so many at a time as the cache may hold."""
    waiting = sorted(texts, key=lambda text: -len(text.ids))
    while waiting:
        longest = len(waiting[0].ids) + max_tokens
        n = max(1, CACHE_TOKENS.get(device, 4096) // longest)
        yield waiting[:n]
        waiting = waiting[n:]


@torch.inference_mode()
def _continue(model: GPT, texts: list[_Text], max_tokens: int, temperature: float) -> None:
    """Read prompts together and write on until the last text has ended."""
    device = model.wte.weight.device
    longest = max(len(text.ids) for text in texts)
    pads = [longest - len(text.ids) for text in texts]
    cache = Cache(longest + max_tokens, torch.tensor(pads, device=device))
    step = [[0] * pad + text.ids for pad, text in zip(pads, texts, strict=True)]
    while True:
        hidden = model(torch.tensor(step, device=device), cache)
        tokens = _pick(model.logits(hidden[:, -1]), texts, temperature)
        for text, token in zip(texts, tokens, strict=True):
            if not text.ended:
                text.add(token)
        going = [i for i, text in enumerate(texts) if not text.ended]
        if not going:
            return
        if len(going) <= _THINNED * len(texts):
            cache.keep(torch.tensor(going, device=device))
            texts, tokens = [texts[i] for i in going], [tokens[i] for i in going]
        step = [[token] for token in tokens]


def _pick(logits: Tensor, texts: Sequence[_Text], temperature: float) -> list[int]:
    """The next token of each text from logits (B, V)."""
    if temperature == 0:
        tokens: list[int] = logits.argmax(-1).tolist()
        return tokens
    p = (logits.cpu() / temperature).softmax(-1)
    return [
        int(torch.multinomial(row, 1, generator=text.generator))
        for row, text in zip(p, texts, strict=True)
    ]
