"""The plot of an evaluation: scores.png, a row per task.

Bounded metrics share an axis from 0 to 1 (chrF and BLEU divided by 100); perplexities and bits per
byte have a small panel each, because nothing makes them comparable.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows import report
from flows.report import GENERALIST, LANGUAGE_MODEL_ONLY, Line, Score
from tasks_to_text.scored import BAG_OF_WORDS, CHANCE, CHOICES_ONLY, MAJORITY

GREEN, BLUE, GREY, FAINT = "#0b6e4f", "#2f6fb0", "#6b6b6b", "#dddddd"
MARKERS = {CHANCE: "|", MAJORITY: "s", CHOICES_ONLY: "^", BAG_OF_WORDS: "D", "rule": "v"}
"""Hollow markers of what needs no model."""
_ROW, _WIDTH = 0.3, 8.0
"""Inches."""


def plot_scores(scores: Sequence[Score], path: Path, title: str) -> None:
    """Draw the headline scores of the test split, or of the only one there is, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    split = next(iter(report.splits(scores)), "test")
    found = report.lines(scores, (), split)
    bounded = [line for line in found if report.about(line.metric).maximum]
    unbounded = [line for line in found if not report.about(line.metric).maximum]
    n_rows = [len(bounded) + 1.2 * len(report.sections(bounded))] if bounded else []
    heights = [rows + 1.5 for rows in n_rows] + [len(line.scores) + 1.5 for line in unbounded] or [
        2.0
    ]
    figure = Figure(figsize=(_WIDTH, _ROW * sum(heights) + 1.0), layout="constrained")
    axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    figure.suptitle(f"{_plain(title)} · {split} split, 95 % intervals", fontsize=11)
    if bounded:
        _bounded(axes[0], bounded)
        _legend(figure, axes[0])
    for axis, line in zip(axes[len(n_rows) :], unbounded, strict=False):
        _unbounded(axis, line)
    if not found:
        axes[0].set_axis_off()
        axes[0].text(0.5, 0.5, "nothing was scored", ha="center")
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _bounded(axis: Any, found: Sequence[Line]) -> None:
    """One row per task under the heading of its section, from the top down."""
    y, ticks, labels = 0.0, [], []
    for heading, group in report.sections(found).items():
        y -= 1.2
        axis.text(0, y + 0.1, heading, fontsize=9, fontweight="bold", va="center")
        for line in group:
            y -= 1
            ticks.append(y)
            labels.append(f"{_plain(line.task)} · {line.measure}")
            _row(axis, line, y)
    axis.set_yticks(ticks, labels, fontsize=8.5)
    axis.set_ylim(y - 0.7, -0.4)
    axis.set_xlim(-0.01, 1.01)
    axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"], fontsize=8)
    _quiet(axis)


def _row(axis: Any, line: Line, y: float) -> None:
    axis.plot([0, 1], [y, y], color=FAINT, linewidth=0.6, zorder=0)
    for name, score in line.scores.items():
        if name in (GENERALIST, LANGUAGE_MODEL_ONLY):
            continue
        marker = MARKERS.get(name, "" if name in report.MODELS else MARKERS["rule"])
        if marker:
            hollow = {"markerfacecolor": "white", "markeredgecolor": GREY, "markeredgewidth": 1.0}
            size = 9 if marker == "|" else 5
            axis.plot(report.share(score), y, marker, markersize=size, zorder=2, **hollow)
    twin = line.scores.get(LANGUAGE_MODEL_ONLY)
    if twin is not None:
        axis.plot(report.share(twin), y, "o", color=BLUE, markersize=4.5, zorder=6)
    if line.own is not None:
        ends = [report.share(line.own, "low"), report.share(line.own, "high")]
        axis.plot(ends, [y, y], color=GREEN, linewidth=2.2, zorder=4, solid_capstyle="round")
        axis.plot(report.share(line.own), y, "o", color=GREEN, markersize=6.5, zorder=5)
        label = report.decimal(line.own["value"])
        axis.text(1.02, y, label, fontsize=8.5, color=GREEN, va="center")


def _unbounded(axis: Any, line: Line) -> None:
    """A row per model on an axis of their own, logarithmic where they are far apart."""
    known = {name: s for name, s in line.scores.items() if s["value"] > 0}
    for y, (name, score) in enumerate(reversed(known.items())):
        color = {GENERALIST: GREEN, LANGUAGE_MODEL_ONLY: BLUE}.get(name, GREY)
        axis.plot([score["low"], score["high"]], [y, y], color=color, linewidth=2.2)
        axis.plot(score["value"], y, "o", color=color, markersize=5)
        label, place = report.decimal(score["value"]), {"va": "center", "fontsize": 8.5}
        axis.text(1.005, y, label, transform=axis.get_yaxis_transform(), color=color, **place)
    values = [score["value"] for score in known.values()]
    if values and max(values) > 20 * min(values):
        axis.set_xscale("log")
    axis.margins(x=0.06)
    axis.set_ylim(-0.7, len(known) - 0.3)
    better = "higher" if report.about(line.metric).higher_is_better else "lower"
    name = f"{_plain(line.task)} · {line.measure}, {better} is better"
    axis.set_title(name, loc="left", fontsize=8.5, fontweight="bold")
    axis.set_yticks(range(len(known)), [_plain(name) for name in reversed(known)], fontsize=8.5)
    axis.tick_params(axis="x", labelsize=8)
    _quiet(axis)


def _legend(figure: Any, axis: Any) -> None:
    """What the markers mean, below the rows."""
    from matplotlib.lines import Line2D

    def dot(color: str, size: float) -> Any:
        return Line2D([], [], color=color, marker="o", markersize=size, linestyle="")

    def hollow(marker: str) -> Any:
        made = Line2D([], [], color=GREY, marker=marker, markersize=6, linestyle="")
        made.set_markerfacecolor("white")
        return made

    handles = {GENERALIST: dot(GREEN, 6.5), LANGUAGE_MODEL_ONLY: dot(BLUE, 5)}
    handles |= {name: hollow(marker) for name, marker in MARKERS.items()}
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside lower center",
        ncols=len(handles),
        fontsize=7.5,
        frameon=False,
        handletextpad=0.2,
        columnspacing=1.2,
    )


def _quiet(axis: Any) -> None:
    axis.grid(axis="x", color=FAINT, linewidth=0.6)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)


def _plain(text: str) -> str:
    """Text without what matplotlib takes for mathematics."""
    return text.replace("_", " ").replace("$", "\\$")
