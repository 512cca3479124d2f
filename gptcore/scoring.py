"""Log-likelihoods and text from a trained model, asked for in strings.

``Scorer`` answers requests as lm-evaluation-harness defines them (``api/model.py``): trailing white
space of a context belongs to the continuation; the continuation's ids are those of the whole text
after the context's. Other than there, every text starts after end-of-text, as in training. A text
that does not fit loses its beginning. All in fp32.

Inputs are sorted by length into batches bounded by tokens, logits are made at scored positions
only, and an input that is the beginning of another one (the choices of one prompt) is not run by
itself: attention looks back only, so the longer one holds its hidden states.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gptcore.checkpoint import load_weights
from gptcore.config import ModelConfig
from gptcore.distributed import Runtime
from gptcore.errors import ConfigError, DataError
from gptcore.generate import generate
from gptcore.model import GPT
from gptcore.tokenizer import Tokenizer

BATCH_TOKENS = {"cpu": 8192, "cuda": 131072}
"""Padded tokens in one forward pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loglikelihood:
    """What a model thinks of one continuation."""

    sum: float
    """Nats; the sum of ``token_logprobs``."""
    n_tokens: int
    is_greedy: bool
    """Every token is the most likely one after what stands before it."""
    token_logprobs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Window:
    """Ids to read, and the ids expected after its last positions."""

    ids: tuple[int, ...]
    expected: tuple[int, ...]


class Scorer:
    """A model and its tokenizer as a language model of strings."""

    def __init__(self, model: GPT, tokenizer: Tokenizer, *, threads: int = 0) -> None:
        if model.config.vocab_size != tokenizer.vocab_size:
            raise ConfigError(
                f"vocab_size={model.config.vocab_size} of the model is not the tokenizer's"
                f" {tokenizer.vocab_size}: they belong to different runs"
            )
        self._device = Runtime.detect(threads).apply(seed=0)
        self._model = model.float().to(self._device).eval()
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, weights: Path, tokenizer: Path, *, threads: int = 0) -> "Scorer":
        """From a run's ``weights`` directory and a tokenizer product; ProductError if broken."""
        config, tensors = load_weights(weights)
        model = GPT(config)
        model.load_state_dict(tensors)
        return cls(model, Tokenizer.load(tokenizer), threads=threads)

    @classmethod
    def untrained(
        cls, config: ModelConfig, tokenizer: Path, *, seed: int, threads: int = 0
    ) -> "Scorer":
        """Freshly drawn weights: what the architecture scores before any training."""
        return cls(GPT(config).initialize(seed), Tokenizer.load(tokenizer), threads=threads)

    def loglikelihood(self, requests: Sequence[tuple[str, str]]) -> list[Loglikelihood]:
        """Scores of (context, continuation) pairs, in their order.

        DataError when a continuation is empty or longer than the model's context.
        """
        windows = [self._request(context, text) for context, text in requests]
        return [_likelihood(scores) for scores in self._scores(windows)]

    def rolling(self, texts: Sequence[str]) -> list[Loglikelihood]:
        """Scores of whole texts: every token once, in disjoint windows of the context's length.

        The first token is conditioned on end-of-text, each further window on the one token before
        it, and the last partial window is moved back to see a full context (the harness's rule).
        """
        per_text = [list(self._rolling_windows(text)) for text in texts]
        scores = iter(self._scores([window for windows in per_text for window in windows]))
        return [_likelihood([s for _ in windows for s in next(scores)]) for windows in per_text]

    def generate(
        self,
        prompts: Sequence[str],
        *,
        stop: Sequence[str] = (),
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        """A continuation of each prompt; the i-th is drawn with ``seed + i``."""
        return generate(
            self._model,
            self._tokenizer,
            prompts,
            stop=stop,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
        )

    def _request(self, context: str, continuation: str) -> _Window:
        bare = context.rstrip()
        continuation = context[len(bare) :] + continuation
        head = [self._tokenizer.end_of_text, *self._tokenizer.encode(bare)]
        whole = [self._tokenizer.end_of_text, *self._tokenizer.encode(bare + continuation)]
        expected = whole[len(head) :]
        limit = self._model.config.context_length
        if not 0 < len(expected) <= limit:
            raise DataError(
                f"continuation {continuation[:40]!r} has {len(expected)} tokens: give 1 … {limit}"
            )
        return _Window(tuple(whole[:-1][-limit:]), tuple(expected))

    def _rolling_windows(self, text: str) -> Iterator[_Window]:
        ids = [self._tokenizer.end_of_text, *self._tokenizer.encode(text)]
        limit = self._model.config.context_length
        for start in range(0, len(ids) - 1, limit):
            end = min(start + limit, len(ids) - 1)
            begin = max(0, end - limit) if start else 0
            yield _Window(tuple(ids[begin:end]), tuple(ids[start + 1 : end + 1]))

    @torch.inference_mode()
    def _scores(self, windows: Sequence[_Window]) -> list[list[tuple[float, bool]]]:
        """(log-probability, is the most likely) of each expected id, by window."""
        host = _hosts({window.ids for window in windows})
        waiting: dict[tuple[int, ...], list[int]] = {}
        for i, window in enumerate(windows):
            waiting.setdefault(host[window.ids], []).append(i)
        result: list[list[tuple[float, bool]]] = [[] for _ in windows]
        budget = BATCH_TOKENS.get(self._device.type, 8192)
        for batch in _by_length(list(waiting), budget):
            hidden = self._model(self._padded(batch))
            asked = [(row, i) for row, ids in enumerate(batch) for i in waiting[ids]]
            for i, scores in self._read(hidden, asked, windows):
                result[i] = scores
        return result

    def _padded(self, rows: Sequence[tuple[int, ...]]) -> Tensor:
        """Ids (B, longest); padding stands after the text, where nothing looks at it."""
        longest, pad = max(map(len, rows)), self._tokenizer.end_of_text
        return torch.tensor(
            [[*row, *[pad] * (longest - len(row))] for row in rows], device=self._device
        )

    def _read(
        self, hidden: Tensor, asked: Sequence[tuple[int, int]], windows: Sequence[_Window]
    ) -> Iterator[tuple[int, list[tuple[float, bool]]]]:
        spans = [
            hidden[row, len(windows[i].ids) - len(windows[i].expected) : len(windows[i].ids)]
            for row, i in asked
        ]
        expected = torch.tensor([e for _, i in asked for e in windows[i].expected])
        log_p, greedy = self._at(torch.cat(spans), expected.to(self._device))
        scores = list(zip(log_p, greedy, strict=True))
        start = 0
        for _, i in asked:
            end = start + len(windows[i].expected)
            yield i, scores[start:end]
            start = end

    def _at(self, hidden: Tensor, expected: Tensor) -> tuple[list[float], list[bool]]:
        """Hidden states (N, C) and ids (N,) → log-probabilities and whether each is the argmax."""
        log_ps, greedy = [], []
        for h, e in zip(torch.split(hidden, 1024), torch.split(expected, 1024), strict=True):
            log_p = self._model.logits(h).log_softmax(-1)
            log_ps += log_p.gather(1, e[:, None])[:, 0].tolist()
            greedy += (log_p.argmax(-1) == e).tolist()
        return log_ps, greedy


def _likelihood(scores: Sequence[tuple[float, bool]]) -> Loglikelihood:
    log_ps = tuple(score for score, _ in scores)
    greedy = all(is_greedy for _, is_greedy in scores)
    return Loglikelihood(
        sum=sum(log_ps), n_tokens=len(log_ps), is_greedy=greedy, token_logprobs=log_ps
    )


def _hosts(inputs: set[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[int, ...]]:
    """Each input → the longest input of the set that begins with it."""
    host: dict[tuple[int, ...], tuple[int, ...]] = {}
    following: tuple[int, ...] = ()
    for ids in sorted(inputs, reverse=True):
        following = following if following[: len(ids)] == ids else ids
        host[ids] = following
    return host


def _by_length(rows: list[tuple[int, ...]], budget: int) -> Iterator[list[tuple[int, ...]]]:
    """Batches of rows, longest first, each within ``budget`` padded tokens (one row at least)."""
    rows.sort(key=lambda row: (-len(row), row))
    while rows:
        n = max(1, budget // len(rows[0]))
        yield rows[:n]
        rows = rows[n:]
