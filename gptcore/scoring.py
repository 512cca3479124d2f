"""Log-likelihoods and text from a trained model, asked for in strings.

``Scorer`` answers requests as lm-evaluation-harness defines them (``api/model.py``): trailing white
space of a context belongs to the continuation; the continuation's ids are those of the whole text
after as many as the context has alone, and come after the context's own, also where a token of the
whole spans the border. Other than there, every text starts after end-of-text, as in training. A
text that does not fit loses its beginning. All in fp32.

Inputs are sorted by length into batches bounded by tokens, logits are made at scored positions
only, and a context stands once in a row with all its continuations (``gptcore.packing``).
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from gptcore.checkpoint import load_weights
from gptcore.config import ModelConfig
from gptcore.distributed import Runtime
from gptcore.errors import ConfigError, DataError
from gptcore.generate import generate, n_cut
from gptcore.inference import Inference, Wanted
from gptcore.model import GPT
from gptcore.packing import Grove, Request, Tree, plant
from gptcore.tokenizer import Tokenizer, load_tokenizer

BATCH_TOKENS = {"cpu": 512, "cuda": 131072}
"""Padded tokens in one forward pass; on a processor per thread, so few that they stay in caches."""
HEAD_ROWS = {"cpu": 128, "cuda": 4096}
"""Scored positions whose logits exist at one time."""
LONGEST_ROW = 2
"""Contexts of the model that a row of continuations may hold at most: bounds its mask."""


_Ids = Sequence[int]
Scores = list[tuple[float, bool]]
"""Per expected id its log-probability, and whether it is the most likely one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loglikelihood:
    """What a model thinks of one continuation."""

    sum: float
    """Nats; the sum of ``token_logprobs``."""
    n_tokens: int
    is_greedy: bool
    """Every token is the most likely one after what stands before it."""
    token_logprobs: tuple[float, ...]
    greedy_tokens: tuple[bool, ...]
    """Per token whether it is the most likely one after what stands before it."""
    n_cut: int = 0
    """Tokens at the beginning of the context that did not fit, end-of-text among them."""


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
        self._inference = Inference(self._model)
        self._bf16: GPT | None = None
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, weights: Path, tokenizer: Path, *, threads: int = 0) -> "Scorer":
        """From a run's ``weights`` directory and a tokenizer product; ProductError if broken."""
        config, tensors = load_weights(weights)
        model = GPT(config)
        model.load_state_dict(tensors)
        return cls(model, load_tokenizer(tokenizer), threads=threads)

    @classmethod
    def untrained(
        cls, config: ModelConfig, tokenizer: Path, *, seed: int, threads: int = 0
    ) -> "Scorer":
        """Freshly drawn weights: what the architecture scores before any training."""
        return cls(GPT(config).initialize(seed), load_tokenizer(tokenizer), threads=threads)

    def loglikelihood(self, requests: Sequence[tuple[str, str]]) -> list[Loglikelihood]:
        """Scores of (context, continuation) pairs, in their order.

        DataError when a continuation is empty or longer than the model's context.
        """
        wholes = self._wholes(requests)
        asked = self._asked(requests, wholes)
        cuts = [
            1 + len(context) - len(one.trunk)
            for one, (context, _) in zip(asked, wholes, strict=True)
        ]
        return list(map(_likelihood, self._scores(asked), cuts))

    def fits(self, requests: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether ``loglikelihood`` takes each (context, continuation): the continuation is no
        longer than the model's context, and has a token of its own.

        It has none where context and continuation together make no more tokens than the context
        alone, as the end of a word may after its beginning.
        """
        limit = self._model.config.context_length
        # A token is at least one byte and a space begins one, so most need no tokenizer; half of
        # the room is left for tokens that reach over from the context.
        unclear = [
            i
            for i, (context, text) in enumerate(requests)
            if 2 * len(text.encode()) > limit or (context and not text[:1].isspace())
        ]
        wholes = self._wholes([requests[i] for i in unclear])
        found = [True] * len(requests)
        for i, (context, whole) in zip(unclear, wholes, strict=True):
            found[i] = 0 < len(whole) - len(context) <= limit
        return found

    def rolling(self, texts: Sequence[str], *, stride: int | None = None) -> list[Loglikelihood]:
        """Scores of whole texts: every token once, in windows as long as the context.

        The first window scores all its tokens, the first of them after end-of-text. Every further
        window ends ``stride`` tokens later, or where the text ends, scores what is new and sees as
        much before it as fits.

        - ``None``, the same as the context's length: windows are disjoint, and each full one sees
          but one token before its first (the harness's rule). Quick, and pessimistic.
        - less: windows overlap, every token sees at least context − ``stride`` tokens before it
          (the rule of Hugging Face's guide to perplexity). Takes context / ``stride`` times as long
          and comes closer to the model's own perplexity.

        ConfigError when ``stride`` is not in 1 … context.
        """
        limit = self._model.config.context_length
        if stride is not None and not 1 <= stride <= limit:
            raise ConfigError(f"stride={stride}: use 1 … {limit}, the context's length")
        per_text = [list(self._rolling_windows(text, stride or limit)) for text in texts]
        scores = iter(self._scores([window for windows in per_text for window in windows]))
        return [_likelihood([s for _ in windows for s in next(scores)]) for windows in per_text]

    def generate(
        self,
        prompts: Sequence[str],
        *,
        stop: Sequence[str] = (),
        max_tokens: int,
        temperature: float = 0.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
        precision: Literal["fp32", "bf16"] = "fp32",
    ) -> list[str]:
        """A continuation of each prompt; the i-th is drawn with ``seed + i``.

        ``precision`` is that of the weights: bf16 is quicker where the hardware multiplies in it,
        and now and then another token is the likeliest one. What is reported is written in fp32.
        ConfigError for a bad value of an option.
        """
        return generate(
            self._in(precision),
            self._tokenizer,
            prompts,
            stop=stop,
            max_tokens=max_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
        )

    def n_cut(self, prompts: Sequence[str], max_tokens: int) -> list[int]:
        """Tokens at the beginning of each prompt, end-of-text among them, for which ``generate``
        has no room beside ``max_tokens``. ConfigError when these leave no room at all.
        """
        return n_cut(self._model, self._tokenizer, prompts, max_tokens=max_tokens)

    def _in(self, precision: str) -> GPT:
        """The model, or a copy in bf16 that is made once."""
        if precision == "fp32":
            return self._model
        if precision != "bf16":
            raise ConfigError(f"precision={precision!r}: use 'fp32' or 'bf16'")
        if self._bf16 is None:
            self._bf16 = copy.deepcopy(self._model).bfloat16()
        return self._bf16

    def _requests(self, pairs: Sequence[tuple[str, str]]) -> list[Request]:
        """Contexts and continuations as ids."""
        return self._asked(pairs, self._wholes(pairs))

    def _asked(
        self, pairs: Sequence[tuple[str, str]], wholes: Sequence[tuple[_Ids, _Ids]]
    ) -> list[Request]:
        return [self._request(*whole, text) for whole, (_, text) in zip(wholes, pairs, strict=True)]

    def _wholes(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[_Ids, _Ids]]:
        """Ids of the context alone, and of context and continuation together; every text is
        encoded once."""
        contexts = {context: context.rstrip() for context, _ in pairs}
        texts = list(dict.fromkeys([*contexts.values(), *(c + text for c, text in pairs)]))
        ids = dict(zip(texts, self._tokenizer.encode_batch(texts), strict=True))
        return [(ids[contexts[c]], ids[c + text]) for c, text in pairs]

    def _request(self, context: _Ids, whole: _Ids, text: str) -> Request:
        """The context's ids, and those of the whole text that come after as many."""
        limit = self._model.config.context_length
        expected = whole[len(context) :]
        if not 0 < len(expected) <= limit:
            raise DataError(
                f"continuation {text[:40]!r} has {len(expected)} tokens: give 1 … {limit}"
            )
        trunk = [self._tokenizer.end_of_text, *context][-(limit + 1 - len(expected)) :]
        return Request(tuple(trunk), tuple(expected))

    def _rolling_windows(self, text: str, stride: int) -> Iterator[Request]:
        ids = [self._tokenizer.end_of_text, *self._tokenizer.encode(text)]
        limit, start = self._model.config.context_length, 0
        while start < len(ids) - 1:
            end = min(start + stride if start else limit, len(ids) - 1)
            begin = max(0, end - limit)
            yield Request(tuple(ids[begin : start + 1]), tuple(ids[start + 1 : end + 1]))
            start = end

    @torch.inference_mode()
    def _scores(self, requests: Sequence[Request]) -> list[Scores]:
        """(log-probability, is the most likely) of each expected id, by request."""
        config = self._model.config
        trees = plant(requests, width=config.n_embd, longest=LONGEST_ROW * config.context_length)
        budget = BATCH_TOKENS.get(self._device.type, 8192)
        if self._device.type == "cpu":
            budget *= torch.get_num_threads()
        found: dict[Request, Scores] = {}
        for branching in (False, True):
            alike = [tree for tree in trees if (len(tree.ends) > 1) == branching]
            for batch in _by_length(alike, budget):
                found.update(self._read(batch))
        return [found[request] for request in requests]

    def _read(self, trees: Sequence[Tree]) -> Iterator[tuple[Request, Scores]]:
        """Scores of every end of a batch of trees."""
        grove = Grove(trees, self._tokenizer.end_of_text, self._device)
        columns = [[at for end in tree.columns() for at in end] for tree in trees]
        wanted = Wanted.of(columns, grove.ids.shape[1], self._device)
        asked = [Request(tree.trunk, end) for tree in trees for end in tree.ends]
        expected = torch.tensor([i for request in asked for i in request.expected])
        hidden = self._inference(grove.ids, grove, wanted)
        scores = iter(self._at(hidden, expected.to(self._device)))
        for request in asked:
            yield request, list(islice(scores, len(request.expected)))

    def _at(self, hidden: Tensor, expected: Tensor) -> Scores:
        """Scores of ids (N,) after hidden states (N, C)."""
        rows = HEAD_ROWS.get(self._device.type, 4096)
        parts = [
            _scored(self._inference.logits(h), e[:, None])
            for h, e in zip(torch.split(hidden, rows), torch.split(expected, rows), strict=True)
        ]
        log_p, greedy = (torch.cat(part)[:, 0].tolist() for part in zip(*parts, strict=True))
        return list(zip(log_p, greedy, strict=True))


def _scored(logits: Tensor, expected: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (N, V), written over, and ids (N, 1) → log-probability of each, and whether it is the
    most likely one: the first of them where several are, as argmax says."""
    at, top = logits.gather(1, expected), logits.amax(1, keepdim=True)
    greedy = at == top
    rows = greedy[:, 0].nonzero()[:, 0]
    greedy[rows] = logits[rows].argmax(1, keepdim=True) == expected[rows]
    total = logits.sub_(top).exp_().sum(1, keepdim=True)
    return (at - top).double() - total.double().log(), greedy


def _likelihood(scores: Scores, n_cut: int = 0) -> Loglikelihood:
    log_ps = tuple(score for score, _ in scores)
    greedy = tuple(is_greedy for _, is_greedy in scores)
    return Loglikelihood(
        sum=sum(log_ps),
        n_tokens=len(log_ps),
        is_greedy=all(greedy),
        token_logprobs=log_ps,
        greedy_tokens=greedy,
        n_cut=n_cut,
    )


def _by_length(trees: list[Tree], budget: int) -> Iterator[list[Tree]]:
    """Batches of rows, longest first, each within ``budget`` padded tokens (one row at least)."""
    trees.sort(key=lambda tree: (-len(tree), tree.trunk))
    while trees:
        n = max(1, budget // len(trees[0]))
        yield trees[:n]
        trees = trees[n:]
