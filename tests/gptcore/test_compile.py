"""Blocks can be compiled as one graph each, whatever the training asks of them."""

import pytest
import torch
from torch._dynamo import reset
from torch._dynamo.utils import counters

from gptcore.config import ModelConfig, StreamConfig, TrainConfig
from gptcore.documents import Documents
from gptcore.model import GPT
from gptcore.pretrain import compiles

MODEL = ModelConfig(vocab_size=61, context_length=16, n_layer=3, n_head=2, n_embd=16)


def _losses(*, compiled: bool, separate: bool, recompute: bool) -> list[float]:
    model = GPT(MODEL).initialize(0).train()
    model.recompute = recompute
    if compiled:
        for block in model.h:
            block.compile(backend="aot_eager", fullgraph=True)
    found = []
    for seed in range(3):
        ids = torch.randint(0, 61, (4, 17), generator=torch.Generator().manual_seed(seed))
        documents = Documents(ids[:, :-1], 0) if separate else None
        loss = model.loss(ids[:, :-1], ids[:, 1:], torch.ones(4, 16), documents)
        loss.backward()  # type: ignore[no-untyped-call]
        found.append(loss.item())
    gradient = model.wte.weight.grad
    assert gradient is not None
    return [*found, gradient.norm().item()]


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("recompute", [False, True])
def test_a_compiled_block_is_one_graph_for_all_blocks_and_batches(
    separate: bool, recompute: bool
) -> None:
    reset()
    counters.clear()
    ours = _losses(compiled=True, separate=separate, recompute=recompute)
    assert counters["stats"]["unique_graphs"] == 1
    assert ours == pytest.approx(
        _losses(compiled=False, separate=separate, recompute=recompute), rel=1e-6
    )


def test_gpus_compile_and_processors_do_not_unless_told() -> None:
    config = TrainConfig(mixture=(StreamConfig(name="corpus", rate=1),), tokens=1000)
    assert compiles(config, "cuda") and not compiles(config, "cpu")
