"""Scores against lm-evaluation-harness' Hugging Face back end on the same weights and ids."""

from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance

from benchmarks.peers import harness_model
from gptcore.config import ModelConfig
from gptcore.model import GPT
from gptcore.scoring import Scorer
from gptcore.tokenizer import Tokenizer
from tests.gptcore.conftest import texts

SHAPE = ModelConfig(vocab_size=512, context_length=48, n_layer=3, n_head=4, n_embd=32)


@pytest.fixture(scope="module")
def model() -> GPT:
    model = GPT(SHAPE).initialize(3).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


@pytest.fixture(scope="module")
def scorer(model: GPT, tokenizer: Tokenizer) -> Scorer:
    return Scorer(model, tokenizer, threads=1)


def _instances(kind: str, arguments: list[tuple[str, ...]]) -> list[Any]:
    return [Instance(kind, {}, one, i) for i, one in enumerate(arguments)]  # type: ignore[arg-type]


def _requests(scorer: Scorer) -> list[tuple[str, str]]:
    """Choices that share a context, single words, nothing before, too much, greedy ones.

    No text is there twice with its continuation beginning at different places: the harness then
    reads the log-probabilities of the shorter one at the wrong tokens (0.4.13, ``logits_cache``).
    """
    found = []
    for text in texts(12, 30):
        words = text.split(" ")
        found += [(" ".join(words[:9]), " " + " ".join(words[i : i + 4])) for i in range(9, 13)]
        found += [(" ".join(words[2:-1]), " " + words[-1]), ("", " ".join(words[:3]))]
    found += [("ends in space  ", "then more"), ("long " * 60, " a tail"), ("é ", "日本")]
    found += [(text[:at], text[at : at + 30]) for text in texts(3, 33) for at in (9, 14, 21)]
    contexts = [context for context, _ in found[::5]]
    written = scorer.generate(contexts, max_tokens=4)
    return [*found, *zip(contexts, written, strict=True)]


def test_some_contexts_end_inside_a_token_of_the_whole(
    scorer: Scorer, tokenizer: Tokenizer
) -> None:
    def cut(context: str, text: str) -> bool:
        ids = tokenizer.encode(context.rstrip())
        return tokenizer.encode(context + text)[: len(ids)] != ids

    assert sum(cut(*request) for request in _requests(scorer)) >= 2


@pytest.mark.parametrize("batch_size", [1, 7])
def test_loglikelihoods_are_those_of_the_harness(
    model: GPT, scorer: Scorer, tokenizer: Tokenizer, batch_size: int
) -> None:
    requests = [(c, t) for c, t in _requests(scorer) if t]
    peer = harness_model(model, tokenizer, batch_size=batch_size)
    theirs = peer.loglikelihood(_instances("loglikelihood", requests), disable_tqdm=True)
    ours = scorer.loglikelihood(requests)
    for (sum_, is_greedy), got in zip(theirs, ours, strict=True):
        assert got.sum == pytest.approx(sum_, abs=1e-4)
        assert got.is_greedy == is_greedy
    assert 5 < sum(got.is_greedy for got in ours) < len(ours) - 5


def test_rolling_loglikelihoods_are_those_of_the_harness(
    model: GPT, scorer: Scorer, tokenizer: Tokenizer
) -> None:
    documents = [*texts(6, 31), " ".join(texts(9, 32)), "x", "naïve \u2581 日本"]
    peer = harness_model(model, tokenizer, batch_size=4, starts=False)
    theirs = peer.loglikelihood_rolling(
        _instances("loglikelihood_rolling", [(text,) for text in documents]), disable_tqdm=True
    )
    ours = [one.sum for one in scorer.rolling(documents)]
    assert max(len(tokenizer.encode(text)) for text in documents) > 5 * SHAPE.context_length
    assert ours == pytest.approx(theirs, abs=1e-4)
