"""The model against its papers' sizes and against transformers, key by key."""

from typing import Any

import pytest
import torch
import transformers
from torch.nn import functional as F

from gptcore.attention import attention_kernel, causal_attention
from gptcore.config import (
    ModelConfig,
    gpt1,
    gpt2_large,
    gpt2_medium,
    gpt2_small,
    gpt2_xl,
)
from gptcore.errors import ConfigError
from gptcore.loss import _fusable, _score
from gptcore.model import GPT, count_parameters

SMALL: dict[str, Any] = {
    "vocab_size": 211, "context_length": 48, "n_layer": 3, "n_head": 4, "n_embd": 32,
}  # fmt: skip
TRANSPOSED = ("c_attn.weight", "c_proj.weight", "c_fc.weight")


@pytest.mark.parametrize(
    ("preset", "parameters"),
    [
        (gpt1, 116_534_784),
        (gpt2_small, 124_439_808),
        (gpt2_medium, 354_823_168),
        (gpt2_large, 774_030_080),
        (gpt2_xl, 1_557_611_200),
    ],
)
def test_presets_have_the_published_number_of_parameters(preset: Any, parameters: int) -> None:
    assert count_parameters(preset()) == parameters


def _peer_gpt2(config: ModelConfig) -> tuple[Any, dict[str, str]]:
    peer = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=config.context_length,
            n_embd=config.n_embd,
            n_layer=config.n_layer,
            n_head=config.n_head,
            resid_pdrop=0,
            embd_pdrop=0,
            attn_pdrop=0,
            attn_implementation="eager",
        )
    )
    return peer, {"wte": "transformer.wte", "wpe": "transformer.wpe"}


def _peer_gpt1(config: ModelConfig) -> tuple[Any, dict[str, str]]:
    peer = transformers.OpenAIGPTLMHeadModel(
        transformers.OpenAIGPTConfig(
            vocab_size=config.vocab_size,
            n_positions=config.context_length,
            n_embd=config.n_embd,
            n_layer=config.n_layer,
            n_head=config.n_head,
            resid_pdrop=0,
            embd_pdrop=0,
            attn_pdrop=0,
        )
    )
    return peer, {"wte": "transformer.tokens_embed", "wpe": "transformer.positions_embed"}


@pytest.mark.parametrize(("norm", "make_peer"), [("pre", _peer_gpt2), ("post", _peer_gpt1)])
def test_logits_loss_and_gradients_equal_transformers(norm: Any, make_peer: Any) -> None:
    config = ModelConfig(**SMALL, norm=norm)
    model = GPT(config).initialize(seed=3)
    peer, renamed = make_peer(config)

    def peer_name(name: str) -> str:
        module, _, parameter = name.rpartition(".")
        return f"{renamed.get(module, f'transformer.{module}')}.{parameter}"

    def turned(name: str, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.t() if name.endswith(TRANSPOSED) else tensor

    theirs = dict(peer.named_parameters())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.1)  # gains and biases too
            theirs[peer_name(name)].copy_(turned(name, parameter))
    assert len(theirs) == len(dict(model.named_parameters()))
    peer.eval()
    ids = torch.randint(0, config.vocab_size, (2, 40))
    labels = torch.randint(0, config.vocab_size, (2, 40))
    logits = peer(ids).logits
    torch.testing.assert_close(model.logits(model(ids)), logits, atol=1e-5, rtol=1e-5)

    weights = torch.rand(2, 40)
    expected = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
    expected = (expected * weights.flatten()).sum()
    loss = model.loss(ids, labels, weights)
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=1e-5)
    (loss / weights.sum()).backward()
    (expected / weights.sum()).backward()
    for name, parameter in model.named_parameters():
        peer_gradient = theirs[peer_name(name)].grad
        torch.testing.assert_close(
            parameter.grad, turned(name, peer_gradient), atol=1e-5, rtol=1e-5, msg=name
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_the_loss_has_compiled_is_what_it_computes(dtype: torch.dtype) -> None:
    logits = (3 * torch.randn(50, 211)).to(dtype)
    labels, weights = torch.randint(0, 211, (50, 1)), torch.rand(50, 1)
    fused = _fusable(logits, labels, weights)
    exact = logits.double().requires_grad_()
    loss = F.cross_entropy(exact, labels[:, 0], reduction="none") @ weights[:, 0].double()
    loss.backward()
    for found in (fused, _score(logits.clone(), labels, weights)):
        torch.testing.assert_close(found[0].double(), loss, atol=1e-4, rtol=1e-5)
        tolerance = 1e-6 if dtype is torch.float32 else 4e-3
        torch.testing.assert_close(found[1].double(), exact.grad, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("length", [5, 128, 300])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_attention_in_tiles_is_attention(length: int, dtype: torch.dtype) -> None:
    assert attention_kernel("cpu", length) == "tiles"
    given = torch.randn(2, length, 3 * 32, dtype=torch.float64)
    outcome = []
    for compute in (causal_attention, _reference_attention):
        qkv = given.to(dtype if compute is causal_attention else torch.float64).requires_grad_()
        y = compute(qkv, 4, 0.0)
        (y.double() * torch.linspace(-1, 1, y.numel()).view(y.shape)).sum().backward()
        outcome.append((y.double(), qkv.grad.double()))  # type: ignore[union-attr]
    scale = 1e-9 if dtype is torch.float64 else 0.03
    for ours, exact in zip(*outcome, strict=True):
        torch.testing.assert_close(ours, exact, atol=scale, rtol=scale)


def _reference_attention(qkv: torch.Tensor, n_head: int, dropout: float) -> torch.Tensor:
    """Written out: softmax(QKᵀ/√D + mask)·V for every head."""
    b, t, c3 = qkv.shape
    q, k, v = (x.view(b, t, n_head, -1).transpose(1, 2) for x in qkv.chunk(3, -1))
    scores = q @ k.transpose(2, 3) / (c3 // 3 // n_head) ** 0.5
    ahead = torch.ones(t, t, dtype=torch.bool).triu(1)
    weights = scores.masked_fill(ahead, -torch.inf).softmax(-1)
    return (weights @ v).transpose(1, 2).reshape(b, t, c3 // 3)


def test_attention_with_dropout_has_the_gradient_of_what_it_drew() -> None:
    qkv = torch.randn(1, 150, 3 * 4, dtype=torch.float64)

    def drawn(x: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(3)
        return causal_attention(torch.cat([qkv[:, :140], x], 1), 2, 0.3)

    assert torch.autograd.gradcheck(drawn, (qkv[:, 140:].clone().requires_grad_(),))


def test_dropout_of_attention_keeps_its_mean() -> None:
    qkv = torch.randn(1, 150, 3 * 16, requires_grad=True)
    exact = causal_attention(qkv, 2, 0.0)
    torch.manual_seed(0)
    draws = [causal_attention(qkv, 2, 0.3).detach() for _ in range(400)]
    assert not torch.equal(draws[0], draws[1])
    torch.testing.assert_close(torch.stack(draws).mean(0)[:, 20:], exact[:, 20:], atol=0.15, rtol=0)


def test_attention_looks_back_only() -> None:
    model = GPT(ModelConfig(**SMALL)).initialize(0).eval()
    ids = torch.randint(0, 211, (1, 30))
    changed = ids.clone()
    changed[0, 20:] = 5
    torch.testing.assert_close(model(ids)[:, :20], model(changed)[:, :20])


def test_initial_weights_follow_the_papers() -> None:
    config = ModelConfig(
        vocab_size=3000, context_length=512, n_layer=4, n_head=4, n_embd=128, wpe_std=0.01
    )
    weights = dict(GPT(config).initialize(0).named_parameters())
    assert weights["wte.weight"].std().item() == pytest.approx(0.02, rel=0.02)
    assert weights["wpe.weight"].std().item() == pytest.approx(0.01, rel=0.02)
    scaled = 0.02 / 8**0.5
    assert weights["h.2.mlp.c_proj.weight"].std().item() == pytest.approx(scaled, rel=0.02)
    assert weights["h.2.attn.c_attn.bias"].abs().max() == 0
    assert (weights["h.0.ln_1.weight"] == 1).all()
    again = dict(GPT(config).initialize(0).named_parameters())
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_dropout_acts_in_training_only() -> None:
    model = GPT(ModelConfig(**SMALL, dropout=0.5)).initialize(0)
    ids = torch.randint(0, 211, (1, 30))
    assert not torch.equal(model(ids), model(ids))
    model.eval()
    assert torch.equal(model(ids), model(ids))


def test_dropout_of_the_matrix_hits_the_head_too_and_that_of_the_sum_does_not() -> None:
    """With Blocks that add nothing, what is dropped can be read off the hidden states."""
    ids = torch.zeros(1, 40, dtype=torch.long)
    for place in ("sum", "matrix"):
        config = ModelConfig(**SMALL, norm="post", dropout=0.5, embedding_dropout=place)  # type: ignore[arg-type]
        model = GPT(config).initialize(0)
        seen: list[torch.Tensor] = []
        model.h = torch.nn.ModuleList([_Spy(seen)])
        with torch.no_grad():
            model.wte.weight.fill_(1)
            model.wpe.weight.zero_()
        torch.manual_seed(1)
        loss = model.loss(ids, ids, torch.ones(1, 40))
        rows = seen[0][0]
        alike = all(torch.equal(rows[0], row) for row in rows)
        assert alike == (place == "matrix")  # one draw for the row of a token, or one per position
        assert set(rows.unique().tolist()) == {0.0, 2.0}
        if place == "matrix":  # token 0 was read as its dropped row, and is scored by it as well
            torch.manual_seed(1)
            dropped = F.dropout(torch.ones(211, 32), 0.5)
            logits = rows @ dropped.t()
            expected = F.cross_entropy(logits, ids[0], reduction="sum")
            torch.testing.assert_close(loss, expected)


class _Spy(torch.nn.Module):
    """A Block that adds nothing and keeps what it saw."""

    def __init__(self, seen: list[torch.Tensor]) -> None:
        super().__init__()
        self.seen = seen

    def forward(self, x: torch.Tensor, mask: object) -> torch.Tensor:
        self.seen.append(x.detach())
        return x


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n_head", 5),
        ("n_layer", 0),
        ("dropout", 1.0),
        ("norm", "sandwich"),
        ("gelu", "relu"),
        ("embedding_dropout", "x"),
    ],
)
def test_a_shape_that_cannot_work_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=field):
        ModelConfig(**{**SMALL, field: value})
