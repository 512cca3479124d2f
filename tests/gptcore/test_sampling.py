"""Draws: the sets that may be drawn from are those of transformers, the frequencies those of the
truncated distribution."""

import pytest
import torch
from transformers import TopKLogitsWarper, TopPLogitsWarper

from gptcore.errors import ConfigError
from gptcore.sampling import Sampling, candidates, pick

V = 300


def _logits(rows: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, V, generator=torch.Generator().manual_seed(seed)) * 3


def _uniform(n: int) -> torch.Tensor:
    return torch.rand(n, generator=torch.Generator().manual_seed(1))


def _probabilities(logits: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """(B, V), over all tokens and summing to 1."""
    p, ids = candidates(logits, sampling)
    whole = p if ids is None else torch.zeros_like(logits).scatter(1, ids, p)
    return whole / whole.sum(1, keepdim=True)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("top_k", [0, 1, 5, 40, V, V + 1])
@pytest.mark.parametrize("top_p", [0.01, 0.3, 0.9, 0.999, 1.0])
def test_what_may_be_drawn_is_what_transformers_leaves(
    temperature: float, top_k: int, top_p: float
) -> None:
    logits = _logits(50)
    left = logits / temperature
    none = torch.empty(50, 0, dtype=torch.long)
    if top_k:
        left = TopKLogitsWarper(top_k)(none, left)  # type: ignore[arg-type]
    left = TopPLogitsWarper(top_p)(none, left)  # type: ignore[arg-type]
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
    ours = _probabilities(logits, sampling)
    assert torch.equal(ours > 0, left > -torch.inf)
    torch.testing.assert_close(ours, left.softmax(1), atol=1e-6, rtol=1e-5)


def test_one_token_left_is_the_greedy_one() -> None:
    logits, greedy = _logits(200), _logits(200).argmax(1)
    for sampling in (Sampling(temperature=1, top_k=1), Sampling(temperature=1.5, top_p=1e-6)):
        assert torch.equal(pick(logits, sampling, _uniform(200)), greedy)
    assert torch.equal(pick(logits, Sampling(), None), greedy)
    assert Sampling(temperature=2, top_k=1).greedy and not Sampling(temperature=2).greedy


def test_what_leaves_all_tokens_changes_no_draw() -> None:
    logits, uniform = _logits(500), _uniform(500)
    plain = pick(logits, Sampling(temperature=0.8), uniform)
    assert len(set(plain.tolist())) > 50
    for options in ({"top_k": V}, {"top_k": V + 9}, {"top_p": 1.0}):
        sampling = Sampling(temperature=0.8, **options)  # type: ignore[arg-type]
        assert torch.equal(pick(logits, sampling, uniform), plain)


@pytest.mark.parametrize("options", [{}, {"top_k": 7}, {"top_p": 0.8}, {"top_k": 9, "top_p": 0.7}])
def test_tokens_come_as_often_as_they_should(options: dict[str, float]) -> None:
    n, logits = 40_000, _logits(1, seed=5) / 2
    sampling = Sampling(temperature=1.2, **options)  # type: ignore[arg-type]
    p = _probabilities(logits, sampling)[0]
    tokens = pick(logits.expand(n, -1), sampling, _uniform(n))
    found = torch.bincount(tokens, minlength=V) / n
    assert not found[p == 0].any()
    likely = p * n >= 5
    error = (found - p)[likely] / (p * (1 - p) / n)[likely].sqrt()
    assert error.abs().max() < 4.5  # standard deviations, of 300 counts at most


def test_the_ends_of_the_interval_stay_inside_the_set() -> None:
    logits = _logits(2, seed=9)
    sampling = Sampling(temperature=1, top_k=50, top_p=0.5)
    p = _probabilities(logits, sampling)
    for end in (0.0, 1 - 2**-24):
        tokens = pick(logits, sampling, torch.full((2,), end))
        assert p.gather(1, tokens[:, None]).min() > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "temperature=-1.0: use 0"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"top_k": -1}, "top_k=-1: use 0"),
        ({"top_p": 0.0}, "top_p=0.0: use more than 0"),
        ({"top_p": 1.5}, "top_p=1.5"),
        ({"top_p": float("nan")}, "top_p=nan"),
    ],
)
def test_bad_options_are_named(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Sampling(**options)  # type: ignore[arg-type]
