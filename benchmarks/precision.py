"""What bf16 costs in loss: the same runs in fp32 and in bf16, seed by seed.

4 layers, 4 heads, width 128, context 64, batch 12, 300 steps of AdamW on the bytes of docstrings;
loss of held-out windows, in nats per byte. In this table ``ours`` and ``peer`` are the mean losses
in bf16 and fp32, ``ratio`` is the mean of their differences, and ``interval`` that of Student's t
over the seeds, at 95 %.
"""

import statistics
import sys
from typing import Any

import numpy as np
import torch

from benchmarks.harness import Claim, report
from benchmarks.texts import documents_of
from gptcore.config import ModelConfig, StreamConfig, TrainConfig
from gptcore.distributed import dtype_of
from gptcore.model import GPT
from gptcore.optim import Optimizer
from gptcore.schedule import learning_rate_factor

SEEDS, STEPS, ROWS, T = 5, 300, 12, 64
GOAL = 0.01
_T_95 = 2.776
"""Student's t for 4 degrees of freedom."""
MODEL = ModelConfig(vocab_size=256, context_length=T, n_layer=4, n_head=4, n_embd=128)


def final_loss(text: Any, precision: Any, seed: int) -> float:
    """Nats per byte of held-out windows after a run."""
    train = TrainConfig(
        mixture=(StreamConfig(name="corpus", rate=1),), tokens=STEPS * ROWS * T, seed=seed,
        precision=precision, warmup_tokens=20 * ROWS * T,
    )  # fmt: skip
    model = GPT(MODEL).initialize(seed)
    exact = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = Optimizer(model.to(dtype_of(precision)), train)
    optimizer.load_master(exact)
    held_out, rng = len(text) * 9 // 10, np.random.default_rng(seed)
    ones = torch.ones(ROWS, T)
    for step in range(STEPS):
        loss = model.loss(*windows(text[:held_out], rng), ones)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step(learning_rate_factor(train, step, STEPS), ones.numel())
    rng = np.random.default_rng(0)
    with torch.no_grad():
        found = [model.loss(*windows(text[held_out:], rng), ones).item() for _ in range(40)]
    return statistics.mean(found) / ones.numel()


def windows(text: Any, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and labels (ROWS, T) from random places."""
    starts = rng.integers(0, len(text) - T - 1, ROWS)
    rows = torch.from_numpy(np.stack([text[i : i + T + 1] for i in starts]).astype(np.int64))
    return rows[:, :-1], rows[:, 1:]


def main() -> None:
    """Measure and report."""
    torch.set_num_threads(1)
    text = np.frombuffer("\n\n".join(documents_of(3_000_000)).encode(), dtype=np.uint8)
    half, full = [], []
    for seed in range(SEEDS):
        half.append(final_loss(text, "bf16", seed))
        full.append(final_loss(text, "fp32", seed))
        print(f"  seed {seed}: {half[-1]:.4f} {full[-1]:.4f}", file=sys.stderr, flush=True)
    differences = [a - b for a, b in zip(half, full, strict=True)]
    mean = statistics.mean(differences)
    margin = _T_95 * statistics.stdev(differences) / SEEDS**0.5
    claim = Claim(
        claim="loss after 300 steps, nats per byte: bf16 v. fp32; ratio = mean difference, 5 seeds",
        ours=statistics.mean(half),
        peer=statistics.mean(full),
        ratio=mean,
        interval=(mean - margin, mean + margin),
        goal=GOAL,
        holds=abs(mean) < GOAL,
    )
    report(__file__, [claim])


if __name__ == "__main__":
    main()
