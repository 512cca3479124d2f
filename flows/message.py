"""What a team reads about a night in its chat or mail: some lines of plain text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows import report
from flows.report import Line, Score
from tasks_to_text.scored import PLAIN

TASKS = 5
"""Lines of the table; the report has all."""
_LONGEST = 1500
"""Characters of an error that are sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A notification."""

    subject: str
    body: str


def night_message(
    profile: str,
    outcome: str,
    reason: str,
    scores: Sequence[Score],
    links: Mapping[str, str],
) -> Message:
    """About a night that went through.

    ``outcome``: few words, such as "promoted"; ``links``: name → address or path, of which empty
    ones are left out.
    """
    split = next(iter(report.splits(scores)), "")
    lines = [line for line in report.lines(scores, (), split) if line.own is not None]
    parts = [f"Profile {profile}: {outcome}.", report_sentence(reason), ""]
    if lines:
        parts += [f"{split} split, 95 % intervals:", "```", *_table(lines[:TASKS]), "```"]
        left = len(lines) - TASKS
        parts += [f"and {left} more in the report"] * (left > 0)
    parts += [f"{name}: {address}" for name, address in links.items() if address]
    return Message(subject=f"Generalist, {profile}: {outcome}", body="\n".join(parts))


def failure_message(profile: str, state: str, why: str, links: Mapping[str, str]) -> Message:
    """About a night that did not; the champion is what it was."""
    shown = why if len(why) <= _LONGEST else f"{why[:_LONGEST]} …"
    parts = [f"Profile {profile}: the nightly ended as {state}. The champion stays.", shown]
    parts += [f"{name}: {address}" for name, address in links.items() if address]
    return Message(subject=f"Generalist, {profile}: the nightly {state}", body="\n".join(parts))


def report_sentence(reason: str) -> str:
    """A reason as a sentence of its own."""
    return f"{reason[:1].upper()}{reason[1:]}{'' if reason.endswith('.') else '.'}"


def _table(lines: Sequence[Line]) -> list[str]:
    """Task, score with its interval, the best baseline without a model; in columns."""
    rows = [(line.task, line.measure, *_score(line), _baseline(line)) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _score(line: Line) -> tuple[str, str]:
    own = line.any_score
    return report.decimal(own["value"]), f"[{report.interval(own)}]"


def _baseline(line: Line) -> str:
    known = {name: line.scores[name]["value"] for name in PLAIN if name in line.scores}
    if not known:
        return report.NO_BASELINE
    best = max if report.about(line.metric).higher_is_better else min
    name = best(known, key=lambda one: float(known[one]))
    return f"{name} {report.decimal(known[name])}"
