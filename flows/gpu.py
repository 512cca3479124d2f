"""How a stage reaches the accelerators: the trainer as a process of its own.

``python -m gptcore.pretrain`` runs in its own session with its own log file, so that neither a
terminal's Ctrl-C nor a broken pipe of a worker reaches it; it reads from a named pipe that we hold
open, so that it learns of our death whatever killed us. Its metrics are read from the file it
appends to: a slow tracker can never hold a training step. When we are cancelled it gets SIGTERM and
the time to write a checkpoint (a Prefect worker gives 30 seconds before it kills).

On a machine with several GPUs it is torchrun that runs, with the trainer on each (``ranks_for``).
torchrun has exit codes of its own, so the trainer also writes its own into a file.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.errors import TrainerCrashed, TrainerError, TrainerStopped
from flows.progress import LOG as SAY
from gptcore.errors import RunLocked
from gptcore.rundir import locked

LOG = "trainer.log"
METRICS = "metrics.jsonl"
GRACE_SECONDS = 25.0
"""Time for a last checkpoint before the trainer is killed; less than Prefect's 30 s."""
POLL_SECONDS = 0.2
PREDECESSOR_SECONDS = 600.0
"""Time for a trainer whose flow is gone to notice, finish its step and write its checkpoint."""
DEVICES = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
_QUOTED_LINES = 15
RANK_TOKENS = 8192
"""A GPU of several gets at least so many tokens at a time; with fewer it only waits for others."""
_DISK_IS_FULL = 20_000_000
"""Free bytes under which a crash is put down to the disk: a checkpoint did not fit."""

Row = Mapping[str, float]
"""One line of metrics.jsonl: step, tokens, and what was measured."""


def device_kind() -> str:
    """What the trainer will use, cuda or cpu; torch is imported only where a device might be."""
    if not any(Path(device).exists() for device in DEVICES):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def ranks_for(job: Mapping[str, Any]) -> int:
    """Processes that train a job here: one per GPU, as far as they can share its batches."""
    if device_kind() == "cpu":
        return 1
    import torch

    rows, length = job["train"]["batch_size"], job["model"]["context_length"]
    possible = range(1, torch.cuda.device_count() + 1)
    enough = max(1, rows * length // RANK_TOKENS)
    return max(n for n in possible if n == 1 or (rows % n == 0 and n <= enough))


def train(
    job: Mapping[str, Any],
    out: Path,
    on_rows: Callable[[Sequence[Row]], None] = lambda rows: None,
    *,
    ranks: int | None = None,
    on_start: Callable[[int], None] = lambda pid: None,
) -> dict[str, Any]:
    """Run the trainer on a job in its run directory and return its summary.

    ``on_start`` gets the process id of the trainer, ``on_rows`` the new rows of metrics.jsonl some
    times a second; both must return at once, or a cancellation waits for them. The same call goes
    on where an interrupted one stopped, also with another number of ``ranks`` (None: as many as
    serve it here). Raises TrainerStopped when the trainer was stopped from outside, TrainerError
    when it refused the job, TrainerCrashed when something else ended it.
    """
    _await_predecessor(out)
    launch = out / "launch.json"
    launch.write_text(json.dumps({**job, "out": str(out)}, indent=1))
    metrics = _MetricsTail(out / METRICS)
    with _trainer(launch, out / LOG, ranks or ranks_for(job)) as trainer:
        on_start(trainer.process.pid)
        while trainer.process.poll() is None:
            if rows := metrics.new():
                on_rows(rows)
            time.sleep(POLL_SECONDS)
        code = trainer.code
    if rows := metrics.new():
        on_rows(rows)
    _check(code, out / LOG)
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return summary


def _await_predecessor(out: Path) -> None:
    """Wait for the trainer that another flow run left here, for it may still write a checkpoint.

    One that does not end in time is left to our trainer to refuse.
    """
    deadline, said = time.monotonic() + PREDECESSOR_SECONDS, False
    while time.monotonic() < deadline:
        try:
            with locked(out):
                return
        except RunLocked:
            if not said:
                SAY.info("waiting for the trainer that still works in %s", out)
            said = True
            time.sleep(POLL_SECONDS)


def newest_step(out: Path) -> int | None:
    """Step of the last checkpoint in a run directory; None: there is none."""
    names = [path.name.removeprefix("step-") for path in (out / "checkpoints").glob("step-*")]
    return max((int(name) for name in names if name.isdecimal()), default=None)


@dataclass(frozen=True, slots=True)
class _Trainer:
    """The process that was started, and where the trainer leaves its exit code."""

    process: subprocess.Popen[bytes]
    verdict: Path

    @property
    def code(self) -> int:
        """The trainer's exit code; where it left none, that of the process."""
        if self.verdict.exists():
            return int(json.loads(self.verdict.read_text()))
        code: int = self.process.returncode
        return code


@contextlib.contextmanager
def _trainer(launch: Path, log: Path, ranks: int) -> Iterator[_Trainer]:
    """The running trainer; whatever ends the block early stops it after a checkpoint."""
    with contextlib.ExitStack() as held:
        place = Path(held.enter_context(tempfile.TemporaryDirectory()))
        pipe, verdict = place / "parent", place / "verdict"
        os.mkfifo(pipe)
        held.callback(os.close, os.open(pipe, os.O_RDWR))
        with log.open("ab") as sink:
            process = subprocess.Popen(
                [
                    *_launcher(ranks),
                    *("-m", "gptcore.pretrain", str(launch)),
                    *("--parent-pipe", str(pipe), "--verdict", str(verdict)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield _Trainer(process, verdict)
        except BaseException:
            _stop(process)
            raise


def _launcher(ranks: int) -> list[str]:
    """What runs a module: Python, or torchrun where it is to run several times."""
    if ranks == 1:
        return [sys.executable]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)]
    return [sys.executable, *torchrun]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask for a checkpoint and an end; kill what is deaf."""
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _check(code: int, log: Path) -> None:
    """Turn the trainer's exit code (gptcore.pretrain) into an error that quotes its log."""
    if code == 0:
        return
    lines = log.read_text(errors="replace").splitlines() or ["(the log is empty)"]
    # Behind several ranks torchrun has the last word.
    told = [line for line in lines if line.startswith("error: ")] or lines
    last = told[-1].removeprefix("error: ")
    if code == 75:
        raise TrainerStopped("the trainer was stopped after a checkpoint: run the command again")
    if code in (2, 3, 4):
        raise TrainerError(f"{last} (log: {log})")
    if shutil.disk_usage(log.parent).free < _DISK_IS_FULL:
        raise TrainerError(f"{log.parent}: the disk is full; free some space, the run goes on")
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    quoted = "\n".join(f"  | {line}" for line in lines[-_QUOTED_LINES:])
    raise TrainerCrashed(
        f"the trainer crashed ({how}); the same command goes on from its last checkpoint. "
        f"The end of {log}:\n{quoted}"
    )


class _MetricsTail:
    """Reads what is appended to a metrics file, each step once.

    A trainer that resumes replaces the file by one without the rows after its checkpoint, and
    writes these again; they are not given twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = 0
        self._offset = 0
        self._step = 0

    def new(self) -> list[Row]:
        """The whole lines that were not given yet."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            if inode != self._inode:
                self._inode, self._offset = inode, 0
            file.seek(self._offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        rows = [row for row in map(json.loads, whole.splitlines()) if row["step"] > self._step]
        if rows:
            self._step = rows[-1]["step"]
        return rows
