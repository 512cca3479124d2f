"""What this machine offers a run: memory, disk, and the speed of one matrix product.

Memory is the smaller of what the machine has and what the control group allows. Speed is measured
in a fifth of a second, because nothing else about a processor predicts it.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flows.gpu import device_kind

_GROUPS = Path("/sys/fs/cgroup")
_SECONDS = 0.2
_SIDE = {"cpu": 1024, "cuda": 4096}


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What there is; bytes, and floating-point operations per second."""

    device: Literal["cpu", "cuda"]
    memory: int
    """Main memory that this process may use at most."""
    available: int
    """Of it, what nobody else uses now."""
    free_disk: int
    """Where the workspace is."""
    device_memory: int | None = None
    """Of the accelerator, in all; None: there is none."""
    matmul: float | None = None
    """Operations per second of a large product in the precision of training; None: not timed."""


def look(workspace: Path, *, precision: str, threads: int, timed: bool) -> Machine:
    """This machine; torch is imported when a device is there or speed is asked for."""
    import psutil  # type: ignore[import-untyped]

    device: Literal["cpu", "cuda"] = "cuda" if device_kind() == "cuda" else "cpu"
    memory = psutil.virtual_memory()
    limit = min([memory.total, *_limits()])
    return Machine(
        device=device,
        memory=limit,
        available=min(limit, memory.available),
        free_disk=shutil.disk_usage(_existing(workspace)).free,
        device_memory=_device_memory() if device == "cuda" else None,
        matmul=_matmul(device, precision, threads) if timed else None,
    )


def _existing(path: Path) -> Path:
    return next(one for one in (path, *path.absolute().parents) if one.exists())


def _limits(groups: Path = _GROUPS) -> Iterator[int]:
    """Limits of the control groups that hold this process, versions 2 and 1."""
    places = [groups, groups / "memory"]
    try:
        named = Path("/proc/self/cgroup").read_text().split()
    except OSError:
        named = []
    for line in named:
        inside = Path(line.rpartition(":")[2].lstrip("/"))
        places += [groups / part for part in (inside, *inside.parents)]
    for place in places:
        for name in ("memory.max", "memory.limit_in_bytes"):
            try:
                text = (place / name).read_text().strip()
            except OSError:
                continue
            if text.isdecimal() and int(text) > 0:
                yield int(text)


def _device_memory() -> int:
    import torch

    # In all: a predecessor that still writes its checkpoint must not refuse the one that follows.
    return int(torch.cuda.get_device_properties(0).total_memory)


def _matmul(device: str, precision: str, threads: int) -> float:
    """Operations per second of square products, with as many threads as training has."""
    import torch

    before, side = torch.get_num_threads(), _SIDE[device]
    torch.set_num_threads(threads or before)
    try:
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        a, b, out = (torch.ones(side, side, device=device, dtype=dtype) for _ in range(3))
        torch.mm(a, b, out=out)
        _wait(device)
        start, count = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < _SECONDS:
            torch.mm(a, b, out=out)
            _wait(device)
            count += 1
        return count * 2 * side**3 / elapsed
    finally:
        torch.set_num_threads(before)


def _wait(device: str) -> None:
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
