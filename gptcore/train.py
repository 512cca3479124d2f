"""The training loop: one, for every kind of training and any number of ranks.

An optimizer step sums weighted losses over its micro-steps and ranks and divides the gradient once
by the weight of the whole step, so that accumulation and ranks are equal to the big batch. What all
ranks must agree on (loss, weight, whether somebody asked to stop) travels in one small sum per
step, and with the gradient's norm reaches the host in one go.

The loop stops between two steps when any rank is asked to; all write one checkpoint and say that
they were interrupted. The same call goes on from there, bit-equal on a processor to a run that
nobody disturbed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from gptcore.batches import Batch, MixtureStream
from gptcore.checkpoint import Best, Position, newest_checkpoint, read_checkpoint, save_checkpoint
from gptcore.config import TrainConfig
from gptcore.distributed import Ranks, seed_dropout
from gptcore.documents import Documents
from gptcore.guard import Guard
from gptcore.manifest import changed_keys
from gptcore.meter import Meter
from gptcore.model import GPT
from gptcore.optim import Optimizer
from gptcore.progress import Progress
from gptcore.schedule import learning_rate_factor
from gptcore.tracking import Tracker


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """The parts of a run, assembled by ``pretrain``."""

    model: GPT
    optimizer: Optimizer
    stream: MixtureStream
    validation: Sequence[Batch]
    config: TrainConfig
    ranks: Ranks
    tracker: Tracker
    checkpoints: Path
    about: Mapping[str, Any]
    """How the run computes; stands in its checkpoints."""
    device: torch.device
    stopping: Callable[[], bool]
    """Asked in every step; True, on any rank, ends the run after it and a checkpoint."""
    say: Callable[[str], None]
    """Takes a line for people."""

    @property
    def tokens_per_step(self) -> int:
        """Tokens of one optimizer step, over all ranks."""
        length = self.model.config.context_length
        return self.config.batch_size * self.config.accumulation * length

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole run."""
        return math.ceil(self.config.tokens / self.tokens_per_step)


@dataclass(frozen=True, slots=True)
class Sums:
    """What one step found, over all its micro-steps and ranks."""

    loss: float
    """Weighted sum, in nats."""
    weight: float
    loss_tokens: float
    """Labels that weigh something."""
    norm: float
    """Of the summed gradient."""
    stop: bool
    """Whether any rank was asked to stop."""


def resume(training: Training) -> Position:
    """Restore the newest whole checkpoint, if any; returns where the run stands."""
    path, problems = training.ranks.agree(lambda: _newest(training.checkpoints))
    for problem in problems:
        training.say(problem)
    if path is None:
        return Position(streams=training.stream.state)
    checkpoint = read_checkpoint(Path(path))
    training.optimizer.load_master(checkpoint.model)
    training.optimizer.load_state(checkpoint.optimizer)
    training.stream.restore(checkpoint.position.streams)
    training.say(f"resumed at step {checkpoint.position.step} of {training.steps}")
    if changed := changed_keys(checkpoint.about, training.about):
        training.say(f"what computes has changed ({', '.join(changed)}): last digits may differ")
    return replace(checkpoint.position, generation=checkpoint.position.generation + 1)


def _newest(root: Path) -> tuple[str | None, list[str]]:
    path, problems = newest_checkpoint(root)
    return None if path is None else str(path), problems


def fit(training: Training, position: Position) -> Position:
    """Train from ``position`` to the end, or until ``stopping``; returns where it stopped.

    TrainingError when step after step had to be skipped.
    """
    config = training.config
    guard, meter = Guard(config, position.guard), _meter(training, position)
    progress = Progress(training.say, step=position.step, steps=training.steps)
    while position.step < training.steps:
        sums = _sums(training, position.step)
        factor = learning_rate_factor(config, position.step, training.steps)
        found = _update(training, guard, position.step, sums, factor)
        position = replace(
            position,
            step=position.step + 1,
            tokens=position.tokens + training.tokens_per_step,
            streams=training.stream.state,
            guard=guard.state,
        )
        last = position.step == training.steps
        metrics = {"tokens": position.tokens, **found}
        if position.step % config.validate_every == 0 or last:
            with meter.paused():
                metrics["validation/loss"] = validation_loss(training)
        if position.step % config.log_every == 0 or last or "validation/loss" in metrics:
            metrics |= {"learning_rate": config.learning_rate * factor, "skipped": guard.skipped}
            metrics |= meter.read(position.tokens)
            training.tracker.log(position.step, metrics)
            progress.tell(position.step, metrics)
        better = _best(position, metrics.get("validation/loss", math.inf))
        position = replace(position, best=better or position.best)
        if position.step % config.checkpoint_every == 0 or last or sums.stop or better:
            with meter.paused():
                save(training, position)
        if sums.stop:
            break
    return position


def _update(
    training: Training, guard: Guard, step: int, sums: Sums, factor: float
) -> dict[str, float]:
    """Move the weights, unless the step cannot be right; returns what it found, as metrics."""
    found = {"train/loss_tokens": sums.loss_tokens}
    if not sums.weight:  # prompts alone, where these weigh nothing: nothing to learn, nothing wrong
        training.optimizer.skip()
        return found
    loss, norm = sums.loss / sums.weight, sums.norm / sums.weight
    if reason := guard.reason(step + 1, loss, norm):
        training.say(reason)
        training.optimizer.skip()
    else:
        training.optimizer.step(factor, sums.weight, sums.norm)
    return {**found, "train/loss": loss, "grad_norm": norm}


def _meter(training: Training, position: Position) -> Meter:
    return Meter(
        training.model.config,
        training.device,
        tokens=position.tokens,
        ranks=training.ranks.count,
        bf16=training.config.precision == "bf16",
    )


def _best(position: Position, loss: float) -> Best | None:
    """This position, when its validation loss is the lowest so far."""
    if not loss < (math.inf if position.best is None else position.best.loss):
        return None
    return Best(step=position.step, loss=loss)


def save(training: Training, position: Position) -> None:
    """Write a checkpoint of the run as it stands."""
    save_checkpoint(
        training.checkpoints,
        position,
        training.optimizer.master,
        training.optimizer.state(),
        keep=training.config.keep_checkpoints,
        about=training.about,
        ranks=training.ranks,
    )


def _sums(training: Training, step: int) -> Sums:
    """Losses and gradients of one step; the gradients stay with the optimizer, as sums."""
    training.model.train()
    accumulation, rank = training.config.accumulation, training.ranks.rank
    # Loss, weight, labels that weigh something, stop.
    found = torch.zeros(4, dtype=torch.float64, device=training.device)
    for micro_step in range(accumulation):
        training.optimizer.gradients.last = micro_step == accumulation - 1
        batch = training.stream.batch(step * accumulation + micro_step)
        seed_dropout(training.config.seed, step, micro_step, rank)
        loss = _loss(training, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        found[0] += loss.detach()
        found[1] += batch.weight
        found[2] += batch.loss_tokens
    found[3] += training.stopping()
    training.ranks.add(found)
    norm = training.optimizer.norm().to(found)
    loss, weight, tokens, stop, length = torch.cat([found, norm[None]]).tolist()
    return Sums(loss=loss, weight=weight, loss_tokens=tokens, norm=length, stop=stop > 0)


def _loss(training: Training, batch: Batch) -> torch.Tensor:
    ids, labels, weights = (t.to(training.device, non_blocking=True) for t in batch.tensors)
    separate = training.config.separate_documents
    documents = Documents(ids, training.stream.end_of_text) if separate else None
    return training.model.loss(ids, labels, weights, documents)


@torch.no_grad()
def validation_loss(training: Training) -> float:
    """Nats per token over the held-out windows."""
    training.model.eval()
    found = torch.zeros(2, dtype=torch.float64, device=training.device)
    for batch in training.validation:
        found[0] += _loss(training, batch)
        found[1] += batch.weight
    loss, weight = training.ranks.add(found).tolist()
    return float(loss / weight)
