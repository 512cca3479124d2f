"""One accelerator: training GPT-2 124M and 1.5B in bf16 at context 1024, beside Hugging Face's.

Both are compiled and step through forward, backward, clipping and fused AdamW on the same batch;
Hugging Face's weights are fp32 under autocast, as its trainer has them, ours bf16 with an fp32
copy. Both models of 1.5B do not fit one device together, so a variant runs all its rounds before
the next; wall clock, the device waited for. MFU by ``gptcore.meter``: 6·N + 12·L·C·T operations per
token over 989 TFLOP/s, the dense bf16 peak of an H100 or H200 (another device: its own share of
that).

Needs torch, numpy, sentencepiece and safetensors; the peer needs transformers and is left out
without it. Without an accelerator nothing is measured and nothing written.
"""

import sys
import time
from collections.abc import Callable
from importlib.util import find_spec

import torch

from benchmarks.harness import Claim, Work, compare, report
from gptcore.config import ModelConfig, StreamConfig, TrainConfig, gpt2_small, gpt2_xl
from gptcore.distributed import dtype_of
from gptcore.meter import flops_per_token
from gptcore.model import GPT
from gptcore.optim import Optimizer

PEAK = 989e12
ROUNDS, STEPS = 7, 10
SIZES = (("124M", gpt2_small(), 32, 0.42), ("1.5B", gpt2_xl(), 8, 0.48))
"""Name, model, windows per step, MFU to reach."""


def batch(model: ModelConfig, rows: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and labels (B, T)."""
    torch.manual_seed(0)
    ids = torch.randint(0, model.vocab_size, (rows, model.context_length + 1), device=device)
    return ids[:, :-1].contiguous(), ids[:, 1:].contiguous()


def ours(config: ModelConfig, rows: int, device: str, *, compiled: bool = True) -> Work:
    """Steps of our trainer."""
    train = TrainConfig(
        mixture=(StreamConfig(name="corpus", rate=1),), tokens=10**12, precision="bf16"
    )
    model = GPT(config).initialize(0).to(device, dtype_of("bf16"))
    if compiled:
        model.compile_parts()
    optimizer = Optimizer(model, train)
    ids, labels = batch(config, rows, device)
    weights = torch.ones(ids.shape, device=device)

    def steps() -> float:
        for _ in range(STEPS):
            model.loss(ids, labels, weights).backward()  # type: ignore[no-untyped-call]
            optimizer.step(1.0, float(ids.numel()))
        return ids.numel() * STEPS

    return steps


def hugging_face(config: ModelConfig, rows: int, device: str, *, compiled: bool = True) -> Work:
    """Steps of ``GPT2LMHeadModel``."""
    import transformers

    from benchmarks.peers import gpt2_config

    model = transformers.GPT2LMHeadModel(gpt2_config(config)).to(device)
    run = torch.compile(model) if compiled else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), fused=True)
    ids, _ = batch(config, rows, device)

    def steps() -> float:
        for _ in range(STEPS):
            with torch.autocast(device, torch.bfloat16):
                loss = run(ids, labels=ids).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return ids.numel() * STEPS

    return steps


def measured(make: Callable[[], Work], device: str, rounds: int = ROUNDS) -> list[float]:
    """Tokens per second of a variant, round by round, after two rounds that are not counted."""
    steps, found = make(), []
    for number in range(rounds + 2):
        _wait(device)
        start = time.perf_counter()
        done = steps()
        _wait(device)
        if number > 1:
            found.append(done / (time.perf_counter() - start))
    return found


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def main() -> int:
    """Measure and report; returns the exit code."""
    if not torch.cuda.is_available():
        print("gpu: there is no accelerator; nothing measured", file=sys.stderr)
        return 0
    name, claims = torch.cuda.get_device_name(), []
    for size, model, rows, goal in SIZES:
        mine = measured(lambda model=model, rows=rows: ours(model, rows, "cuda"), "cuda")  # type: ignore[misc]
        torch.cuda.empty_cache()
        claims.append(_mfu(f"GPT-2 {size} on {name}: MFU, TFLOP/s v. 989", model, mine, goal))
        if find_spec("transformers") is None:
            continue
        theirs = measured(
            lambda model=model, rows=rows: hugging_face(model, rows, "cuda"),  # type: ignore[misc]
            "cuda",
        )
        torch.cuda.empty_cache()
        claims.append(compare(f"GPT-2 {size} on {name}, tokens/s v. HF, compiled", mine, theirs))
    report(__file__, claims)
    return 0


def _mfu(claim: str, model: ModelConfig, rates: list[float], goal: float) -> Claim:
    done = [rate * flops_per_token(model) / 1e12 for rate in rates]
    return compare(claim, done, [PEAK / 1e12] * len(done), goal=goal)


if __name__ == "__main__":
    sys.exit(main())
