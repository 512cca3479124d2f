"""``generalist deploy``: what a Prefect server must know of this project, however often it is told.

Work pools, the deployments of prefect.yaml and our automations. What is there already stays: a pool
keeps its type (process, docker, kubernetes), a person's own automations are never touched, and one
of ours that a person switched off stays off.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.automations import PREFIX, TAG, Patience, automations
from flows.errors import FlowsError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import Automation, AutomationCore

POOLS: Mapping[str, str] = {
    "cpu": "What needs no accelerator: data, tokenizer, promotion.",
    "gpu": "What computes with a model at length: training, evaluation, the nightly.",
}
PREFECT_YAML = Path(__file__).parents[1] / "prefect.yaml"


def deploy(*, patience: Patience | None = None) -> list[str]:
    """Bring the server of PREFECT_API_URL up to date; returns what was done, a line each.

    Raises FlowsError where there is no server, or Prefect refuses something.
    """
    from prefect.client.orchestration import get_client

    _require_server()
    with get_client(sync_client=True) as client:
        done = [_pool(client, name, about) for name, about in POOLS.items()]
        done += _deployments()
        done += _automations(client, automations(patience))
    return done


def _require_server() -> None:
    import httpx

    url = os.environ.get("PREFECT_API_URL", "")
    remedy = "start one (generalist up, or prefect server start) and name it in PREFECT_API_URL"
    if not url:
        raise FlowsError(
            f"PREFECT_API_URL is not set, so there is no server to deploy to: {remedy}"
        )
    try:
        httpx.get(f"{url.rstrip('/')}/health", timeout=10).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        message = f"PREFECT_API_URL={url}: no Prefect server answers ({error}): {remedy}"
        raise FlowsError(message) from error


def _pool(client: "SyncPrefectClient", name: str, about: str) -> str:
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound

    try:
        return f"work pool {name}: there, of type {client.read_work_pool(name).type}"
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=name, type="process", description=about))
        return f"work pool {name}: created, of type process"


def _deployments() -> list[str]:
    """``prefect deploy --all``; by Prefect's own command, which alone reads prefect.yaml."""
    if not PREFECT_YAML.exists():
        raise FlowsError(f"{PREFECT_YAML} is not there: deploy from a checkout of the project")
    command = ["prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(PREFECT_YAML)]
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=PREFECT_YAML.parent,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    if done.returncode:
        raise FlowsError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return [f"deployments: all of {PREFECT_YAML}"]


def _automations(client: "SyncPrefectClient", wanted: "Sequence[AutomationCore]") -> list[str]:
    """Create, update by name and remove; an update that changes nothing would reset timers."""
    there = {one.name: one for one in _ours(client)}
    done = []
    for one in wanted:
        old = there.pop(one.name, None)
        if old is None:
            client.create_automation(one)
            done.append(f"automation {one.name}: created")
        elif _same(one, old):
            done.append(f"automation {one.name}: there")
        else:
            client.update_automation(old.id, one.model_copy(update={"enabled": old.enabled}))
            done.append(f"automation {one.name}: updated")
    for name, old in there.items():
        client.delete_automation(old.id)
        done.append(f"automation {name}: removed")
    return done


def _ours(client: "SyncPrefectClient") -> "list[Automation]":
    found: list[Automation] = []
    while page := client.read_automations(limit=200, offset=len(found)):
        found += page
    return [one for one in found if TAG in one.tags and one.name.startswith(PREFIX)]


def _same(new: "AutomationCore", old: "Automation") -> bool:
    """Whether they differ in nothing but what the server adds and a person may switch."""
    free = {"id", "enabled", "owner_resource"}
    return new.model_dump(exclude=free) == old.model_dump(exclude=free)
