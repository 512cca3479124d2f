"""What a flow run's page in Prefect shows beside its log: a name, progress, results, links.

Progress comes from the stage events of flows/progress.py. A log handler notes the newest event of
every stage, which costs microseconds; a thread tells the server about it every few seconds. A
server that is down or hangs is waited for by that thread alone. Only flow runs that a worker has
started show progress: on the command line there are bars (flows/console.py).

An artifact's key is its place on the page "Artifacts", with all its versions: lower case, dashes.
"""

import contextvars
import logging
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.progress import ATTRIBUTE, LOG, Event
from flows.stages import by_worker

SECONDS = 5.0
"""Between two updates of the progress that a page shows."""
PATIENCE = 5.0
"""For one request of the thread's."""
END_SECONDS = 2.0
"""For the last update, where a flow run ends."""
_SHORT = 10.0
"""Seconds; a stage that takes no longer needs no progress."""
_KEPT = 3
"""Stages before the one at work, of whose end the server may not have heard yet."""


def run_name() -> str:
    """The name of a flow run: flow, profile, the time it was due in UTC."""
    from prefect.runtime import flow_run

    due = flow_run.scheduled_start_time or datetime.now(UTC)
    profile = flow_run.parameters.get("profile")
    parts = [flow_run.flow_name, profile, due.astimezone(UTC).strftime("%Y-%m-%d %H:%M")]
    return " · ".join(part for part in parts if part)


def artifact_key(*parts: str) -> str:
    """A key of words that may hold anything.

    >>> artifact_key("progress", "run", "My_profile")
    'progress-run-my-profile'
    """
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def show_markdown(markdown: str, *, key: str, description: str) -> None:
    """Put a text on the flow run's page; a server that does not take it costs a warning."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import ArtifactCreate
    from prefect.utilities.context import get_flow_run_id

    # Prefect's own functions would file it under the stage, among the progress of all stages.
    artifact = ArtifactCreate(
        key=artifact_key(key),
        type="markdown",
        data=markdown,
        description=description,
        flow_run_id=get_flow_run_id(),
    )
    try:
        get_client(sync_client=True).create_artifact(artifact)
    except Exception as error:
        LOG.warning("Prefect does not show %s: %s", key, error)


def show_link(link: str, text: str, *, key: str, description: str) -> None:
    """Put a link on the flow run's page, like ``show_markdown``."""
    show_markdown(f"[{text}]({link})", key=key, description=description)


def show_progress(flow: Any, flow_run: Any, state: Any) -> None:
    """A hook of flows that begin to run: from now on their page shows how far stages are."""
    if not by_worker() or any(isinstance(one, PageHandler) for one in LOG.handlers):
        return
    logger: logging.Logger | None = LOG
    while logger is not None:  # logs get an event every half minute, and the page all of them
        for handler in logger.handlers:
            handler.addFilter(_is_for_logs)
        logger = logger.parent if logger.propagate else None
    LOG.setLevel(logging.DEBUG)
    LOG.addHandler(PageHandler())


def _is_for_logs(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.INFO or record.name != LOG.name


@dataclass(slots=True)
class _Stage:
    """A stage as it stands, and what the server knows of it."""

    label: str
    task_run_id: Any
    flow_run_id: Any
    began: float = field(default_factory=time.monotonic)
    first: Event | None = None
    """Its first progress; a run that was resumed does not begin at 0."""
    first_at: float = 0.0
    event: Event | None = None
    told: Event | None = None
    took: float | None = None
    """Seconds, where it is done."""
    artifact_id: Any = None

    def take(self, event: Event) -> None:
        """Note an event."""
        if event.kind == "progress" and event.total:
            if self.first is None:
                self.first, self.first_at = event, time.monotonic()
            self.event = event
        elif event.kind == "finished" and self.event is not None:
            self.took = event.seconds
            last = self.event
            self.event = Event(
                kind="finished", label=self.label, done=last.total, total=last.total, what=last.what
            )

    @property
    def is_news(self) -> bool:
        """Whether the server should hear of it."""
        took = self.took if self.took is not None else time.monotonic() - self.began
        return took > _SHORT and self.event is not self.told

    def percent(self) -> float:
        """From 0 to 100."""
        assert self.event is not None
        return round(min(100.0, 100 * self.event.done / self.event.total), 1)

    def text(self) -> str:
        """How it stands, in Markdown."""
        assert self.event is not None and self.first is not None
        done, total = self.event.done, self.event.total
        parts = [f"**{self.percent():.0f} %**", self.event.what]
        passed = time.monotonic() - self.first_at
        if self.took is not None:
            parts.append(f"done after {_span(self.took)}")
        elif done > self.first.done:
            left = passed / (done - self.first.done) * (total - done)
            parts.append(f"about {_span(left)} left")
        parts += [f"{done:,} of {total:,}", f"`{self.label}`"]
        return " · ".join(part for part in parts if part)


def _span(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


class PageHandler(logging.Handler):
    """Notes stage events; a thread of its own keeps a progress artifact per stage up to date."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._now: _Stage | None = None
        """The stage at work; a flow run has one at a time."""
        self._stages: list[_Stage] = []
        self._wake, self._ending = threading.Event(), threading.Event()
        self._warned = False
        self._client: Any = None
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Note one record; asks nobody."""
        event: Event | None = getattr(record, ATTRIBUTE, None)
        if event is None:
            return
        if event.kind == "started":
            from prefect.utilities.context import get_task_and_flow_run_ids

            self._now = _Stage(event.label, *get_task_and_flow_run_ids())
            self._stages = [*self._stages[-_KEPT:], self._now]
            self._start()
        elif self._now is not None:
            self._now.take(event)
        if event.kind == "finished":
            self._now = None
            self._wake.set()

    def close(self) -> None:
        """Tell the server what it does not know yet, if it is quick."""
        self._ending.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(END_SECONDS)
        super().close()

    def _start(self) -> None:
        if self._thread is None:  # its warnings belong to the flow run of this thread
            work = contextvars.copy_context().run
            self._thread = threading.Thread(target=work, args=(self._work,), daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while not self._ending.is_set():
            self._wake.wait(SECONDS)
            self._wake.clear()
            self._tell()
        self._tell()  # what came while it was asked to end

    def _tell(self) -> None:
        for stage in [one for one in self._stages if one.is_news]:
            try:
                told = stage.event
                self._send(stage)
                stage.told = told
            except Exception as error:  # of whatever kind: the stage goes on
                if not self._warned:
                    LOG.warning("Prefect's page does not show the progress of stages: %s", error)
                self._warned = True

    def _send(self, stage: _Stage) -> None:
        from prefect.client.orchestration import get_client
        from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate

        if self._client is None:
            self._client = get_client(httpx_settings={"timeout": PATIENCE}, sync_client=True)
        if stage.artifact_id is not None:
            update = ArtifactUpdate(data=stage.percent(), description=stage.text())
            self._client.update_artifact(stage.artifact_id, update)
            return
        name = stage.label[: -len("-0123456789ab")]  # without the digest
        made = self._client.create_artifact(
            ArtifactCreate(
                key=artifact_key("progress", name),
                type="progress",
                data=stage.percent(),
                description=stage.text(),
                task_run_id=stage.task_run_id,
                flow_run_id=stage.flow_run_id,
            )
        )
        stage.artifact_id = made.id
