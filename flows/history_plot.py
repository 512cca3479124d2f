"""The history on the report page: a small chart per task, night by night.

Small charts on axes of their own, because tasks are measured differently and twelve lines in one
frame cannot be told apart. Drawn as in ``flows.drawing``: places in percent of the width, so that
letters and marks keep their size.
"""

from collections.abc import Callable, Mapping, Sequence

from flows import report
from flows.drawing import swatch
from flows.history import BY_HAND, KEPT, PROMOTED, Asked, History, Past
from flows.markup import EMPTY, Markup, el

MOST = 60
"""Nights that are drawn: the last ones."""
_HEIGHT = 84
_MARGIN = 0.08
"""Of a chart's height, above and below."""
_KINDS = {PROMOTED: "promoted", BY_HAND: "hand", KEPT: "judged"}
"""Outcome → class of its mark."""


def history_plot(history: History) -> Markup:
    """The mean and a chart per task, in order of the alphabet; nothing before two nights."""
    nights = history.nights[-MOST:]
    if len(nights) < 2:
        return EMPTY
    means = {n: night.mean for n, night in enumerate(nights) if night.mean is not None}
    charts = [_chart("mean", "of the bounded metrics, 0 to 1", means, None, nights)]
    for task, asked in (history.tasks or {}).items():
        values = {n: night.scores[task] for n, night in enumerate(nights) if task in night.scores}
        charts.append(_chart(task, _measure(asked), values, asked.baseline, nights))
    legend = [
        *(el("span", swatch(kind), outcome) for outcome, kind in _KINDS.items()),
        el("span", el("i", cls="swatch reign"), "the champion’s score when it was promoted"),
        el("span", el("i", cls="swatch plain"), "best of chance, majority, choices only"),
    ]
    return el("div", el("div", *charts, cls="charts"), el("p", *legend, cls="legend"), cls="plot")


def _measure(asked: Asked) -> str:
    if not asked.metric:
        return "metric not known any more"
    better = "" if report.about(asked.metric).higher_is_better else ", lower is better"
    return f"{report.title(asked.metric)}{better}"


def _chart(
    name: str,
    measure: str,
    values: Mapping[int, float],
    baseline: float | None,
    nights: Sequence[Past],
) -> Markup:
    """Marks per night (number → value), the champion's score as steps, the baseline dashed."""
    if not values:
        return EMPTY
    ends = [*values.values(), *([] if baseline is None else [baseline])]
    down = _down(min(ends), max(ends))

    def across(n: float) -> str:
        return f"{100 * (n + 0.5) / len(nights):.2f}%"

    marks = []
    if baseline is not None:
        y = down(baseline)
        marks.append(el("line", x1="0%", x2="100%", y1=y, y2=y, cls="plain"))
    marks += [
        el("line", x1=across(start), x2=across(end), y1=down(value), y2=down(value), cls="reign")
        for start, end, value in _reigns(values, nights)
    ]
    marks += [_mark(nights[n], value, across(n), down(value)) for n, value in values.items()]
    last = report.decimal(list(values.values())[-1])
    said = f"{name}, {measure}: {len(values)} nights, the last {last}"
    canvas = {"width": "100%", "height": _HEIGHT, "role": "img", "aria_label": said}
    scale = [el("span", report.decimal(end)) for end in (max(ends), min(ends))]
    return el(
        "div",
        el("h4", name.replace("_", " "), " ", el("small", measure), el("b", last, cls="value own")),
        el("div", el("div", *scale, cls="ends"), el("svg", *marks, cls="track", **canvas)),
        el("p", *(el("span", night.date[:10]) for night in (nights[0], nights[-1])), cls="dates"),
        cls="chart",
    )


def _down(low: float, high: float) -> Callable[[float], str]:
    """Value → its place from the top."""

    def place(value: float) -> str:
        share = (high - value) / (high - low) if high > low else 0.5
        return f"{100 * (_MARGIN + (1 - 2 * _MARGIN) * share):.2f}%"

    return place


def _mark(night: Past, value: float, x: str, y: str) -> Markup:
    kind = _KINDS[night.outcome]
    said = f"{night.date[:10]}: {report.decimal(value)}, {night.outcome}"
    radius = 2.2 if kind == "judged" else 4
    return el("circle", el("title", said), cx=x, cy=y, r=radius, cls=f"night {kind}")


def _reigns(
    values: Mapping[int, float], nights: Sequence[Past]
) -> list[tuple[float, float, float]]:
    """From which night to which a run was champion, and its score when it became that."""
    crowned = [n for n, night in enumerate(nights) if night.promoted]
    ends = [*crowned, len(nights) - 0.5][1:]
    return [(n, end, values[n]) for n, end in zip(crowned, ends, strict=True) if n in values]
