"""Schedules at their corners, accumulation equal to the big batch, exact master weights."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from gptcore.config import ModelConfig, StreamConfig, TrainConfig
from gptcore.errors import CheckpointError
from gptcore.model import GPT
from gptcore.optim import Optimizer
from gptcore.schedule import learning_rate_factor

CONFIG = TrainConfig(mixture=(StreamConfig(name="corpus", rate=1),), tokens=1000, clip=1e9)
MODEL = ModelConfig(vocab_size=61, context_length=16, n_layer=2, n_head=2, n_embd=16)


@pytest.mark.parametrize(
    ("schedule", "middle"), [("cosine", 0.55), ("linear", 0.55), ("wsd", 0.85)]
)
def test_schedules_at_their_corners(schedule: Any, middle: float) -> None:
    config = replace(
        CONFIG, schedule=schedule, warmup_tokens=100, final_fraction=0.1, decay_fraction=0.6
    )
    factor = [learning_rate_factor(config, step, 101) for step in range(101)]
    assert factor[0] == pytest.approx(0.1)  # already moves
    assert factor[9] == pytest.approx(1)  # end of the warm-up
    assert factor[10] == pytest.approx(1)
    assert factor[55] == pytest.approx(middle)  # half of what follows the warm-up
    assert factor[100] == pytest.approx(0.1)
    assert sorted(factor[10:], reverse=True) == factor[10:]


def test_cosine_is_the_cosine() -> None:
    config = replace(CONFIG, final_fraction=0.0)
    for step in (0, 13, 50):
        expected = (1 + math.cos(math.pi * step / 50)) / 2
        assert learning_rate_factor(config, step, 51) == pytest.approx(expected)


def _gradients(model: GPT, optimizer: Optimizer, rows: slice) -> float:
    ids = torch.randint(0, 61, (8, 17), generator=torch.Generator().manual_seed(1))
    weights = torch.rand(8, 16, generator=torch.Generator().manual_seed(2))
    loss = model.loss(ids[rows, :-1], ids[rows, 1:], weights[rows])
    loss.backward()  # type: ignore[no-untyped-call]
    return weights[rows].sum().item()


@pytest.mark.parametrize("optimizer_name", ["adamw", "muon"])
def test_accumulation_equals_the_big_batch(optimizer_name: Any) -> None:
    config = replace(CONFIG, optimizer=optimizer_name)
    results = []
    for parts in ([slice(0, 8)], [slice(0, 1), slice(1, 3), slice(3, 8)]):
        model = GPT(MODEL).initialize(0)
        optimizer = Optimizer(model, config)
        for _ in range(3):
            weight = sum(_gradients(model, optimizer, part) for part in parts)
            optimizer.step(1.0, weight)
        results.append(dict(model.named_parameters()))
    for name, value in results[0].items():
        # Muon's iteration runs in bf16, whose rounding magnifies the last bit of a gradient.
        tolerance = 2e-3 if optimizer_name == "muon" else 2e-5
        torch.testing.assert_close(value, results[1][name], atol=tolerance, rtol=1e-4)


def test_gradients_of_unequal_micro_steps_are_those_of_the_big_batch() -> None:
    gradients = []
    for parts in ([slice(0, 8)], [slice(0, 1), slice(1, 3), slice(3, 8)]):
        model = GPT(MODEL).initialize(0)
        optimizer = Optimizer(model, CONFIG)
        weight = sum(_gradients(model, optimizer, part) for part in parts)
        gradients.append([p.grad / weight for p in model.parameters() if p.grad is not None])
    for big, summed in zip(*gradients, strict=True):
        torch.testing.assert_close(big, summed, atol=1e-6, rtol=1e-6)


def test_bf16_gradients_leave_the_working_weights_as_they_are_made() -> None:
    model = GPT(MODEL).initialize(0).bfloat16()
    optimizer = Optimizer(model, CONFIG)
    for part in (slice(0, 4), slice(4, 8)):
        _gradients(model, optimizer, part)
        assert all(p.grad is None for p in model.parameters())
    exact = GPT(MODEL).initialize(0)
    _gradients(exact, Optimizer(exact, CONFIG), slice(0, 8))
    for name, parameter in exact.named_parameters():
        found, expected = optimizer.master[name].grad, parameter.grad
        assert found is not None and expected is not None and found.dtype == torch.float32
        assert (found - expected).norm() < 0.03 * expected.norm()


def test_clipping_bounds_the_update_and_reports_the_norm_before() -> None:
    norms = {}
    for clip in (1e9, 1e-3):
        model = GPT(MODEL).initialize(0)
        optimizer = Optimizer(model, replace(CONFIG, clip=clip))
        norms[clip] = optimizer.step(1.0, _gradients(model, optimizer, slice(0, 8)))
        state = optimizer.state()["wte.weight/exp_avg"]
        if clip == 1e-3:
            assert state.norm() < 1e-3
    assert norms[1e9] == pytest.approx(norms[1e-3]) and norms[1e9] > 0.1


def test_bf16_keeps_small_updates_in_the_master_weights() -> None:
    model = GPT(MODEL).initialize(0).bfloat16()
    optimizer = Optimizer(model, replace(CONFIG, learning_rate=1e-6))
    before = optimizer.master["wte.weight"].detach().clone()
    optimizer.step(1.0, _gradients(model, optimizer, slice(0, 8)))
    after = optimizer.master["wte.weight"].detach()
    assert (after != before).float().mean() > 0.9
    assert torch.equal(model.wte.weight, after.bfloat16())


def test_decay_touches_matrices_only() -> None:
    model = GPT(MODEL).initialize(0)
    optimizer = Optimizer(model, replace(CONFIG, weight_decay=0.5, learning_rate=0.1))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer.step(1.0, 1.0)
    for name, parameter in model.named_parameters():
        factor = 0.95 if parameter.ndim == 2 else 1.0
        torch.testing.assert_close(parameter.detach(), before[name] * factor)


def test_weights_of_another_model_are_refused() -> None:
    optimizer = Optimizer(GPT(MODEL), CONFIG)
    other = dict(GPT(replace(MODEL, n_embd=32)).named_parameters())
    with pytest.raises(CheckpointError, match="wte.weight has shape"):
        optimizer.load_master(other)
    with pytest.raises(CheckpointError, match="differ in"):
        optimizer.load_master({"wte.weight": other["wte.weight"]})
