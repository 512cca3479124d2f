"""``generalist sql QUESTION``: a question to the workspace's catalogue, or to prompts, in SQL.

The file is opened read-only with everything switched off that leaves it, so a question can neither
change it nor read another file (``tasks_to_text.database``). What it finds comes from corpora and
models, so a table is shown without what a terminal would obey.
"""

import csv
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from flows.catalogue import catalogue
from flows.console import printable
from flows.errors import FlowsError
from flows.workspace import Workspace
from tasks_to_text.database import Answer, ask
from tasks_to_text.store import DATABASE

if TYPE_CHECKING:
    from rich.console import Console

Format = Literal["table", "csv", "json"]
SHOWN = 200
"""Rows of a table, at most; csv and json have all."""


def show_sql(
    console: "Console", workspace: Workspace, question: str, form: Format, prompts: str = ""
) -> None:
    """Print the answer to a question.

    ``prompts``: the name of prompts (that of their profile), of which the newest are asked instead
    of the catalogue. FlowsError when there are none; ConfigError for what is no question.
    """
    asked = _prompts(workspace, prompts) if prompts else catalogue(workspace)
    answer = ask(asked, question, SHOWN + 1 if form == "table" else None)
    if form == "table":
        _show_table(console, answer)
    else:
        text = _csv(answer) if form == "csv" else _json(answer)
        print(text, end="")


def _prompts(workspace: Workspace, name: str) -> Path:
    found = workspace.newest("prompts", name)
    if found is None:
        raise FlowsError(f"there are no prompts of {name!r} yet: generalist convert makes them")
    return found.path / DATABASE


def _show_table(console: "Console", answer: Answer) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    numeric = [_is_numeric(answer, place) for place in range(len(answer.columns))]
    for name, right in zip(answer.columns, numeric, strict=True):
        table.add_column(Text(printable(name)), justify="right" if right else "left")
    for row in answer.rows[:SHOWN]:
        table.add_row(*(Text(printable(_said(value))) for value in row))
    console.print(table)
    if len(answer.rows) > SHOWN:
        console.print("and more rows: --format csv prints all of them", style="dim")


def _is_numeric(answer: Answer, place: int) -> bool:
    values = [row[place] for row in answer.rows[:SHOWN] if row[place] is not None]
    return bool(values) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )


def _said(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _csv(answer: Answer) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(_cells(row) for row in answer.rows)
    return out.getvalue()


def _cells(row: tuple[Any, ...]) -> Iterator[Any]:
    """Lists and maps as JSON, for want of a word of CSV's own."""
    for value in row:
        yield _dumped(value) if isinstance(value, list | dict) else value


def _json(answer: Answer) -> str:
    if twice := sorted({name for name in answer.columns if answer.columns.count(name) > 1}):
        raise FlowsError(f"column {', '.join(twice)} stands there twice: name one otherwise, by AS")
    return _dumped([dict(zip(answer.columns, row, strict=True)) for row in answer.rows]) + "\n"


def _dumped(value: Any) -> str:
    return json.dumps(_finite(value), ensure_ascii=False, default=str, allow_nan=False)


def _finite(value: Any) -> Any:
    """Numbers that JSON has no word for become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list) else value
