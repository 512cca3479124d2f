"""Scores for people: a Markdown table, a plot, and the names under which MLflow shows them.

Works on scores as plain rows (task, split, model, metric, value, low, high, n, n_groups, exposure),
the content of metrics.json. Text that comes from tasks and models is escaped.
"""

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Score = Mapping[str, Any]

ORDER = (
    "generalist",
    "language model only",
    "random model",
    "choices only",
    "bag of words",
    "majority",
    "chance",
    "lzma",
)
"""Models and baselines from the one that matters to the simplest; others follow by name."""
TITLES = {
    "acc": "Accuracy",
    "bits_per_byte": "Bits per byte, lower is better",
}
_COLORS = {"generalist": "#0b6e4f", "language model only": "#2f6fb0", "random model": "#8a6fb0"}
_GREY = "#777777"


def read_scores(evaluation: Path) -> list[Score]:
    """The scores of a finished evaluation."""
    scores: list[Score] = json.loads((evaluation / "metrics.json").read_text(encoding="utf-8"))
    return scores


def tables(scores: Sequence[Score], split: str) -> dict[str, dict[str, dict[str, Score]]]:
    """metric → task → model → score of one split, models in ORDER."""
    found: dict[str, dict[str, dict[str, Score]]] = {}
    ranked = sorted((s for s in scores if s["split"] == split), key=lambda s: _rank(s["model"]))
    for score in ranked:
        tasks = found.setdefault(score["metric"], {})
        tasks.setdefault(score["task"], {})[score["model"]] = score
    return {metric: dict(sorted(found[metric].items())) for metric in sorted(found)}


def models(tasks: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """Every model of a table, in ORDER."""
    return sorted({model for rows in tasks.values() for model in rows}, key=_rank)


def interval(score: Score, digits: int = 3) -> str:
    """The 95 % interval for print; empty for a constant such as chance."""
    if score["low"] == score["high"]:
        return ""
    return f"{decimal(score['low'], digits)}–{decimal(score['high'], digits)}"


def decimal(value: float, digits: int = 3) -> str:
    """So many digits, without the zero before the point; two for numbers beyond 1: .825, 2.31."""
    return f"{value:.{digits}f}".removeprefix("0") if abs(value) < 1 else f"{value:.2f}"


def metrics(scores: Sequence[Score], model: str = ORDER[0]) -> dict[str, float]:
    """Names that make MLflow's charts read well, for one model.

    One section per task with everything about it (``eval/<task>/…``), and one headline section per
    metric with a line per task (``eval_acc/<task>``), all of the test split; what decides is
    beside it as ``eval/<task>/validation_…``.
    """
    found: dict[str, float] = {}
    for s in scores:
        name, section = s["metric"], f"eval/{s['task']}"
        if s["model"] != model:
            if s["split"] == "test":
                found[f"{section}/{s['model'].replace(' ', '_')}"] = s["value"]
            continue
        prefix = "" if s["split"] == "test" else f"{s['split']}_"
        found[f"{section}/{prefix}{name}"] = s["value"]
        found[f"{section}/{prefix}{name}_low"] = s["low"]
        found[f"{section}/{prefix}{name}_high"] = s["high"]
        if s["split"] == "test":
            found[f"eval_{name}/{s['task']}"] = s["value"]
    return found


def write(evaluation: Path, title: str) -> None:
    """Write table.md and scores.png beside the metrics.json of an evaluation."""
    scores = read_scores(evaluation)
    (evaluation / "table.md").write_text(markdown(scores, title), encoding="utf-8")
    plot(scores, evaluation / "scores.png", title)


def markdown(scores: Sequence[Score], title: str) -> str:
    """Every score with its interval, the test split first."""
    lines = [f"# {_safe(title)}", "", _LEGEND, ""]
    for split in ("test", "validation"):
        for metric, tasks in tables(scores, split).items():
            columns = models(tasks)
            lines += [f"## {TITLES.get(metric, metric)}, {split} split", ""]
            lines.append(f"| task | exposure | n | groups | {' | '.join(columns)} |")
            lines.append("|---" * (4 + len(columns)) + "|")
            for task, rows in tasks.items():
                any_row = next(iter(rows.values()))
                cells = [_cell(rows.get(model)) for model in columns]
                about = [_safe(task), any_row["exposure"].replace("_", " ")]
                about += [str(any_row["n"]), str(any_row["n_groups"])]
                lines.append(f"| {' | '.join(about + cells)} |")
            lines.append("")
    return "\n".join(lines)


_LEGEND = (
    "95 % intervals by a bootstrap over groups. Exposure of the generalist: *unseen* tasks were in "
    "no training mixture, only their scores are zero-shot; *in mixture* is multitask. The language "
    "model and the random model saw no task; majority and bag of words are fitted on each task's "
    "training rows. The validation split decides on promotion, the test split only reports."
)


def plot(scores: Sequence[Score], path: Path, title: str) -> None:
    """One panel per task, one row per model and baseline: point and 95 % interval, test split."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    split = "test" if any(s["split"] == "test" for s in scores) else "validation"
    panels = [
        (metric, task, rows)
        for metric, tasks in tables(scores, split).items()
        for task, rows in tasks.items()
    ]
    heights = [len(rows) + 1.2 for _, _, rows in panels]
    figure = Figure(figsize=(8, 0.3 * sum(heights) + 0.9), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (metric, task, rows) in zip(axes, panels, strict=True):
        _panel(axis, metric, task, rows)
    figure.suptitle(f"{title} · {split} split, 95 % intervals", fontsize=11)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _panel(axis: Any, metric: str, task: str, rows: Mapping[str, Score]) -> None:
    names = list(rows)[::-1]
    for y, name in enumerate(names):
        s, color = rows[name], _COLORS.get(name, _GREY)
        axis.plot([s["low"], s["high"]], [y, y], color=color, linewidth=2)
        axis.plot(s["value"], y, "o", color=color, markersize=6)
        axis.annotate(
            decimal(s["value"]),
            (s["high"], y),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=color,
        )
    axis.set_yticks(range(len(names)), names, fontsize=9)
    axis.set_ylim(-0.7, len(names) - 0.3)
    if metric == "acc":
        axis.set_xlim(0, 1.08)
        axis.set_xticks([0, 0.25, 0.5, 0.75, 1])
    else:
        axis.set_xlim(0, 1.1 * max(s["high"] for s in rows.values()))
    any_row = next(iter(rows.values()))
    exposure = any_row["exposure"].replace("_", " ")
    what = TITLES.get(metric, metric).lower()
    label = f"{task.replace('_', ' ')}: {what} ({exposure}, n={any_row['n']})"
    axis.set_title(label, loc="left", fontsize=10)
    axis.grid(axis="x", color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)


def _cell(score: Score | None) -> str:
    if score is None:
        return ""
    return f"{decimal(score['value'])} {interval(score)}".rstrip()


def _rank(model: str) -> tuple[int, str]:
    return (ORDER.index(model) if model in ORDER else len(ORDER), model)


def _safe(text: str) -> str:
    """Text that neither HTML nor a Markdown table takes for markup."""
    return html.escape(text, quote=False).replace("|", "\\|").replace("\n", " ")
