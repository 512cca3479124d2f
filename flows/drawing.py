"""Plots of the report page, drawn as HTML and SVG without a plotting library.

Drawn by hand for three things that a picture cannot do: they follow the reader's light or dark
mode, they keep their letters readable on a phone (marks stand at percentages of the width, text is
text), and their values are there for a screen reader. Classes are those of ``flows.page_style``.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from flows import report
from flows.markup import EMPTY, Markup, el, join
from flows.night import Difference, Rows
from flows.report import GENERALIST, LANGUAGE_MODEL_ONLY, RANDOM_MODEL, Line, Score
from tasks_to_text.scored import BAG_OF_WORDS, CHANCE, CHOICES_ONLY, MAJORITY

MARKS = {CHANCE: "bar", MAJORITY: "square", CHOICES_ONLY: "triangle", BAG_OF_WORDS: "diamond"}
RULE = "kite"
_OUTLINES = {
    "bar": "M0,-7 L0,7",
    "square": "M-3.5,-3.5 H3.5 V3.5 H-3.5 Z",
    "triangle": "M0,-4.5 L4.5,3.5 H-4.5 Z",
    "diamond": "M0,-5 L5,0 L0,5 L-5,0 Z",
    "kite": "M0,4.5 L4.5,-3.5 H-4.5 Z",
}
_HEIGHT = 24
_SMOOTHING = 0.04
"""Share of the rows that a point of a smoothed loss is the mean of."""


def scores_plot(found: Sequence[Line]) -> Markup:
    """Tasks with a bounded metric on one axis from 0 to 1, the others below it, each by itself."""
    bounded = [line for line in found if report.about(line.metric).maximum]
    unbounded = [line for line in found if not report.about(line.metric).maximum]
    parts: list[Markup] = []
    for heading, group in report.sections(bounded).items():
        parts.append(el("h4", heading))
        parts += [_task_row(line) for line in group]
    if bounded:
        ticks = (("0", 0.0), (".25", 0.25), (".5", 0.5), (".75", 0.75), ("1", 1.0))
        parts += [_axis_row(ticks), _legend(bounded)]
    parts += [_unbounded(line) for line in unbounded]
    return el("div", *parts, cls="plot", role="group", aria_label=_summary(found))


def differences_plot(tasks: Sequence[Difference], mean: Difference) -> Markup:
    """Challenger minus champion around zero: the mean, then a row per task, the best first."""
    rows = [mean, *sorted(tasks, key=lambda one: -one.value)]
    reach = max([0.01, *(max(abs(row.low), abs(row.high)) for row in rows)]) * 1.1
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0) if reach / s < 3)
    count = int(reach / step)
    ticks = [(_signed(i * step, "+.2g"), i * step) for i in range(-count, count + 1)]

    def place(value: float) -> float:
        return 0.5 + value / (2 * reach)

    parts = []
    for row in rows:
        kind = "better" if row.low > 0 else "worse" if row.high < 0 else "same"
        said = f"{row.task}: {row.value:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"
        marks = [
            *_grid([place(value) for _, value in ticks]),
            _line(place(0), place(0), "zero", 0, _HEIGHT),
            _line(place(row.low), place(row.high), f"interval {kind}"),
            _dot(place(row.value), f"dot {kind}", 5.5),
        ]
        value = el("span", _signed(row.value), cls=f"value {kind}")
        parts.append(_row(_name(row.task), _svg(marks, said), value))
    parts.append(_axis_row([(label, place(value)) for label, value in ticks]))
    about = "Paired differences between challenger and champion, validation split, by task"
    return el("div", *parts, cls="plot", role="group", aria_label=about)


def losses_plot(losses: Mapping[str, Rows]) -> Markup:
    """Loss by tokens on a logarithmic axis: training smoothed and thin, validation thick."""
    curves: list[tuple[str, str, list[tuple[float, float]]]] = []
    for model, rows in losses.items():
        style = "own" if model == GENERALIST else "twin"
        curves.append((model, f"train {style}", smoothed(_points(rows, "train/loss"))))
        curves.append((model, f"validation {style}", _points(rows, "validation/loss")))
    points = [point for _, _, curve in curves for point in curve]
    if not points:
        return EMPTY
    left, right = (f(x for x, _ in points) for f in (min, max))
    bottom, top = (f(y for _, y in points) for f in (min, max))
    top, bottom = top + 0.04 * (top - bottom or 1), bottom - 0.06 * (top - bottom or 1)
    width = math.log(right / left) or 1.0

    def across(x: float) -> float:
        return math.log(x / left) / width

    def down(y: float) -> float:
        return (top - y) / (top - bottom)

    drawn = [
        el(
            "polyline",
            points=" ".join(f"{1000 * across(x):.1f},{1000 * down(y):.1f}" for x, y in curve),
            cls=f"curve {kind}",
        )
        for _, kind, curve in curves
        if curve
    ]
    box = {"viewBox": "0 0 1000 1000", "preserveAspectRatio": "none", "cls": "canvas"}
    said = "; ".join(_last(model, kind, curve) for model, kind, curve in curves if curve)
    grid = [_tick(f"{y:g}", "y", down(y)) for y in _steps(bottom, top)]
    grid += [_tick(label, "x", across(x)) for label, x in _decades(left, right)]
    canvas = el("svg", el("title", said), *drawn, role="img", aria_label=said, **box)
    legend = [
        el("span", el("i", cls=f"swatch {kind}"), _last(model, kind, curve))
        for model, kind, curve in curves
        if curve
    ]
    return el(
        "div",
        el("div", *grid, canvas, cls="frame"),
        el("p", "tokens seen", cls="axis-title"),
        el("p", *legend, cls="legend"),
        cls="plot losses",
    )


def smoothed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means over rows around each point; fewer at the start, where a loss falls fast."""
    reach = max(int(len(points) * _SMOOTHING / 2), min(4, len(points) // 8))
    values = [y for _, y in points]
    windows = [values[i - min(reach, i) : i + min(reach, i) + 1] for i in range(len(points))]
    return [(x, math.fsum(w) / len(w)) for (x, _), w in zip(points, windows, strict=True)]


def bar(share: float) -> Markup:
    """A bar in a cell of a table."""
    return el("span", el("i", style=f"width:{100 * min(max(share, 0), 1):.1f}%"), cls="bar")


def swatch(kind: str) -> Markup:
    """The mark of a night, for a legend."""
    dot = el("circle", cx=10, cy=7, r=2.2 if kind == "judged" else 4, cls=f"night {kind}")
    return el("svg", dot, width=20, height=14, cls="key", aria_hidden="true")


def _task_row(line: Line) -> Markup:
    marks = _grid([0, 0.25, 0.5, 0.75, 1])
    for name, score in line.scores.items():
        if name not in report.MODELS:
            marks.append(_mark(name, report.share(score)))
    if line.own is not None:
        low, high = report.share(line.own, "low"), report.share(line.own, "high")
        marks.append(_line(low, min(high, 1), "interval own"))
        marks.append(_dot(report.share(line.own), "dot own", 5.5))
    twin = line.scores.get(LANGUAGE_MODEL_ONLY)
    if twin is not None:
        marks.append(_dot(report.share(twin), "dot twin", 4))
    value = report.decimal(line.own["value"]) if line.own else ""
    name = _name(line.task, line.measure)
    return _row(name, _svg(marks, _said(line)), el("span", value, cls="value own"))


def _unbounded(line: Line) -> Markup:
    """A task on an axis of its own, a row per model; logarithmic where they are far apart."""
    known = {name: s for name, s in line.scores.items() if s["low"] > 0}
    heading = f"{line.task.replace('_', ' ')} · {line.measure}"
    better = "higher" if report.about(line.metric).higher_is_better else "lower"
    head = el("h4", f"{heading}, {better} is better")
    if not known:
        return head
    least, most = min(s["low"] for s in known.values()), max(s["high"] for s in known.values())
    far = most > 20 * least
    scale = (lambda v: math.log(v / least)) if far else (lambda v: v)
    end = scale(most) or 1.0
    rows = [
        _model_row(name, score, lambda v: 0.97 * scale(v) / end) for name, score in known.items()
    ]
    return join([head, *rows, el("p", "logarithmic axis", cls="axis-title") if far else EMPTY])


def _model_row(name: str, score: Score, place: Callable[[float], float]) -> Markup:
    kind = {GENERALIST: "own", LANGUAGE_MODEL_ONLY: "twin"}.get(name, "other")
    marks = [
        _line(0, 1, "grid", _HEIGHT / 2, _HEIGHT / 2),
        _line(place(score["low"]), place(score["high"]), f"interval {kind}"),
        _dot(place(score["value"]), f"dot {kind}", 5),
    ]
    said = f"{name} {report.decimal(score['value'])} {report.interval(score)}".strip()
    value = el("span", report.decimal(score["value"]), cls=f"value {kind}")
    return _row(_name(name), _svg(marks, said), value)


def _row(name: Markup, track: Markup, value: Markup) -> Markup:
    return el("div", name, track, value, cls="row")


def _name(task: str, below: str = "") -> Markup:
    small = el("small", below) if below else EMPTY
    return el("span", task.replace("_", " "), " ", small, cls="name")


def _svg(marks: Iterable[Markup], said: str) -> Markup:
    box = {"width": "100%", "height": _HEIGHT, "cls": "track", "role": "img", "aria_label": said}
    return el("svg", el("title", said), *marks, **box)


def _grid(places: Iterable[float]) -> list[Markup]:
    return [_line(place, place, "grid", 0, _HEIGHT) for place in places]


def _line(
    start: float, end: float, kind: str, y1: float = _HEIGHT / 2, y2: float = _HEIGHT / 2
) -> Markup:
    return el("line", x1=_percent(start), x2=_percent(end), y1=y1, y2=y2, cls=kind)


def _dot(place: float, kind: str, radius: float) -> Markup:
    return el("circle", cx=_percent(place), cy=_HEIGHT / 2, r=radius, cls=kind)


def _mark(name: str, place: float) -> Markup:
    """A hollow mark; an inner svg carries it to a percentage of the width."""
    path = el("path", d=_OUTLINES[MARKS.get(name, RULE)], cls="mark")
    said = el("title", name)
    return el("svg", said, path, x=_percent(place), y=_HEIGHT / 2, overflow="visible")


def _legend(found: Sequence[Line]) -> Markup:
    names = {name for line in found for name in line.scores} - {RANDOM_MODEL}
    entries: dict[str, Markup] = {}
    if GENERALIST in names:
        ends = el("line", x1=0, x2=20, y1=7, y2=7, cls="interval own")
        entries["generalist, 95 % interval"] = join([ends, _legend_dot("own", 5)])
    if LANGUAGE_MODEL_ONLY in names:
        entries[LANGUAGE_MODEL_ONLY] = _legend_dot("twin", 4)
    hollow = {name: mark for name, mark in MARKS.items() if name in names}
    if names - {*report.MODELS, *MARKS}:
        hollow["rule"] = RULE
    for name, mark in hollow.items():
        entries[name] = el("path", d=_OUTLINES[mark], cls="mark", transform="translate(10 7)")
    keys = [
        el("span", el("svg", drawn, width=20, height=14, cls="key", aria_hidden="true"), name)
        for name, drawn in entries.items()
    ]
    return el("p", *keys, cls="legend")


def _legend_dot(kind: str, radius: float) -> Markup:
    return el("circle", cx=10, cy=7, r=radius, cls=f"dot {kind}")


def _axis_row(ticks: Iterable[tuple[str, float]]) -> Markup:
    labels = [el("span", label, style=f"left:{_percent(place)}") for label, place in ticks]
    return _row(el("span", cls="name"), el("div", *labels, cls="ticks"), el("span", cls="value"))


def _signed(value: float, form: str = "+.3f") -> str:
    return format(value, form).replace("-", "−") if value else "0"


def _tick(label: str, axis: str, place: float) -> Markup:
    side = "left" if axis == "x" else "top"
    return el("span", el("b", label), cls=f"tick {axis}", style=f"{side}:{_percent(place)}")


def _said(line: Line) -> str:
    values = ", ".join(f"{name} {report.decimal(s['value'])}" for name, s in line.scores.items())
    return f"{line.task.replace('_', ' ')}, {line.measure}: {values}"


def _summary(found: Sequence[Line]) -> str:
    return f"Scores of {len(found)} tasks with 95 % intervals beside baselines"


def _points(rows: Rows, key: str) -> list[tuple[float, float]]:
    found = [(row["tokens"], row[key]) for row in rows if key in row and row.get("tokens", 0) > 0]
    return [(x, y) for x, y in found if math.isfinite(y)]


def _last(model: str, kind: str, curve: Sequence[tuple[float, float]]) -> str:
    return f"{model}, {kind.split()[0]} {curve[-1][1]:.2f}"


def _steps(bottom: float, top: float) -> list[float]:
    step = next(s for s in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 1e9) if (top - bottom) / s <= 6)
    first = math.ceil(bottom / step)
    return [round(i * step, 4) for i in range(first, int(top / step) + 1)]


def _decades(left: float, right: float) -> list[tuple[str, float]]:
    """1, 2 and 5 times powers of ten inside a range; fewer where they would be many."""
    powers = range(math.floor(math.log10(left)), math.ceil(math.log10(right)) + 1)
    leads = (1, 2, 5) if right / left < 100 else (1, 3) if right / left < 3000 else (1,)
    values = [lead * 10.0**power for power in powers for lead in leads]
    return [(_short(value), value) for value in values if left <= value <= right]


def _short(value: float) -> str:
    units = ((1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, ""))
    size, unit = next((size, unit) for size, unit in units if value >= size)
    return f"{value / size:g}{unit}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
