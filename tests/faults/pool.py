"""A work pool with one place, a deployment in it, and the flow runs of that deployment."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.flows.processes import api, flow_log, prefect, wait_for

ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
SECONDS = 300
PATIENCE = 120
"""Seconds for a server to come back."""


def asked(env: Mapping[str, str], method: str, path: str, body: Any = None) -> Any:
    """One request; asked again while the server is down or its database is busy."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return api(env, method, path, body)
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            refused = isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500
            if refused or time.monotonic() > deadline:
                raise
            time.sleep(1)


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of its own per scene, so that no worker takes what is another's."""

    env: Mapping[str, str]
    name: str
    deployment: str
    """Its id."""

    @classmethod
    def made(
        cls,
        env: Mapping[str, str],
        name: str,
        flow: str,
        parameters: Mapping[str, Any],
        **more: Any,
    ) -> "Pool":
        """Pool and deployment; ``more``: fields of the deployment."""
        asked(env, "POST", "/work_pools/", {"name": name, "type": "process"})
        module = "pipeline" if flow == "nightly" else flow
        deployment = {
            "name": name,
            "flow_id": asked(env, "POST", "/flows/", {"name": flow})["id"],
            "entrypoint": f"flows.{module}.{flow}",
            "work_pool_name": name,
            "parameters": dict(parameters),
            "tags": ["generalist"],
            "pull_steps": [],
            "enforce_parameter_schema": False,
            **more,
        }
        made = asked(env, "POST", "/deployments/", deployment)
        return cls(env, name, made["id"])

    def worker(self, name: str) -> list[str]:
        """The command of a worker of this pool.

        Without ``--limit``: with it, Prefect 3.8.8's worker ends when a flow run that it has run is
        scheduled again ("this borrower is already holding one of this CapacityLimiter's tokens").
        """
        return prefect("worker", "start", "--pool", self.name, "--type", "process", "--name", name)

    def online(self, worker: str) -> bool:
        """Whether that worker has said so."""
        found = asked(self.env, "POST", f"/work_pools/{self.name}/workers/filter", {})
        return any(one["name"] == worker and one["status"] == "ONLINE" for one in found)

    def limit(self) -> None:
        """One flow run at a time, whatever the workers are."""
        body = {"concurrency_limit": 1}
        asked(self.env, "PATCH", f"/work_pools/{self.name}", body)

    def start(self, **parameters: Any) -> str:
        """A flow run, now; returns its id."""
        body = {"state": {"type": "SCHEDULED"}, "parameters": parameters}
        made = asked(self.env, "POST", f"/deployments/{self.deployment}/create_flow_run", body)
        return str(made["id"])

    def flow_run(self, flow_run: str) -> dict[str, Any]:
        found: dict[str, Any] = asked(self.env, "GET", f"/flow_runs/{flow_run}")
        return found

    def state(self, flow_run: str) -> str:
        return str(self.flow_run(flow_run)["state"]["type"])

    def cancel(self, flow_run: str) -> None:
        """As the button in Prefect's pages does."""
        body = {"state": {"type": "CANCELLING"}}
        asked(self.env, "POST", f"/flow_runs/{flow_run}/set_state", body)

    def reach(self, flow_run: str, wanted: str) -> str:
        """Wait for a state; AssertionError at once when it failed or was cancelled instead."""

        def there() -> bool:
            state = self.flow_run(flow_run)["state"]
            lost = state["type"] in ("FAILED", "CANCELLED") and state["type"] != wanted
            assert not lost, f"{state['type']}: {state['message']}"
            return bool(state["type"] == wanted)

        try:
            wait_for(wanted, there, SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}; {' → '.join(self.history(flow_run))}") from None
        return " → ".join(self.history(flow_run))

    def history(self, flow_run: str) -> list[str]:
        """Names of the states it went through, in order."""
        states = asked(self.env, "GET", f"/flow_run_states/?flow_run_id={flow_run}")
        return [state["name"] for state in sorted(states, key=lambda one: one["timestamp"])]

    def log(self, flow_run: str) -> str:
        return flow_log(self.env, {"id": flow_run})

    def unfinished(self) -> list[str]:
        """Flow runs of the deployment that are not over."""
        body = {"deployments": {"id": {"any_": [self.deployment]}}}
        found = asked(self.env, "POST", "/flow_runs/filter", body)
        left = [one for one in found if one["state_type"] not in ENDED]
        return [f"{one['name']} is {one['state_type']}" for one in left]

    def check(self) -> str:
        """No flow run of it is left over, so that its place is free."""
        left = self.unfinished()
        assert not left, "; ".join(left)
        return "no flow run left over"
