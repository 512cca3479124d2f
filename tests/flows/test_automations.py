"""The automations as values, and that what they rely on is set."""

import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.settings import Settings
from prefect.settings.legacy import _get_valid_setting_names

from flows.automations import NEVER_STARTED, PREFIX, TAG, Patience, automations
from flows.deploying import POOLS, PREFECT_YAML, deploy
from flows.errors import ConfigError, FlowsError
from flows.pipeline import SKIPPED, nightly
from flows.prefect_settings import COMMAND_ENV, HEARTBEAT_SECONDS, SERVER_ENV, WORKER_ENV

Usage = namedtuple("Usage", "total used free")


def deployments() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(PREFECT_YAML.read_text())["deployments"]
    return found


def test_automations_are_ours_by_name_and_tag_and_see_our_flow_runs_only() -> None:
    made = automations()
    assert len({one.name for one in made}) == len(made)
    for one in made:
        assert one.name.startswith(PREFIX) and one.tags == [TAG] and one.description
        dumped = one.model_dump(mode="json")
        assert dumped["trigger"]["match_related"]["prefect.resource.id"] == f"prefect.tag.{TAG}"
        assert dumped["trigger"]["for_each"] == ["prefect.resource.id"], "one flow run is another's"
    assert all(TAG in one["tags"] for one in deployments())
    assert {one["work_pool"]["name"] for one in deployments()} == POOLS.keys()


def test_only_what_crashed_is_tried_again_and_not_for_ever() -> None:
    again = [one for one in automations() if one.actions[0].model_dump()["state"] == "SCHEDULED"]
    after = {event for one in again for event in one.trigger.model_dump()["after"]}
    assert after == {"prefect.flow-run.Crashed", f"prefect.flow-run.{NEVER_STARTED}"}
    crashed = next(one for one in again if "prefect.flow-run.Crashed" in str(one.trigger))
    assert crashed.trigger.model_dump(mode="json")["match"]["prefect.run-count"] == ["1", "2"]


def test_every_named_end_of_a_nightly_stops_the_wait_for_its_heartbeat() -> None:
    (lost,) = [one for one in automations() if one.name == f"{PREFIX}heartbeat lost"]
    assert f"prefect.flow-run.{SKIPPED}" in lost.trigger.model_dump()["expect"]


def test_heartbeats_come_more_often_than_they_are_waited_for() -> None:
    assert Patience().heartbeat > 2 * HEARTBEAT_SECONDS
    assert WORKER_ENV["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == str(HEARTBEAT_SECONDS)
    for one in deployments():
        env = one["work_pool"]["job_variables"]["env"]
        assert env["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == str(HEARTBEAT_SECONDS)


def test_prefect_understands_every_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**COMMAND_ENV, **SERVER_ENV, **WORKER_ENV}.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.flows.heartbeat_frequency == HEARTBEAT_SECONDS
    assert settings.server.events.expired_bucket_buffer.days == 30
    known = _get_valid_setting_names(Settings)
    of_the_log_file = "PREFECT_LOGGING_HANDLERS_"
    named = {name for name in (*COMMAND_ENV, *SERVER_ENV, *WORKER_ENV) if name[:8] == "PREFECT_"}
    assert {name for name in named if not name.startswith(of_the_log_file)} <= known


@pytest.mark.parametrize("seconds", [9.0, float("nan"), float("inf"), -1.0])
def test_a_wait_that_the_server_cannot_keep_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigError, match=r"pending=.*: use at least 10 seconds"):
        Patience(pending=seconds)


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1/api"])
def test_without_a_server_nothing_is_deployed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    with pytest.raises(FlowsError, match=r"PREFECT_API_URL.*start one"):
        deploy()


def test_a_night_that_does_not_fit_the_disk_is_refused_before_its_first_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENERALIST_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9 - 10**6, 10**6))
    with pytest.raises(ConfigError, match=r"of disk and 1 MB are free"):
        nightly.fn(profile="tiny")
    assert not list(tmp_path.glob("*/*/manifest.json"))
