"""The whole comparison: one model, three ways, every task; and its table."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.agreement import ours, theirs
from benchmarks.agreement.compare import Compared, compare
from benchmarks.agreement.model import make_model
from benchmarks.agreement.suites import Suite
from flows.harness import HarnessModel

ADAPTER, HUGGING_FACE = "adapter", "Hugging Face"


def agree(suites: Sequence[Suite], directory: Path) -> list[Compared]:
    """Every suite against the harness on our adapter and on its own Hugging Face model.

    ``directory`` is empty and can be thrown away afterwards; nothing is written elsewhere.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    tasks = directory / "tasks"
    tasks.mkdir()
    worded = {suite.name: ours.examples_of(suite) for suite in suites}
    texts = [example.text for _, examples in worded.values() for example in examples]
    learned = [example.text for s in suites if s.written for example in worded[s.name][1]]
    scorer = make_model(texts, learned, directory)
    taken = {name: ours.fitting(*both, scorer) for name, both in worded.items()}
    for suite in suites:
        theirs.write_task(suite, taken[suite.name][0], tasks)
    found = {suite.name: ours.run(suite, taken[suite.name][1], scorer) for suite in suites}
    ways = {
        ADAPTER: theirs.run(HarnessModel(scorer), [suite.name for suite in suites], tasks),
        HUGGING_FACE: _hugging_face(suites, directory),
    }
    return [
        compare(suite, way, found[suite.name], results[suite.name])
        for suite in suites
        for way, results in ways.items()
    ]


def _hugging_face(suites: Sequence[Suite], directory: Path) -> dict[str, theirs.Theirs]:
    """The harness on the exported directory, rolling tasks on a model of their own."""
    found = {}
    for rolling in (False, True):
        names = [suite.name for suite in suites if suite.rolling == rolling]
        if names:
            model = theirs.hugging_face(directory / "exported", rolling=rolling)
            found.update(theirs.run(model, names, directory / "tasks"))
    return found


def show(console: Console, compared: Sequence[Compared]) -> None:
    """The table, then what was excused and what does not hold."""
    table = Table(box=SIMPLE_HEAD, title="Ours / lm-evaluation-harness", title_justify="left")
    for name in ("task", "against", "items", "requests", "max |Δ| nats", "metrics", "holds"):
        table.add_column(name, justify="left" if name in ("task", "metrics") else "right")
    for one in compared:
        lines = [f"{name} {a:.6g} / {b:.6g}" for name, (a, b) in one.metrics.items()]
        table.add_row(
            *(one.task, one.against, f"{one.items} of {one.rows}", str(one.requests)),
            f"{one.difference:.1e}",
            "\n".join(lines) or "equal texts" * (not one.problems),
            "no" if one.problems else f"yes, {len(one.excused)} excused" if one.excused else "yes",
        )
    console.print(table)
    for one in compared:
        for kind, lines in (("excused", one.excused), ("DIFFERS", one.problems)):
            for line in lines:
                told = f"{one.task}, {one.against}: {kind}: {line}"
                console.print(told, markup=False, highlight=False, soft_wrap=True)
