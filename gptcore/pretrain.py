"""Pre-training as a process: ``python -m gptcore.pretrain JOB.json``.

It reads token shards, trains in a run directory and leaves ``weights/`` and ``summary.json``
there. It imports nothing of a pipeline. Whoever starts it learns how it went by the exit code:

    0  finished              75  interrupted after a checkpoint; the same command resumes
    2  bad input             3   another trainer holds the run directory
    1  crashed               4   the training cannot go on: step after step was no use

It stops at SIGTERM, SIGINT or when nobody holds the other end of a named pipe any more
(``--parent-pipe PATH``: the parent does, so its death is seen whatever killed it), always after a
checkpoint.

Several ranks train one model with the same job, under torchrun:

    torchrun --standalone --nproc-per-node 8 -m gptcore.pretrain JOB.json

and on several machines, with the same command on each, by torchrun's rendezvous:

    torchrun --nnodes 4 --nproc-per-node 8 --rdzv-id RUN --rdzv-backend c10d \\
        --rdzv-endpoint HOST:29500 -m gptcore.pretrain JOB.json

Job, shards and run directory must be on a file system that all machines see. What is sent to
torchrun or to any rank stops all ranks after the same step. A run may go on with another number of
ranks and another ``parallel``. torchrun turns every exit code into 1 and kills ranks that take more
than 30 seconds to stop (``--shutdown-timeout``); ``--verdict PATH`` has the first rank write its
exit code there.
"""

import argparse
import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from gptcore.attention import attention_kernel
from gptcore.batches import MixtureStream, validation_batches
from gptcore.checkpoint import Position, load_weights, plain_config, save_weights
from gptcore.config import ModelConfig, TrainConfig, from_plain
from gptcore.cores import settled
from gptcore.distributed import ALONE, Ranks, Runtime, dtype_of, ranks
from gptcore.errors import ConfigError, DataError, GptcoreError, RunLocked, TrainingError
from gptcore.interop import check_weights
from gptcore.manifest import FILE, changed_keys, read_manifest, write_json
from gptcore.model import GPT
from gptcore.optim import Optimizer
from gptcore.rundir import claim, claimed_precision, locked
from gptcore.sharding import shard
from gptcore.shards import Shard, load_shard
from gptcore.tracking import JsonlTracker, NullTracker
from gptcore.train import Training, fit, resume, save

FINISHED, CRASHED, BAD_INPUT, LOCKED, RUINED, INTERRUPTED = 0, 1, 2, 3, 4, 75


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
    ranks: Ranks = ALONE,
    stopping: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any] | None:
    """Train to the end and return the summary; None when it was stopped after a checkpoint.

    RunLocked when the run directory is in use, CheckpointError when it belongs to another job,
    ProductError or DataError when the shards cannot be used.
    """
    run = Path(job.out)
    precision: Any = job.train.precision
    if precision == "auto":  # a run goes on as it began, whatever machine it is on now
        precision = claimed_precision(run) or settled("auto", Runtime.detect().device)
    job = replace(job, train=replace(job.train, precision=precision))
    with ExitStack() as held:
        ranks.agree(lambda: _take(run, job, held))
        training = _assemble(job, run, ranks, stopping, say)
        position = resume(training)
        if isinstance(training.tracker, JsonlTracker):
            training.tracker.rewind(position.step)
        if position.step == 0:
            save(training, position)
        position = fit(training, position)
        if position.step < training.steps:
            training.say(f"stopped after a checkpoint at step {position.step} of {training.steps}")
            return None
        save_weights(run / "weights", job.model, training.optimizer.master, ranks=ranks)
        summary = _summary(training, position)
        if ranks.first:
            write_json(run / "summary.json", summary)
        return summary


def _take(run: Path, job: Job, held: ExitStack) -> None:
    run.mkdir(parents=True, exist_ok=True)
    held.enter_context(locked(run))
    shards = _shards(job)
    if claimed_precision(run) is None:  # later starts are held against what this one saw
        _check_ids(shards, job.model.vocab_size)
    data: dict[str, Any] = {name: len(shard.ids) for name, shard in shards.items()}
    if (Path(job.shards) / FILE).exists():
        data["digest"] = read_manifest(Path(job.shards)).digest
    parts = {"model": plain_config(job.model), "train": plain_config(job.train), "data": data}
    claim(run, parts)


def _shards(job: Job) -> dict[str, Shard]:
    """What is read, by split and stream."""
    names = [("train", stream.name) for stream in job.train.mixture] + [("validation", "corpus")]
    return {
        f"{split}/{name}": load_shard(Path(job.shards), split=split, name=name)
        for split, name in names
    }


def _check_ids(shards: Mapping[str, Shard], vocab_size: int) -> None:
    """DataError when the model has no row for an id."""
    for name, found in shards.items():
        if len(found.ids) and (most := int(found.ids.max())) >= vocab_size:
            raise DataError(
                f"shard {name} has the id {most}, the model vocab_size={vocab_size}: "
                "they belong to different tokenizers; encode the text anew"
            )


def _summary(training: Training, position: Position) -> dict[str, Any]:
    best = position.best
    return {
        "steps": position.step,
        "tokens": position.tokens,
        "parameters": sum(p.numel() for p in training.optimizer.master.values()),
        "epochs": training.stream.epochs,
        "generations": position.generation + 1,
        "attention": training.about["attention"],
        "precision": training.config.precision,
        "skipped": position.guard.get("skipped", 0),
        "best": None if best is None else {"step": best.step, "validation/loss": best.loss},
    }


def _assemble(
    job: Job, run: Path, ranks: Ranks, stopping: Callable[[], bool], say: Callable[[str], None]
) -> Training:
    config, length = job.train, job.model.context_length
    runtime = Runtime.detect(config.threads, ranks)
    device = runtime.apply(config.seed, ranks)
    shards = Path(job.shards)
    stream = MixtureStream.open(
        shards,
        config.mixture,
        context_length=length,
        rows=config.batch_size,
        seed=config.seed,
        ranks=ranks,
    )
    held_out = load_shard(shards, split="validation", name="corpus")
    model, optimizer = _model(job, ranks, device)
    return Training(
        model=model,
        optimizer=optimizer,
        stream=stream,
        validation=validation_batches(
            held_out, length, config.validation_windows, config.batch_size, ranks
        ),
        config=config,
        ranks=ranks,
        tracker=JsonlTracker(run / "metrics.jsonl") if ranks.first else NullTracker(),
        checkpoints=run / "checkpoints",
        about=_about(job, ranks, runtime),
        device=device,
        stopping=stopping,
        say=say if ranks.first else lambda line: None,
    )


def _model(job: Job, ranks: Ranks, device: torch.device) -> tuple[GPT, Optimizer]:
    """The model at its start, with its optimizer."""
    model = GPT(job.model).initialize(job.train.seed)
    if job.initial is not None:
        model.load_state_dict(_initial(Path(job.initial), job.model))
    model.recompute = job.train.recompute_activations
    if compiles(job.train, device.type):
        model.compile_parts()
    if ranks.count > 1 and job.train.parallel == "fsdp":
        shard(model, device, job.train.precision)
        return model, Optimizer(model, job.train, ranks)
    # The optimizer takes the fp32 weights before they are rounded to the working precision.
    exact = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = Optimizer(model.to(device, dtype_of(job.train.precision)), job.train, ranks)
    optimizer.load_master(exact)
    return model, optimizer


def compiles(config: TrainConfig, device: str) -> bool:
    """Whether the Blocks are compiled, by the rule of ``TrainConfig.compile``."""
    return device == "cuda" if config.compile is None else config.compile


def _about(job: Job, ranks: Ranks, runtime: Runtime) -> dict[str, Any]:
    """How a run computes: what its checkpoints say beside its position."""
    config = job.train
    return {
        "attention": attention_kernel(
            runtime.device, job.model.context_length, masked=config.separate_documents
        ),
        "schedule": f"{config.schedule} over {config.tokens} tokens",
        "dropout": f"drawn from ({config.seed}, step, micro-step, rank)",
        "compiled": compiles(config, runtime.device),
        "device": runtime.device,
        "threads": runtime.threads,
        "ranks": ranks.count,
        "parallel": config.parallel if ranks.count > 1 else "none",
        "torch": torch.__version__,
    }


def _initial(directory: Path, config: ModelConfig) -> dict[str, Any]:
    found, weights = load_weights(directory)
    if changed := changed_keys(plain_config(found), plain_config(config)):
        raise ConfigError(f"initial={str(directory)!r}: its model differs in {', '.join(changed)}")
    check_weights(directory, config, weights)
    return weights


def watch_parent(pipe: Path, stop: threading.Event) -> None:
    """Set ``stop`` when nobody holds the other end of a named pipe."""

    def wait() -> None:
        try:
            descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # never waits for a writer
            os.set_blocking(descriptor, True)
            while os.read(descriptor, 1):
                pass
        finally:
            stop.set()

    threading.Thread(target=wait, daemon=True).start()


def main(arguments: list[str] | None = None) -> int:
    """Run a job file; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m gptcore.pretrain",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("job", type=Path, help="JSON with model, train, shards, out, initial")
    parser.add_argument("--parent-pipe", type=Path, metavar="PATH", help="stop when it is closed")
    parser.add_argument("--verdict", type=Path, metavar="PATH", help="write the exit code there")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if options.parent_pipe is not None and not options.parent_pipe.is_fifo():
        _say(f"error: --parent-pipe={options.parent_pipe}: is no named pipe; make one with mkfifo")
        return BAD_INPUT
    if options.parent_pipe is not None:
        watch_parent(options.parent_pipe, stop)
    code = _run(options.job, stop)
    if options.verdict is not None and _rank() == 0:
        write_json(options.verdict, code)
    return code


def _run(path: Path, stop: threading.Event) -> int:
    launcher = os.getppid()
    # A rank whose launcher was killed has nobody left who would end it with the others.
    launched = "TORCHELASTIC_RUN_ID" in os.environ
    try:
        job = from_plain(Job, json.loads(path.read_text()), "job")
        with ranks() as here:
            summary = pretrain(
                job,
                ranks=here,
                stopping=lambda: stop.is_set() or (launched and os.getppid() != launcher),
                say=_say,
            )
    except RunLocked as error:
        _say(f"error: {error}")
        return LOCKED
    except (GptcoreError, OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = f" in {job.out}: free some space, the run goes on" if full else ""
        _say(f"error: {error}{remedy}")
        if full:
            return CRASHED
        return RUINED if isinstance(error, TrainingError) else BAD_INPUT
    return INTERRUPTED if summary is None else FINISHED


def _rank() -> int:
    return int(os.environ.get("RANK", 0))


def _say(line: str) -> None:
    """A line on stderr; a reader that has gone away must not cost a checkpoint."""
    prefix = f"rank {_rank()}: " if _rank() else ""
    try:
        sys.stderr.write(f"{prefix}{line}\n")  # in one piece: ranks share the log
        sys.stderr.flush()
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main())
