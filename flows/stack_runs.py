"""Flow runs that a stack's end interrupts: their state on the server, and their next start.

Through Prefect's REST API, because importing its client costs two seconds and 150 MB. A run goes on
under its own id, so that whoever looks for it finds one run with its whole history; the trainer
goes on from its checkpoint because the same configuration leads to the same directory.
"""

from collections.abc import Collection, Iterable
from typing import Any

import httpx

from flows.stack_processes import flow_runs_here
from flows.stack_services import POOLS
from flows.team import credentials

Unreachable = httpx.HTTPError
"""What the functions here raise when the server does not answer."""

_AT_WORK = ("PENDING", "RUNNING", "CANCELLING")
_SECONDS = 10.0
INTERRUPTED = "the stack was stopped; its next start goes on with this"


def at_work(api: str) -> list[dict[str, Any]]:
    """The flow runs of both pools that are between a worker's hands and their end."""
    body = {
        "flow_runs": {"state": {"type": {"any_": list(_AT_WORK)}}},
        "work_pools": {"name": {"any_": list(POOLS)}},
        "sort": "ID_DESC",
    }
    found: list[dict[str, Any]] = []
    while page := _post(api, "/flow_runs/filter", {**body, "limit": 200, "offset": len(found)}):
        found += page
    return found


def settle(api: str, known: Collection[str], *, alone: bool = True) -> tuple[str, ...]:
    """Make the states true of what nobody works on any more; returns the ids to go on with.

    To be called when no worker and no engine of the stack runs; what somebody else's worker has on
    this machine is left alone. ``known``: ids of runs that were at work when the end came; those
    that have ended otherwise since are left alone too. ``alone``: the server listens to this
    machine only, so no worker of another one can be at what is not known.
    """
    resumable, alive = [], flow_runs_here()
    for run in at_work(api):
        if run["id"] in alive or not (alone or run["id"] in known):
            continue
        if run["state"]["type"] == "CANCELLING":
            _set(api, run["id"], "CANCELLED", "Cancelled", "cancelled while the stack was stopped")
        else:
            _set(api, run["id"], "CRASHED", "Crashed", INTERRUPTED)
            resumable.append(str(run["id"]))
    ended = [id for id in known if id not in resumable and _state(api, id) == "CRASHED"]
    return (*resumable, *ended)


def go_on(api: str, ids: Iterable[str]) -> list[str]:
    """Schedule interrupted flow runs again, each under its own id; returns their names.

    Only what is CRASHED still: one that a person or an automation has started again or deleted
    meanwhile is left alone.
    """
    names = []
    for id in ids:
        if _state(api, id) == "CRASHED":
            message = "goes on after the stack's start"
            _set(api, id, "SCHEDULED", "AwaitingRetry", message)
            names.append(str(_get(api, f"/flow_runs/{id}")["name"]))
    return names


def _state(api: str, id: str) -> str | None:
    """The type of a flow run's state; None: the server does not have it."""
    try:
        return str((_get(api, f"/flow_runs/{id}")["state"] or {}).get("type"))
    except httpx.HTTPStatusError:
        return None


def _set(api: str, id: str, kind: str, name: str, message: str) -> None:
    state = {"type": kind, "name": name, "message": message}
    _post(api, f"/flow_runs/{id}/set_state", {"state": state, "force": True})


def _get(api: str, path: str) -> Any:
    answer = httpx.get(f"{api}{path}", timeout=_SECONDS, auth=credentials())
    answer.raise_for_status()
    return answer.json()


def _post(api: str, path: str, body: Any) -> Any:
    answer = httpx.post(f"{api}{path}", json=body, timeout=_SECONDS, auth=credentials())
    answer.raise_for_status()
    return answer.json()


def online(api: str, pool: str, since: str) -> bool:
    """Whether a worker of a pool was heard after a moment (ISO 8601, UTC)."""
    try:
        workers = _post(api, f"/work_pools/{pool}/workers/filter", {})
    except httpx.HTTPError:
        return False
    return any((worker["last_heartbeat_time"] or "") >= since for worker in workers)
