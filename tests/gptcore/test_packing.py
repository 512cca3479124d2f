"""Rows that hold a context once: every request is in one, and none is the worse for it."""

import random

import pytest
import torch

from gptcore.config import ModelConfig
from gptcore.inference import Inference
from gptcore.model import GPT
from gptcore.packing import Grove, Request, Tree, plant

MODEL = ModelConfig(vocab_size=97, context_length=40, n_layer=3, n_head=2, n_embd=32)


def _ids(rng: random.Random, n: int) -> tuple[int, ...]:
    return tuple(rng.randrange(97) for _ in range(n))


def _requests() -> list[Request]:
    rng = random.Random(0)
    trunks = [_ids(rng, n) for n in (30, 1, 12, 25)]
    return [Request(trunk, _ids(rng, rng.randint(1, 9))) for trunk in trunks for _ in range(8)]


def test_every_request_is_in_one_row() -> None:
    requests = _requests()
    trees = plant([*requests, *requests], width=32, longest=80)
    planted = [Request(tree.trunk, end) for tree in trees for end in tree.ends]
    assert sorted(planted, key=repr) == sorted(set(requests), key=repr)
    assert all(len(tree) == len(tree.ids) <= 80 for tree in trees)
    assert any(len(tree.ends) > 2 for tree in trees)


def test_what_saves_nothing_is_not_shared() -> None:
    rng = random.Random(1)
    texts = [Request((0,), _ids(rng, 39)) for _ in range(5)]
    assert [len(tree.ends) for tree in plant(texts, width=32, longest=1000)] == [1] * 5
    labels = [Request(_ids(rng, 20), (i,)) for i in range(3)]
    same = [Request(labels[0].trunk, (i,)) for i in range(3)]
    assert [len(tree) for tree in plant(same, width=32, longest=1000)] == [20]


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_every_end_has_the_hidden_states_that_it_has_alone(norm: str) -> None:
    model = GPT(
        ModelConfig(
            vocab_size=97,
            context_length=40,
            n_layer=3,
            n_head=2,
            n_embd=32,
            norm=norm,  # type: ignore[arg-type]
        )
    ).initialize(3)
    inference = Inference(model.eval())
    trees = [tree for tree in plant(_requests(), width=32, longest=80) if len(tree.ends) > 1]
    grove = Grove(trees, 0, torch.device("cpu"))
    hidden = inference(grove.ids, grove).view(*grove.ids.shape, -1)
    for row, tree in enumerate(trees):
        for end, columns in zip(tree.ends, tree.columns(), strict=True):
            alone = model(torch.tensor([[*tree.trunk, *end[:-1]]]))[0, -len(end) :]
            torch.testing.assert_close(hidden[row, columns], alone, atol=1e-5, rtol=1e-5)


def test_a_batch_without_branches_is_read_as_it_stands() -> None:
    grove = Grove([Tree((1, 2), ((3, 4),)), Tree((5,), ((6,),))], 9, torch.device("cpu"))
    assert not grove.branching
    assert grove.ids.tolist() == [[1, 2, 3], [5, 9, 9]]
