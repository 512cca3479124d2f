"""Where metrics go: a Protocol, and the one tracker that gptcore needs itself.

gptcore knows nothing of MLflow: a training run appends lines to ``metrics.jsonl``, and whoever
started it reads them there, so a slow or absent tracking server can never hold a training step.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Tracker(Protocol):
    """Receives metrics by optimizer step."""

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Take the metrics of one step; must return quickly and never raise for a slow sink."""


class JsonlTracker:
    """Appends one JSON object per step to a file, flushed line by line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rewind(self, step: int) -> None:
        """Drop what an interrupted run wrote after ``step``, so that no step stands there twice."""
        rows = read_jsonl(self._path)
        kept = [json.dumps(row) + "\n" for row in rows if row["step"] <= step]
        aside = self._path.with_name(f".{self._path.name}")
        aside.write_text("".join(kept), encoding="utf-8")
        aside.replace(self._path)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Append {"step": step, **metrics}; JSON has no word for what is no number: left out."""
        known = {name: value for name, value in metrics.items() if math.isfinite(value)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **known}) + "\n")


class NullTracker:
    """Takes metrics and keeps nothing."""

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Nothing."""


def read_jsonl(path: Path) -> list[dict[str, float]]:
    """The rows of a metrics file; a line that is no row (still being written, damaged) is none."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [row for row in map(_row, lines) if row is not None]


def _row(line: str) -> dict[str, float] | None:
    try:
        row = json.loads(line)
        return row if "step" in row else None
    except (ValueError, TypeError):
        return None
