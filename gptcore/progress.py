"""Lines for people about a long run: how far it is, how fast, and when it will be done."""

import math
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

SECONDS = 15.0
"""Between two lines, at least."""


class Progress:
    """Says a line now and then; the pace is that since this process began."""

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        step: int,
        steps: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``step``: those done before, of ``steps``."""
        self._say, self._first, self._steps, self._clock = say, step, steps, clock
        self._start = self._last = clock()

    def tell(self, step: int, metrics: Mapping[str, float]) -> None:
        """Take the metrics of a step that was logged."""
        now = self._clock()
        if now - self._last < SECONDS:
            return
        self._last = now
        left = (now - self._start) / (step - self._first) * (self._steps - step)
        loss, rate = metrics.get("train/loss", math.nan), metrics["tokens_per_second"]
        self._say(
            f"step {step:,} of {self._steps:,}: loss {loss:.3f}, {rate:,.0f} tokens/s, "
            f"{timedelta(seconds=round(left))} left"
        )
