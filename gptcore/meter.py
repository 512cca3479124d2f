"""How fast a run is and what it takes: tokens per second, share of the device's peak, memory.

MFU (model FLOPs utilisation, Chowdhery et al. 2022, appendix B): operations that the model needs,
over those that the device could have done in bf16. Operations per token: 6·N + 12·L·C·T, where N
counts the weights that tokens are multiplied with: those of the Blocks and the head (the tied
matrix, once), not the rows of the embeddings that are looked up. What is recomputed is not counted.
A device that is not in the table, a processor, and a run in fp32 have no MFU.
"""

import re
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from gptcore.config import ModelConfig

_PEAKS = {
    "GB200|B200": 2250, "GH200|H200": 989, "H100 PCIe": 756, "H100 NVL": 835, "H100|H800": 989,
    "H20": 148, "A100|A800": 312, "A10G": 70, "A10": 125, "A30": 165, "A40": 150,
    "L40S": 362, "L40": 181, "L4": 121, "RTX 6000 Ada Generation": 364, "RTX A6000": 155,
    "RTX 5090": 210, "RTX 4090": 165, "RTX 4080": 97, "RTX 3090": 71,
}  # fmt: skip
"""Words in a CUDA device's name → TFLOP/s in bf16 without sparsity (NVIDIA's data sheets)."""


def flops_per_token(model: ModelConfig) -> int:
    """Operations of training with one token in a full window, forward and backward."""
    d, layers = model.n_embd, model.n_layer
    blocks = layers * (12 * d * d + 13 * d) + (2 * d if model.norm == "pre" else 0)
    return 6 * (blocks + model.vocab_size * d) + 12 * layers * d * model.context_length


def peak_flops(device: str) -> float | None:
    """Operations per second of a CUDA device in bf16, by its name; None: not known.

    >>> peak_flops("NVIDIA H100 80GB HBM3"), peak_flops("NVIDIA L4"), peak_flops("Tesla T4")
    (989000000000000.0, 121000000000000.0, None)
    """
    for words, peak in _PEAKS.items():
        if re.search(rf"\b(?:{words})\b", device):
            return peak * 1e12
    return None


def peak_memory(device: torch.device) -> int:
    """Most bytes ever held: of a CUDA device by tensors, else of the process by the system."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss of Linux begins at what the parent had
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        if found is not None:
            return int(found[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


class Meter:
    """Measures the steps of a run, over all ranks, and not what is done between them."""

    def __init__(
        self, model: ModelConfig, device: torch.device, *, tokens: int, ranks: int, bf16: bool
    ) -> None:
        """``tokens``: those seen so far."""
        self._device, self._tokens, self._since = device, tokens, time.perf_counter()
        known = device.type == "cuda" and bf16
        peak = peak_flops(torch.cuda.get_device_name(device)) if known else None
        self._share = None if peak is None else flops_per_token(model) / (peak * ranks)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is done inside takes no time."""
        start = time.perf_counter()
        yield
        self._since += time.perf_counter() - start

    def read(self, tokens: int) -> dict[str, float]:
        """Metrics since the last reading."""
        now = time.perf_counter()
        rate = (tokens - self._tokens) / (now - self._since)
        self._since, self._tokens = now, tokens
        found = {"tokens_per_second": rate, "memory_gb": peak_memory(self._device) / 1e9}
        return found if self._share is None else {**found, "mfu": rate * self._share}
