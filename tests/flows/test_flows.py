"""What Prefect sees of the flows: names, typed and documented parameters, no cache of its own."""

import inspect
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow, Task
from prefect.cache_policies import NO_CACHE
from prefect.utilities.callables import parameter_schema

from flows.init import init
from flows.profiles import SHIPPED, names

ROOT = Path(__file__).parents[2]
FLOWS = ("convert", "ingest", "tokenize", "pretrain", "evaluate", "promote")


def deployments() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    return found


def flow_of(entrypoint: str) -> Flow[..., Any]:
    module, _, name = entrypoint.rpartition(".")
    flow = getattr(import_module(module), name)
    assert isinstance(flow, Flow)
    return flow


def test_every_flow_is_deployed_from_a_module_into_one_of_the_two_pools() -> None:
    assert [d["name"] for d in deployments()] == [*FLOWS, "gc", "nightly"]
    for deployment in deployments():
        flow = flow_of(deployment["entrypoint"])
        assert flow.name == deployment["name"]
        assert deployment["work_pool"]["name"] in ("cpu", "gpu")
        assert deployment["description"] and deployment["tags"]
        flow.validate_parameters(deployment["parameters"])


@pytest.mark.parametrize("deployment", deployments(), ids=lambda d: d["name"])
def test_parameters_are_typed_and_documented(deployment: dict[str, Any]) -> None:
    schema = parameter_schema(flow_of(deployment["entrypoint"]))
    assert all(p.get("description") for p in schema.properties.values())
    assert schema.required == []
    if deployment["name"] == "gc":  # it is about the workspace
        return
    profile, overrides = schema.properties["profile"], schema.definitions["Overrides"]
    assert profile["enum"] == list(names()) and profile["description"]
    assert set(overrides["properties"]) == {"tokens", "seed", "threads"}
    assert all(field["description"] for field in overrides["properties"].values())
    if deployment["name"] in ("pretrain", "nightly"):
        retrain = schema.properties["retrain"]
        assert retrain["enum"] == ["on_change", "always", "continue_champion"]
        assert retrain["default"] == "on_change" and "champion's weights" in retrain["description"]


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        ({"profile": "quikstart"}, "profile"),
        ({"retrain": "sometimes"}, "retrain"),
        ({"overrides": {"token": 5}}, "overrides.token"),
        ({"overrides": {"tokens": -5}}, "overrides"),
    ],
)
def test_bad_parameters_are_refused_by_name(bad: dict[str, Any], where: str) -> None:
    with pytest.raises(Exception, match=where):
        flow_of("flows.pipeline.nightly").validate_parameters(bad)


def test_a_projects_profile_stands_in_the_form_beside_the_shipped(tmp_path: Path) -> None:
    init(tmp_path / "mine")
    (tmp_path / "mine" / "data" / "labels.csv").write_text("text,label\nA,x\nB,y\n")
    script = (
        "from flows.pipeline import nightly; from prefect.utilities.callables import "
        "parameter_schema; print(parameter_schema(nightly).properties['profile']['enum'])"
    )
    environment = {**os.environ, "GENERALIST_PROJECT": str(tmp_path / "mine")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == str([*SHIPPED, "mine"])


def test_nightly_is_scheduled_with_a_time_zone_and_queues() -> None:
    nightly = deployments()[-1]
    assert nightly["schedules"][0] == {
        "slug": "every-night",
        "cron": "0 3 * * *",
        "timezone": "UTC",
    }, "active where it is new; one that a person switched off stays so"
    assert [s["active"] for s in deployments()[-2]["schedules"]] == [False], "gc is switched on"
    assert nightly["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


@pytest.mark.parametrize("name", [*FLOWS, "pipeline", "publish", "gc", "notify"])
def test_flows_are_short_and_stages_have_no_cache_but_the_workspace(name: str) -> None:
    module = import_module(f"flows.{name}")
    own = [v for v in vars(module).values() if isinstance(v, Flow | Task)]
    for value in own:
        lines = inspect.getsource(value.fn).splitlines()
        assert len(lines) <= 40, f"{value.name}: {len(lines)} lines"
        if isinstance(value, Task):
            assert value.cache_policy is NO_CACHE and not value.persist_result
