"""What must hold in a workspace when a fault is over: nothing lost, nothing left over."""

import fcntl
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil

from gptcore.tracking import read_jsonl
from tests.faults.kill import differences


def trainings(workspace: Path, undisturbed: Path) -> Iterator[str]:
    """What the runs do not share with those that nobody disturbed."""
    for theirs in sorted(undisturbed.glob("run/*")):
        ours = workspace / "run" / theirs.name
        if not (ours / "manifest.json").exists():
            yield f"{theirs.name} is not finished"
            continue
        for name in differences(ours, theirs):
            yield f"{theirs.name}: {name} differs from the undisturbed run's"
        counted = Counter(row["step"] for row in read_jsonl(ours / "metrics.jsonl"))
        if twice := [step for step, times in counted.items() if times > 1]:
            yield f"{theirs.name}: steps {twice} stand in metrics.jsonl twice"


def leftovers(workspace: Path) -> Iterator[str]:
    """Processes, locks, and half-built products."""
    for process in processes(workspace):
        yield f"process {process.pid} is left over: {' '.join(command_line(process))[:200]}"
    for lock in (*workspace.glob(".locks/*"), *workspace.glob("run/*/lock")):
        if _is_held(lock):
            yield f"{lock.relative_to(workspace)} is held"
    for path in workspace.glob(".building/*"):
        yield f"{path.relative_to(workspace)} is left over"


def tracked(workspace: Path) -> Iterator[str]:
    """What is wrong with the MLflow store: a run at work, or metrics that are not those of its run.

    Read as the database that it is: MLflow itself must not be asked to mend anything here.
    """
    store = f"file:{workspace / 'mlflow.db'}?mode=ro"
    with closing(sqlite3.connect(store, uri=True)) as connection:
        runs = connection.execute(
            "SELECT r.run_uuid, coalesce(t.value, r.name), r.status FROM runs r LEFT JOIN tags t "
            "ON t.run_uuid = r.run_uuid AND t.key = 'generalist.run'"
        ).fetchall()
        points = connection.execute("SELECT run_uuid, step FROM metrics WHERE key = 'train/loss'")
        steps: dict[str, list[int]] = {}
        for run, step in points:
            steps.setdefault(run, []).append(step)
    counted = Counter(name for _, name, _ in runs)
    for run in sorted(workspace.glob("run/*/manifest.json")):
        name = run.parent.name
        if counted[name] != 1:
            yield f"MLflow has {counted[name]} runs {name}"
    for run_id, name, status in runs:
        if status == "RUNNING":
            yield f"MLflow's run {name} is left RUNNING"
        rows = read_jsonl(workspace / "run" / name / "metrics.jsonl")
        if rows and sorted(steps.get(run_id, [])) != [int(row["tokens"]) for row in rows]:
            yield (
                f"MLflow's run {name} has {len(steps.get(run_id, []))} losses at "
                f"{len(set(steps.get(run_id, [])))} steps, metrics.jsonl has {len(rows)}"
            )


def processes(workspace: Path) -> list[psutil.Process]:
    """Those at work for a workspace: its path is in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            told = process.environ().get("GENERALIST_WORKSPACE")
            if told == str(workspace) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return [one for one in found if one.pid != os.getpid()]


def command_line(process: psutil.Process) -> list[str]:
    """The words of it; [] when it is gone."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _is_held(lock: Path) -> bool:
    with lock.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
