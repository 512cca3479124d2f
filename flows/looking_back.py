"""What ``generalist history`` and ``generalist gc`` print."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flows.garbage import Found
from flows.page_making import size

if TYPE_CHECKING:
    from rich.console import Console


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
