"""Every command of the README is run, on the tiny profile, and every link in it leads somewhere."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from flows.distributions import QUICKSTART_DIGEST
from tests.flows.processes import free_port, running, wait_for

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line.partition(" #")[0].strip() for block in BLOCKS for line in block.splitlines()]
PROGRAM = [sys.executable, "-m", "flows"]


def _commands(program: str) -> list[list[str]]:
    return [words for line in COMMANDS if (words := shlex.split(line))[:1] == [program]]


def test_every_program_of_the_readme_is_known_to_a_test() -> None:
    known = {"make", "generalist", "prefect", "export"}
    for line in COMMANDS:
        if re.match(r"[a-z]+ [a-z-]", line):
            assert line.split()[0] in known, line
    assert [c[1] for c in _commands("make")][:2] == ["run", "test"]


def test_every_make_target_is_there() -> None:
    for command in _commands("make"):
        done = subprocess.run(
            ["make", "-n", *command[1:]], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", _commands("generalist"), ids=" ".join)
def test_a_generalist_command_does_what_it_says(
    words: list[str], by_hand: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "GENERALIST_WORKSPACE": str(by_hand)}
    arguments = words[1:]
    if arguments[0] == "mlflow":
        port = free_port()
        command = [*PROGRAM, "mlflow", "--port", str(port)]
        with running(command, tmp_path / "mlflow.log", environment):
            url = f"http://127.0.0.1:{port}/health"
            wait_for("MLflow", lambda: _answers(url), 60)
        return
    if "--retrain" in arguments:
        environment["GENERALIST_WORKSPACE"] = str(tmp_path / "workspace")
        shutil.copytree(by_hand, tmp_path / "workspace")
        (tmp_path / "workspace" / "mlflow.db").unlink()  # it knows the place it was made in
    if arguments[0] != "profiles":
        arguments = [*arguments, "--profile", "tiny"]
    done = subprocess.run(
        [*PROGRAM, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    if arguments == ["run", "--profile", "tiny"]:
        assert "skipped: nothing new" in done.stdout
    if "--retrain" in arguments:
        assert len(list((tmp_path / "workspace" / "run").glob("tiny-generalist-*"))) == 2


def test_the_prefect_commands_are_those_that_the_deployment_test_runs() -> None:
    assert [" ".join(words[1:]) for words in _commands("prefect")] == [
        "server start",
        "work-pool create --type process cpu",
        "work-pool create --type process gpu",
        "--no-prompt deploy --all",
        "worker start --pool gpu",
    ]


def test_links_and_the_digest_are_true() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    assert QUICKSTART_DIGEST in README


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
