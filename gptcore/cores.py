"""What the processor offers; apart from torch, so that a flow can ask quickly."""

import os
from pathlib import Path
from typing import Literal

CPUINFO = Path("/proc/cpuinfo")


def usable_cores() -> int:
    """Cores this process may run on; all of the machine's where the system cannot say (macOS)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def settled(precision: Literal["auto", "fp32", "bf16"], device: str) -> Literal["fp32", "bf16"]:
    """The precision that a run trains in; ``device``: cpu or cuda.

    "auto" follows a rule and no timing: bf16 on a GPU that has it in hardware (compute capability
    8 or more) and on a processor with matrix units for it (AMX) or an AMD one with AVX-512 for it;
    else fp32. Intel's AVX-512 has bf16 too, but multiplies in it at half the speed of fp32
    (docs/experiments.md).
    """
    if precision != "auto":
        return precision
    if device == "cuda":
        import torch

        return "bf16" if torch.cuda.get_device_capability() >= (8, 0) else "fp32"
    return "bf16" if _multiplies_in_bf16(_cpuinfo()) else "fp32"


def _cpuinfo() -> str:
    """What Linux says of the processors; nothing elsewhere."""
    try:
        return CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _multiplies_in_bf16(cpuinfo: str) -> bool:
    words = set(cpuinfo.split())
    return "amx_bf16" in words or {"AuthenticAMD", "avx512_bf16"} <= words
