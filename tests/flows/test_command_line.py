"""The command line: quick to answer, and one clear message for what a person can mend."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import convert
from flows.__main__ import STAGES, main
from flows.profiles import load
from tests.flows.test_project import TASK, TOML


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """main() sets variables for Prefect and signal handlers; neither may outlive its test."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def errors(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command that fails says; it must be one message without a traceback."""
    assert main(arguments) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ") and "Traceback" not in message
    return message


def test_help_is_quick_and_names_every_command() -> None:
    command = [sys.executable, "-m", "flows", "--help"]
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.5
    assert all(name in text for name in ("run", *STAGES, "profiles", "prompts", "generate"))


def test_a_command_imports_only_what_it_needs() -> None:
    script = (
        "import sys, flows.__main__; print({'prefect', 'mlflow', 'torch'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_an_unknown_profile_suggests_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["run"], ["generate", "a"], ["prompts", "package"]):
        assert "did you mean 'tiny'?" in errors(capsys, *command, "--profile", "tinny")
    assert not Path("workspace").exists()


def test_an_unknown_task_suggests_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'package'?" in errors(capsys, "prompts", "packge", "--profile", "tiny")


def test_an_unwritable_workspace_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    for command in (["run"], ["convert"], ["generate", "a"]):
        message = errors(capsys, *command, "--profile", "tiny", "--workspace", "file/workspace")
        assert "cannot be written" in message and "--workspace" in message


def test_prompts_are_those_of_the_data_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Not those that were made last: here after the data was restored, and changed again."""
    Path("tasks").mkdir()
    Path("tasks/topic.py").write_text(TASK)
    shipped = '"topic", "sentence_order"'
    Path("generalist.toml").write_text(TOML.replace(shipped, '"topic"'))
    shown = ["prompts", "topic", "--profile", "mine", "--split", "train", "--number", "1"]
    for word in ("old", "new"):
        _rows(word)
        convert.prompts.fn(load("mine"), {})
        assert main(shown) == 0
        assert f"{word} words" in capsys.readouterr().out
    _rows("old")
    assert main(shown) == 0 and "old words" in capsys.readouterr().out
    _rows("other")
    assert "generalist convert --profile mine" in errors(capsys, *shown)


def _rows(word: str) -> None:
    Path("notes").mkdir(exist_ok=True)
    Path("notes/a.md").write_text("Words. " * 20_000)
    rows = [f"{i} {word} words.,{'ab'[i % 2]},author {i}\n" for i in range(100)]
    Path("rows.csv").write_text("text,label,author\n" + "".join(rows))


def test_what_is_not_there_yet_names_the_command_that_makes_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "generalist run --profile tiny" in errors(capsys, "generate", "a", "--profile", "tiny")
    assert "generalist convert --profile tiny" in errors(
        capsys, "prompts", "package", "--profile", "tiny"
    )
    assert "generalist run" in errors(capsys, "mlflow")


def test_a_taken_port_is_named_with_the_way_to_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("workspace").mkdir()
    Path("workspace/mlflow.db").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = errors(capsys, "mlflow", "--port", str(port))
    assert f"port {port}" in message and "--port" in message


@pytest.mark.parametrize("bad", ["--tokens=0", "--seed=-1", "--threads=-1"])
def test_bad_overrides_name_the_field(capsys: pytest.CaptureFixture[str], bad: str) -> None:
    name = bad.strip("-").partition("=")[0]
    assert f"overrides.{name}=" in errors(capsys, "run", "--profile", "tiny", bad)


def test_debug_shows_where(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception, match="did you mean"):
        main(["run", "--profile", "tinny", "--debug"])


def test_profiles_lists_what_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles"]) == 0
    printed = capsys.readouterr().out
    assert re.findall(r"^(\w+):", printed, re.MULTILINE) == ["quickstart", "tiny", "reference"]


def test_profiles_lists_what_can_be_built(capsys: pytest.CaptureFixture[str]) -> None:
    Path("generalist.toml").write_text("[profiles.mine]\nbase = 'tinny'\n")
    assert main(["profiles"]) == 0
    *shipped, own = re.findall(r"^(\w+): (.*)", capsys.readouterr().out, re.MULTILINE)
    assert [name for name, about in shipped if about] == ["quickstart", "tiny", "reference"]
    assert own[0] == "mine" and "cannot be built: " in own[1] and "generalist.toml" in own[1]
    Path("generalist.toml").write_text("[profiles.mine\n")
    assert main(["profiles"]) == 0
    assert "generalist.toml cannot be read as TOML" in capsys.readouterr().out


def test_a_benchmark_without_a_model_starts_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Prefect's server would wait for minutes in a workspace that is not there yet."""
    place = ("--workspace", str(tmp_path / "new"))
    said = errors(capsys, "benchmark", "--tasks", "sst2", *place)
    assert said == (
        "error: profile 'quickstart' has no model yet: generalist run --profile quickstart\n"
    )
    assert "profile='nope': there are" in errors(capsys, "benchmark", "--profile", "nope", *place)
    assert [one for one in (tmp_path / "new").iterdir() if not one.name.startswith(".")] == []
