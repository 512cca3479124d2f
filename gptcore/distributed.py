"""Where a run computes: device, threads, precision and seed.

One rank for now. What is set here belongs to a run's identity: on the same instruction set, torch,
thread count and device kind, the same run gives the same bytes.
"""

from dataclasses import dataclass
from typing import Literal

import torch

from gptcore.cores import usable_cores

DeviceKind = Literal["cpu", "cuda"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Runtime:
    """Device kind and processor threads of a run."""

    device: DeviceKind
    threads: int

    @classmethod
    def detect(cls, threads: int = 0) -> "Runtime":
        """CUDA when torch sees it, else the processor; 0 threads means all usable cores."""
        device: DeviceKind = "cuda" if torch.cuda.is_available() else "cpu"
        return cls(device=device, threads=threads or usable_cores())

    def apply(self, seed: int) -> torch.device:
        """Set torch's threads and seeds for this process."""
        torch.set_num_threads(self.threads)
        torch.manual_seed(seed)
        return torch.device(self.device)


def dtype_of(precision: Literal["fp32", "bf16"]) -> torch.dtype:
    """The dtype of working weights and activations."""
    return torch.bfloat16 if precision == "bf16" else torch.float32
