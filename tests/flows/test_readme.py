"""Every command of the README is run, on the tiny profile, and every link in it leads somewhere."""

import csv
import os
import random
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
BLOCKS: list[str] = re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line.partition(" #")[0].strip() for block in BLOCKS for line in block.splitlines()]
PROJECT = next(block for block in BLOCKS if block.startswith("generalist init"))
"""The way from a CSV and a folder of text to results."""
PROGRAM = [sys.executable, "-m", "flows"]


def _commands(program: str) -> list[list[str]]:
    lines = [line for line in COMMANDS if line not in PROJECT.splitlines()]
    return [words for line in lines if (words := shlex.split(line))[:1] == [program]]


def test_every_program_of_the_readme_is_known_to_a_test() -> None:
    known = {"make", "generalist", "cp", "cd"}
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
    if arguments[0] == "doctor":
        arguments += ["--port", str(free_port()), "--mlflow-port", str(free_port())]
    if "--to" in arguments:
        arguments[arguments.index("--to") + 1] = next(by_hand.glob("run/tiny-generalist-*")).name
    if "--retrain" in arguments:
        environment["GENERALIST_WORKSPACE"] = str(tmp_path / "workspace")
        shutil.copytree(by_hand, tmp_path / "workspace")
        (tmp_path / "workspace" / "mlflow.db").unlink()  # it knows the place it was made in
    if arguments[0] == "score":
        arguments[1] = str(ROOT / arguments[1])
    if arguments[0] not in ("profiles", "tasks", "sql", "gc", "doctor"):
        arguments = [*arguments, "--profile", "tiny"]
    done = subprocess.run(
        [*PROGRAM, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    if arguments == ["run", "--profile", "tiny"]:
        assert "skipped: nothing new" in done.stdout
    if "--retrain" in arguments:
        assert len(list((tmp_path / "workspace" / "run").glob("tiny-generalist-*"))) == 2


@pytest.mark.operations
def test_from_a_csv_and_a_folder_of_text_to_results_word_for_word(tmp_path: Path) -> None:
    _write_tickets(tmp_path)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    without = ("GENERALIST_WORKSPACE", "GENERALIST_PROJECT", "PREFECT_API_URL")
    environment = {k: v for k, v in os.environ.items() if k not in without}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", PROJECT],
        env={**environment, "PATH": path, "COLUMNS": "120"},
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    printed = done.stdout
    assert re.search(r"^topic +\S", printed, re.MULTILINE) and "sentence order" in printed
    report = next((tmp_path / "mine" / "workspace").glob("report/mine-*/report.html"))
    page = report.read_text(encoding="utf-8")
    assert "Unseen (zero-shot)" in page and "data/labels.csv" in page and ">texts<" in page


def _write_tickets(folder: Path) -> None:
    """Tickets of three topics that their words tell apart, and some pages of notes."""
    words = {
        "billing": ["invoice", "refund", "payment", "credit card", "price", "receipt"],
        "login": [
            "password",
            "account",
            "sign in",
            "two-factor code",
            "e-mail address",
            "user name",
        ],
        "delivery": ["parcel", "courier", "address", "tracking number", "delay", "depot"],
    }
    opening = ["Hello, my", "I wonder about the", "Since last week the", "Please look at the"]
    ending = ["is wrong", "does not work", "is missing", "has changed", "was lost", "is too late"]
    rows = [
        (f"{o} {noun} {e}, and so is the {other}.", topic)
        for topic, nouns in words.items()
        for noun in nouns
        for other in nouns
        if noun != other
        for o in opening
        for e in ending
    ]
    with (folder / "tickets.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    (folder / "notes").mkdir()
    rng = random.Random(0)
    vocabulary = sorted({word for text, _ in rows for word in text.split()})
    for n in range(40):
        lines = [" ".join(rng.choices(vocabulary, k=12)) + "." for _ in range(30)]
        (folder / "notes" / f"day{n}.md").write_text("\n".join(lines), encoding="utf-8")


def test_links_and_the_digest_are_true() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    assert QUICKSTART_DIGEST in README


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
