"""The forward pass without gradients gives the numbers of the model, whatever is asked of it."""

from typing import Any

import pytest
import torch

from gptcore import inference as module
from gptcore import products
from gptcore.cache import Cache
from gptcore.config import ModelConfig
from gptcore.inference import Inference, Wanted
from gptcore.model import GPT
from gptcore.packing import Grove, Tree

SMALL: dict[str, Any] = {
    "vocab_size": 211, "context_length": 48, "n_layer": 3, "n_head": 4, "n_embd": 32,
}  # fmt: skip
SHAPES = [{"norm": "pre"}, {"norm": "post"}, {"norm": "pre", "gelu": "erf"}, {"n_layer": 1}]


@pytest.fixture(params=SHAPES, ids=str)
def model(request: pytest.FixtureRequest) -> GPT:
    torch.manual_seed(0)
    model = GPT(ModelConfig(**{**SMALL, **request.param})).initialize(0).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.1)  # gains and biases too
    return model


def _close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("rows", [None, 1, 8])
def test_hidden_states_with_the_cache_equal_the_full_forward(model: GPT, rows: int | None) -> None:
    ids = torch.randint(0, 211, (2, 30))
    reader, cache = Inference(model, rows=rows), Cache(30, torch.tensor([0, 0]))
    parts = [reader(part, cache).view(2, -1, 32) for part in ids.split([7, 1, 1, 21], 1)]
    hidden = model(ids)
    _close(torch.cat(parts, 1), hidden)
    _close(reader.logits(parts[1][:, -1]), model.logits(hidden[:, 7]))


@torch.inference_mode()
def test_padding_at_the_left_changes_nothing(model: GPT) -> None:
    ids, starts = torch.randint(0, 211, (3, 30)), [0, 4, 12]
    reader, cache = Inference(model), Cache(30, torch.tensor(starts))
    parts = [reader(part, cache).view(3, -1, 32) for part in (ids[:, :13], ids[:, 13:14])]
    cache.keep(torch.tensor([2, 1]))
    kept = reader(ids[[2, 1], 14:19], cache).view(2, -1, 32)
    for row, start in enumerate(starts):
        alone = model(ids[row : row + 1, start:19])[0]
        _close(torch.cat(parts, 1)[row, start:], alone[: 14 - start])
        if row:
            _close(kept[2 - row], alone[14 - start :])


@torch.inference_mode()
def test_columns_that_are_asked_for_are_those_of_the_whole(model: GPT) -> None:
    ids, columns = torch.randint(0, 211, (3, 20)), [[19], [0, 3, 4, 18, 19], [7, 8]]
    wanted = Wanted.of(columns, 20, ids.device)
    expected = torch.cat([model(ids)[row, at] for row, at in enumerate(columns)])
    grove = Grove([Tree(tuple(row), ((1,),)) for row in ids.tolist()], 0, ids.device)
    _close(Inference(model)(ids, grove, wanted), expected)
    _close(Inference(model)(ids, Cache(20, torch.tensor([0, 0, 0])), wanted), expected)


@torch.inference_mode()
def test_chunks_of_rows_and_the_quick_gelu_change_nothing(
    model: GPT, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = torch.randint(0, 211, (3, 20))
    grove = Grove([Tree(tuple(row), ((1,),)) for row in ids.tolist()], 0, ids.device)
    monkeypatch.setattr(module, "MLP_ROWS", {"cpu": 7})
    monkeypatch.setattr(products, "_SMALL", 0)
    _close(Inference(model)(ids, grove).view(3, 20, -1), model(ids))
