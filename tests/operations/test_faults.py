"""The short version of ``python -m tests.faults.nights``; faults are ``make faults``."""

import subprocess
import sys

import pytest

from tests.flows.processes import ROOT

pytestmark = pytest.mark.operations


def test_three_nights_with_a_killed_trainer_and_one_without_news() -> None:
    command = [sys.executable, "-m", "tests.faults.nights", "--nights", "3"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=900, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "all holds" in done.stdout
