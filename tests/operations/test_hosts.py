"""Hosts that share an S3 store and an MLflow server, and nothing else: one directory each."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gptcore.manifest import FILE, read_manifest
from tests.flows.processes import generalist, run, running, wait_for
from tests.operations.servers import BUCKET, mlflow_server, s3_server

pytestmark = pytest.mark.operations
Env = dict[str, str]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    """The environment of every host."""
    place = tmp_path_factory.mktemp("servers")
    database = f"sqlite:///{place / 'mlflow.db'}"
    with s3_server(place) as aws, mlflow_server(place, database, f"s3://{BUCKET}/mlflow", aws) as u:
        yield {
            **aws,
            "GENERALIST_STORE": f"s3://{BUCKET}/store",
            "GENERALIST_STORE_LEASE": "6",
            "MLFLOW_TRACKING_URI": u,
        }


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hosts")


def store(env: Env) -> Any:
    import s3fs

    return s3fs.S3FileSystem(
        key=env["AWS_ACCESS_KEY_ID"],
        secret=env["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=env["AWS_ENDPOINT_URL"],
        use_listings_cache=False,
    )


@pytest.fixture(scope="module")
def night(env: Env, hosts: Path) -> Path:
    """What host B leaves, which trained on what host A had made."""
    run(generalist(hosts / "a", "tokenize"), env)
    made = {path.parent.name for path in (hosts / "a").glob("shards/*/manifest.json")}
    printed = run(generalist(hosts / "b", "run"), env)
    assert {path.parent.name for path in (hosts / "b").glob("shards/*/manifest.json")} == made
    assert "✓ reused shards/tiny" in printed and "✓ run/tiny-generalist" in printed
    return hosts / "b"


def test_a_night_on_another_host_has_nothing_to_do(env: Env, hosts: Path, night: Path) -> None:
    printed = run(generalist(hosts / "c", "run"), env)
    assert "skipped: nothing new" in printed
    assert printed.count("✓ ") == printed.count("✓ reused ") > 8


def test_one_host_prepares_another_trains_and_promotes_and_the_first_has_its_champion(
    env: Env, hosts: Path, night: Path
) -> None:
    (directory,) = night.glob("run/tiny-generalist-*")
    run(generalist(night, "promote", "--to", directory.name, "--reason", "a test"), env)
    assert not list((hosts / "a").glob("run/*"))
    texts = hosts / "texts.txt"
    texts.write_text("Return the number of rows.\n")
    theirs = run(generalist(night, "score", str(texts)), env)
    assert run(generalist(hosts / "a", "score", str(texts)), env) == theirs
    (brought,) = (hosts / "a").glob("run/tiny-generalist-*")
    assert read_manifest(brought).digest == read_manifest(directory).digest
    assert "a test" in run(generalist(hosts / "a", "history"), env)


def test_evaluations_keep_their_files_on_s3_behind_mlflow(env: Env, night: Path) -> None:
    ids = json.loads(next(night.glob("evaluation/tiny-*/mlflow.json")).read_text())
    listing = (
        "import sys, mlflow; client = mlflow.MlflowClient(); "
        "print(client.get_run(sys.argv[1]).info.artifact_uri, "
        "*(file.path for file in client.list_artifacts(sys.argv[1])))"
    )
    without = {**env, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}  # a client needs no S3
    printed = run([sys.executable, "-c", listing, ids["run_id"]], without)
    assert "mlflow-artifacts:/" in printed and "table.md" in printed and "report.html" in printed
    files = store(env).find(f"{BUCKET}/mlflow")
    assert any(ids["run_id"] in name and name.endswith("table.md") for name in files)


def test_a_dead_hosts_run_goes_on_elsewhere_to_the_same_weights(
    env: Env, hosts: Path, night: Path, tmp_path: Path
) -> None:
    options = ("pretrain", "--tokens", "300000")
    files = store(env)
    with running(generalist(hosts / "b", *options), tmp_path / "b.log", env) as process:

        def given() -> Path | None:
            steps = files.glob(f"{BUCKET}/store/run/tiny-generalist-*/checkpoints/*/state.json")
            far = [one for one in steps if int(one.split("/")[-2][5:]) >= 100]
            return hosts / "b" / "run" / far[0].split("/")[3] if far else None

        lost = wait_for("a checkpoint in the store", given, 240)
        family = psutil.Process(process.pid).children(recursive=True)
        for one in (process, *family):
            one.send_signal(signal.SIGKILL)
    assert not (lost / FILE).exists()
    printed = run(generalist(hosts / "d", *options), env)
    assert "✓ run/tiny-generalist" in printed
    resumed = hosts / "d" / "run" / lost.name
    summary = json.loads((resumed / "summary.json").read_text())
    assert summary["generations"] == 2, "it began at the other host's checkpoint"
    alone = {name: value for name, value in env.items() if name != "GENERALIST_STORE"}
    run(generalist(hosts / "e", *options), alone)
    undisturbed = hosts / "e" / "run" / lost.name
    assert read_manifest(undisturbed).digest == read_manifest(resumed).digest
    assert json.loads((undisturbed / "summary.json").read_text())["generations"] == 1
    assert not files.find(f"{BUCKET}/store/run/{lost.name}/checkpoints")


def test_what_is_damaged_in_the_store_is_refused_in_one_line(
    env: Env, hosts: Path, night: Path, tmp_path: Path
) -> None:
    files = store(env)
    (damaged,) = files.glob(f"{BUCKET}/store/documentation/installed-*/*.parquet")[:1]
    content = files.cat_file(damaged)
    files.pipe_file(damaged, content[:-10])
    try:
        with running(generalist(hosts / "f", "convert"), tmp_path / "f.log", env) as process:
            assert process.wait(120) == 2
    finally:
        files.pipe_file(damaged, content)
    said = (tmp_path / "f.log").read_text()
    assert "is damaged in the store (it is not what its checksum says): remove s3://team" in said
    assert "Traceback" not in said


def test_a_store_that_is_down_is_one_line_before_any_work(
    env: Env, hosts: Path, tmp_path: Path
) -> None:
    down = {**env, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    begun = time.monotonic()
    with running(generalist(hosts / "g", "convert"), tmp_path / "g.log", down) as process:
        assert process.wait(120) == 2
    said = (tmp_path / "g.log").read_text()
    assert "error: GENERALIST_STORE=s3://team/store cannot be asked" in said
    assert said.count("check the address, the endpoint and the keys") == 1
    assert "Traceback" not in said and time.monotonic() - begun < 90
    assert not (hosts / "g" / "documentation").exists()
