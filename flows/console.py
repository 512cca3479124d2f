"""What a person sees of a run: ticks with seconds, reuse notices, a progress bar, and the results.

A log handler that renders the events of flows/progress.py. Where the output is no terminal, it
writes plain lines now and then instead of a bar.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from flows.champion import Decision
from flows.progress import ATTRIBUTE, Event
from flows.report import TITLES, Score, decimal, interval, models, tables

PLAIN_SECONDS = 15.0
"""Between two progress lines where there is no terminal."""
_WIDTH = 100


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


def make_console() -> Console:
    """The console for standard output; of a readable width where it is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


def show_scores(console: Console, scores: Sequence[Score], split: str = "test") -> None:
    """One table per metric: a column per model and baseline, value above its 95 % interval."""
    for metric, tasks in tables(scores, split).items():
        columns = models(tasks)
        table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=0)
        table.add_column("task", no_wrap=True)
        for name in columns:
            heading = "\n".join(wrap(name, 8, break_long_words=False))
            table.add_column(heading, justify="right", vertical="top", no_wrap=True)
        for task, rows in tasks.items():
            table.add_row(_about(task, rows), *(_cell(rows.get(model)) for model in columns))
        title = f"{TITLES.get(metric, metric)}, {split} split, with 95 % intervals"
        console.print(f"[bold]{escape(title)}[/]", table, sep="")


def _about(task: str, rows: Mapping[str, Score]) -> Text:
    one = next(iter(rows.values()))
    exposure = one["exposure"].replace("_", " ")
    text = Text(task.replace("_", " "), style="bold")
    return text.append(f"\n{exposure}\nn={one['n']}", style="not bold dim")


def _cell(score: Score | None) -> Text:
    if score is None:
        return Text("")
    style = "bold green" if score["model"] == "generalist" else ""
    text = Text(decimal(score["value"]), style=style)
    return text.append(f"\n{interval(score, 2)}", style="not bold dim")


def show_samples(console: Console, samples: Sequence[Mapping[str, str]]) -> None:
    """Prompts and how the model went on."""
    for number, sample in enumerate(samples, 1):
        console.print(f"[bold]Continuation {number}[/], of {escape(sample['document'])}")
        text = Text(sample["prompt"], style="dim")
        console.print(text.append(sample["continuation"], style="not dim green"))
        console.print()


def show_decision(console: Console, decision: Decision) -> None:
    """Promoted or not, and why."""
    mark = "[green]promoted[/]" if decision.promoted else "[yellow]not promoted[/]"
    console.print(f"[bold]Decision[/]: {mark}: {escape(decision.reason)}")


def show_places(console: Console, places: Mapping[str, Path | str]) -> None:
    """Names and where they are, one per line, unbroken so that they can be copied."""
    width = max(map(len, places))
    for name, place in places.items():
        console.print(f"{name:<{width}}  {escape(str(place))}", soft_wrap=True)
