"""The walls between the packages hold, and the guard that says so can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("flows", "gptcore", "tasks_to_text")


def _lint(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=root, env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("file", "planted", "contract"),
    [
        ("gptcore/train.py", "import prefect", "gptcore knows of no pipeline"),
        ("gptcore/optim.py", "import gptcore.train", "floors of gptcore"),
        ("gptcore/shards.py", "import pyarrow", "training and scoring need no pyarrow"),
        ("tasks_to_text/metrics.py", "import torch", "tasks_to_text knows of no pipeline"),
        ("tasks_to_text/metrics.py", "import gptcore.errors", "tasks_to_text knows of no"),
        ("flows/promote.py", "import mlflow", "one importer of mlflow"),
        ("tasks_to_text/convert.py", "import duckdb", "one importer of duckdb"),
        ("flows/commands.py", "import lm_eval", "one importer of lm_eval"),
        ("flows/sharing.py", "import fsspec", "one importer of fsspec"),
    ],
)
def test_a_planted_import_breaks_its_contract(
    file: str, planted: str, contract: str, tmp_path: Path
) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a") as source:
        source.write(f"\n{planted}\n")
    done = _lint(tmp_path)
    assert done.returncode == 1, done.stdout
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    assert any(line.startswith(contract) for line in broken), done.stdout


def test_the_contracts_hold() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_modules_stay_short_and_say_what_they_are_for() -> None:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            assert text.startswith(('"""', 'r"""')), f"{path} does not say what it is for"
            assert text.count("\n") <= 400, f"{path} has grown past 400 lines: find the seam"
