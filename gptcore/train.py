"""The training loop: one, for every kind of training.

An optimizer step sums weighted losses over its micro-steps and divides the gradient once by the
weight of the whole step, so that accumulation is equal to the big batch. The loop stops between
two steps when it is asked to, writes a checkpoint and says that it was interrupted; the same call
goes on from there, bit-equal on a processor to a run that nobody disturbed.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from gptcore.batches import Batch, MixtureStream
from gptcore.checkpoint import Position, newest_checkpoint, save_checkpoint
from gptcore.config import TrainConfig
from gptcore.errors import TrainingError
from gptcore.model import GPT
from gptcore.optim import Optimizer, learning_rate_factor
from gptcore.tracking import Tracker


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """The parts of a run, assembled by ``pretrain``."""

    model: GPT
    optimizer: Optimizer
    stream: MixtureStream
    validation: Sequence[Batch]
    config: TrainConfig
    tracker: Tracker
    checkpoints: Path
    device: torch.device
    stopping: Callable[[], bool]
    """Asked between two steps; True ends the run after a checkpoint."""

    @property
    def tokens_per_step(self) -> int:
        """Tokens of one optimizer step."""
        length = self.model.config.context_length
        return self.config.batch_size * self.config.accumulation * length

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole run."""
        return math.ceil(self.config.tokens / self.tokens_per_step)


def resume(training: Training, say: Callable[[str], None]) -> Position:
    """Restore the newest whole checkpoint, if any; returns where the run stands."""
    checkpoint, problems = newest_checkpoint(training.checkpoints)
    for problem in problems:
        say(problem)
    if checkpoint is None:
        return Position(streams=training.stream.state)
    training.optimizer.load_master(checkpoint.model)
    training.optimizer.load_state(checkpoint.optimizer)
    training.stream.restore(checkpoint.position.streams)
    torch.set_rng_state(checkpoint.rng)
    say(f"resumed at step {checkpoint.position.step} of {training.steps}")
    return replace(checkpoint.position, generation=checkpoint.position.generation + 1)


def fit(training: Training, position: Position) -> Position:
    """Train from ``position`` to the end, or until ``stopping``; returns where it stopped.

    TrainingError when the loss is no number.
    """
    config, clock = training.config, _Clock(position)
    while position.step < training.steps:
        loss, norm, factor = _step(training, position.step)
        position = replace(
            position,
            step=position.step + 1,
            tokens=position.tokens + training.tokens_per_step,
            streams=training.stream.state,
        )
        last = position.step == training.steps
        metrics = {"tokens": position.tokens, "train/loss": loss}
        if not math.isfinite(loss):
            raise TrainingError(f"step {position.step}: loss={loss}; lower learning_rate")
        if position.step % config.validate_every == 0 or last:
            metrics["validation/loss"] = validation_loss(training)
        if position.step % config.log_every == 0 or last or "validation/loss" in metrics:
            metrics["learning_rate"] = config.learning_rate * factor
            metrics["grad_norm"] = norm
            metrics["tokens_per_second"] = clock.rate(position)
            training.tracker.log(position.step, metrics)
        stop = training.stopping()
        if position.step % config.checkpoint_every == 0 or last or stop:
            save(training, position)
        if stop:
            break
    return position


def save(training: Training, position: Position) -> None:
    """Write a checkpoint of the run as it stands."""
    save_checkpoint(
        training.checkpoints,
        position,
        training.optimizer.master,
        training.optimizer.state(),
        keep=training.config.keep_checkpoints,
    )


def _step(training: Training, step: int) -> tuple[float, float, float]:
    """One optimizer step; mean loss per unit of weight, gradient norm, learning-rate factor."""
    training.model.train()
    total, weight = 0.0, 0.0
    for micro_step in range(training.config.accumulation):
        batch = training.stream.batch(step * training.config.accumulation + micro_step)
        loss = _loss(training, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        training.optimizer.collect()
        total += loss.item()
        weight += batch.weights.sum().item()
    factor = learning_rate_factor(training.config, step, training.steps)
    norm = training.optimizer.step(factor, weight)
    return total / weight, norm, factor


def _loss(training: Training, batch: Batch) -> torch.Tensor:
    ids, labels, weights = (
        t.to(training.device, non_blocking=True) for t in (batch.ids, batch.labels, batch.weights)
    )
    return training.model.loss(ids, labels, weights)


@torch.no_grad()
def validation_loss(training: Training) -> float:
    """Nats per token over the held-out windows."""
    training.model.eval()
    total = sum(_loss(training, batch).item() for batch in training.validation)
    return total / sum(batch.weights.sum().item() for batch in training.validation)


class _Clock:
    """Tokens per second between two calls."""

    def __init__(self, position: Position) -> None:
        self._time, self._tokens = time.perf_counter(), position.tokens

    def rate(self, position: Position) -> float:
        now = time.perf_counter()
        rate = (position.tokens - self._tokens) / (now - self._time)
        self._time, self._tokens = now, position.tokens
        return rate
