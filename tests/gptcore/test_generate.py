"""Decoding: many prompts together write what each writes alone."""

import copy
import random

import pytest
import torch

from gptcore.config import ModelConfig
from gptcore.generate import continue_ids, generate
from gptcore.model import GPT
from gptcore.tokenizer import Tokenizer
from tests.gptcore.conftest import texts

LENGTH = 48


@pytest.fixture(scope="module", params=["pre", "post"])
def model(request: pytest.FixtureRequest) -> GPT:
    """Random weights, large enough that logits lie far apart."""
    config = ModelConfig(
        vocab_size=512, context_length=LENGTH, n_layer=2, n_head=2, n_embd=32, norm=request.param
    )
    model = GPT(config).initialize(5).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


def _prompts(n: int) -> list[str]:
    """Of unequal length, the empty one and one that does not fit among them."""
    rng = random.Random(0)
    cut = [text[: rng.randint(0, 80)] for text in texts(n - 3, 9)]
    return ["", *cut, "long " * 60, "the same", "the same"]


def test_together_greedy_text_is_what_each_writes_alone(model: GPT, tokenizer: Tokenizer) -> None:
    prompts = _prompts(90)
    together = generate(model, tokenizer, prompts, max_tokens=12)
    alone = [generate(model, tokenizer, [prompt], max_tokens=12)[0] for prompt in prompts]
    assert together == alone
    assert together[-1] == together[-2] and len(set(together)) > 20


def test_text_is_what_a_plain_loop_without_a_cache_writes(model: GPT, tokenizer: Tokenizer) -> None:
    prompts = _prompts(12)
    for prompt, text in zip(
        prompts, generate(model, tokenizer, prompts, max_tokens=8), strict=True
    ):
        ids = [tokenizer.end_of_text, *tokenizer.encode(prompt)][-(LENGTH - 8) :]
        start = len(ids)
        while len(ids) < start + 8:
            token = int(model.logits(model(torch.tensor([ids]))[0, -1]).argmax())
            if token == tokenizer.end_of_text:
                break
            ids.append(token)
        assert text == tokenizer.decode(ids[start:])


@pytest.mark.parametrize("cut", [{}, {"top_k": 20}, {"top_p": 0.9}])
def test_each_prompt_is_drawn_with_its_own_seed(
    model: GPT, tokenizer: Tokenizer, cut: dict[str, float]
) -> None:
    prompts = _prompts(70)
    options = {"max_tokens": 9, "temperature": 0.7, **cut}
    together = generate(model, tokenizer, prompts, **options, seed=3)  # type: ignore[arg-type]
    alone = [
        generate(model, tokenizer, [prompt], **options, seed=3 + i)[0]  # type: ignore[arg-type]
        for i, prompt in enumerate(prompts)
    ]
    assert together == alone
    assert together[-1] != together[-2]


def test_one_token_left_is_greedy(model: GPT, tokenizer: Tokenizer) -> None:
    prompts = _prompts(12)
    greedy = generate(model, tokenizer, prompts, max_tokens=9)
    for cut in ({"top_k": 1}, {"top_p": 1e-9}):
        drawn = generate(model, tokenizer, prompts, max_tokens=9, temperature=1, **cut)  # type: ignore[arg-type]
        assert drawn == greedy


@pytest.mark.parametrize("rows", [1, 5])
def test_in_bf16_each_token_is_likely_after_what_was_written(
    model: GPT, tokenizer: Tokenizer, rows: int
) -> None:
    half = copy.deepcopy(model).bfloat16()
    prompts = [[tokenizer.end_of_text, *tokenizer.encode(text)] for text in texts(rows, 5)]
    prompts = [ids[:20] for ids in prompts]
    for ids, made in zip(prompts, continue_ids(half, prompts, max_tokens=12), strict=True):
        logits = model.logits(model(torch.tensor([ids + made]))[0])[len(ids) - 1 : -1]
        missed = logits.amax(1) - logits[torch.arange(len(made)), made]
        assert len(made) == 12 and missed.max() < 0.05 * logits.std()


def test_texts_that_stop_early_leave_the_others_alone(model: GPT, tokenizer: Tokenizer) -> None:
    prompts = _prompts(80)
    whole = generate(model, tokenizer, prompts, max_tokens=12)
    stop = ("e", "tr")
    for text, cut in zip(
        whole, generate(model, tokenizer, prompts, max_tokens=12, stop=stop), strict=True
    ):
        ends = [text.find(mark) for mark in stop if mark in text]
        assert cut == text[: min(ends, default=None)]


def test_the_limits_of_a_batch_change_no_text(
    model: GPT, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = _prompts(20)
    whole = generate(model, tokenizer, prompts, max_tokens=6)
    monkeypatch.setattr("gptcore.generate.CACHE_TOKENS", {"cpu": 100})
    assert generate(model, tokenizer, prompts, max_tokens=6) == whole
    assert generate(model, tokenizer, [], max_tokens=6) == []
