"""Commands for whoever runs the nightly: roll back, look back, clean up."""

import argparse
from collections.abc import Callable
from typing import Any


def add_night(add: Callable[..., argparse.ArgumentParser], named: Any) -> None:
    """Put the commands of this module on the command line, but for promote, a stage."""
    history = add("history", "every decision about a profile, and who is champion", named)
    history.add_argument("--number", type=int, default=30, metavar="N", help="the last N nights")
    history.add_argument("--format", choices=("table", "json"), default="table")
    gc = add("gc", "remove what the last nights and no champion need")
    gc.add_argument("--keep", type=int, default=14, metavar="N", help="nights per profile")
    gc.add_argument("--dry-run", action="store_true", help="only say what would go, and why")


def promote(options: argparse.Namespace) -> int:
    """The gate; with ``--to`` a run becomes champion by hand, and Prefect does not start."""
    from flows.errors import FlowsError

    if options.to is None:
        if options.reason:
            raise FlowsError(f"--reason={options.reason!r}: it belongs to --to RUN")
        from flows.commands import run

        return run(options)
    from flows.by_hand import promote_by_hand
    from flows.console import make_console, show_decision, staged
    from flows.profiles import load
    from flows.workspace import Workspace

    load(options.profile)
    console = make_console()
    with staged(console):
        decision, new = promote_by_hand(
            Workspace.open(), options.profile, options.to, reason=options.reason
        )
    if not new:
        console.print(f"{decision.run} is the champion already, since {decision.date}")
        return 0
    console.print(f"{decision.run} is the champion now; before: {decision.champion or 'none'}")
    show_decision(console, decision)
    return 0


def history(options: argparse.Namespace) -> int:
    """Every decision about a profile."""
    import json

    from flows.console import make_console
    from flows.errors import FlowsError
    from flows.history import history as look_back
    from flows.looking_back import show_history
    from flows.profiles import load
    from flows.workspace import Workspace

    if options.number < 1:
        raise FlowsError(f"--number={options.number}: use 1 or more")
    found = look_back(Workspace.open(), options.profile)
    if not found.nights:
        load(options.profile)  # it says so when there is no such profile
    if options.format == "json":
        print(json.dumps(found.plain(options.number), indent=1, ensure_ascii=False))
    else:
        show_history(make_console(), found, options.number)
    return 0


def gc(options: argparse.Namespace) -> int:
    """Remove what no kept night or champion needs, or say what would go."""
    from flows.console import make_console, staged
    from flows.garbage import collect
    from flows.looking_back import show_garbage
    from flows.workspace import Workspace

    console = make_console()
    with staged(console):
        found = collect(Workspace.open(), keep=options.keep, dry_run=options.dry_run)
    show_garbage(console, found, dry_run=options.dry_run)
    return 0
