"""Decoding with a key–value cache: prompts are read once, then one token at a time, many together.

A prompt starts after end-of-text, as every document did in training. How tokens are drawn:
``gptcore.sampling``; where a text ends: ``gptcore.stops``.

Prompts of similar length go together, padded at the left; a text that has ended leaves its batch.
Which texts share a batch changes nothing but the last digits of the logits. Tokens stay on the
device; the processor looks at them once per token, to see which texts have ended.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from gptcore.cache import Cache
from gptcore.errors import ConfigError
from gptcore.inference import Inference, Wanted
from gptcore.model import GPT
from gptcore.sampling import Sampling, pick
from gptcore.stops import Stops
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
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int = 0,
) -> list[str]:
    """Texts that continue the prompts, each up to a stop string, end-of-text or ``max_tokens``.

    The i-th is drawn with ``seed + i``. A prompt that does not fit beside ``max_tokens`` loses its
    beginning. ConfigError when ``max_tokens`` leaves no room for a prompt, for an empty stop string
    and as ``Sampling`` says.
    """
    stops = Stops(tokenizer, stop)
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
    ids = [[tokenizer.end_of_text, *ids] for ids in tokenizer.encode_batch(prompts)]
    written = continue_ids(
        model,
        ids,
        end=tokenizer.end_of_text,
        stops=stops,
        max_tokens=max_tokens,
        sampling=sampling,
        seed=seed,
    )
    return [stops.text(tokens) for tokens in written]


def n_cut(
    model: GPT, tokenizer: Tokenizer, prompts: Sequence[str], *, max_tokens: int
) -> list[int]:
    """How many ids ``generate`` leaves out at the beginning of each prompt, end-of-text among them.

    ConfigError when ``max_tokens`` leaves no room for a prompt.
    """
    room = _room(model, max_tokens)
    return [max(0, 1 + len(ids) - room) for ids in tokenizer.encode_batch(prompts)]


@torch.inference_mode()
def continue_ids(
    model: GPT,
    prompts: Sequence[Sequence[int]],
    *,
    end: int | None = None,
    stops: Stops | None = None,
    max_tokens: int,
    sampling: Sampling | None = None,
    seed: int = 0,
) -> list[list[int]]:
    """``generate`` in ids: what follows each prompt, without ``end``; with the token that completed
    a stop string. ``sampling``: greedy unless given."""
    room = _room(model, max_tokens)
    sampling = sampling or Sampling()
    texts = [_Text(ids[-room:], end, stops, max_tokens, seed + i) for i, ids in enumerate(prompts)]
    batches = list(_batches(texts, max_tokens, model.wte.weight.device.type))
    if batches:
        inference = Inference(model, rows=len(batches[0]))
        for batch in batches:
            _continue(inference, batch, max_tokens, sampling)
    return [text.made for text in texts]


def _room(model: GPT, max_tokens: int) -> int:
    """Ids of a prompt that the context holds beside what is written."""
    length = model.config.context_length
    if not 0 < max_tokens < length:
        raise ConfigError(f"max_tokens={max_tokens}: use 1 … {length - 1}, the context less one")
    return length - max_tokens


class _Text:
    """A prompt and what was made of it so far."""

    def __init__(
        self, ids: Sequence[int], end: int | None, stops: Stops | None, limit: int, seed: int
    ) -> None:
        self.ids, self.seed = list(ids), seed
        self._end, self._stops, self._limit = end, stops, limit
        self.made: list[int] = []
        self.ended = False

    def add(self, token: int) -> None:
        """Take a token and see whether the text has ended."""
        if token == self._end:
            self.ended = True
            return
        self.made.append(token)
        full = len(self.made) == self._limit
        self.ended = full or (self._stops is not None and self._stops.reached(self.made))

    def uniform(self) -> Tensor:
        """The numbers that its tokens are drawn with."""
        return torch.rand(self._limit, generator=torch.Generator().manual_seed(self.seed))


def _batches(texts: Sequence[_Text], max_tokens: int, device: str) -> Iterator[list[_Text]]:
    """Texts by length, longest first, so many at a time as the cache may hold."""
    waiting = sorted(texts, key=lambda text: -len(text.ids))
    while waiting:
        longest = len(waiting[0].ids) + max_tokens
        n = max(1, CACHE_TOKENS.get(device, 4096) // longest)
        yield waiting[:n]
        waiting = waiting[n:]


def _continue(
    inference: Inference, texts: list[_Text], max_tokens: int, sampling: Sampling
) -> None:
    """Read prompts together and write on until the last text has ended."""
    device = inference.device
    cache, hidden = _read(inference, texts, max_tokens)
    uniform = None
    if not sampling.greedy:
        uniform = torch.stack([text.uniform() for text in texts]).to(device)
    for number in range(max_tokens):
        now = None if uniform is None else uniform[:, number]
        tokens = pick(inference.logits(hidden), sampling, now)
        for text, token in zip(texts, tokens.tolist(), strict=True):
            if not text.ended:
                text.add(token)
        going = [i for i, text in enumerate(texts) if not text.ended]
        if not going:
            return
        if len(going) <= _THINNED * len(texts):
            rows = torch.tensor(going, device=device)
            cache.keep(rows)
            texts, tokens = [texts[i] for i in going], tokens[rows]
            uniform = None if uniform is None else uniform[rows]
        hidden = inference(tokens[:, None], cache)


def _read(inference: Inference, texts: Sequence[_Text], max_tokens: int) -> tuple[Cache, Tensor]:
    """The prompts in a cache, and the hidden states (B, C) at their ends."""
    longest = max(len(text.ids) for text in texts)
    pads = [longest - len(text.ids) for text in texts]
    cache = Cache(longest + max_tokens, torch.tensor(pads, device=inference.device))
    rows = [[0] * pad + text.ids for pad, text in zip(pads, texts, strict=True)]
    wanted = Wanted.of([[longest - 1]] * len(texts), longest, inference.device)
    return cache, inference(torch.tensor(rows, device=inference.device), cache, wanted)
