"""Where a run computes: device, threads, precision, randomness, and the ranks that share the work.

``torchrun`` starts the ranks and tells each its number in the environment; without it a process is
one rank, and everything here does nothing. Numbers travel in one tensor per step, words (what the
first rank found, or why it failed) as JSON: nothing is pickled.

On the same instruction set, torch, thread count, device kind and number of ranks, the same run
gives the same bytes.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from gptcore import errors
from gptcore.cores import usable_cores
from gptcore.errors import ConfigError, GptcoreError

DeviceKind = Literal["cpu", "cuda"]
PATIENCE = timedelta(minutes=15)
"""How long a rank waits for another: longer than a checkpoint takes to be written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranks:
    """One of the processes that train a model together."""

    rank: int = 0
    """Number of this process; the first (0) writes and reports."""
    count: int = 1
    """Processes in all."""
    local: int = 0
    """Number of this process on its machine: that of its GPU."""
    local_count: int = 1
    """Processes on this machine."""

    @property
    def first(self) -> bool:
        """Whether this rank writes and reports."""
        return self.rank == 0

    def add(self, values: Tensor) -> Tensor:
        """The sum of ``values`` over all ranks, in place."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def wait(self) -> None:
        """Until every rank has come here."""
        if self.count > 1:
            dist.barrier()

    def agree(self, act: Callable[[], Any]) -> Any:
        """What ``act`` gives on the first rank (JSON), on all; its errors are raised on all too."""
        if self.count == 1:
            return act()
        if not self.first:
            found = json.loads(_received())
            if "error" in found:
                kind = getattr(errors, found["error"], GptcoreError)
                raise kind(found["message"])
            return found["value"]
        try:
            value = act()
        except GptcoreError as error:
            _send(json.dumps({"error": type(error).__name__, "message": str(error)}))
            raise
        _send(json.dumps({"value": value}))
        return value


ALONE = Ranks()
"""A process by itself."""


@contextmanager
def ranks() -> Iterator[Ranks]:
    """The ranks that torchrun started, joined; one process alone without it."""
    environment = {name: int(os.environ.get(name, 0)) for name in ("RANK", "LOCAL_RANK")}
    count = int(os.environ.get("WORLD_SIZE", 1))
    if count == 1:
        yield ALONE
        return
    local = environment["LOCAL_RANK"]
    if Runtime.detect().device == "cuda":
        if local >= torch.cuda.device_count():
            raise ConfigError(
                f"nproc-per-node: rank {local} of this machine has no GPU, there are "
                f"{torch.cuda.device_count()}: start one rank per GPU"
            )
        torch.cuda.set_device(local)
        backend = "cpu:gloo,cuda:nccl"
    else:
        backend = "gloo"
    dist.init_process_group(backend, timeout=PATIENCE)
    yield Ranks(
        rank=environment["RANK"],
        count=count,
        local=local,
        local_count=int(os.environ.get("LOCAL_WORLD_SIZE", 1)),
    )
    # After an error the others may be gone, and taking leave of them would wait for them.
    dist.barrier()
    dist.destroy_process_group()


def _send(text: str) -> None:
    data = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)
    dist.broadcast(torch.tensor(len(data)), src=0)
    dist.broadcast(data, src=0)


def _received() -> bytes:
    length = torch.tensor(0)
    dist.broadcast(length, src=0)
    data = torch.empty(int(length), dtype=torch.uint8)
    dist.broadcast(data, src=0)
    return data.numpy().tobytes()


@dataclass(frozen=True, kw_only=True, slots=True)
class Runtime:
    """Device kind and processor threads of a run."""

    device: DeviceKind
    threads: int

    @classmethod
    def detect(cls, threads: int = 0, ranks: Ranks = ALONE) -> "Runtime":
        """CUDA when torch sees it, else the processor; 0 threads: a rank's share of the cores."""
        device: DeviceKind = "cuda" if torch.cuda.is_available() else "cpu"
        share = max(1, usable_cores() // ranks.local_count)
        return cls(device=device, threads=threads or share)

    def apply(self, seed: int, ranks: Ranks = ALONE) -> torch.device:
        """Set torch's threads and seeds for this process."""
        torch.set_num_threads(self.threads)
        torch.manual_seed(seed)
        alone = self.device == "cpu" or ranks.count == 1
        return torch.device(self.device) if alone else torch.device(self.device, ranks.local)


def seed_dropout(seed: int, step: int, micro_step: int, rank: int) -> None:
    """Make dropout a function of these four numbers.

    So there is no state of a generator to keep: a resumed run, also on another number of ranks,
    and one that validated in between go on alike.
    """
    drawn = np.random.SeedSequence((seed, 2, step, micro_step, rank)).generate_state(1, np.uint64)
    torch.manual_seed(int(drawn[0]))


def dtype_of(precision: Literal["auto", "fp32", "bf16"]) -> torch.dtype:
    """The dtype of working weights and activations, once the precision is settled."""
    assert precision != "auto"
    return torch.bfloat16 if precision == "bf16" else torch.float32
