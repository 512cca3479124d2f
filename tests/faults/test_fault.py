"""A fault whose end is not as it must be is told, and so is what is left over or lost."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import checks
from tests.faults.fault import Fault, line, played_all, write
from tests.faults.scene import Ground, Scene


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    prepared, undisturbed = tmp_path / "prepared", tmp_path / "undisturbed"
    (prepared / ".locks").mkdir(parents=True)
    undisturbed.mkdir()
    return Ground(root=tmp_path, server={}, prepared=prepared, undisturbed=undisturbed)


def test_every_outcome_stands_in_the_table_as_it_was(ground: Ground, tmp_path: Path) -> None:
    def fails(scene: Scene) -> str:
        raise AssertionError("weights differ")

    def breaks(scene: Scene) -> str:
        raise OSError("no such thing")

    plays = {"good": lambda scene: "as ever", "wrong": fails, "broken": breaks}
    faults = [Fault(name=n, cause="c", expected="e", play=p) for n, p in plays.items()]
    told: list[str] = []
    outcomes = played_all(faults, ground, lambda outcome: told.append(line(outcome)))
    assert [outcome.ok for outcome in outcomes] == [True, False, False]
    assert [outcome.found for outcome in outcomes][:2] == ["as ever", "weights differ"]
    assert "no such thing" in outcomes[2].found
    assert sorted(text.split()[0] for text in told) == ["FAIL", "FAIL", "ok"]
    write(outcomes, tmp_path / "artifacts")
    assert (tmp_path / "artifacts" / "faults.md").read_text().count("**no**") == 2


def test_what_is_left_over_is_found(ground: Ground) -> None:
    workspace = ground.prepared
    assert list(checks.leftovers(workspace)) == []
    (workspace / ".building" / "run-half").mkdir(parents=True)
    held = (workspace / ".locks" / "run-half").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)
    env = {**os.environ, "GENERALIST_WORKSPACE": str(workspace)}
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=env)
    found = list(checks.leftovers(workspace))
    held.close()
    process.communicate()
    assert [f"process {process.pid} is left over" in found[0], *found[1:]] == [
        True,
        ".locks/run-half is held",
        ".building/run-half is left over",
    ]


def test_a_training_that_was_lost_or_differs_is_found(ground: Ground) -> None:
    def run(root: Path, weights: str, steps: str) -> None:
        place = root / "run" / "tiny-x"
        (place / "weights").mkdir(parents=True, exist_ok=True)
        (place / "manifest.json").touch()
        (place / "weights" / "config.json").touch()
        (place / "weights" / "model.safetensors").write_text(weights)
        rows = "".join(f'{{"step": {step}, "train/loss": 1.0}}\n' for step in steps)
        (place / "metrics.jsonl").write_text(rows)

    run(ground.undisturbed, "w", "123")
    assert list(checks.trainings(ground.prepared, ground.undisturbed)) == ["tiny-x is not finished"]
    run(ground.prepared, "w", "123")
    assert list(checks.trainings(ground.prepared, ground.undisturbed)) == []
    run(ground.prepared, "v", "1223")
    found = " ".join(checks.trainings(ground.prepared, ground.undisturbed))
    assert "model.safetensors differs" in found and "steps [2]" in found
