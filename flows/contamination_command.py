"""``generalist contamination``: whether the texts of an evaluation stand in a corpus, on its own.

No profile, no workspace, no server: files in, a table out. The measure and its limits are those of
``tasks_to_text.contamination``.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from flows.console import printable
from flows.errors import ConfigError
from flows.foreign import ForeignCorpus, evaluation_texts
from gptcore.new_directory import free, whole
from tasks_to_text.clean_and_dirty import TaskOverlap, by_task
from tasks_to_text.contamination import CHECK, GRAM, EvaluationText, Found, Overlap, find_overlaps
from tasks_to_text.metrics import Interval
from tasks_to_text.overlaps import write_overlaps

SEED = 0
"""Of the intervals."""
_PLAIN_SECONDS = 15.0
"""Between two lines where there is no terminal."""


def contamination(
    console: Console,
    corpus: Sequence[Path],
    tasks: Sequence[str],
    *,
    column: str,
    task_columns: Sequence[str],
    worst: int,
    out: Path | None,
    fail_above: float | None,
) -> bool:
    """Print what was found, write it to ``out`` if asked; whether no task exceeds ``fail_above``.

    ``fail_above``: the share of a task's and split's items that may be confirmed. ConfigError and
    DataError, for what is not there or cannot be read, come before the corpus is looked through,
    but for what is wrong inside its files.
    """
    if fail_above is not None and not 0 <= fail_above <= 1:
        raise ConfigError(f"--fail-above {fail_above}: give a share between 0 and 1")
    if worst < 0:
        raise ConfigError(f"--worst {worst}: use 0 or more")
    if out is not None:
        free(out)
    read = ForeignCorpus(corpus, column)
    items = evaluation_texts(tasks, task_columns)
    console.print(f"looking for {len(items):,} items in {read.total / 1e6:,.1f} MB of files")
    found = _looked_through(console, read, items)
    summaries = by_task(found.overlaps, seed=SEED)
    if out is not None:
        with whole(out) as directory:
            write_overlaps(found, directory, seed=SEED)
    _show(console, found, summaries, worst)
    for reason, n in sorted(read.tally.reasons.items()):
        console.print(f"[yellow]! {n:,} rows of the corpus were not looked through: {reason}[/]")
    if out is not None:
        console.print(f"written to {escape(str(out))}", soft_wrap=True)
    return fail_above is None or _within(console, summaries, fail_above)


def _looked_through(
    console: Console, read: ForeignCorpus, items: Sequence[EvaluationText]
) -> Found:
    """Find overlaps with a bar, or with lines now and then where there is no terminal."""
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} % of the files"),
        TextColumn("{task.fields[speed]}", style="dim"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    start = last = time.monotonic()
    n_read = 0
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        bar = bars.add_task("", total=read.total, speed="")

        def told(n_bytes: int) -> None:
            nonlocal n_read, last
            n_read += n_bytes
            now = time.monotonic()
            speed = f"{n_read / 1e6:,.0f} MB of text, {n_read / 1e6 / (now - start):.0f} MB/s"
            bars.update(bar, completed=read.done, description=escape(read.file), speed=speed)
            if not console.is_terminal and now - last > _PLAIN_SECONDS:
                last = now
                share = read.done / max(read.total, 1)
                console.print(f"  {escape(read.file)}: {share:.0%} of the files, {speed}")

        return find_overlaps(items, read.documents(), told)


def _show(console: Console, found: Found, summaries: Sequence[TaskOverlap], worst: int) -> None:
    console.print(
        f"[bold]Overlaps with {found.documents:,} documents[/], {found.n_bytes / 1e6:,.1f} MB, "
        f"{found.n_words:,} words; index {found.index_bytes / 1e6:,.1f} MB"
    )
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("task, split")
    for heading in (
        *("items", f"{GRAM}-grams", f"{GRAM}-grams found"),
        *("items touched", f"confirmed\n({CHECK} words)", "too short\n(found)"),
    ):
        table.add_column(heading, justify="right")
    for one in summaries:
        table.add_row(
            escape(printable(f"{one.task}, {one.split}")),
            f"{one.items:,}",
            f"{one.grams:,}",
            _percent(one.overlap),
            f"{one.touched:,} = {_percent(one.touched_share)}",
            f"{one.confirmed:,} = {_percent(one.confirmed_share)}",
            f"{one.too_short:,}\n({one.short_found:,})" if one.too_short else "",
        )
    console.print(table)
    console.print("[dim]Shares with 95 % intervals, by a bootstrap over groups.[/]\n")
    _show_worst(console, found.overlaps, worst)


def _percent(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return (
        f"{100 * interval.value:.2f} % [dim]{100 * interval.low:.2f}–{100 * interval.high:.2f}[/]"
    )


def _show_worst(console: Console, overlaps: Sequence[Overlap], number: int) -> None:
    suspects = [one for one in overlaps if one.n_found and not one.too_short]
    ordered = sorted(suspects, key=lambda one: (not one.confirmed, -one.share, -one.n_found))
    if not ordered or not number:
        return
    console.print(f"[bold]Worst items[/], {min(number, len(ordered))} of {len(ordered):,}")
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("item", f"{GRAM}-grams", "", "document"):
        table.add_column(heading, overflow="fold")
    for one in ordered[:number]:
        first = one.documents[0]
        table.add_row(
            escape(printable(f"{one.task}, {one.split}, {one.example_id}")),
            f"{one.n_found} of {one.n_grams}",
            "confirmed" if one.confirmed else "[dim]suspect[/]",
            escape(printable(f"{first.id} ({first.n})")),
        )
    console.print(table)


def _within(console: Console, summaries: Sequence[TaskOverlap], limit: float) -> bool:
    over = [one for one in summaries if one.confirmed_share.value > limit]
    for one in over:
        console.print(
            f"[red]{escape(printable(one.task))}, {one.split}: {one.confirmed:,} of {one.items:,} "
            f"items are confirmed, {one.confirmed_share.value:.2%}, and {limit:.2%} are allowed[/]"
        )
    return not over
