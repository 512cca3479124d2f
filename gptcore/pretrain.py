"""Pre-training as a process: ``python -m gptcore.pretrain JOB.json``.

It reads token shards, trains in a run directory and leaves ``weights/`` and ``summary.json``
there. It imports nothing of a pipeline. Whoever starts it learns how it went by the exit code:

    0  finished              75  interrupted after a checkpoint; the same command resumes
    2  bad input             3   another trainer holds the run directory
    1  crashed

It stops at SIGTERM, SIGINT or the end of an inherited pipe (``--parent-pipe FD``: the parent holds
the other end, so its death is seen whatever killed it), always after a checkpoint.
"""

import argparse
import fcntl
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gptcore.attention import attention_kernel
from gptcore.batches import MixtureStream, validation_batches
from gptcore.checkpoint import load_weights, plain_config, save_weights
from gptcore.config import ModelConfig, TrainConfig, from_plain
from gptcore.distributed import Runtime, dtype_of
from gptcore.errors import CheckpointError, ConfigError, GptcoreError, TrainingError
from gptcore.manifest import changed_keys
from gptcore.model import GPT
from gptcore.optim import Optimizer
from gptcore.shards import load_shard
from gptcore.tracking import JsonlTracker
from gptcore.train import Training, fit, resume, save

FINISHED, BAD_INPUT, LOCKED, INTERRUPTED = 0, 2, 3, 75


class RunLocked(GptcoreError):
    """Another trainer holds the run directory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What to train, from what, where."""

    model: ModelConfig
    train: TrainConfig
    shards: str
    """Directory of the token shards."""
    out: str
    """Run directory; made when it is missing, gone on with when it is there."""
    initial: str | None = None
    """Directory of weights to start from; None: drawn from the seed."""


def pretrain(
    job: Job,
    *,
    stopping: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any] | None:
    """Train to the end and return the summary; None when it was stopped after a checkpoint.

    RunLocked when the run directory is in use, CheckpointError when it belongs to another job,
    ProductError or DataError when the shards cannot be used.
    """
    run = Path(job.out)
    run.mkdir(parents=True, exist_ok=True)
    with _locked(run):
        _claim(run, job)
        training, position = _assemble(job, run, stopping, say)
        if position.step == 0:
            save(training, position)
        position = fit(training, position)
        if position.step < training.steps:
            say(f"stopped after a checkpoint at step {position.step} of {training.steps}")
            return None
        save_weights(run / "weights", job.model, training.optimizer.master)
        summary = {
            "steps": position.step,
            "tokens": position.tokens,
            "parameters": sum(p.numel() for p in training.optimizer.master.values()),
            "epochs": training.stream.epochs,
            "generations": position.generation + 1,
            "attention": attention_kernel(training.device.type, job.model.context_length),
        }
        aside = run / ".summary.json"
        aside.write_text(json.dumps(summary, indent=1))
        aside.replace(run / "summary.json")
        return summary


def _assemble(
    job: Job, run: Path, stopping: Callable[[], bool], say: Callable[[str], None]
) -> tuple[Training, Any]:
    config, length = job.train, job.model.context_length
    device = Runtime.detect(config.threads).apply(config.seed)
    shards = Path(job.shards)
    stream = MixtureStream.open(
        shards, config.mixture, context_length=length, rows=config.batch_size, seed=config.seed
    )
    held_out = load_shard(shards, split="validation", name="corpus")
    validation = validation_batches(held_out, length, config.validation_windows, config.batch_size)
    model = GPT(job.model).initialize(config.seed)
    if job.initial is not None:
        model.load_state_dict(_initial(Path(job.initial), job.model))
    # The optimizer takes the fp32 weights before they are rounded to the working precision.
    exact = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = Optimizer(model.to(device, dtype_of(config.precision)), config)
    optimizer.load_master(exact)
    tracker = JsonlTracker(run / "metrics.jsonl")
    training = Training(
        model=model,
        optimizer=optimizer,
        stream=stream,
        validation=validation,
        config=config,
        tracker=tracker,
        checkpoints=run / "checkpoints",
        device=device,
        stopping=stopping,
    )
    position = resume(training, say)
    tracker.rewind(position.step)
    return training, position


def _initial(directory: Path, config: ModelConfig) -> dict[str, Any]:
    found, weights = load_weights(directory)
    if changed := changed_keys(plain_config(found), plain_config(config)):
        raise ConfigError(f"initial={str(directory)!r}: its model differs in {', '.join(changed)}")
    return weights


@contextmanager
def _locked(run: Path) -> Iterator[None]:
    """Hold the run directory; the kernel lets go of it when this process ends, however it ends."""
    with (run / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunLocked(f"{run} is in use by another trainer: wait for it or stop it") from None
        yield


def _claim(run: Path, job: Job) -> None:
    """Write the job into a new run directory, or check that the one there is the same."""
    mine = {"model": plain_config(job.model), "train": plain_config(job.train)}
    path = run / "job.json"
    if path.exists():
        try:
            theirs = json.loads(path.read_text())
            changed = [
                f"{part}.{key}" for part in mine for key in changed_keys(theirs[part], mine[part])
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{path} cannot be read ({error}): delete {run}") from error
        if changed:
            raise CheckpointError(
                f"{run} holds a run with another {', '.join(changed)}: use another directory"
            )
        return
    aside = run / ".job.json"
    aside.write_text(json.dumps(mine, indent=1))
    aside.replace(path)


def watch_parent(descriptor: int, stop: threading.Event) -> None:
    """Set ``stop`` when the other end of the pipe is closed."""

    def wait() -> None:
        while os.read(descriptor, 1):
            pass
        stop.set()

    threading.Thread(target=wait, daemon=True).start()


def main(arguments: list[str] | None = None) -> int:
    """Run a job file; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gptcore.pretrain", description=__doc__)
    parser.add_argument("job", type=Path, help="JSON with model, train, shards, out, initial")
    parser.add_argument("--parent-pipe", type=int, metavar="FD", help="stop when it is closed")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if options.parent_pipe is not None:
        watch_parent(options.parent_pipe, stop)
    try:
        job = from_plain(Job, json.loads(options.job.read_text()), "job")
        summary = pretrain(job, stopping=stop.is_set, say=_say)
    except RunLocked as error:
        _say(f"error: {error}")
        return LOCKED
    except (GptcoreError, OSError, json.JSONDecodeError) as error:
        _say(f"error: {error}")
        return 1 if isinstance(error, TrainingError) else BAD_INPUT
    return INTERRUPTED if summary is None else FINISHED


def _say(line: str) -> None:
    """A line on stderr; a reader that has gone away must not cost a checkpoint."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main())
