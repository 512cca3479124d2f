"""Optimizers over fp32 master weights.

With bf16 precision the model holds bf16 working weights; the optimizer keeps and updates an fp32
copy and writes it back after every step. With fp32 the working weights are the master weights, and
so are those of a sharded model, which casts for itself (``gptcore.sharding``).
Muon is torch's own (K. Jordan et al. 2024); it takes the matrices of the Blocks, AdamW the rest.
Decay is decoupled and touches matrices and embeddings only (GPT-1 §4.1).
"""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn

from gptcore.config import TrainConfig
from gptcore.distributed import ALONE, Ranks
from gptcore.errors import CheckpointError
from gptcore.gradients import Gradients
from gptcore.muon import WholeMuon
from gptcore.sharding import Storable, is_sharded, like, whole


class Part(Protocol):
    """What moves some of the master weights."""

    def step(self, factor: float) -> None:
        """One update at ``factor`` of the peak rate; gradients are used up."""

    def refresh(self) -> None:
        """Take over weights that were set from outside."""

    def state(self) -> dict[str, Storable]:
        """Every tensor that is kept, as ``parameter/key``."""

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Restore what ``state`` gave, of one's own parameters."""


class TorchPart:
    """An optimizer of torch's that does not mind where its parameters are."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter], peak: float
    ) -> None:
        self._optimizer, self._parameters, self._peak = optimizer, parameters, peak

    def step(self, factor: float) -> None:
        """One update at ``factor`` of the peak rate; gradients are used up."""
        for group in self._optimizer.param_groups:
            group["lr"] = self._peak * factor
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    def refresh(self) -> None:
        """The parameters themselves are what is moved."""

    def state(self) -> dict[str, Storable]:
        """Every tensor that is kept, as ``parameter/key``."""
        return {
            f"{name}/{key}": value
            for name, p in self._parameters.items()
            for key, value in self._optimizer.state.get(p, {}).items()
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Restore what ``state`` gave, of one's own parameters."""
        for entry in state:
            name, key = entry.rsplit("/", 1)
            if (parameter := self._parameters.get(name)) is not None:
                self._optimizer.state[parameter][key] = like(state[entry], parameter)


class Optimizer:
    """Master weights of a model and the optimizers that move them."""

    def __init__(self, model: nn.Module, config: TrainConfig, ranks: Ranks = ALONE) -> None:
        self._clip = config.clip
        self._working = dict(model.named_parameters())
        self.master: dict[str, nn.Parameter] = {
            name: p if p.dtype == torch.float32 else nn.Parameter(p.detach().float())
            for name, p in self._working.items()
        }
        sharded = any(map(is_sharded, self.master.values()))
        self.gradients = Gradients(self._working, self.master, ALONE if sharded else ranks)
        matrices = {
            name: p
            for name, p in self.master.items()
            if config.optimizer == "muon" and name.startswith("h.") and p.ndim == 2
        }
        rest = {name: p for name, p in self.master.items() if name not in matrices}
        self._parts: list[Part] = [_adamw(rest, config)]
        if matrices:
            self._parts.append(_muon(matrices, config, ranks if sharded else ALONE))

    def load_master(self, weights: Mapping[str, Tensor]) -> None:
        """Set the master weights (whole, fp32), and the working weights with them."""
        if missing := self.master.keys() ^ weights.keys():
            raise CheckpointError(f"weights and model differ in {sorted(missing)[:3]}")
        with torch.no_grad():
            for name, parameter in self.master.items():
                value = weights[name]
                if parameter.shape != value.shape:
                    shapes = f"{tuple(value.shape)}, not {tuple(parameter.shape)}"
                    raise CheckpointError(f"{name} has shape {shapes}: another model's weights")
                parameter.copy_(like(value, parameter))
        for part in self._parts:
            part.refresh()
        self._write_back()

    @torch.no_grad()
    def norm(self) -> Tensor:
        """Global norm of the summed gradient, before it is divided by the weight of the step."""
        self.gradients.arrive()
        found = [p.grad for p in self.master.values() if p.grad is not None]
        return whole(torch.nn.utils.get_total_norm(found))

    def step(self, factor: float, divisor: float, norm: float | None = None) -> float:
        """One update at ``factor`` of the peak rates, with gradients divided by ``divisor``.

        Returns the global norm of the divided gradient before clipping; ``norm``: what ``norm``
        gave, where it is known already.
        """
        norm = (self.norm().item() if norm is None else norm) / divisor
        scale = min(1.0, self._clip / (norm + 1e-6)) / divisor
        torch._foreach_mul_([p.grad for p in self.master.values() if p.grad is not None], scale)
        for part in self._parts:
            part.step(factor)
        self._write_back()
        return norm

    def skip(self) -> None:
        """Forget the gradients of this step."""
        for parameter in self.master.values():
            parameter.grad = None

    @torch.no_grad()
    def _write_back(self) -> None:
        for name, working in self._working.items():
            if working is not self.master[name]:
                working.copy_(self.master[name])

    def state(self) -> dict[str, Storable]:
        """Every tensor that the optimizers keep, as ``parameter/key``."""
        return {key: value for part in self._parts for key, value in part.state().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Restore what ``state`` gave."""
        for part in self._parts:
            part.load(state)


def _adamw(parameters: Mapping[str, nn.Parameter], config: TrainConfig) -> TorchPart:
    decayed = [p for p in parameters.values() if p.ndim >= 2]
    others = [p for p in parameters.values() if p.ndim < 2]
    adamw = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=True,
    )
    return TorchPart(adamw, parameters, config.learning_rate)


def _muon(matrices: Mapping[str, nn.Parameter], config: TrainConfig, ranks: Ranks) -> Part:
    """``ranks``: those that the matrices are spread over."""
    peak, decay = config.muon_learning_rate, config.weight_decay
    if ranks.count > 1:
        return WholeMuon(matrices, peak=peak, decay=decay, ranks=ranks)
    muon = torch.optim.Muon(matrices.values(), lr=peak, weight_decay=decay)
    return TorchPart(muon, matrices, peak)
