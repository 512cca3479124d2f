"""What is done about a step that cannot be right: it is skipped.

A loss or gradient that is no number, or a gradient many times as long as those before it, moves no
weight; schedule and data go on. A run in which nothing but such steps come ends. The judge sees the
loss and norm of all ranks together, so that all judge alike, and its memory is in the checkpoint.
"""

import math
import statistics
from typing import Any

from gptcore.config import TrainConfig
from gptcore.errors import TrainingError

MEMORY = 64
"""Norms that a spike is measured by: those of the last steps that were not skipped."""


class Guard:
    """Judges every step by its loss and gradient norm."""

    def __init__(self, config: TrainConfig, state: dict[str, Any]) -> None:
        """``state``: what ``state`` gave, or nothing at the beginning."""
        self._factor, self._limit = config.spike_factor, config.max_skipped
        self._norms: list[float] = list(state.get("norms", ()))
        self.skipped: int = state.get("skipped", 0)
        """Steps skipped since the start of the run."""
        self._in_a_row: int = state.get("in_a_row", 0)

    @property
    def state(self) -> dict[str, Any]:
        """All that it remembers."""
        return {"norms": list(self._norms), "skipped": self.skipped, "in_a_row": self._in_a_row}

    def reason(self, step: int, loss: float, norm: float) -> str | None:
        """Why this step must be skipped; None: it need not.

        TrainingError when too many were skipped one after another.
        """
        found = self._found(loss, norm)
        if found is None:
            self._norms = [*self._norms, norm][-MEMORY:]
            self._in_a_row = 0
            return None
        self.skipped += 1
        self._in_a_row += 1
        if self._in_a_row > self._limit:
            raise TrainingError(
                f"step {step}: {found}, as the {self._limit} steps before that were skipped; "
                "lower learning_rate, in another run directory"
            )
        return f"step {step} is skipped: {found}"

    def _found(self, loss: float, norm: float) -> str | None:
        if not math.isfinite(loss) or not math.isfinite(norm):
            return f"loss={loss}, gradient norm={norm}"
        if self._factor and len(self._norms) == MEMORY:
            median = statistics.median(self._norms)
            if norm > self._factor * median:
                return f"gradient norm={norm:.3g}, the median is {median:.3g}"
        return None
