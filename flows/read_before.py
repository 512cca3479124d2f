"""What of an evaluation the model had read before: per task, and the scores on what it had not.

One line per task and split, kept beside the scores (``contamination.json``). An item counts as read
before when 13 of its words in a row, or all of a shorter one, stand in the training text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tasks_to_text.clean_and_dirty import by_task, part_scores
from tasks_to_text.overlaps import OVERLAPS, read_overlaps
from tasks_to_text.scored import Item, Score

FILE = "contamination.json"
ReadBefore = Mapping[str, Any]
"""``task``, ``split``, ``items``, ``grams``, ``found`` (of the 8-grams), ``confirmed`` (items),
``too_short``; ``metric``, and ``clean`` and ``dirty``: the generalist's score there with ``value``,
``low``, ``high`` and ``n``, where there is one."""


def read_before(
    contamination: Path, items: Sequence[Item], scores: Sequence[Score], *, model: str, seed: int
) -> list[dict[str, Any]]:
    """A line per task and split, with the model's headline scores on both parts."""
    overlaps = read_overlaps(contamination / OVERLAPS)
    headline = {one.task: one.metric for one in scores if one.headline}
    own = [item for item in items if item.model == model and item.template == "main"]
    parts: dict[tuple[str, str], dict[str, Any]] = {}
    for one in part_scores(own, overlaps, seed=seed):
        if one.part != "all" and one.metric == headline.get(one.task):
            told = {name: getattr(one, name) for name in ("value", "low", "high", "n")}
            parts.setdefault((one.task, one.split), {})[one.part] = told
    scored = {(item.task, item.split) for item in own}
    kept = ("task", "split", "items", "grams", "found", "confirmed", "too_short")
    return [
        {
            **{name: value for name, value in asdict(one).items() if name in kept},
            "metric": headline[one.task],
            **parts.get((one.task, one.split), {}),
        }
        for one in by_task(overlaps, seed=seed)
        if (one.task, one.split) in scored
    ]


def read(evaluation: Path) -> list[ReadBefore]:
    """The lines of an evaluation; none where they were not computed."""
    path = evaluation / FILE
    if not path.exists():
        return []
    found: list[ReadBefore] = json.loads(path.read_text(encoding="utf-8"))
    return found
