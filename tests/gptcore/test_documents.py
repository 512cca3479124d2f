"""Documents of one window, each as if it stood alone."""

import pytest
import torch

from gptcore.config import ModelConfig
from gptcore.documents import Documents
from gptcore.model import GPT

END = 3
MODEL = ModelConfig(vocab_size=61, context_length=24, n_layer=2, n_head=2, n_embd=16)


def _draw(n: int, seed: int) -> torch.Tensor:
    return torch.randint(4, 61, (n,), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_window_costs_what_its_documents_cost_apart(dtype: torch.dtype) -> None:
    model = GPT(MODEL).initialize(0).to(dtype)
    end = torch.tensor([END])
    window = torch.cat([_draw(9, 0), end, _draw(6, 1), end, _draw(8, 2)])
    weights = torch.rand(24, generator=torch.Generator().manual_seed(3))
    apart = 0.0
    for part in (slice(0, 9), slice(9, 16), slice(16, 24)):  # end-of-text opens a document
        ids, labels = window[None, :-1][:, part], window[None, 1:][:, part]
        apart += model.loss(ids, labels, weights[None, part]).item()
    ids, labels = window[None, :-1], window[None, 1:]
    together = model.loss(ids, labels, weights[None], Documents(ids, END)).item()
    mixed = model.loss(ids, labels, weights[None]).item()
    tolerance = 1e-6 if dtype == torch.float32 else 2e-3
    assert together == pytest.approx(apart, rel=tolerance)
    assert mixed != pytest.approx(apart, rel=1e-5)


def test_one_document_is_read_as_ever() -> None:
    model = GPT(MODEL).initialize(0)
    ids = torch.stack([_draw(24, 5), _draw(24, 6)])
    torch.testing.assert_close(model(ids, Documents(ids, END)), model(ids), rtol=1e-5, atol=1e-6)


def test_positions_begin_at_end_of_text() -> None:
    ids = torch.tensor([[5, 6, END, 7, 8, END, END, 9], [END, 5, 5, 5, 5, 5, 5, END]])
    assert Documents(ids, END).positions.tolist() == [
        [0, 1, 0, 1, 2, 0, 0, 1], [0, 1, 2, 3, 4, 5, 6, 0],
    ]  # fmt: skip


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_recomputed_activations_give_the_same_gradients(dropout: float) -> None:
    config = ModelConfig(
        vocab_size=61, context_length=24, n_layer=3, n_head=2, n_embd=16, dropout=dropout
    )
    ids = _draw(100, 1).view(4, 25)
    found = []
    for recompute in (False, True):
        model = GPT(config).initialize(0).train()
        model.recompute = recompute
        torch.manual_seed(7)
        model.loss(ids[:, :-1], ids[:, 1:], torch.ones(4, 24)).backward()  # type: ignore[no-untyped-call]
        found.append([p.grad for p in model.parameters()])
    for ours, theirs in zip(*found, strict=True):
        assert torch.equal(ours, theirs)
