"""``generalist diff RUN_A RUN_B``: what two models answered differently, item by item.

Both must have been evaluated on the same prompts; only items that both answered are compared, as
``tasks_to_text.paired`` does.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.console import printable
from flows.errors import FlowsError
from flows.removed import removed_on
from flows.scores import GENERALIST, LANGUAGE_MODEL_ONLY
from flows.workspace import Product, Workspace
from gptcore.manifest import FILE, read_manifest
from tasks_to_text.example import Example
from tasks_to_text.paired import TINY, Difference, Pair, difference, pairs
from tasks_to_text.scored import Item
from tasks_to_text.store import ITEMS, read_examples, read_items, splits_of
from tasks_to_text.task import MAIN

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_TAIL = 300
"""Characters of a prompt that are shown: its end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flips:
    """Two models on one task."""

    task: str
    pairs: tuple[Pair, ...]
    """Items that both answered, in the order of a."""
    only_a: int
    """Items that b did not answer."""
    only_b: int
    difference: Difference
    """Mean gain of b."""

    @property
    def binary(self) -> bool:
        """Whether every answer is right or wrong."""
        return self.difference.mcnemar is not None

    @property
    def better(self) -> list[Pair]:
        """Items that b answered better (where answers are right or wrong: flipped to right)."""
        return [pair for pair in self.pairs if pair.gain > TINY]

    @property
    def worse(self) -> list[Pair]:
        """Items that b answered worse."""
        return [pair for pair in self.pairs if pair.gain < -TINY]

    @property
    def flipped(self) -> list[Pair]:
        """Items that changed, the largest changes first."""
        return sorted(self.better + self.worse, key=lambda pair: -abs(pair.gain))


def flips(a: Sequence[Item], b: Sequence[Item], *, seed: int = 0) -> list[Flips]:
    """Every task that both models answered, in the order of ``a``; items of one split.

    Under the main template: a diff over wordings would count an example several times.
    """
    ours, theirs = _by_task(a), _by_task(b)
    found = {task: pairs(ours[task], theirs[task]) for task in ours if task in theirs}
    return [
        Flips(
            task=task,
            pairs=tuple(both),
            only_a=len(ours[task]) - len(both),
            only_b=len(theirs[task]) - len(both),
            difference=difference(both, seed=seed),
        )
        for task, both in found.items()
        if both
    ]


def show_diff(
    console: "Console",
    workspace: Workspace,
    a: str,
    b: str,
    *,
    split: str,
    task: str | None = None,
    number: int = 3,
) -> None:
    """Print a table over tasks, then up to ``number`` items per task that changed.

    ``a`` and ``b``: a run or an evaluation, by its directory or the unambiguous beginning of its
    name. FlowsError when one cannot be found or was not evaluated on the split.
    """
    if number < 0:
        raise FlowsError(f"--number={number}: use 0 or more")
    first, second = _answers(workspace, a, split), _answers(workspace, b, split)
    found = flips(first.items, second.items)
    if task is not None and task not in {one.task for one in found}:
        known = ", ".join(one.task for one in found)
        raise FlowsError(f"--task={task!r}: both were scored on {known or 'no task'}")
    found = [one for one in found if task in (None, one.task)]
    if not found:
        raise FlowsError(
            f"{a} and {b} have no {split} item in common: they were asked other prompts; "
            "evaluate both on the same"
        )
    console.print(f"A: {first.name}\nB: {second.name}\n{split} split", markup=False, soft_wrap=True)
    _show_table(console, found)
    for one in found:
        _show_items(console, one, _examples(workspace, first.evaluation, one.task, split), number)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answers:
    """What one model answered on a split."""

    name: str
    evaluation: Product
    items: tuple[Item, ...]


def _by_task(items: Sequence[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        if item.template == MAIN:
            found.setdefault(item.task, []).append(item)
    return found


def _answers(workspace: Workspace, name: str, split: str) -> _Answers:
    """The newest evaluation of a run on a split, or the named evaluation."""
    product = _named(workspace, name)
    if product.manifest.kind == "evaluation":
        evaluation, model = product, GENERALIST
    else:
        evaluation, model = _evaluation_of(workspace, product, split)
    items = [
        item
        for item in read_items(evaluation.path / ITEMS)
        if item.model == model and item.split == split
    ]
    if not items:
        raise FlowsError(f"{evaluation.path} holds no answers of {model!r} to the {split} split")
    shown = f"{product.path.name}, {model}, by {evaluation.path.name}"
    return _Answers(name=shown, evaluation=evaluation, items=tuple(items))


def _named(workspace: Workspace, name: str) -> Product:
    """A run or an evaluation by its path, its name, or the beginning of its name."""
    path = Path(name)
    if (path / FILE).is_file():
        return Product(path, read_manifest(path), True)
    known = [product for kind in ("run", "evaluation") for product in workspace.finished(kind)]
    exact = [product for product in known if product.path.name == name]
    fits = exact or [product for product in known if product.path.name.startswith(name)]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        if when := removed_on(workspace, name):
            raise FlowsError(f"{name!r} was removed by generalist gc on {when}: name another run")
        names = ", ".join(sorted(p.path.name for p in known if p.manifest.kind == "run"))
        raise FlowsError(f"{name!r} is no run: the workspace has {names or 'none yet'}")
    names = ", ".join(sorted(f"{p.manifest.kind}/{p.path.name}" for p in fits))
    raise FlowsError(f"{name!r} may be any of {names}: give more of the name")


def _evaluation_of(workspace: Workspace, run: Product, split: str) -> tuple[Product, str]:
    """The newest evaluation that scored a run on a split, and under which name."""
    roles = {"generalist": GENERALIST, "language_model_only": LANGUAGE_MODEL_ONLY}
    for evaluation in reversed(workspace.finished("evaluation")):
        for role, model in roles.items():
            scored = evaluation.manifest.inputs.get(role) == run.digest
            if scored and split in evaluation.manifest.config.get("splits", ()):
                return evaluation, model
    raise FlowsError(
        f"{run.path.name} was not evaluated on the {split} split: generalist evaluate does it"
    )


def _examples(
    workspace: Workspace, evaluation: Product, task: str, split: str
) -> dict[str, Example]:
    """The examples that an evaluation asked, by id; {} where they are gone, or for documents."""
    wanted = evaluation.manifest.inputs.get("prompts")
    for product in workspace.finished("prompts"):
        if product.digest == wanted and split in splits_of(product.path, task):
            found = read_examples(product.path, task, split)
            return {example.example_id: example for example in found}
    return {}


def _show_table(console: "Console", found: Sequence[Flips]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("task", no_wrap=True)
    for name in (
        "n",
        "A",
        "B",
        "to right,\nbetter",
        "to wrong,\nworse",
        "B - A, 95 %",
        "p,\nMcNemar",
        "only\nA, B",
    ):
        table.add_column(name, justify="right")
    for one in found:
        value, low, high, _ = one.difference.interval
        table.add_row(
            Text(one.task.replace("_", " "), style="bold"),
            str(len(one.pairs)),
            _level(one, [pair.a for pair in one.pairs]),
            _level(one, [pair.b for pair in one.pairs]),
            str(len(one.better)),
            str(len(one.worse)),
            f"{value:+.3f} [{low:+.3f}, {high:+.3f}]",
            _p_values(one.difference),
            f"{one.only_a}, {one.only_b}",
        )
    console.print(table)
    console.print(
        "A and B: right answers, else the mean of the headline metric from 0 to 1, for texts bits "
        "per byte. B - A is a gain where it is positive, in every row. p: two-sided, by a "
        "bootstrap over groups; McNemar's exact test beside it takes items as independent.",
        style="dim",
    )


def _p_values(found: Difference) -> str:
    beside = "" if found.mcnemar is None else f", {found.mcnemar:.3f}"
    return f"{found.p:.3f}{beside}"


def _level(one: Flips, items: Sequence[Item]) -> str:
    """Right answers, a mean, or bits per byte."""
    merits = [item.merit for item in items if item.merit is not None]
    if not merits:
        n_bytes = sum(max(1, item.n_bytes) for item in items)
        return f"{sum(item.nats for item in items) / (math.log(2) * n_bytes):.3f}"
    return f"{sum(merits):.0f}" if one.binary else f"{sum(merits) / len(merits):.3f}"


def _show_items(
    console: "Console", one: Flips, examples: Mapping[str, Example], number: int
) -> None:
    """Items that changed, with the end of their prompt and both answers."""
    for pair in one.flipped[:number]:
        console.print()
        for line in _lines(one, pair, examples.get(pair.a.example_id)):
            console.print(line, soft_wrap=True)


def _lines(one: Flips, pair: Pair, example: Example | None) -> "Iterator[Text]":
    from rich.text import Text

    change = ("wrong → right" if pair.gain > 0 else "right → wrong") if one.binary else ""
    change = change or f"{pair.gain:+.3f}"
    yield Text.assemble(
        (one.task.replace("_", " "), "bold"), f" {printable(pair.a.example_id)}  ", (change, "bold")
    )
    if example is not None and example.prompt:
        cut = len(example.prompt) > _TAIL
        yield Text(("… " if cut else "") + printable(example.prompt[-_TAIL:]), style="dim")
    if example is not None and pair.a.merit is not None:
        gold = " | ".join(example.references) or example.target.strip()
        yield Text(f"gold  {printable(gold)}")
    for name, item in (("A", pair.a), ("B", pair.b)):
        said = printable(item.answer) if item.merit is not None else f"{item.nats:.1f} nats"
        yield Text(f"{name}    {said}")
