"""Prefect's automations that see to it that a flow run never hangs and never is lost.

A worker or a machine that dies can report nothing, so the server must notice: a flow run whose
heartbeats stop, that a worker took and never started, or whose cancellation nobody carries out,
keeps its place in a pool for good. Each of these is ended after some time, and what crashed is
scheduled again; the stages reuse what is finished and the trainer its last checkpoint. What failed
(a mistake) or was cancelled (a person) is left alone.

Peculiar to Prefect 3.8:

- An engine's crash is reported twice, seconds apart, and the second report overwrites a state set
  in between: hence ``Patience.reschedule``, which every further report begins anew.
- The server looks at what did *not* happen every 5 s, and no ``within`` of that kind is below 10 s.
- Going from an end state to CRASHED is refused there, so a heartbeat that comes late harms nothing.
- The times a flow run was started are a label of its events, ``prefect.run-count``.

Source: https://docs.prefect.io/v3/advanced/detect-zombie-flows and prefect/server/events/triggers.
"""

import math
from dataclasses import dataclass, fields
from datetime import timedelta

from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.errors import ConfigError
from flows.prefect_settings import HEARTBEAT_SECONDS

TAG = "generalist"
"""Of our deployments, hence of their flow runs, and of our automations."""
PREFIX = "generalist: "
"""Of the names of our automations."""
ATTEMPTS = 3
"""A flow run that crashed so often stays crashed."""
LEAST_SECONDS = 10.0
"""The server takes no less for what does not happen."""
NEVER_STARTED = "NeverStarted"
GAVE_UP = "GaveUp"

_EVENT = "prefect.flow-run."
_ENDED = ("Completed", "Skipped", "Failed", "TimedOut", "Cancelled", "Crashed", NEVER_STARTED)
_PENDING = ("Pending", "Submitting", "InfrastructurePending")
_WAITING = ("Scheduled", "AwaitingRetry", "Paused", "Suspended", "Cancelling")


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long what is missing is waited for, in seconds."""

    heartbeat: float = 3 * HEARTBEAT_SECONDS
    """From a heartbeat to the next."""
    pending: float = 300.0
    """From a worker's taking a flow run to its start; a cluster may have to fetch an image."""
    cancelling: float = 120.0
    """From the wish to the end; a worker gives 30 s for a checkpoint."""
    reschedule: float = 30.0
    """From a crash to the next attempt; a busy worker's second report came 23 s after the first."""
    give_up: float = 3600.0
    """In which ATTEMPTS starts that never happened are enough."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not LEAST_SECONDS <= value < math.inf:
                raise ConfigError(f"{each.name}={value}: use at least {LEAST_SECONDS:.0f} seconds")


def automations(patience: Patience | None = None) -> list[AutomationCore]:
    """All of ours; their names are the keys under which they are updated."""
    wait = patience or Patience()
    return [
        _absent(
            "heartbeat lost",
            f"No heartbeat for {wait.heartbeat:.0f} s: the flow run has crashed.",
            after=("heartbeat",),
            expect=("heartbeat", *_ENDED, *_WAITING),
            within=wait.heartbeat,
            action=_change(
                StateType.CRASHED, "Crashed", f"no heartbeat for {wait.heartbeat:.0f} s"
            ),
        ),
        _absent(
            "never started",
            f"Taken by a worker and not started within {wait.pending:.0f} s: it has crashed.",
            after=_PENDING,
            expect=("*",),
            within=wait.pending,
            action=_change(
                StateType.CRASHED,
                NEVER_STARTED,
                f"a worker took it and did not start it within {wait.pending:.0f} s",
            ),
        ),
        _absent(
            "cancellation unheard",
            f"To be cancelled for {wait.cancelling:.0f} s: it is, its worker is gone.",
            after=("Cancelling",),
            expect=_ENDED,
            within=wait.cancelling,
            action=_change(StateType.CANCELLED, "Cancelled", "its worker is gone"),
        ),
        _absent(
            "crashed, tried again",
            f"Crashed and started fewer than {ATTEMPTS} times: scheduled again; it goes on from "
            "what is finished and from the last checkpoint.",
            after=("Crashed",),
            expect=("*",),
            within=wait.reschedule,
            run_count=[str(count) for count in range(1, ATTEMPTS)],
            action=_change(StateType.SCHEDULED, "AwaitingRetry", "crashed: scheduled again"),
        ),
        _absent(
            "never started, tried again",
            "Never started: scheduled again.",
            after=(NEVER_STARTED,),
            expect=("*",),
            within=wait.reschedule,
            action=_change(StateType.SCHEDULED, "AwaitingRetry", "never started: scheduled again"),
        ),
        AutomationCore(
            name=f"{PREFIX}never started, given up",
            description=f"Not started {ATTEMPTS} times: left crashed.",
            tags=[TAG],
            trigger=EventTrigger(
                expect=_events((NEVER_STARTED,)),
                match=_match(None),
                match_related=_OURS,
                for_each={"prefect.resource.id"},
                posture=Posture.Reactive,
                threshold=ATTEMPTS,
                within=timedelta(seconds=wait.give_up),
            ),
            actions=[
                _change(
                    StateType.CRASHED,
                    GAVE_UP,
                    f"taken by a worker {ATTEMPTS} times and never started",
                    force=True,
                )
            ],
        ),
    ]


_Labels = dict[str, str | list[str]]
_OURS: _Labels = {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{TAG}"}


def _absent(
    name: str,
    description: str,
    *,
    after: tuple[str, ...],
    expect: tuple[str, ...],
    within: float,
    action: ChangeFlowRunState,
    run_count: list[str] | None = None,
) -> AutomationCore:
    """An automation about what does not happen to one of our flow runs after something did."""
    return AutomationCore(
        name=f"{PREFIX}{name}",
        description=description,
        tags=[TAG],
        trigger=EventTrigger(
            after=_events(after),
            expect=_events(expect),
            match=_match(run_count),
            match_related=_OURS,
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=within),
        ),
        actions=[action],
    )


def _events(names: tuple[str, ...]) -> set[str]:
    return {f"{_EVENT}{name}" for name in names}


def _match(run_count: list[str] | None) -> _Labels:
    flow_runs: _Labels = {"prefect.resource.id": f"{_EVENT}*"}
    return flow_runs if run_count is None else {**flow_runs, "prefect.run-count": run_count}


def _change(
    state: StateType, name: str, message: str, *, force: bool = False
) -> ChangeFlowRunState:
    return ChangeFlowRunState(state=state, name=name, message=message, force=force)
