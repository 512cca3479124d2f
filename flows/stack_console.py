"""What a launcher says: on the console, and with the time in ``<workspace>/stack/stack.log``."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flows.stack_services import Places


class Voice:
    """Console and log; a console that is gone (its terminal was closed) is no reason to end."""

    def __init__(self, console: Console, log: Path) -> None:
        self._console, self._log = console, log

    def say(self, text: str) -> None:
        """A line."""
        self._print(escape(text))
        self._write(text)

    def warn(self, text: str) -> None:
        """A line that stands out."""
        self._print(f"[yellow]! {escape(text)}[/]")
        self._write(text)

    def ready(self, places: Places, seconds: float, used: int) -> None:
        """Where everything is, and what to press."""
        self._write(f"up after {seconds:.1f} s with {used / 1e6:.0f} MB")
        self._print(
            f"[green]✓[/] up after {seconds:.1f} s, with {used / 1e6:.0f} MB of memory\n"
            f"  Prefect  {places.prefect}\n"
            f"  MLflow   {places.mlflow}/#/experiments?workflowType=machine_learning\n"
            f"  logs     {escape(str(places.directory))}\n"
            f"To train now: open {places.prefect}/deployments → nightly → Run, and choose a "
            "profile.\n"
            "By itself it runs every night at 3:00 UTC. Ctrl-C stops all; a training run at work "
            "goes on at the next start."
        )

    def stopped(self, seconds: float, working: int) -> None:
        """The last words."""
        runs = {0: "", 1: "; 1 flow run goes on at the next start"}
        more = runs.get(working, f"; {working} flow runs go on at the next start")
        self.say(f"stopped after {seconds:.1f} s{more}")

    def _print(self, markup: str) -> None:
        # rich ends the process where it meets a broken pipe
        with contextlib.suppress(OSError, SystemExit):
            self._console.print(markup, soft_wrap=True)

    def _write(self, text: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with contextlib.suppress(OSError), self._log.open("a", encoding="utf-8") as file:
            file.write(f"{now} {text}\n")
