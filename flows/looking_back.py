"""What ``generalist history`` and ``generalist gc`` print."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flows.garbage import Found
from flows.history import History
from flows.page_making import size

if TYPE_CHECKING:
    from rich.console import Console


def show_history(console: "Console", history: History, number: int) -> None:
    """A row per decision, the newest last; the champion is marked."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    if not history.nights:
        console.print(f"no decision about {history.profile} yet: generalist run makes the first")
        return
    table = Table(box=SIMPLE_HEAD)
    for name in ("", "date", "outcome", "run", "mean", "reason"):
        table.add_column(name, overflow="fold", no_wrap=name != "reason")
    for night in history.nights[-number:]:
        mark = "*" if night.champion else "x" if night.gone else ""
        outcome = Text(night.outcome, "green" if night.promoted else "yellow")
        run = Text(night.run.removeprefix("run/"), "bold" if night.champion else "")
        mean = "" if night.mean is None else f"{night.mean:.3f}"
        reason = f"{night.reason} ({night.by})" if night.by else night.reason
        table.add_row(mark, night.date[:10], outcome, run, mean, Text(reason))
    console.print(table)
    gone = "; x: its run was removed" if any(night.gone for night in history.nights) else ""
    console.print(f"*: the champion{gone}; mean: of the tasks with a bounded metric, validation")


def show_garbage(console: "Console", found: Sequence[Found], *, dry_run: bool) -> None:
    """What goes and what stays, with sizes and reasons, and the total."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD)
    for name in ("", "what", "size", "why"):
        table.add_column(name, justify="right" if name == "size" else "left", overflow="fold")
    for one in found:
        fate = Text("goes", "yellow") if one.goes else Text("stays", "green")
        table.add_row(fate, Text(one.place), size(one.size), Text(one.why))
    if found:
        console.print(table)
    gone = [one for one in found if one.goes]
    freed = size(sum(one.size for one in gone))
    told = f"{len(gone)} of {len(found)} things, {freed}"
    console.print(
        f"would go: {told} (--dry-run: nothing was removed)" if dry_run else f"gone: {told}"
    )
