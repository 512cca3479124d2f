"""The short version of ``python -m tests.faults.kill``."""

from pathlib import Path

from tests.faults.kill import trial


def test_a_run_that_was_killed_again_and_again_is_bit_equal(tmp_path: Path) -> None:
    said: list[str] = []
    assert trial(tmp_path, kills=3, optimizer="adamw", seed=1, say=said.append) == []
    assert sum("killed at" in line for line in said) == 3
    assert "resumed at step" in said[-1]
