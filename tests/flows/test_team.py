"""A team's settings: what is refused, what is kept from others, and what each program is given."""

from pathlib import Path

import pytest

from flows import team
from flows.errors import ConfigError
from flows.stack_services import Places, services

SECRET = "a-long-password"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (team.AUTH, team.AUTH_FILE, team.DATABASE, team.ARTIFACTS):
        monkeypatch.delenv(name, raising=False)


def placed(root: Path, **more: str) -> Places:
    (root / "stack").mkdir(exist_ok=True)
    return Places(workspace=root, port=1, mlflow_port=2, **more)


@pytest.mark.parametrize("given", ["someone", "someone:short", f":{SECRET}", f"u:{SECRET}\x07"])
def test_credentials_that_cannot_be_are_refused_without_being_told(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(team.AUTH, given)
    with pytest.raises(ConfigError, match="must be user:password") as caught:
        team.credentials()
    assert given not in str(caught.value)


def test_a_file_of_credentials_is_its_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "auth"
    path.write_text(f"team:{SECRET}\n")
    monkeypatch.setenv(team.AUTH_FILE, str(path))
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        team.credentials()
    path.chmod(0o600)
    assert team.credentials() == ("team", SECRET)
    monkeypatch.setenv(team.AUTH_FILE, str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="cannot be read"):
        team.credentials()


def test_clients_get_the_credentials_unless_they_have_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    env = {"MLFLOW_TRACKING_USERNAME": "another"}
    team.give_credentials(env)
    assert env == {"MLFLOW_TRACKING_USERNAME": "another"}
    monkeypatch.setenv(team.AUTH, f"team:{SECRET}")
    team.give_credentials(env)
    assert env == {
        "PREFECT_API_AUTH_STRING": f"team:{SECRET}",
        "MLFLOW_TRACKING_USERNAME": "another",
        "MLFLOW_TRACKING_PASSWORD": SECRET,
    }


def test_an_address_that_others_reach_needs_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    team.require_auth("127.0.0.1")
    with pytest.raises(ConfigError, match=r"--host=0\.0\.0\.0: .*set GENERALIST_AUTH"):
        team.require_auth("0.0.0.0")
    monkeypatch.setenv(team.AUTH, f"team:{SECRET}")
    team.require_auth("0.0.0.0")


def test_no_secret_stands_on_a_command_line_or_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(team.AUTH, f"team:{SECRET}")
    monkeypatch.setenv(team.DATABASE, "postgresql://me:hidden@db:5432")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "of:another-server")
    places = placed(tmp_path, host="0.0.0.0")
    env = places.environment()
    assert env["PREFECT_SERVER_API_AUTH_STRING"] == f"team:{SECRET}"
    assert env["PREFECT_API_AUTH_STRING"] == f"team:{SECRET}"
    assert env["MLFLOW_BACKEND_STORE_URI"] == "postgresql+psycopg2://me:hidden@db:5432/mlflow"
    database = env["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    assert database == "postgresql+asyncpg://me:hidden@db:5432/prefect"
    assert env["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
    words = [word for group in services(places) for one in group for word in one.command]
    assert "basic-auth" in words and "0.0.0.0" in words and "--backend-store-uri" not in words
    assert not [word for word in words if SECRET in word or "hidden" in word]
    (settings,) = (path for path in (tmp_path / "stack").iterdir() if path.is_file())
    assert SECRET not in settings.read_text() and settings.stat().st_mode & 0o077 == 0


def test_alone_everything_is_on_the_loopback_and_in_the_workspace(tmp_path: Path) -> None:
    places = placed(tmp_path)
    words = [word for group in services(places) for one in group for word in one.command]
    assert f"sqlite:///{tmp_path / 'mlflow.db'}" in words and "--no-serve-artifacts" in words
    assert "basic-auth" not in words and words[words.index("--host") + 1] == "127.0.0.1"
    assert places.environment()["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert list((tmp_path / "stack").iterdir()) == []


@pytest.mark.parametrize("given", ["sqlite:///x", "postgresql://db/prefect", "postgresql://"])
def test_a_database_is_a_server_without_a_database(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(team.DATABASE, given)
    with pytest.raises(ConfigError, match="there must be two, prefect and mlflow"):
        team.database_settings()
