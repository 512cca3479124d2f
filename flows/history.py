"""The nights of a profile so far: what the promotion log says, ready to be shown.

Scores are those of the validation split, which decide; the log has them without the metric, which
is taken from the newest evaluation that is still there and has the task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flows import report
from flows.champion import Decision, decisions
from flows.workspace import Workspace
from tasks_to_text.scored import PLAIN

PROMOTED, KEPT, BY_HAND = "promoted", "not promoted", "by hand"


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """One decision, looked back at."""

    date: str
    """ISO 8601."""
    outcome: str
    """PROMOTED, KEPT or BY_HAND."""
    champion: bool
    """Whether the run that it is about is champion since then, and still."""
    run: str
    """Directory, relative to the workspace."""
    gone: bool
    """Whether the run is no longer there."""
    mean: float | None
    """Of the tasks with a bounded metric, each on a scale from 0 to 1; None: there is no such."""
    scores: Mapping[str, float]
    """Headline score by task."""
    reason: str
    by: str
    """Who promoted it by hand; "": the gate decided."""

    @property
    def promoted(self) -> bool:
        """Whether the run became champion."""
        return self.outcome != KEPT


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a task is measured by, and compared with."""

    metric: str = ""
    """"": nobody knows any more."""
    baseline: float | None = None
    """Of chance, majority and choices only the best, as the newest evaluation has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """All decisions about a profile, oldest first."""

    profile: str = ""
    nights: Sequence[Past] = ()
    tasks: Mapping[str, Asked] | None = None
    """Every task that was scored, in order of the alphabet."""

    def plain(self, number: int) -> list[dict[str, Any]]:
        """The last nights as JSON-able values."""
        return [asdict(night) for night in self.nights[-number:]]


def history(workspace: Workspace, profile: str, until: str = "") -> History:
    """The decisions about a profile, to the last one with the key ``until``; "": all."""
    judged = decisions(workspace, profile)
    ends = [place for place, decision in enumerate(judged, start=1) if decision.key == until]
    judged = judged[: ends[-1] if ends else None]
    tasks = _tasks(workspace, judged)
    champion = next((one for one in reversed(judged) if one.promoted), None)
    nights = [_past(workspace, one, tasks, champion=one is champion) for one in judged]
    return History(profile=profile, nights=tuple(nights), tasks=tasks)


def _past(
    workspace: Workspace, decision: Decision, tasks: Mapping[str, Asked], *, champion: bool
) -> Past:
    outcome = BY_HAND if decision.by else PROMOTED if decision.promoted else KEPT
    return Past(
        date=decision.date,
        outcome=outcome,
        champion=champion,
        run=decision.run,
        gone=not (workspace.root / decision.run).exists(),
        mean=_mean(decision.scores, tasks),
        scores=dict(decision.scores),
        reason=decision.reason,
        by=decision.by,
    )


def _mean(scores: Mapping[str, float], tasks: Mapping[str, Asked]) -> float | None:
    shares = [
        value / most
        for task, value in scores.items()
        if (most := report.about(tasks[task].metric).maximum)
    ]
    return sum(shares) / len(shares) if shares else None


def _tasks(workspace: Workspace, judged: Sequence[Decision]) -> dict[str, Asked]:
    """Task → what is known of it; evaluations are read from the newest on until all are found."""
    missing = {task for decision in judged for task in decision.scores}
    found = {task: Asked() for task in sorted(missing)}
    for decision in reversed(judged):
        if not missing:
            break
        try:
            scores = report.read_scores(workspace.root / decision.evaluation)
        except (OSError, ValueError):
            continue
        for line in report.lines(scores, (), "validation"):
            if line.task in missing:
                found[line.task] = Asked(metric=line.metric, baseline=_baseline(line))
                missing.discard(line.task)
    return found


def _baseline(line: report.Line) -> float | None:
    values = [line.scores[name]["value"] for name in PLAIN if name in line.scores]
    best = max if report.about(line.metric).higher_is_better else min
    return float(best(values)) if values else None
