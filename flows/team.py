"""What makes a stack a team's: a password, databases, an address, object storage.

All of it in the environment, because most of it is secret and nothing of it changes a result:

    GENERALIST_AUTH        user:password that both servers ask for, and every client gives
    GENERALIST_AUTH_FILE   or a file with that line, which its owner alone may read
    GENERALIST_DATABASE    postgresql://user:password@host:port, with databases prefect and mlflow
    MLFLOW_ARTIFACTS_DESTINATION   where MLflow's server keeps files (s3://bucket/mlflow)

Prefect asks with ``Basic`` authentication on its API, MLflow with its app ``basic-auth``. Neither
gets a secret on its command line, where others would read it.
"""

import os
import secrets
from collections.abc import MutableMapping
from pathlib import Path
from urllib.parse import urlsplit

from flows.errors import ConfigError

AUTH = "GENERALIST_AUTH"
AUTH_FILE = "GENERALIST_AUTH_FILE"
DATABASE = "GENERALIST_DATABASE"
ARTIFACTS = "MLFLOW_ARTIFACTS_DESTINATION"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHORTEST = 12
"""Characters of a password: MLflow takes no shorter one."""


def credentials() -> tuple[str, str] | None:
    """User and password of both servers; None: they ask for none.

    ConfigError where the setting cannot be one, without a word of what it holds.
    """
    where, given = AUTH, os.environ.get(AUTH)
    if given is None and (named := os.environ.get(AUTH_FILE)):
        where, given = AUTH_FILE, _secret(Path(named))
    if not given:
        return None
    user, _, password = given.strip().partition(":")
    if not user or len(password) < SHORTEST or not given.isprintable():
        raise ConfigError(
            f"{where}: must be user:password, the password of {SHORTEST} characters or more"
        )
    return user, password


def _secret(path: Path) -> str:
    try:
        mode = path.stat().st_mode & 0o077
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{AUTH_FILE}={str(path)!r}: cannot be read ({error})") from error
    if mode:
        raise ConfigError(f"{AUTH_FILE}={str(path)!r}: others may read it: chmod 600 {path}")
    return text


def give_credentials(environment: MutableMapping[str, str]) -> None:
    """Set what Prefect's and MLflow's clients read, unless it is set."""
    known = credentials()
    if known is None:
        return
    user, password = known
    environment.setdefault("PREFECT_API_AUTH_STRING", f"{user}:{password}")
    environment.setdefault("MLFLOW_TRACKING_USERNAME", user)
    environment.setdefault("MLFLOW_TRACKING_PASSWORD", password)


def require_auth(host: str) -> None:
    """ConfigError when servers would be open to a network without asking for a password."""
    if host not in LOOPBACK and credentials() is None:
        raise ConfigError(
            f"--host={host}: whoever reaches it could run anything here: set {AUTH}=user:password "
            f"or {AUTH_FILE} first, or leave --host away"
        )


def server_settings(directory: Path, host: str) -> dict[str, str]:
    """Environment of both servers; writes MLflow's file of settings where it asks for a password.

    ``directory``: of the stack's state.
    """
    found = database_settings()
    if host not in LOOPBACK:  # a browser elsewhere asks the address it came from
        found |= {"PREFECT_UI_API_URL": "/api", "MLFLOW_SERVER_ALLOWED_HOSTS": "*"}
    known = credentials()
    if known is None:
        return found
    user, password = known
    return found | {
        "PREFECT_SERVER_API_AUTH_STRING": f"{user}:{password}",
        # Whatever the user's shell has for another server, the workers need this one's.
        "PREFECT_API_AUTH_STRING": f"{user}:{password}",
        "MLFLOW_TRACKING_USERNAME": user,
        "MLFLOW_TRACKING_PASSWORD": password,
        "MLFLOW_AUTH_CONFIG_PATH": str(_mlflow_users(directory)),
        "MLFLOW_AUTH_ADMIN_USERNAME": user,
        "MLFLOW_AUTH_ADMIN_PASSWORD": password,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(32),
    }


def forget_users(directory: Path) -> None:
    """Remove MLflow's table of users: it would keep the password of its first start."""
    for path in directory.glob("mlflow_users.db*"):
        path.unlink()


def _mlflow_users(directory: Path) -> Path:
    """MLflow's file of settings: who may what, and where its table of users is."""
    path = directory / "mlflow_auth.ini"
    database = f"sqlite:///{directory / 'mlflow_users.db'}".replace("%", "%%")
    path.write_text(f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = {database}\n")
    path.chmod(0o600)
    return path


def database_settings() -> dict[str, str]:
    """Environment that leads both servers to PostgreSQL; {}: they keep files of their own."""
    given = os.environ.get(DATABASE)
    if not given:
        return {}
    parts = urlsplit(given)
    if parts.scheme != "postgresql" or not parts.hostname or parts.path.strip("/"):
        raise ConfigError(
            f"{DATABASE}: must be postgresql://user:password@host:port, without a database: there "
            "must be two, prefect and mlflow"
        )
    return {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"postgresql+asyncpg://{parts.netloc}/prefect",
        "MLFLOW_BACKEND_STORE_URI": f"postgresql+psycopg2://{parts.netloc}/mlflow",
    }


def mlflow_arguments(workspace: Path) -> tuple[str, ...]:
    """Where MLflow's server keeps records and files: the workspace, unless the environment says."""
    found: list[str] = []
    if credentials() is not None:
        found += ["--app-name", "basic-auth"]
    if not os.environ.get(DATABASE):
        found += ["--backend-store-uri", f"sqlite:///{workspace / 'mlflow.db'}"]
    if os.environ.get(ARTIFACTS):
        return (*found, "--serve-artifacts")
    artifacts = (workspace / "mlartifacts").as_uri()
    return (*found, "--default-artifact-root", artifacts, "--no-serve-artifacts")
