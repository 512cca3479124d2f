"""What a person sees of a run: ticks with seconds, reuse notices, a progress bar, and the results.

A log handler that renders the events of flows/progress.py. Where the output is no terminal, it
writes plain lines now and then instead of a bar.
"""

import logging
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from flows import report
from flows.champion import Decision
from flows.progress import ATTRIBUTE, LOG, Event
from flows.report import Line, Score, Verdict, decimal, interval
from tasks_to_text.scored import CHANCE

PLAIN_SECONDS = 15.0
"""Between two progress lines where there is no terminal."""
_WIDTH = 100
_SAMPLE = 240
"""Characters of a prompt, and of a continuation, at the end of a run."""


class StageHandler(logging.Handler):
    """Renders stage events; other warnings as lines of their own."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.DEBUG)
        self._console = console
        self._bars = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[what]}", style="dim"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._bar: Any = None
        self._last_line = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        event: Event | None = getattr(record, ATTRIBUTE, None)
        if event is None:
            if record.levelno >= logging.WARNING:
                self._console.print(f"[yellow]! {escape(record.getMessage())}[/]")
            return
        match event.kind:
            case "started":
                self._start(event)
            case "progress":
                self._advance(event)
            case "finished":
                self._stop()
                self._console.print(f"[green]✓[/] {escape(event.label)}  {event.seconds:.1f} s")
            case "reused":
                self._console.print(f"[green]✓[/] reused {escape(event.label)}")
            case _:
                self._console.print(f"[yellow]! {escape(record.getMessage())}[/]")

    def close(self) -> None:
        """Take the bar away."""
        self._stop()
        super().close()

    def _start(self, event: Event) -> None:
        self._stop()
        self._last_line = time.monotonic()
        if self._console.is_terminal:
            self._bar = self._bars.add_task(escape(event.label), total=None, what="")
            self._bars.start()

    def _advance(self, event: Event) -> None:
        if self._bar is not None:
            self._bars.update(
                self._bar, completed=event.done, total=event.total or None, what=event.what
            )
        elif time.monotonic() - self._last_line >= PLAIN_SECONDS:
            self._last_line = time.monotonic()
            share = f"{100 * event.done / event.total:.0f} %" if event.total else str(event.done)
            self._console.print(f"  {escape(event.label)}: {share} {escape(event.what)}")

    def _stop(self) -> None:
        if self._bar is not None:
            self._bars.stop()
            self._bars.remove_task(self._bar)
            self._bar = None


@contextmanager
def staged(console: Console) -> Iterator[None]:
    """Stages that run inside are shown."""
    handler, before = StageHandler(console), (LOG.level, LOG.propagate)
    LOG.addHandler(handler)
    LOG.setLevel(logging.DEBUG)
    LOG.propagate = False
    try:
        yield
    finally:
        handler.close()
        LOG.removeHandler(handler)
        LOG.setLevel(before[0])
        LOG.propagate = before[1]


def make_console() -> Console:
    """The console for standard output; of a readable width where it is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


def show_scores(
    console: Console,
    scores: Sequence[Score],
    verdicts: Sequence[Verdict] = (),
    split: str = "test",
) -> None:
    """One table, a row per task in sections; the value stands above its 95 % interval."""
    found = report.sections(report.lines(scores, verdicts, split))
    if not found:
        console.print(f"[yellow]nothing was scored on the {escape(split)} split[/]")
        return
    columns, left_out = _fitting(found, console.width)
    console.print(f"[bold]Scores, {escape(split)} split, with 95 % intervals[/]")
    for place, (heading, lines) in enumerate(found.items()):
        table = _table(columns, wide=console.width - _needed(columns), header=place == 0)
        for line in lines:
            values = (_cell(line.scores.get(name)) for name in columns)
            table.add_row(_about(line), *values, _rules(line), "", _verdict(line))
        if place > 0:
            console.print(f"\n[bold]{escape(heading)}[/]")
        else:
            table.columns[0].header = Text(f"\n\n{heading}", style="bold")
        console.print(table)
    console.print()
    if left_out:
        console.print(f"[dim]Not enough room for: {', '.join(left_out)}; see the report.[/]")


_HEADINGS = {
    "generalist": (10, "generalist"),
    "language model only": (9, "language\nmodel\nonly"),
    "random model": (7, "random\nmodel"),
    "choices only": (7, "choices\nonly"),
    "bag of words": (6, "bag of\nwords"),
    "majority": (8, "majority"),
}
"""Columns of numbers: their width and what stands above."""
_TASK, _RULE, _VERDICT = 20, 10, 14
_FIRST_TO_GO = ("random model", "bag of words", "choices only", "majority", "language model only")


def _fitting(found: Mapping[str, Sequence[Line]], width: int) -> tuple[list[str], list[str]]:
    """Columns of numbers for which there is room, and those that there is none for."""
    lines = [line for group in found.values() for line in group]
    columns = [name for name in _HEADINGS if any(name in line.scores for line in lines)]
    left_out = []
    for name in _FIRST_TO_GO:
        if name in columns and _needed(columns) > width:
            columns.remove(name)
            left_out.append(name)
    return columns, left_out


def _needed(columns: Sequence[str]) -> int:
    return _TASK + _RULE + _VERDICT + sum(_HEADINGS[name][0] + 1 for name in columns) + 3


def _table(columns: Sequence[str], *, wide: int, header: bool) -> Table:
    """An empty table; ``wide``: characters beyond what it needs, given to its texts."""
    table = Table(box=SIMPLE_HEAD, show_header=header, show_edge=False, pad_edge=False, padding=0)
    more = min(max(wide, 0), 24) // 3
    table.add_column("task", width=_TASK + more)
    for name in columns:
        width, heading = _HEADINGS[name]
        table.add_column(heading, width=width, justify="right", no_wrap=True)
    table.add_column("chance\nor rule", width=_RULE + more, justify="right")
    table.add_column("", width=0)
    table.add_column("verdict", width=_VERDICT + more)
    return table


def _about(line: Line) -> Text:
    text = Text(line.task.replace("_", " "))
    metric = line.metric.replace("_", " ") + report.shots(line.any_score)
    return text.append(f"\n{metric}, n={line.any_score['n']:,}", style="dim")


def _cell(score: Score | None) -> Text:
    if score is None:
        return Text("")
    if score["model"] not in _WITH_INTERVAL:
        return Text(decimal(score["value"], 2), style="dim")
    style = "bold green" if score["model"] == report.GENERALIST else ""
    text = Text(decimal(score["value"]), style=style)
    return text.append(f"\n{interval(score, 2)}", style="not bold dim")


_WITH_INTERVAL = (report.GENERALIST, report.LANGUAGE_MODEL_ONLY)


def _rules(line: Line) -> Text:
    """Chance, then rules with their names."""
    parts = [decimal(line.scores[CHANCE]["value"], 2)] if CHANCE in line.scores else []
    parts += [f"{decimal(s['value'], 2)}\n{name}" for name, s in line.rules.items()]
    return Text("\n".join(parts), style="dim")


def _verdict(line: Line) -> Text:
    return Text(line.verdict.replace("; ", ";\n"), style="green" if line.is_good else "yellow")


def show_samples(console: Console, samples: Sequence[Mapping[str, Any]], number: int = 2) -> None:
    """Some prompts and how the model went on, shortened to a few lines."""
    going_on = [sample for sample in samples if "continuation" in sample][:number]
    for place, sample in enumerate(going_on, 1):
        console.print(f"[bold]Continuation {place}[/], of {escape(str(sample['document']))}")
        text = Text(_short(sample["prompt"], tail=True), style="dim")
        console.print(text.append(_short(sample["continuation"]), style="not dim green"))
        console.print()


def _short(text: str, tail: bool = False) -> str:
    """At most some lines of a text: its beginning, or its end."""
    text = printable(text)
    if len(text) <= _SAMPLE:
        return text
    return f"… {text[-_SAMPLE:]}" if tail else f"{text[:_SAMPLE]} …"


def printable(text: str) -> str:
    """Text of a corpus or a model without what a terminal obeys: controls, changes of direction."""
    return "".join(c if _is_shown(c) else "�" for c in text)


def _is_shown(character: str) -> bool:
    joins = "\u200c\u200d"  # between letters of Persian, Hindi and others
    kept = character.isprintable() or character in f"\n\t{joins}"
    return kept or unicodedata.category(character) == "Zs"


def show_decision(console: Console, decision: Decision) -> None:
    """Promoted or not, and why."""
    mark = "[green]promoted[/]" if decision.promoted else "[yellow]not promoted[/]"
    console.print(f"[bold]Decision[/]: {mark}: {escape(decision.reason)}")


def show_places(console: Console, places: Mapping[str, Path | str]) -> None:
    """Names and where they are, one per line, unbroken so that they can be copied."""
    width = max(map(len, places))
    for name, place in places.items():
        console.print(f"{name:<{width}}  {escape(str(place))}", soft_wrap=True)
