"""What a stage says while it works: log records that read well alone and carry their facts.

One channel serves all: Prefect sends the records of the logger "flows" to its server (when
``PREFECT_LOGGING_EXTRA_LOGGERS`` names it), and the command line turns the same records into ticks
and progress bars (flows/console.py).
"""

import logging
import time
from dataclasses import dataclass
from typing import Literal

LOG = logging.getLogger("flows")
LOG.setLevel(logging.INFO)
ATTRIBUTE = "generalist_event"
"""Name under which a log record carries its Event."""
QUIET_SECONDS = 30.0
"""A progress message is worth a line of a log (level INFO) no more often than this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened to a product."""

    kind: Literal["started", "progress", "reused", "finished", "broken", "waiting"]
    label: str
    """kind/name of the product."""
    done: int = 0
    total: int = 0
    what: str = ""
    """Few words: what is being counted, or how it stands."""
    seconds: float = 0.0


def tell(event: Event, message: str, *, level: int = logging.INFO) -> None:
    """Log a message with its event."""
    LOG.log(level, message, extra={ATTRIBUTE: event})


class Progress:
    """The callable (done, total, what) that a long stage body calls as it goes."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._last_line = time.monotonic()

    def __call__(self, done: int, total: int, what: str) -> None:
        """Report; cheap enough for some hundred calls a second."""
        quiet = time.monotonic() - self._last_line < QUIET_SECONDS
        if not quiet:
            self._last_line = time.monotonic()
        event = Event(kind="progress", label=self._label, done=done, total=total, what=what)
        share = f"{100 * done / total:.0f} % " if total else f"{done} "
        message = f"{self._label}: {share}{what}".rstrip()
        tell(event, message, level=logging.DEBUG if quiet else logging.INFO)
