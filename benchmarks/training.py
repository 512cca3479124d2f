"""Training steps beside nanoGPT and Hugging Face's GPT-2: forward, backward, clipping, AdamW.

10M: 6 layers, 6 heads, width 384, context 256, batch 16, V = 8192; everybody reads the same ids.
Our precision is the one that ``gptcore.cores.settled`` gives this processor, as in a run that says
nothing; what needs fast products in bf16 counts only where they are. nanoGPT is measured where
``NANOGPT`` names a checkout of it.

The share of the peak takes 6·N + 12·L·C·T operations per token (N: weights of the Blocks and the
head) over the best of the large products in the same run.
"""

from collections.abc import Mapping
from typing import Any

import torch
import transformers

from benchmarks import nanogpt, peers
from benchmarks.harness import Claim, Work, compare, rates, report
from benchmarks.machine import bf16_pays, matmul_flops
from gptcore.config import ModelConfig, StreamConfig, TrainConfig
from gptcore.cores import settled
from gptcore.distributed import dtype_of
from gptcore.meter import flops_per_token
from gptcore.model import GPT
from gptcore.optim import Optimizer

TEN_M = ModelConfig(vocab_size=8192, context_length=256, n_layer=6, n_head=6, n_embd=384)
ROWS = 16


def batch(config: ModelConfig, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and labels (B, T)."""
    ids = torch.randint(0, config.vocab_size, (rows, config.context_length + 1))
    return ids[:, :-1].contiguous(), ids[:, 1:].contiguous()


def ours(config: ModelConfig, rows: int, precision: Any) -> Work:
    """A step of our trainer."""
    train = TrainConfig(
        mixture=(StreamConfig(name="corpus", rate=1),), tokens=10**9, precision=precision
    )
    model = GPT(config).initialize(0)
    optimizer = Optimizer(model.to(dtype_of(precision)), train)
    ids, labels = batch(config, rows)
    weights = torch.ones(ids.shape)

    def step() -> float:
        model.loss(ids, labels, weights).backward()  # type: ignore[no-untyped-call]
        optimizer.step(1.0, float(ids.numel()))
        return ids.numel()

    return step


def peer(model: torch.nn.Module, loss: Any, config: ModelConfig, rows: int, *, bf16: bool) -> Work:
    """A step of a peer: its own loss, torch's AdamW, autocast where it is to be bf16."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95))
    ids, labels = batch(config, rows)

    def step() -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            found = loss(ids, labels)
        found.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return ids.numel()

    return step


def hugging_face(config: ModelConfig, rows: int, *, bf16: bool) -> Work:
    """A step of ``GPT2LMHeadModel``."""
    model = transformers.GPT2LMHeadModel(peers.gpt2_config(config))
    return peer(model, lambda ids, labels: model(ids, labels=ids).loss, config, rows, bf16=bf16)


def nano(config: ModelConfig, rows: int, *, bf16: bool) -> Work | None:
    """A step of nanoGPT; None without a checkout."""
    if (module := nanogpt.module()) is None:
        return None
    shape = module.GPTConfig(
        block_size=config.context_length, vocab_size=config.vocab_size, dropout=0.0, bias=True,
        n_layer=config.n_layer, n_head=config.n_head, n_embd=config.n_embd,
    )  # fmt: skip
    model = nanogpt.quietly(lambda: module.GPT(shape))
    return peer(model, lambda ids, labels: model(ids, labels)[1], config, rows, bf16=bf16)


def claims(found: Mapping[str, list[float]], precision: str, peaks: Mapping[str, float]) -> Any:
    """Rows of the table from tokens per second, round by round."""
    ten = "training 10M, tokens/CPU-s"
    best, half = found[precision], found["bf16"]
    for name, goal in (
        ("nanoGPT, autocast bf16", 1.18),
        ("HF GPT-2, autocast bf16", 1.22),
        ("nanoGPT, fp32", 2.1),
        ("HF GPT-2, fp32", None),
    ):
        if name in found:
            claim = f"{ten}: ours ({precision}, by the rule) v. {name}"
            yield compare(claim, best, found[name], goal=goal, possible=bf16_pays())
    for name, goal in (("nanoGPT, autocast bf16", 1.18), ("HF GPT-2, autocast bf16", 1.22)):
        if name in found and precision != "bf16":
            claim = f"{ten}: ours (bf16, where bf16 is slow) v. {name}"
            yield compare(claim, half, found[name], goal=goal, possible=bf16_pays())
    for name, goal in (("bf16", 0.75), ("fp32", None)):
        done = [rate * flops_per_token(TEN_M) / 1e9 for rate in found[name]]
        claim = f"training 10M in {name}: share of the peak of products in {name}, GFLOP/s"
        yield compare(claim, done, [peaks[name] / 1e9] * len(done), goal=goal)


def main() -> None:
    """Measure and report."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    variants: dict[str, Work | None] = {
        "bf16": ours(TEN_M, ROWS, "bf16"),
        "nanoGPT, autocast bf16": nano(TEN_M, ROWS, bf16=True),
        "HF GPT-2, autocast bf16": hugging_face(TEN_M, ROWS, bf16=True),
        "fp32": ours(TEN_M, ROWS, "fp32"),
        "nanoGPT, fp32": nano(TEN_M, ROWS, bf16=False),
        "HF GPT-2, fp32": hugging_face(TEN_M, ROWS, bf16=False),
    }
    peaks = {name: matmul_flops(dtype_of(name)) for name in ("bf16", "fp32")}  # type: ignore[arg-type]
    found = rates({name: work for name, work in variants.items() if work is not None})
    for name in peaks:
        peaks[name] = max(peaks[name], matmul_flops(dtype_of(name)))  # type: ignore[arg-type]
    table: list[Claim] = list(claims(found, settled("auto", "cpu"), peaks))
    report(__file__, table)


if __name__ == "__main__":
    main()
