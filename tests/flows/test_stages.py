"""Which failures of a stage are tried again, and which are told at once."""

from typing import Any

import httpx
import pytest
import requests
from prefect import Task
from prefect.client.schemas.objects import TaskRun
from prefect.states import Failed

from flows import (
    benchmark,
    contamination,
    convert,
    evaluate,
    gc,
    ingest,
    notify,
    pretrain,
    promote,
    publish,
    tokenize,
)
from flows.errors import (
    ConfigError,
    FlowsError,
    TrainerCrashed,
    TrainerError,
    TrainerStopped,
    WorkspaceError,
)
from flows.stages import DELAYS, RETRIES, may_pass
from tasks_to_text.errors import DataError, UnknownName

MODULES = (
    benchmark,
    contamination,
    convert,
    evaluate,
    gc,
    ingest,
    notify,
    pretrain,
    promote,
    publish,
    tokenize,
)
STAGES = {
    f"{module.__name__}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, Task) and value.fn.__module__ == module.__name__
}


def caused(error: Exception, cause: Exception) -> Exception:
    try:
        try:
            raise cause
        except Exception as behind:
            raise error from behind
    except Exception as made:
        return made


def unavailable() -> Exception:
    request = httpx.Request("GET", "http://hub")
    return httpx.HTTPStatusError("", request=request, response=httpx.Response(503, request=request))


PASSING = [
    TrainerCrashed("killed by SIGKILL"),
    OSError(5, "Input/output error"),
    httpx.ConnectError("refused"),
    requests.ConnectionError(),
    caused(DataError("the Hub cannot be reached"), requests.Timeout()),
    caused(DataError("the Hub cannot be reached"), unavailable()),
    caused(FlowsError("MLflow's store cannot be used"), caused(OSError(), ConnectionError())),
]
LASTING = [
    ConfigError("tokens=-1"),
    FlowsError("no champion yet"),
    WorkspaceError("the disk is full"),
    TrainerError("refused"),
    TrainerStopped("stopped"),
    DataError("rows"),
    UnknownName("task"),
    caused(DataError("no such column"), KeyError("text")),
    KeyError("a mistake"),
    ZeroDivisionError(),
    KeyboardInterrupt(),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_what_a_person_must_mend_or_has_stopped_is_not(error: BaseException) -> None:
    assert not may_pass(error)


def asked(stage: Task[Any, Any], error: Exception, *parents: Any) -> bool:
    """What Prefect is told after a failure."""
    inputs = {"__parents__": list(parents)} if parents else {}
    run = TaskRun(task_key="k", dynamic_key="0", task_inputs=inputs)
    assert stage.retry_condition_fn is not None
    return bool(stage.retry_condition_fn(stage, run, Failed(data=error)))


@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_every_stage_is_tried_again_by_a_worker_only(
    stage: Task[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stage.retries == RETRIES == 2 and min(DELAYS) >= 10
    assert stage.retry_delay_seconds == list(DELAYS)
    monkeypatch.delenv("PREFECT__FLOW_RUN_ID", raising=False)
    assert not asked(stage, TrainerCrashed("killed"))
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "some")
    assert asked(stage, TrainerCrashed("killed")) and not asked(stage, ConfigError("x"))
    within = {"input_type": "task_run", "id": "0190c0de-0000-7000-8000-000000000000"}
    assert not asked(stage, TrainerCrashed("killed"), within), "the stage around it is"


@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_every_stage_has_a_name_and_a_description(stage: Task[Any, Any]) -> None:
    assert isinstance(stage.task_run_name, str) and stage.description
    wanted = stage.task_run_name.partition("{")[2].partition("}")[0].partition(".")[0]
    assert wanted in ("", *stage.fn.__annotations__)
