"""What the processor can do, measured: the rate of large products, and whether bf16 pays."""

import functools
import time

import torch

BF16_PAYS = 1.5
"""Products in bf16 must be so many times as fast as in fp32 for a claim about its speed."""
_SHAPES = ((4096, 384, 1536), (4096, 1536, 384), (2048, 2048, 2048))


def matmul_flops(dtype: torch.dtype, seconds: float = 0.3) -> float:
    """Best rate over some large products of one thread, in FLOP per processor second."""
    return max(_rate(*shape, dtype, seconds) for shape in _SHAPES for _ in range(2))


def _rate(m: int, k: int, n: int, dtype: torch.dtype, seconds: float) -> float:
    a, b = torch.randn(m, k).to(dtype), torch.randn(k, n).to(dtype)
    out = torch.empty(m, n, dtype=dtype)
    torch.mm(a, b, out=out)
    start, count = time.process_time(), 0
    while (spent := time.process_time() - start) < seconds:
        torch.mm(a, b, out=out)
        count += 1
    return 2 * m * k * n * count / spent


@functools.cache
def bf16_pays() -> bool:
    """Whether this processor multiplies in bf16 at least ``BF16_PAYS`` times as fast as in fp32."""
    return matmul_flops(torch.bfloat16) >= BF16_PAYS * matmul_flops(torch.float32)
