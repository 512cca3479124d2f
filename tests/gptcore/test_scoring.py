"""Scores of strings: exact sums, whatever the batch; every token once; decoding that repeats."""

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from gptcore.config import ModelConfig
from gptcore.errors import ConfigError, DataError
from gptcore.model import GPT
from gptcore.packing import plant
from gptcore.scoring import Scorer
from gptcore.tokenizer import Tokenizer
from tests.gptcore.conftest import texts

MODEL = ModelConfig(vocab_size=512, context_length=32, n_layer=2, n_head=2, n_embd=32)


@pytest.fixture(scope="module")
def scorer(tokenizer: Tokenizer) -> Scorer:
    return Scorer(_sharp(), tokenizer, threads=1)


def _sharp() -> GPT:
    """Random weights large enough that the predictions differ from token to token."""
    model = GPT(MODEL).initialize(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


REQUESTS = [
    ("the matrix of", " value"),
    ("the matrix of", " return"),
    ("the matrix of", " return sum the"),
    ("", " matrix"),
    ("", "matrix of the \u2581 array"),
    ("ends in space  ", "then more"),
    ("long " * 60, " a tail"),
]


def test_scores_equal_a_plain_computation(scorer: Scorer, tokenizer: Tokenizer) -> None:
    model = _sharp().eval()
    for (context, continuation), got in zip(REQUESTS, scorer.loglikelihood(REQUESTS), strict=True):
        head = len(tokenizer.encode(context.rstrip()))
        ids = [tokenizer.end_of_text, *tokenizer.encode(context + continuation)]
        n = len(ids) - 1 - head
        inputs = torch.tensor([ids[:-1][-32:]])
        log_p = model.logits(model(inputs))[0, -n:].log_softmax(-1)
        expected = log_p.gather(1, torch.tensor(ids[-n:])[:, None])[:, 0]
        assert got.n_tokens == n
        assert got.sum == pytest.approx(expected.sum().item(), abs=1e-4)
        assert got.token_logprobs == pytest.approx(expected.tolist(), abs=1e-4)
        assert list(got.greedy_tokens) == (log_p.argmax(-1) == torch.tensor(ids[-n:])).tolist()
        assert got.is_greedy == all(got.greedy_tokens)


def test_what_was_cut_of_a_context_is_told(scorer: Scorer, tokenizer: Tokenizer) -> None:
    for (context, _), got in zip(REQUESTS, scorer.loglikelihood(REQUESTS), strict=True):
        n_context = len(tokenizer.encode(context.rstrip()))
        assert got.n_cut == max(0, 1 + n_context - (32 + 1 - got.n_tokens))
    assert scorer.loglikelihood(REQUESTS)[-1].n_cut > 0
    assert {one.n_cut for one in scorer.loglikelihood(REQUESTS[:-1])} == {0}


def test_what_fits_is_scored_and_what_does_not_is_refused(
    scorer: Scorer, tokenizer: Tokenizer
) -> None:
    words = texts(3, 11)[0].split()
    tails = [" " + " ".join(words[: n + 1]) for n in range(len(words))]
    n_tokens = [
        len(tokenizer.encode("the" + tail)) - len(tokenizer.encode("the")) for tail in tails
    ]
    fits = scorer.fits([("the", tail) for tail in tails])
    assert fits == [n <= 32 for n in n_tokens] and set(fits) == {True, False}
    for tail, fit in zip(tails, fits, strict=True):
        if fit:
            scorer.loglikelihood([("the", tail)])
        else:
            with pytest.raises(DataError, match="tokens: give 1"):
                scorer.loglikelihood([("the", tail)])


def test_an_end_of_a_word_without_a_token_of_its_own_does_not_fit(
    scorer: Scorer, tokenizer: Tokenizer
) -> None:
    """``matri`` is cut into as many tokens as ``matrix``, or more."""
    assert len(tokenizer.encode("the matri")) >= len(tokenizer.encode("the matrix"))
    assert scorer.fits([("the matri", "x"), ("the matrix", ","), ("", "x")]) == [False, True, True]
    with pytest.raises(DataError, match="'x' has 0 tokens"):
        scorer.loglikelihood([("the matri", "x")])


def test_what_generate_leaves_out_of_a_prompt_is_told(scorer: Scorer, tokenizer: Tokenizer) -> None:
    prompt = "the matrix of a value " * 8
    ids = tokenizer.encode(prompt)
    assert len(ids) > 30
    assert scorer.n_cut(["the", prompt], max_tokens=8) == [0, 1 + len(ids) - 24]
    longer = "any other beginning " * 9 + prompt
    assert tokenizer.encode(longer)[-24:] == ids[-24:]
    assert scorer.generate([longer], max_tokens=8) == scorer.generate([prompt], max_tokens=8)
    with pytest.raises(ConfigError, match="max_tokens=32"):
        scorer.n_cut(["the"], max_tokens=32)


def test_a_batch_never_changes_a_score(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    together = scorer.loglikelihood(REQUESTS * 3)
    alone = [scorer.loglikelihood([request])[0] for request in REQUESTS * 3]
    monkeypatch.setattr("gptcore.scoring.BATCH_TOKENS", {"cpu": 40})
    small = scorer.loglikelihood(REQUESTS * 3)
    for a, b, c in zip(together, alone, small, strict=True):
        assert a.sum == pytest.approx(b.sum, abs=1e-4)
        assert a.sum == pytest.approx(c.sum, abs=1e-4)


def _plain(scorer: Scorer, requests: list[tuple[str, str]]) -> list[float]:
    """Sums of rows that share nothing."""
    return [scorer.loglikelihood([request])[0].sum for request in requests]


def test_continuations_of_one_context_are_scored_as_if_alone(scorer: Scorer) -> None:
    words = texts(1, 3)[0].split()
    tails = [" " + " ".join(words[i : i + 1 + i % 5]) for i in range(25)]
    contexts = ["the matrix of a value", "the matrix of a value in", "", "long " * 60]
    requests = [(context, tail) for context in contexts for tail in tails]
    trees = plant(scorer._requests(requests), width=MODEL.n_embd, longest=64)
    assert max(len(tree.ends) for tree in trees) > 3
    sums = [one.sum for one in scorer.loglikelihood(requests)]
    assert sums == pytest.approx(_plain(scorer, requests), abs=1e-5)


def test_the_greedy_continuation_is_called_greedy(scorer: Scorer) -> None:
    (text,) = scorer.generate(["the matrix"], max_tokens=6)
    (likelihood,) = scorer.loglikelihood([("the matrix", text)])
    if "\ufffd" not in text:
        assert likelihood.is_greedy


def test_rolling_scores_every_token_once(scorer: Scorer, tokenizer: Tokenizer) -> None:
    for text in [*texts(3, 8), "x", "\u2581"]:
        (likelihood,) = scorer.rolling([text])
        assert likelihood.n_tokens == len(tokenizer.encode(text))
        assert likelihood.sum == pytest.approx(sum(likelihood.token_logprobs))
    short = "the matrix"
    assert scorer.rolling([short])[0].sum == pytest.approx(
        scorer.loglikelihood([("", short)])[0].sum, abs=1e-4
    )


def test_rolling_windows_see_what_the_rule_says(scorer: Scorer, tokenizer: Tokenizer) -> None:
    text = " ".join(texts(3, 11))
    n = len(tokenizer.encode(text))
    windows = list(scorer._rolling_windows(text, 32))
    assert n > 3 * 32
    assert [len(w.expected) for w in windows] == [32] * (n // 32) + ([n % 32] if n % 32 else [])
    assert all(
        len(w.trunk) + len(w.expected) == 33 for w in windows
    )  # the last one is moved back to a full context
    joined = [i for w in windows for i in w.expected]
    assert joined == tokenizer.encode(text)


@pytest.mark.parametrize("stride", [1, 5, 16, 31, 32])
def test_a_strided_window_scores_what_is_new(
    scorer: Scorer, tokenizer: Tokenizer, stride: int
) -> None:
    model, text = _sharp().eval(), " ".join(texts(4, 11))
    ids = [tokenizer.end_of_text, *tokenizer.encode(text)]
    expected = []
    for i in range(1, len(ids)):
        late = i - 32
        end = min(32 + -(-late // stride) * stride, len(ids) - 1) if late > 0 else 32
        seen = ids[max(0, min(end, len(ids) - 1) - 32) : i]
        expected.append(model.logits(model(torch.tensor([seen]))[0, -1]).log_softmax(-1)[ids[i]])
    (got,) = scorer.rolling([text], stride=stride)
    assert got.n_tokens == len(ids) - 1 > 3 * 32
    assert got.token_logprobs == pytest.approx([x.item() for x in expected], abs=1e-4)
    if stride == 32:
        assert scorer.rolling([text]) == [got]


def test_more_context_makes_no_text_much_more_surprising(tokenizer: Tokenizer) -> None:
    ids = [i for text in texts(300, 1) for i in (tokenizer.end_of_text, *tokenizer.encode(text))]
    windows = torch.tensor(ids[: len(ids) // 33 * 33]).view(-1, 33)
    model, ones = GPT(MODEL).initialize(0), torch.ones(32, 32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(120):
        batch = windows[torch.randint(len(windows), (32,), generator=_seeded(step))]
        (model.loss(batch[:, :-1], batch[:, 1:], ones) / ones.sum()).backward()
        optimizer.step()
        optimizer.zero_grad()
    scorer, held_out = Scorer(model, tokenizer, threads=1), texts(12, 77)
    nats = [-sum(x.sum for x in scorer.rolling(held_out, stride=s)) for s in (32, 16, 8, 4, 1)]
    tokens = sum(x.n_tokens for x in scorer.rolling(held_out))
    assert nats[0] / tokens < 5  # it has learned something: 6.24 is chance
    assert all(less <= more * 1.01 for more, less in pairwise(nats))


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_uniform_model_has_the_perplexity_of_its_vocabulary(tokenizer: Tokenizer) -> None:
    model = GPT(MODEL)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    likelihoods = Scorer(model, tokenizer, threads=1).rolling(texts(4, 8))
    nats = -sum(likelihood.sum for likelihood in likelihoods)
    tokens = sum(likelihood.n_tokens for likelihood in likelihoods)
    assert math.exp(nats / tokens) == pytest.approx(512, rel=1e-5)


def test_sampling_is_seeded_and_stops(scorer: Scorer) -> None:
    prompts = ["the matrix", "a value"]
    first = scorer.generate(prompts, max_tokens=12, temperature=1.0, seed=3)
    assert first == scorer.generate(prompts, max_tokens=12, temperature=1.0, seed=3)
    assert first != scorer.generate(prompts, max_tokens=12, temperature=1.0, seed=4)
    mark = first[0][3]
    (cut,) = scorer.generate(prompts[:1], max_tokens=12, temperature=1.0, seed=3, stop=[mark])
    assert mark not in cut and first[0].startswith(cut)
    assert len(scorer.generate(["long " * 99], max_tokens=5)) == 1  # loses its beginning


def test_bad_requests_are_named(scorer: Scorer, tokenizer: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 0 tokens"):
        scorer.loglikelihood([("context", "")])
    with pytest.raises(DataError, match="give 1 … 32"):
        scorer.loglikelihood([("context", " tail" * 90)])
    for stride in (0, -1, 33):
        with pytest.raises(ConfigError, match=f"stride={stride}: use 1 … 32"):
            scorer.rolling(["x"], stride=stride)
    with pytest.raises(ConfigError, match="precision='fp16'"):
        scorer.generate(["x"], max_tokens=3, precision="fp16")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="top_k=-1"):
        scorer.generate(["x"], max_tokens=3, top_k=-1)
    with pytest.raises(ConfigError, match="max_tokens=32"):
        scorer.generate(["x"], max_tokens=32)
    for temperature in (-1.0, math.nan, math.inf):
        with pytest.raises(ConfigError, match="temperature="):
            scorer.generate(["x"], max_tokens=3, temperature=temperature)
    other = ModelConfig(vocab_size=99, context_length=8, n_layer=1, n_head=1, n_embd=8)
    with pytest.raises(ConfigError, match="vocab_size=99"):
        Scorer(GPT(other), tokenizer)
