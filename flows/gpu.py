"""How a stage reaches the accelerator: the trainer as a process of its own.

``python -m gptcore.pretrain`` runs in its own session with its own log file, so that neither a
terminal's Ctrl-C nor a broken pipe of a worker reaches it; it holds the reading end of a pipe, so
that it learns of our death whatever killed us. Its metrics are read from the file it appends to:
a slow tracker can never hold a training step. When we are cancelled it gets SIGTERM and the time to
write a checkpoint (a Prefect worker gives 30 seconds before it kills).
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.errors import TrainerError, TrainerStopped

LOG = "trainer.log"
METRICS = "metrics.jsonl"
GRACE_SECONDS = 25.0
"""Time for a last checkpoint before the trainer is killed; less than Prefect's 30 s."""
POLL_SECONDS = 0.2
_DEVICES = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
_QUOTED_LINES = 15
_DISK_IS_FULL = 20_000_000
"""Free bytes under which a crash is put down to the disk: a checkpoint did not fit."""

Row = Mapping[str, float]
"""One line of metrics.jsonl: step, tokens, and what was measured."""


def device_kind() -> str:
    """What the trainer will use, cuda or cpu; torch is imported only where a device might be."""
    if not any(Path(device).exists() for device in _DEVICES):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def train(
    job: Mapping[str, Any],
    out: Path,
    on_rows: Callable[[Sequence[Row]], None] = lambda rows: None,
) -> dict[str, Any]:
    """Run the trainer on a job in its run directory and return its summary.

    ``on_rows`` gets the new rows of metrics.jsonl some times a second. The same call goes on where
    an interrupted one stopped. Raises TrainerStopped when the trainer was stopped from outside,
    TrainerError when it refused the job or crashed.
    """
    launch = out / "launch.json"
    launch.write_text(json.dumps({**job, "out": str(out)}, indent=1))
    metrics = _MetricsTail(out / METRICS)
    with _trainer(launch, out / LOG) as process:
        while process.poll() is None:
            if rows := metrics.new():
                on_rows(rows)
            time.sleep(POLL_SECONDS)
    if rows := metrics.new():
        on_rows(rows)
    _check(process.returncode, out / LOG)
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return summary


@contextlib.contextmanager
def _trainer(launch: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The running trainer; whatever ends the block early stops it after a checkpoint."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "gptcore.pretrain", str(launch), "--parent-pipe", str(reading)]
    try:
        with log.open("ab") as sink:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(reading,),
            )
    except BaseException:
        os.close(writing)
        raise
    finally:
        os.close(reading)
    try:
        yield process
    except BaseException:
        _stop(process)
        raise
    finally:
        os.close(writing)


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
    last = lines[-1].removeprefix("error: ")
    if code == 75:
        raise TrainerStopped("the trainer was stopped after a checkpoint: run the command again")
    if code in (2, 3):
        raise TrainerError(f"{last} (log: {log})")
    if shutil.disk_usage(log.parent).free < _DISK_IS_FULL:
        raise TrainerError(f"{log.parent}: the disk is full; free some space, the run goes on")
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    quoted = "\n".join(f"  | {line}" for line in lines[-_QUOTED_LINES:])
    raise TrainerError(
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
