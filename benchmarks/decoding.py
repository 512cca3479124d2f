"""Greedy decoding with a key–value cache against Hugging Face's ``generate`` with its own.

10M model, same weights, prompts of 32 random ids, 128 tokens more; ids in, ids out on both sides.
In fp32 both must write the same tokens. In bf16 they need not: the likeliest token changes with
the rounding of a product, so there it is said how many agree up to the first difference.
"""

import copy
import itertools
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import harness, peers
from gptcore.generate import continue_ids

PROMPT, NEW = 32, 128
GOALS = {1: 1.03, 16: 1.3}
"""By batch; they are about bf16, and are asked of fp32 too."""
Write = Callable[[], list[list[int]]]


def main() -> None:
    torch.set_num_threads(1)
    claims = []
    model = peers.small_model()
    for name in ("fp32", "bf16"):
        ours = model if name == "fp32" else copy.deepcopy(model).bfloat16()
        theirs = peers.hf_gpt2(ours)
        for batch, goal in GOALS.items():
            claims.append(_claim(name, ours, theirs, batch, goal))
    harness.report(__file__, claims)


def _claim(precision: str, model: Any, peer: Any, batch: int, goal: float) -> harness.Claim:
    generator = torch.Generator().manual_seed(batch)
    ids = torch.randint(1, model.config.vocab_size, (batch, PROMPT), generator=generator)

    def ours() -> list[list[int]]:
        return continue_ids(model, ids.tolist(), max_tokens=NEW)

    def theirs() -> list[list[int]]:
        written = peer.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=NEW,
            do_sample=False,
            pad_token_id=0,
        )
        found: list[list[int]] = written[:, PROMPT:].tolist()
        return found

    alike = _alike(ours(), theirs())
    assert alike == 1 or precision == "bf16", f"fp32: only {alike:.0%} of the tokens agree"
    rates = harness.rates({"ours": _counted(ours), "peer": _counted(theirs)})
    return harness.compare(
        f"greedy decoding {precision} v. Hugging Face {precision}, 10M, batch {batch}, "
        f"{PROMPT} + {NEW} tokens, tokens/s ({alike:.0%} of tokens before a first difference)",
        rates["ours"],
        rates["peer"],
        goal=goal,
    )


def _counted(write: Write) -> harness.Work:
    def work() -> float:
        return float(sum(map(len, write())))

    return work


def _alike(a: list[list[int]], b: list[list[int]]) -> float:
    """Share of the tokens that come before the first difference of their texts."""
    assert [len(row) for row in a] == [len(row) for row in b]
    same = [
        sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(x, y, strict=True)))
        for x, y in zip(a, b, strict=True)
    ]
    return sum(same) / sum(map(len, a))


if __name__ == "__main__":
    main()
