"""What makes a function a stage: a Prefect task without a cache of its own, tried again if that
may help.

A stage that a worker runs and that fails by something that passes (the trainer was killed, a server
or a disk did not answer) is tried again twice; it resumes, because what was finished is found again
and a run goes on from its checkpoint. What a person must mend fails at once, and so does everything
on the command line, where a person looks on. A stop or a cancellation is no failure: Prefect never
tries those again.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE

from flows.errors import FlowsError, TrainerCrashed
from gptcore.errors import GptcoreError
from tasks_to_text.errors import TasksToTextError

P = ParamSpec("P")
R = TypeVar("R")
RETRIES = 2
DELAYS = (10.0, 60.0)
"""Seconds before each: sooner, a late report that the process has died would undo a retry."""
MISTAKES = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError),
    *(NotImplementedError, SyntaxError, TypeError, ValueError),
)
"""Mistakes of ours or of a task file: the next attempt would make them too."""


def stage(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """The decorator of every stage.

    ``name``: what Prefect's UI calls its runs, with the function's parameters in braces, such as
    "prompts of {profile.name}". The docstring is shown there as its description.
    """

    return task(
        task_run_name=name,
        cache_policy=NO_CACHE,
        retries=RETRIES,
        retry_delay_seconds=list(DELAYS),
        retry_condition_fn=_again,
    )


def _again(task: Any, task_run: Any, state: Any) -> bool:
    """Whether Prefect is to try a failed stage again. Of a stage within a stage the outer is."""
    inner = bool(task_run.task_inputs.get("__parents__"))
    return by_worker() and not inner and may_pass(state.data)


def by_worker() -> bool:
    """Whether a worker runs this flow run, and no person in a terminal."""
    return "PREFECT__FLOW_RUN_ID" in os.environ


def may_pass(error: object) -> bool:
    """Whether the same work may succeed a little later.

    An error that one of the packages raises on purpose asks a person for something, unless it is
    the network that is behind it.
    """
    if isinstance(error, TrainerCrashed):
        return True
    if isinstance(error, FlowsError | GptcoreError | TasksToTextError):
        return any(_of_network(cause) for cause in _causes(error))
    return isinstance(error, Exception) and not isinstance(error, MISTAKES)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What is behind an error, the nearest first."""
    seen: set[int] = set()
    cause = error.__cause__
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _of_network(error: BaseException) -> bool:
    """Whether a server could not be reached, or failed (5xx)."""
    import httpx
    import requests

    status = getattr(getattr(error, "response", None), "status_code", 0)
    refused = isinstance(error, ConnectionError | TimeoutError | httpx.TransportError)
    refused = refused or isinstance(error, requests.ConnectionError | requests.Timeout)
    return refused or (isinstance(status, int) and status >= 500)
