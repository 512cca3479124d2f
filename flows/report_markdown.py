"""Scores for people as Markdown: a table per section, and what its words mean."""

from collections.abc import Sequence
from pathlib import Path

from flows.read_before import ReadBefore, read
from flows.report import (
    COLUMNS,
    Line,
    Score,
    Verdict,
    decimal,
    interval,
    is_headline,
    lines,
    rank,
    read_scores,
    read_verdicts,
    safe,
    sections,
    splits,
    tables,
    title,
)

LEGEND = (
    "95 % intervals by a bootstrap over groups. *Unseen* tasks were in no training mixture: only "
    "their scores are zero-shot; *in the mixture* is multitask. The language model and the random "
    "model saw no task. Majority is fitted on a task's training rows or, where it has none, on the "
    "evaluated rows; choices only is the generalist without the prompt; a rule answers without any "
    "model; bag of words is an expert trained on the task. *Above all but bag of words*: better "
    "than chance, majority, choices only and every rule, one-sided, corrected for the number of "
    "tasks (Holm). *Above all baselines*: better than bag of words too, where there is one. *Above "
    "chance, majority, choices only*, as far as a task has them: a rule is not beaten; *below* it "
    "where the interval is, else *at or below* or *not clearly above* it. *Templates*: lowest to "
    "highest score of the generalist over the wordings of a task, and their number; all else is "
    "about the main one. *k-shot*: k solved examples stand before every prompt, from the "
    "training rows unless another split is named; nothing of this is zero-shot. *Cut*: items whose "
    "context lost its beginning because the model's is shorter. *Left out* of every row: examples "
    "with a target or choice longer than the context, or without a token of its own after it. *In "
    "the training text*: items of which 13 words in a row, or all of a shorter one, stand there, "
    "and the score on the others (*clean*). The validation split decides on promotion, the test "
    "split only reports."
)


def write(evaluation: Path, title: str) -> None:
    """Write table.md and scores.png beside the metrics.json of an evaluation."""
    from flows.plots import plot_scores

    scores, verdicts = read_scores(evaluation), read_verdicts(evaluation)
    text = markdown(scores, title, verdicts, read(evaluation))
    (evaluation / "table.md").write_text(text, encoding="utf-8")
    plot_scores(scores, evaluation / "scores.png", title)


def markdown(
    scores: Sequence[Score],
    title: str,
    verdicts: Sequence[Verdict] = (),
    contamination: Sequence[ReadBefore] = (),
) -> str:
    """Every score with its interval, the test split first."""
    parts = [f"# {safe(title)}", "", LEGEND, ""]
    for split in splits(scores):
        table = markdown_tables(scores, verdicts, split, contamination)
        parts += [f"## {split.capitalize()} split", "", table]
        parts += _others(scores, split)
    return "\n".join(parts)


def markdown_tables(
    scores: Sequence[Score],
    verdicts: Sequence[Verdict],
    split: str,
    contamination: Sequence[ReadBefore] = (),
) -> str:
    """A table per section, one row per task; columns that would be empty are left out."""
    parts: list[str] = []
    for heading, found in sections(lines(scores, verdicts, split, contamination)).items():
        columns = [name for name in COLUMNS if any(name in line.scores for line in found)]
        ruled = ["rule"] if any(line.rules for line in found) else []
        spread = ["templates"] if any(line.spread for line in found) else []
        read = ["in the training text"] if any(line.clean for line in found) else []
        less = ["cut, left out"] if any(line.incomplete for line in found) else []
        header = [
            "task",
            "metric",
            "n / groups",
            *columns,
            *ruled,
            *spread,
            *read,
            *less,
            "verdict",
        ]
        parts += [f"**{safe(heading)}**", "", f"| {' | '.join(header)} |"]
        parts.append("|---" * len(header) + "|")
        for line in found:
            one = line.any_score
            cells = [safe(line.task), line.measure, f"{one['n']:,} / {one['n_groups']:,}"]
            cells += [_cell(line.scores.get(name)) for name in columns]
            cells += [_rules(line)] if ruled else []
            cells += [line.spread] if spread else []
            cells += [line.clean] if read else []
            cells += [line.incomplete] if less else []
            parts.append(f"| {' | '.join([*cells, safe(line.verdict)])} |")
        parts.append("")
    return "\n".join(parts)


def _others(scores: Sequence[Score], split: str) -> list[str]:
    """The metrics beside the headline, if there are any."""
    others = [s for s in scores if not is_headline(s)]
    rows = [(t, m, r) for m, tasks in tables(others, split).items() for t, r in tasks.items()]
    if not rows:
        return []
    columns = sorted({name for _, _, found in rows for name in found}, key=rank)
    parts = ["**Other metrics**", "", f"| task | metric | {' | '.join(map(safe, columns))} |"]
    parts.append("|---" * (2 + len(columns)) + "|")
    for task, metric, found in sorted(rows, key=lambda row: row[:2]):
        cells = [safe(task), title(metric), *(_cell(found.get(name)) for name in columns)]
        parts.append(f"| {' | '.join(cells)} |")
    return [*parts, ""]


def _cell(score: Score | None) -> str:
    if score is None:
        return ""
    return f"{decimal(score['value'])} {interval(score)}".rstrip()


def _rules(line: Line) -> str:
    return ", ".join(f"{safe(name)} {decimal(s['value'])}" for name, s in line.rules.items())
