"""What a fault is, how it is played, and how it is told."""

import json
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.scene import Ground, Scene

AT_ONCE = 2
"""Faults that are played beside one another."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something that goes wrong, and what must come of it."""

    name: str
    cause: str
    """How it is really caused."""
    expected: str
    """The state at the end, beside what ``Scene.check`` asks of every one."""
    play: Callable[[Scene], str]
    """Causes it and returns the state that it found; AssertionError when it is another."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A row of the table."""

    fault: str
    cause: str
    expected: str
    found: str
    seconds: float
    ok: bool


def played(fault: Fault, ground: Ground) -> Outcome:
    """Cause one fault in a scene of its own."""
    start = time.monotonic()
    try:
        with Scene(ground, ground.root / fault.name) as scene:
            found, ok = fault.play(scene), True
    except Exception as error:
        told = str(error) if isinstance(error, AssertionError) else ""
        found, ok = told or traceback.format_exc(limit=-4), False
    seconds = time.monotonic() - start
    return Outcome(
        fault=fault.name,
        cause=fault.cause,
        expected=fault.expected,
        found=found.strip(),
        seconds=round(seconds, 1),
        ok=ok,
    )


def played_all(
    faults: Sequence[Fault], ground: Ground, say: Callable[[Outcome], None]
) -> list[Outcome]:
    """All of them, some at once; told as they end, returned in their own order."""
    outcomes: dict[str, Outcome] = {}
    lock = threading.Lock()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for future in as_completed(pool.submit(played, fault, ground) for fault in faults):
            with lock:
                outcome = future.result()
                outcomes[outcome.fault] = outcome
                say(outcome)
    return [outcomes[fault.name] for fault in faults]


def line(outcome: Outcome) -> str:
    """A row for a terminal."""
    mark = "ok  " if outcome.ok else "FAIL"
    return (
        f"{mark} {outcome.fault:<24} {outcome.seconds:6.1f} s  {outcome.cause}\n"
        f"       expected: {outcome.expected}\n       found:    {outcome.found}"
    )


def write(outcomes: Sequence[Outcome], directory: Path) -> None:
    """The table as ``faults.json`` and ``faults.md``."""
    directory.mkdir(exist_ok=True)
    rows = [asdict(outcome) for outcome in outcomes]
    (directory / "faults.json").write_text(json.dumps(rows, indent=1) + "\n")
    head = "| fault | how it was caused | expected | found | seconds | ok |"
    rule = "|---|---|---|---|---|---|"
    told = [
        [o.fault, o.cause, o.expected, o.found, f"{o.seconds:.0f}", "yes" if o.ok else "**no**"]
        for o in outcomes
    ]
    cells = [" | ".join(cell.replace("|", "\\|").replace("\n", "<br>") for cell in r) for r in told]
    body = "\n".join(f"| {row} |" for row in cells)
    (directory / "faults.md").write_text(f"{head}\n{rule}\n{body}\n")
