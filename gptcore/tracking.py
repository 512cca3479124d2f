"""Where metrics go: a Protocol, and the three trackers that gptcore needs itself.

gptcore knows nothing of MLflow: a training run appends lines to ``metrics.jsonl``, and whoever
started it reads them there, so a slow or absent tracking server can never hold a training step.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Tracker(Protocol):
    """Receives metrics by optimizer step."""

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Take the metrics of one step; must return quickly and never raise for a slow sink."""


class NullTracker:
    """Off."""

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Forget them."""


class MemoryTracker:
    """Keeps (step, metrics) pairs in ``rows``: for tests and notebooks."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[str, float]]] = []

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Append a copy."""
        self.rows.append((step, dict(metrics)))


class JsonlTracker:
    """Appends one JSON object per step to a file, flushed line by line.

    ``resume_at`` drops what an interrupted run wrote after its last checkpoint, so that no step
    stands there twice (the zig-zag charts of naive resumption).
    """

    def __init__(self, path: Path, *, resume_at: int = 0) -> None:
        kept = [row for row in read_jsonl(path) if int(row["step"]) <= resume_at]
        self._file = path.open("w", encoding="utf-8")
        for row in kept:
            self._write(row)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Append {"step": step, **metrics}."""
        self._write({"step": step, **metrics})

    def _write(self, row: Mapping[str, float]) -> None:
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()


def read_jsonl(path: Path) -> list[dict[str, float]]:
    """The whole lines of a metrics file; a last line without its end is still being written."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
