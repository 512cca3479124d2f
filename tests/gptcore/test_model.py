"""The model against its papers' sizes and against transformers, key by key."""

from typing import Any

import pytest
import torch
import transformers
from torch.nn import functional as F

from gptcore.attention import attention_kernel
from gptcore.config import (
    ModelConfig,
    gpt1,
    gpt2_large,
    gpt2_medium,
    gpt2_small,
    gpt2_xl,
)
from gptcore.errors import ConfigError
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


def test_plain_and_fused_attention_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    model = GPT(ModelConfig(**SMALL)).initialize(0).bfloat16().eval()
    ids = torch.randint(0, 211, (2, 40))
    plain = model(ids)
    assert attention_kernel("cpu", torch.bfloat16, 40) == "plain"
    monkeypatch.setattr("gptcore.attention.PLAIN_ATTENTION_MAX", 0)
    assert attention_kernel("cpu", torch.bfloat16, 40) == "fused"
    torch.testing.assert_close(plain, model(ids), atol=0.06, rtol=0.02)


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


@pytest.mark.parametrize(
    ("field", "value"),
    [("n_head", 5), ("n_layer", 0), ("dropout", 1.0), ("norm", "sandwich"), ("gelu", "relu")],
)
def test_a_shape_that_cannot_work_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=field):
        ModelConfig(**{**SMALL, field: value})
