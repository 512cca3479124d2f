"""Servers that a team has, really started on free ports of this machine, and always stopped."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.flows.processes import ROOT, free_port, running, wait_for

POSTGRESQL = Path("/usr/lib/postgresql/15/bin")
BUCKET = "team"


def answers(url: str) -> bool:
    """Whether a server says that it is well."""
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def s3_server(place: Path) -> Iterator[dict[str, str]]:
    """An S3 server with an empty bucket; yields AWS's variables that lead to it."""
    import boto3

    port = free_port()
    env = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, place / "s3.log", {}):
        wait_for("the S3 server", lambda: answers(f"{env['AWS_ENDPOINT_URL']}/moto-api/"), 60)
        client = boto3.client(
            "s3",
            endpoint_url=env["AWS_ENDPOINT_URL"],
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket=BUCKET)
        yield env


@contextmanager
def postgresql(place: Path) -> Iterator[str]:
    """A PostgreSQL cluster with the databases prefect and mlflow; yields user@host:port."""
    if not (POSTGRESQL / "initdb").exists():
        pytest.skip(f"{POSTGRESQL} is not there: apt-get install postgresql")
    # The server refuses to run as root, and pytest's directories are their owner's alone.
    root = os.geteuid() == 0
    data = Path(f"/var/tmp/generalist-{os.getpid()}-{place.name}") if root else place / "data"
    data.mkdir()
    as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
    if root:
        shutil.chown(data, "postgres", "postgres")
    port = str(free_port())

    def command(program: str, *arguments: str) -> list[str]:
        return [*as_owner, str(POSTGRESQL / program), *arguments]

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            command(program, *arguments), cwd=data, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    try:
        auth = ("--auth", "trust", "--username", "generalist", "--no-sync")
        run("initdb", "--pgdata", str(data), *auth)
        listen = ("-p", port, "-k", str(data), "-c", "listen_addresses=127.0.0.1")
        speed = ("-c", "fsync=off", "-c", "max_connections=100")
        with running(
            command("postgres", "-D", str(data), *listen, *speed), place / "pg.log", {}
        ) as process:
            ready = command("pg_isready", "-h", "127.0.0.1", "-p", port)
            wait_for(
                "PostgreSQL",
                lambda: subprocess.run(ready, cwd=data, capture_output=True).returncode == 0,
                60,
            )
            where = ("-h", "127.0.0.1", "-p", port, "-U", "generalist")
            for database in ("prefect", "mlflow"):
                run("createdb", *where, database)
            yield f"generalist@127.0.0.1:{port}"
            assert process.poll() is None, (place / "pg.log").read_text()
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def mlflow_server(
    place: Path, backend: str, artifacts: str, env: Mapping[str, str]
) -> Iterator[str]:
    """An MLflow server that keeps files for its clients; yields its address."""
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", port),
        *("--workers", "1", "--backend-store-uri", backend),
        *("--artifacts-destination", artifacts, "--serve-artifacts"),
    ]
    given = {**env, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONPATH": str(ROOT)}
    with running(command, place / "mlflow.log", given):
        wait_for("MLflow", lambda: answers(f"{url}/health"), 180)
        yield url
