"""The examples for a team parse, and name only commands and variables that there are."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.__main__ import _parser

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
PAGES = [ROOT / "docs" / "team.md", *sorted(DEPLOY.iterdir())]
PACKAGES = Path(next(p for p in sys.path if p.endswith("site-packages")))
AWS = {"ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION"}
HIDDEN = {"--no-prompt"}
"""Of Prefect, for all commands."""


def sources(*patterns: str, root: Path = PACKAGES) -> str:
    return "\n".join(p.read_text(encoding="utf-8") for one in patterns for p in root.glob(one))


def test_every_variable_is_read_by_someone() -> None:
    from prefect.settings import Settings
    from prefect.settings.legacy import _get_valid_setting_names

    prefect = _get_valid_setting_names(Settings)
    mlflow = sources(
        "mlflow/environment_variables.py", "mlflow/cli/*.py", "mlflow/utils/cli_args.py"
    )
    mlflow += sources("mlflow/server/**/*.py")
    ours = sources("flows/*.py", root=ROOT)
    named = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named |= set(re.findall(r"\b(?:PREFECT|MLFLOW|GENERALIST|AWS)_[A-Z_]+[A-Z]\b", text))
    assert len(named) > 25
    for name in named:
        known = {
            "PREFECT": name in prefect,
            "MLFLOW": f'"{name}"' in mlflow,
            "GENERALIST": f'"{name}"' in ours,
            "AWS": name.removeprefix("AWS_") in AWS,
        }
        assert known[name.partition("_")[0]], name


def commands() -> list[list[str]]:
    """Every command line of the examples, from the program's name on."""
    found = [
        shlex.split(line.removeprefix("ExecStart=/opt/generalist/.venv/bin/"))
        for unit in DEPLOY.glob("*.service")
        for line in unit.read_text().splitlines()
        if line.startswith("ExecStart=")
    ]
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    found += [list(map(str, one["command"])) for one in services.values() if "command" in one]
    text = (ROOT / "docs" / "team.md").read_text(encoding="utf-8")
    for block in re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL):
        lines = [line.partition("    #")[0] for line in block.splitlines()]
        found += [shlex.split(line) for line in lines if line.startswith(("generalist", "prefect"))]
    return found


def test_every_command_is_one_of_its_program() -> None:
    options = {
        "prefect": sources("prefect/cli/**/*.py"),
        "mlflow": sources("mlflow/cli/*.py", "mlflow/utils/cli_args.py"),
    }
    seen = set()
    for program, *words in commands():
        seen.add(program)
        if program == "generalist":
            _parser().parse_args(words)
            continue
        for word in words:
            if word.startswith("--") and word not in HIDDEN:
                assert re.search(f'["/]{word}["/]', options[program]), (program, word)
    assert seen == {"generalist", "prefect", "mlflow"}


def test_commands_and_options_that_the_page_names_are_ours() -> None:
    text = (ROOT / "docs" / "team.md").read_text(encoding="utf-8")
    for line in re.findall(r"`generalist ([^`]+)`", text):
        words = shlex.split(line)
        required = {"score": ["FILE"], "generate": ["PROMPT"], "export": ["DIR"]}
        _parser().parse_args([*words, *required.get(words[0], [])])


def test_compose_and_the_pool_have_the_parts_that_they_refer_to() -> None:
    made: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for name, service in made["services"].items():
        assert set(service.get("depends_on", ())) <= made["services"].keys(), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            here = source.startswith("./") and (DEPLOY / source).exists()
            assert here or source in made["volumes"], volume
    pool = json.loads((DEPLOY / "kubernetes-gpu.json").read_text())
    used = set(re.findall(r"{{ (\w+) }}", json.dumps(pool["job_configuration"])))
    assert used == pool["variables"]["properties"].keys()
    settings = configparser.ConfigParser()
    settings.read(DEPLOY / "mlflow_auth.ini")
    assert settings["mlflow"].keys() == {"default_permission", "database_uri"}


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not there")
    units = []
    for unit in DEPLOY.glob("*.service"):
        own = str(Path(sys.executable).parent)
        text = unit.read_text().replace("/opt/generalist/.venv/bin", own)
        name = unit.name.replace("@.", "@gpu.")
        (tmp_path / name).write_text(text.replace("User=generalist", "User=root"))
        units.append(str(tmp_path / name))
    done = subprocess.run(
        [program, "verify", "--recursive-errors=no", *units],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    told = [line for line in done.stderr.splitlines() if "generalist-" in line]
    assert done.returncode == 0 and not told, done.stderr


def test_what_was_not_run_says_so() -> None:
    for name in (
        "compose.yaml",
        "kubernetes-gpu.json",
        *(p.name for p in DEPLOY.glob("*.service")),
    ):
        assert re.search(r"not run", (DEPLOY / name).read_text()), name
