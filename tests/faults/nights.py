"""``python -m tests.faults.nights [--nights 30]``: a month of nights, with changes and faults.

A small project (tests/faults/project.py) gets a document more on most nights, nothing on some, and
once another template. Every night is ``generalist run`` in this one process, because a start and
the imports would take longer than the night; what is killed is a process of its own. Prints a row
per night and what holds at the end, and measures what a night costs beside the work of its stages;
1 when something does not hold.
"""

import argparse
import contextlib
import io
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flows.__main__ import main as generalist
from flows.champion import champion_decision, decisions
from flows.progress import ATTRIBUTE, LOG, Event
from flows.workspace import Workspace
from tests.faults import checks
from tests.faults.month import holds
from tests.faults.project import DOCUMENTS, PROFILE, add_document, make_project, write_task
from tests.faults.scene import server
from tests.flows.processes import running, wait_for

TOKENS = 60_000
KEEP = 14
KILLED, LOCKED, EVALUATION = "trainer killed", "MLflow's store locked", "evaluation killed"
FAULTS = {2: KILLED, 4: LOCKED, 6: EVALUATION}
"""Early, so that a few nights have them too."""
NOTHING, DOCUMENT, TEMPLATE = "nothing", "a document", "a template"


def change_of(night: int) -> str:
    """What is new on a night, the first being 1."""
    if night == 1:
        return "everything"
    if night % 5 == 3:
        return NOTHING
    return TEMPLATE if night == 5 else DOCUMENT


@dataclass(slots=True)
class Night:
    """What a night did."""

    number: int
    change: str
    fault: str
    events: list[Event] = field(default_factory=list)
    seconds: float = 0.0
    code: int = 0
    decision: str = ""
    reason: str = ""
    champion: str = ""

    @property
    def built(self) -> list[str]:
        """Kinds of the products that were built."""
        return [e.label.partition("/")[0] for e in self.events if e.kind == "finished"]

    @property
    def reused(self) -> int:
        return sum(event.kind == "reused" for event in self.events)

    @property
    def overhead(self) -> float:
        """Seconds that no stage worked."""
        return self.seconds - sum(e.seconds for e in self.events if e.kind == "finished")

    def line(self) -> str:
        """A row of the table."""
        champion = self.champion.rpartition("-")[2][:6]
        built = " ".join(self.built) or "nothing"
        return (
            f"{self.number:>3} {self.change:<11} {self.fault:<22} {self.seconds:5.1f} s "
            f"({self.overhead:4.1f} beside) {self.decision:<12} champion {champion:<6} "
            f"built {built}; reused {self.reused}; {self.reason}"
        )


class Months:
    """The project, its workspace, and the nights so far."""

    def __init__(self, root: Path) -> None:
        self.project = make_project(root / "project", tokens=TOKENS)
        self.workspace = Workspace(root / "workspace")
        self.nights: list[Night] = []
        self.printed = root / "printed.txt"
        os.environ["GENERALIST_WORKSPACE"] = str(self.workspace.root)
        os.environ["GENERALIST_PROJECT"] = str(self.project)

    def night(self) -> Night:
        """The next one, with its change and its fault."""
        number = len(self.nights) + 1
        night = Night(number, change_of(number), FAULTS.get(number, ""))
        self.nights.append(night)
        if night.change == DOCUMENT:
            add_document(self.project, DOCUMENTS + number)
        elif night.change == TEMPLATE:
            write_task(self.project, "Subject:")
        judged = len(decisions(self.workspace, PROFILE))
        with _fault(night.fault, self.workspace.root):
            if night.fault == EVALUATION:
                _kill_in_evaluation(self.workspace.root)
            elif night.fault == KILLED:
                night.code = self.command("run", "--profile", PROFILE)
                assert night.code == 2, "the killed trainer was not noticed"
            with _listening(night.events):
                start = time.monotonic()
                night.code = self.command("run", "--profile", PROFILE)
                night.seconds = time.monotonic() - start
        self._judge(night, judged)
        return night

    def _judge(self, night: Night, judged: int) -> None:
        made = decisions(self.workspace, PROFILE)[judged:]
        told = {True: "promoted", False: "not promoted"}
        night.decision = told[made[-1].promoted] if made else "skipped"
        night.reason = made[-1].reason if made else ""
        champion = champion_decision(self.workspace, PROFILE)
        night.champion = champion.run if champion else ""

    def command(self, *arguments: str) -> int:
        """A command of ours, in this process; what it prints goes into a file."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = generalist(arguments)
        with self.printed.open("a") as file:
            file.write(f"$ generalist {' '.join(arguments)}\n{printed.getvalue()}")
        return code


@contextlib.contextmanager
def _listening(events: list[Event]) -> Iterator[None]:
    """All that the stages tell is kept."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            event = getattr(record, ATTRIBUTE, None)
            if event is not None and event.kind != "progress":
                events.append(event)

    handler = Handler()
    LOG.addHandler(handler)
    try:
        yield
    finally:
        LOG.removeHandler(handler)


@contextlib.contextmanager
def _fault(name: str, workspace: Path) -> Iterator[None]:
    """Cause a fault that comes from beside."""
    if name == KILLED:
        killer = threading.Thread(target=_kill_trainer, args=(workspace,), daemon=True)
        killer.start()
        yield
        killer.join(1)
    elif name == LOCKED:
        log = workspace.parent / "lock.txt"
        with running([sys.executable, "-c", _LOCK, str(workspace / "mlflow.db")], log, {}):
            wait_for("the lock", lambda: "held" in log.read_text(), 60)
            yield
    else:
        yield


_LOCK = """
import sqlite3, sys, time
store = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
store.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(3600)
"""


def _kill_trainer(workspace: Path) -> None:
    """As soon as there is one that has trained a step."""

    def kill() -> bool:
        for one in checks.processes(workspace):
            words = checks.command_line(one)
            if "gptcore.pretrain" in words:
                run = next(Path(word).parent for word in words if word.endswith("launch.json"))
                if (run / "metrics.jsonl").exists() and (run / "metrics.jsonl").stat().st_size:
                    one.kill()
                    return True
        return False

    wait_for("a trainer", kill, 600, every=0.05)


def _kill_in_evaluation(workspace: Path) -> None:
    """A night in a process of its own, killed as soon as it evaluates."""
    command = [sys.executable, "-m", "flows", "run", "--profile", PROFILE]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def evaluates() -> bool:
        assert process.poll() is None, "the night ended before it was killed"
        return any(workspace.glob(".building/evaluation-*"))

    wait_for("the evaluation", evaluates, 600, every=0.05)
    process.kill()
    process.wait()


def main() -> int:
    """Live through the nights; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.nights", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work there and keep it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = options.keep or Path(place)
        root.mkdir(parents=True, exist_ok=True)
        return 1 if simulated(root, options.nights) else 0


def simulated(root: Path, nights: int) -> list[str]:
    """The nights, told as they pass; returns what does not hold at their end."""
    with server(root / "prefect") as env:
        os.environ |= env
        months = Months(root)
        for _ in range(nights):
            print(months.night().line(), flush=True)
        wrong = list(holds(months, KEEP))
    usual = sorted(night.overhead for night in months.nights if not night.fault)
    median, most = usual[len(usual) // 2], usual[-1]
    print(f"beside the work of the stages: {median:.1f} s a night, at most {most:.1f} s")
    print("\n".join(f"WRONG: {one}" for one in wrong) or "all holds")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
