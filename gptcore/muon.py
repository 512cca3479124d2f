"""torch's Muon on matrices that are spread over ranks.

Muon orthogonalises whole matrices. torch's own, given sharded ones, multiplies them part by part:
its bf16 sums come in another order, so that the loss leaves that of one rank in the fifth digit,
and every product waits for the network. Here each matrix belongs to one rank,
which gets its whole gradient, moves it with torch's Muon exactly as one rank would, and hands the
parts back. Work and momentum are shared out over the ranks by the size of the matrices.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from gptcore.distributed import Ranks
from gptcore.sharding import Storable, like, whole

_KEY = "momentum_buffer"


@dataclass(frozen=True, slots=True)
class Owned:
    """A tensor that one rank has whole (the others have None)."""

    shape: torch.Size
    dtype: torch.dtype
    device: torch.device
    owner: int
    here: Tensor | None

    def full_tensor(self) -> Tensor:
        """The owner's, on every rank."""
        tensor = self.here
        if tensor is None:
            tensor = torch.empty(self.shape, dtype=self.dtype, device=self.device)
        tensor = tensor.detach()
        dist.broadcast(tensor, src=self.owner)
        return tensor


class WholeMuon:
    """Muon for sharded matrices, each whole on one rank."""

    def __init__(
        self, matrices: Mapping[str, nn.Parameter], *, peak: float, decay: float, ranks: Ranks
    ) -> None:
        self._matrices, self._peak = matrices, peak
        self._owner = _owners({name: p.numel() for name, p in matrices.items()}, ranks.count)
        self._mine = {
            name: nn.Parameter(torch.empty(p.shape, device=p.device))
            for name, p in matrices.items()
            if self._owner[name] == ranks.rank
        }
        self._muon = (
            torch.optim.Muon(self._mine.values(), lr=peak, weight_decay=decay)
            if self._mine
            else None
        )
        self._moved = False
        self.refresh()

    def step(self, factor: float) -> None:
        """One update at ``factor`` of the peak rate; gradients are used up."""
        for name, parameter in self._matrices.items():
            assert parameter.grad is not None
            gradient, parameter.grad = whole(parameter.grad), None
            if name in self._mine:
                self._mine[name].grad = gradient
        if self._muon is not None:
            for group in self._muon.param_groups:
                group["lr"] = self._peak * factor
            self._muon.step()  # type: ignore[no-untyped-call]
            self._muon.zero_grad()
        self._moved = True
        with torch.no_grad():
            for name, parameter in self._matrices.items():
                value = self._owned(name, self._mine.get(name)).full_tensor()
                parameter.copy_(like(value, parameter))

    @torch.no_grad()
    def refresh(self) -> None:
        """Take over weights that were set from outside."""
        for name, parameter in self._matrices.items():
            value = whole(parameter.detach())
            if name in self._mine:
                self._mine[name].copy_(value)

    def state(self) -> dict[str, Storable]:
        """The momentum of every matrix, as ``parameter/key``."""
        names = self._matrices if self._moved else ()
        return {f"{name}/{_KEY}": self._owned(name, self._momentum(name)) for name in names}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Restore what ``state`` gave."""
        for name in self._matrices:
            if (key := f"{name}/{_KEY}") in state:
                self._moved = True
                if self._muon is not None and name in self._mine:
                    mine = self._mine[name]
                    self._muon.state[mine][_KEY] = like(state[key], mine)

    def _momentum(self, name: str) -> Tensor | None:
        if self._muon is None or name not in self._mine:
            return None
        momentum: Tensor = self._muon.state[self._mine[name]][_KEY]
        return momentum

    def _owned(self, name: str, here: Tensor | None) -> Owned:
        p = self._matrices[name]
        return Owned(p.shape, p.dtype, p.device, self._owner[name], here)


def _owners(sizes: Mapping[str, int], ranks: int) -> dict[str, int]:
    """The rank of every matrix: the largest first, each to the rank that has the least to do."""
    load, owner = [0] * ranks, {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        owner[name] = load.index(min(load))
        load[owner[name]] += sizes[name]
    return owner
