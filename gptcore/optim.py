"""Optimizers over fp32 master weights, and learning-rate schedules as pure functions of the step.

With bf16 precision the model holds bf16 working weights; the optimizer keeps and updates an fp32
copy and writes it back after every step. With fp32 the working weights are the master weights.
Muon is torch's own (K. Jordan et al. 2024); it takes the matrices of the Blocks, AdamW the rest.
Decay is decoupled and touches matrices and embeddings only (GPT-1 §4.1).
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gptcore.config import TrainConfig
from gptcore.errors import CheckpointError


def learning_rate_factor(config: TrainConfig, step: int, steps: int) -> float:
    """Fraction of the peak rate for step 0 … steps − 1: linear warm-up, then the schedule.

    The first step already moves (1/warm-up of the peak), the last reaches ``final_fraction``.
    """
    warmup = round(steps * config.warmup_tokens / config.tokens)
    if step < warmup:
        return (step + 1) / warmup
    final, left = config.final_fraction, max(1, steps - 1 - warmup)
    progress = (step - warmup) / left
    if config.schedule == "cosine":
        return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))
    if config.schedule == "wsd":
        start = 1 - config.decay_fraction
        progress = max(0.0, progress - start) / max(config.decay_fraction, 1e-9)
    return 1 - (1 - final) * min(1.0, progress)


class Optimizer:
    """Master weights of a model and the optimizers that move them."""

    def __init__(self, model: nn.Module, config: TrainConfig) -> None:
        self._config = config
        self._working = dict(model.named_parameters())
        self.master: dict[str, nn.Parameter] = {
            name: p if p.dtype == torch.float32 else nn.Parameter(p.detach().float())
            for name, p in self._working.items()
        }
        use_muon = config.optimizer == "muon"
        muon = [
            p for n, p in self.master.items() if use_muon and n.startswith("h.") and p.ndim == 2
        ]
        taken = {id(p) for p in muon}
        rest = [p for p in self.master.values() if id(p) not in taken]
        self._parts: list[tuple[torch.optim.Optimizer, float]] = [
            (_adamw(rest, config), config.learning_rate)
        ]
        if muon:
            peak = config.muon_learning_rate
            part = torch.optim.Muon(muon, lr=peak, weight_decay=config.weight_decay)
            self._parts.append((part, peak))

    def load_master(self, weights: Mapping[str, Tensor]) -> None:
        """Set the master weights (fp32), and the working weights with them."""
        if missing := self.master.keys() ^ weights.keys():
            raise CheckpointError(f"weights and model differ in {sorted(missing)[:3]}")
        with torch.no_grad():
            for name, parameter in self.master.items():
                if parameter.shape != weights[name].shape:
                    shapes = f"{tuple(weights[name].shape)}, not {tuple(parameter.shape)}"
                    raise CheckpointError(f"{name} has shape {shapes}: another model's weights")
                parameter.copy_(weights[name])
        self._write_back()

    def collect(self) -> None:
        """Move the gradients of the last backward pass from the working to the master weights."""
        for name, working in self._working.items():
            master = self.master[name]
            if working is master or working.grad is None:
                continue
            gradient = working.grad.float()
            master.grad = gradient if master.grad is None else master.grad + gradient
            working.grad = None

    def step(self, factor: float, divisor: float) -> float:
        """One update at ``factor`` of the peak rates, with gradients divided by ``divisor``.

        Returns the global norm of the gradient before clipping.
        """
        gradients = [p.grad for p in self.master.values() if p.grad is not None]
        torch._foreach_div_(gradients, divisor)
        norm = torch.nn.utils.clip_grad_norm_(self.master.values(), self._config.clip)
        for part, peak in self._parts:
            for group in part.param_groups:
                group["lr"] = peak * factor
            part.step()
            part.zero_grad(set_to_none=True)
        self._write_back()
        return float(norm)

    @torch.no_grad()
    def _write_back(self) -> None:
        for name, working in self._working.items():
            if working is not self.master[name]:
                working.copy_(self.master[name])

    def state(self) -> dict[str, Tensor]:
        """Every tensor that the optimizers keep, as ``parameter/key``."""
        names = {id(p): name for name, p in self.master.items()}
        return {
            f"{names[id(p)]}/{key}": value
            for part, _ in self._parts
            for p, kept in part.state.items()
            for key, value in kept.items()
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Restore what ``state`` gave."""
        owner = {
            id(p): part for part, _ in self._parts for g in part.param_groups for p in g["params"]
        }
        for name, value in state.items():
            parameter, key = name.rsplit("/", 1)
            p = self.master[parameter]
            owner[id(p)].state[p][key] = value.clone()


def _adamw(parameters: list[nn.Parameter], config: TrainConfig) -> torch.optim.AdamW:
    decayed = [p for p in parameters if p.ndim >= 2]
    others = [p for p in parameters if p.ndim < 2]
    return torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=True,
    )
