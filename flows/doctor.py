"""``generalist doctor``: what is well, what is not, and what to do about it.

It changes nothing of what is there. Without a server it looks at the machine and the workspace, and
says what it could not look at.
"""

import os
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows import workspace as workspaces
from flows.doctor_machine import machine, ports
from flows.doctor_servers import server
from flows.doctor_servers import stack as examine_stack
from flows.doctor_workspace import workspace as examine_workspace
from flows.errors import WorkspaceError
from flows.finding import Finding, Grade, good, told, wrong
from flows.stack_services import answers
from flows.stack_state import read_state
from flows.workspace import Workspace

_MARKS: dict[Grade, tuple[str, str]] = {
    "good": ("✓", "green"),
    "told": ("·", "dim"),
    "odd": ("!", "yellow"),
    "wrong": ("✗", "bold red"),
}


def doctor(console: Console, prefect: int, mlflow: int) -> int:
    """Show all findings; returns 1 if something is wrong, else 0."""
    findings = list(examine(prefect, mlflow))
    _show(console, findings)
    bad = sum(finding.grade == "wrong" for finding in findings)
    look = sum(finding.grade == "odd" for finding in findings)
    console.print(f"{bad} wrong, {look} to look at, {len(findings)} lines")
    return 1 if bad else 0


def examine(prefect: int, mlflow: int) -> Iterator[Finding]:
    """All findings. ``prefect``, ``mlflow``: the ports that a stack would use."""
    root = workspaces.root()
    yield from machine(root)
    try:
        space = Workspace(root)
    except WorkspaceError as error:
        yield wrong("workspace", f"{root} cannot be used", str(error))
        return
    yield good("workspace", f"{root} can be written")
    state = read_state(root)
    yield from ports(prefect, mlflow, state if state is not None and state.running else None)
    yield from examine_stack(state)
    api = _api(state.prefect if state is not None and state.running else None)
    if api is None:
        yield told("Prefect", "no server: schedules, workers and flow runs were not looked at")
    elif not answers(f"{api}/health"):
        yield wrong("Prefect", f"no server answers at {api}", "start it, or unset PREFECT_API_URL")
    else:
        yield from server(api, _automations())
    yield from examine_workspace(space)


def _api(stack: str | None) -> str | None:
    """The server to ask: that which the user names, or the stack's."""
    named = os.environ.get("PREFECT_API_URL")
    if named:
        return named.rstrip("/")
    return f"{stack}/api" if stack else None


def _automations() -> Sequence[str]:
    from flows.automations import automations

    return [one.name for one in automations()]


def _show(console: Console, findings: Sequence[Finding]) -> None:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("", "what", "found"):
        table.add_column(name, no_wrap=name != "found", overflow="fold")
    for finding in findings:
        mark, style = _MARKS[finding.grade]
        said = Text(finding.said)
        if finding.remedy:
            said.append(f"\n→ {finding.remedy}", style="cyan")
        table.add_row(Text(mark, style=style), Text(finding.about), said)
    console.print(table)
