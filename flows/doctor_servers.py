"""What the doctor asks of a Prefect server: schedules, workers, automations, flow runs that hang.

Through its REST API: the server may be that of this workspace's stack or any that PREFECT_API_URL
names.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from flows.finding import Finding, good, odd, told, wrong
from flows.stack_services import POOLS, answers
from flows.stack_state import State
from flows.team import credentials

PREFIX = "generalist: "
"""Of the names of our automations."""
HEARD = timedelta(seconds=90)
"""A worker says every 30 s that it lives; a flow run too."""
PATIENCE = timedelta(minutes=5)
LATE = timedelta(minutes=30)
_SECONDS = 20.0


def stack(state: State | None) -> Iterator[Finding]:
    """This workspace's own stack."""
    if state is None or not (state.running or state.processes):
        again = f"; {len(state.working)} flow runs wait for it" if state and state.working else ""
        yield told("stack", f"not up{again}: generalist up")
        return
    if not state.running:
        remedy = "generalist up tidies up, and goes on with what was at work"
        yield wrong("stack", f"its launcher (process {state.launcher.pid}) is gone", remedy)
        return
    yield good("stack", f"up, process {state.launcher.pid}")
    for name, process in state.processes.items():
        if not process.alive:
            remedy = "the launcher starts it again; if it keeps ending, see its log in stack/"
            yield odd(f"stack's {name}", f"process {process.pid} is gone", remedy)
    for name, url in (("Prefect", f"{state.prefect}/api/health"), ("MLflow", state.mlflow)):
        if answers(url if name == "Prefect" else f"{url}/health"):
            yield good(f"{name}'s server", url.removesuffix("/api/health"))
        else:
            remedy = "wait a minute; then end generalist up and start it again"
            yield wrong(f"{name}'s server", f"{url} does not answer", remedy)


def server(api: str, expected: Sequence[str]) -> Iterator[Finding]:
    """A Prefect server; ``expected``: names of the automations that it should have."""
    try:
        yield from _schedules(api)
        yield from (_workers(api, pool) for pool in POOLS)
        yield _automations(api, expected)
        yield from _flow_runs(api)
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
        # The last four: something answers, but it is no Prefect server.
        yield wrong("Prefect", f"{api} does not answer as it should: {error}", "see its log")


def _schedules(api: str) -> Iterator[Finding]:
    deploy = "generalist deploy (or generalist up)"
    answer = httpx.get(
        f"{api}/deployments/name/nightly/nightly", timeout=_SECONDS, auth=credentials()
    )
    if answer.status_code == 404:
        yield wrong("nightly", "is not deployed", deploy)
        return
    answer.raise_for_status()
    nightly = answer.json()
    active = [one for one in nightly["schedules"] if one["active"]]
    if nightly["paused"] or not active:
        yield odd("nightly", "its schedule is off", "Deployments → nightly: switch it on")
        return
    runs = _filter(
        api,
        "/flow_runs/filter",
        flow_runs={
            "deployment_id": {"any_": [nightly["id"]]},
            "state": {"type": {"any_": ["SCHEDULED"]}},
        },
        sort="EXPECTED_START_TIME_ASC",
    )
    now = datetime.now(UTC)
    starts = [_time(run["expected_start_time"]) for run in runs]
    coming = [start for start in starts if start > now]
    if coming:
        yield good(
            "nightly", f"{len(coming)} runs are scheduled, next {coming[0]:%Y-%m-%d %H:%M} UTC"
        )
    else:
        remedy = "check sqlalchemy above; restart the server, whose scheduler creates them"
        yield wrong("nightly", "has a schedule, but no runs come of it", remedy)
    late = [start for start in starts if start < now - LATE]
    if late:
        remedy = "a worker of its pool must be online; a run before it may still be at work"
        yield wrong("last night", f"due at {late[0]:%Y-%m-%d %H:%M} UTC, did not start", remedy)


def _workers(api: str, pool: str) -> Finding:
    about, start = f"workers of {pool}", "generalist up, or prefect worker start"
    answer = httpx.post(
        f"{api}/work_pools/{pool}/workers/filter", json={}, timeout=_SECONDS, auth=credentials()
    )
    if answer.status_code == 404:
        return wrong(about, "the pool is not there", "generalist deploy")
    answer.raise_for_status()
    now, workers = datetime.now(UTC), answer.json()
    heard = [w for w in workers if now - _time(w["last_heartbeat_time"]) < HEARD]
    if heard:
        return good(about, ", ".join(worker["name"] for worker in heard))
    return wrong(about, "none was heard in the last 90 s", f"{start} --pool {pool}")


def _automations(api: str, expected: Sequence[str]) -> Finding:
    found = _filter(api, "/automations/filter")
    enabled = {one["name"]: one["enabled"] for one in found}
    missing = [name for name in expected if name not in enabled]
    off = [name for name in expected if enabled.get(name) is False]
    if missing:
        said = f"{len(missing)} of {len(expected)} are missing: {', '.join(missing)}"
        return wrong("automations", said, "generalist deploy")
    if off:
        remedy = "Automations: switch them on, or a flow run that hangs stays so"
        return odd("automations", f"switched off: {', '.join(off)}", remedy)
    return good("automations", f"{len(expected)}, all enabled")


def _flow_runs(api: str) -> Iterator[Finding]:
    wanted = {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}}
    runs = _filter(api, "/flow_runs/filter", flow_runs=wanted)
    now, stale = datetime.now(UTC), []
    for run in runs:
        since = now - _time(run["state"]["timestamp"])
        if since > PATIENCE and not _heard(api, run["id"], now - PATIENCE):
            stale.append(
                f"{run['name']} ({run['state']['name']} for {since // timedelta(minutes=1)} min)"
            )
    if stale:
        remedy = "cancel them, or let the automations: generalist deploy"
        yield wrong("flow runs", f"without a sign of life: {', '.join(stale)}", remedy)
    elif runs:
        yield good("flow runs", f"{len(runs)} at work")
    else:
        yield good("flow runs", "none hangs")


def _heard(api: str, flow_run: str, since: datetime) -> bool:
    """Whether a flow run has sent a heartbeat since then."""
    wanted = {
        "event": {"name": ["prefect.flow-run.heartbeat"]},
        "resource": {"id": [f"prefect.flow-run.{flow_run}"]},
        "occurred": {"since": since.isoformat()},
    }
    body = {"filter": wanted, "limit": 1}
    answer = httpx.post(f"{api}/events/filter", json=body, timeout=_SECONDS, auth=credentials())
    answer.raise_for_status()
    return bool(answer.json()["events"])


def _filter(api: str, path: str, **body: Any) -> list[Mapping[str, Any]]:
    answer = httpx.post(f"{api}{path}", json=body, timeout=_SECONDS, auth=credentials())
    answer.raise_for_status()
    found: list[Mapping[str, Any]] = answer.json()
    return found


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
