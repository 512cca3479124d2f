"""Whether a new model takes the champion's place: pure functions over validation items.

An item counts by its ``merit``: the value of its task's headline metric on a scale from 0 to 1,
under the main template. Tasks without such a scale (perplexities, bits per byte) decide nothing,
and neither does an item that stands in the training text of one of the two (13 of its words in a
row, or all of a shorter one).

A nightly asks again and again, and each time a model that is no better may be lucky. So one night
may err with a probability so small that thirty together err with 5 % (Šidák 1967; nights share
their champion, which makes it less: Dunnett 1955), and what another seed would have changed is part
of the interval (``flows.comparison``, ``flows.spread``).

The first champion is compared, on the tasks of its mixture, with the better one of chance and
majority: the lower bound of the mean gain over the tasks must lie above 0, and on one task at least
the gain must be established by itself. A task at chance does not block it, because a small model
may be unable to do one; the reason names it. Later ones are compared with the champion, and the
lower bound of the mean gain must lie above the minimum effect. A task blocks only when harm beyond
a margin is established, or, where it has too few groups to establish anything, when such a loss is
observed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from flows.comparison import Comparison, Evidence, bootstrap
from flows.errors import ConfigError
from flows.spread import Spread
from flows.strata import layout, sums
from tasks_to_text.metric import METRICS
from tasks_to_text.scored import CHANCE, IN_MIXTURE, MAJORITY, Item
from tasks_to_text.task import MAIN

Read = Collection[tuple[str, str]]
"""(task, example id) of items that one of the models has read in its training text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GateConfig:
    """What counts as better, and what as harm."""

    nights: int = 30
    """Nights over which ``false_promotion`` is spread, each alike."""
    false_promotion: float = 0.05
    """Probability that in so many nights any model is promoted that is no better than the
    champion."""
    minimum_effect: float = 0.0
    """Merit, mean over tasks, that the lower bound of the gain must exceed."""
    seed_spread: float = 0.01
    """Standard deviation of the mean merit between seeds, beyond the choice of items, that is
    assumed where too few seeds were trained to measure it."""
    margin: float = 0.02
    """Loss of merit on one task that is not called harm."""
    significance: float = 0.05
    """Of the tests for harm, over all tasks together."""
    resamples: int = 5000
    """Draws of the bootstrap."""
    seed: int = 0
    """Of the bootstrap."""

    def __post_init__(self) -> None:
        for name in ("minimum_effect", "margin", "seed_spread"):
            if getattr(self, name) < 0:
                raise ConfigError(f"gate.{name}={getattr(self, name)}: must not be negative")
        for name, least in (("resamples", 100), ("nights", 1)):
            if getattr(self, name) < least:
                raise ConfigError(f"gate.{name}={getattr(self, name)}: use at least {least}")
        for name in ("significance", "false_promotion"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigError(f"gate.{name}={getattr(self, name)}: must lie in (0, 1)")

    @property
    def level(self) -> float:
        """Confidence of one night's lower bound: 0.9983 of thirty at 5 %."""
        return float((1 - self.false_promotion) ** (1 / self.nights))


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A decision with its reason in a sentence."""

    promoted: bool
    reason: str
    evidence: Evidence | None = None
    """None: nothing was compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Clean:
    """What is left of the items that could have decided."""

    items: list[Item]
    tasks: tuple[str, ...]
    """All tasks, those without a clean item too."""
    left_out: int

    @property
    def idle(self) -> tuple[str, ...]:
        kept = {item.task for item in self.items}
        return tuple(task for task in self.tasks if task not in kept)

    @property
    def said(self) -> str:
        """The end of the sentence."""
        if not self.left_out:
            return ""
        total = len(self.items) + self.left_out
        none = f"; {', '.join(self.idle)} without a clean item" if self.idle else ""
        return f"; {self.left_out:,} of {total:,} items left out as read in training{none}"


def first_champion(
    items: Sequence[Item],
    scores: Sequence[Mapping[str, Any]],
    model: str,
    config: GateConfig,
    read: Read = (),
) -> Verdict:
    """Judge a model that has no champion to beat.

    ``items`` and ``scores`` are of the validation split, of all models and baselines; of scores the
    rows have task, model, metric, headline, exposure and value.
    """
    rows = {(s["task"], s["model"]): s for s in scores if s["headline"]}
    trained = {t for (t, m), s in rows.items() if m == model and s["exposure"] == IN_MIXTURE}
    ours = [item for item in _deciding(items) if item.model == model and item.task in trained]
    if not ours:
        return Verdict(promoted=False, reason="no task of the mixture was scored on validation")
    clean = _clean(ours, read)
    if not clean.items:
        return Verdict(promoted=False, reason=f"nothing to decide by{clean.said}")
    bars = {task: _bar(task, rows) for task in trained}
    majority = {_key(item): item for item in items if item.model == MAJORITY}

    def difference(item: Item) -> float:
        bar, needs_items = bars[item.task]
        return _merit(item) - (_merit(majority[_key(item)]) if needs_items else bar)

    comparison = _comparison(clean.items, list(map(difference, clean.items)), Spread(), config, 1)
    return _first(comparison, clean, config)


def against_champion(
    challenger: Sequence[Item],
    champion: Sequence[Item],
    config: GateConfig,
    *,
    spread: Spread | None = None,
    read: Read = (),
) -> Verdict:
    """Judge a challenger by the items that both answered on validation.

    ``spread``: between seeds, as measured; None: it is assumed.
    """
    ours, theirs = _by_item(challenger), _by_item(champion)
    if unlike := not_the_same(ours.values(), theirs.values(), ours.keys() == theirs.keys()):
        return Verdict(promoted=False, reason=unlike)
    clean = _clean(list(ours.values()), read)
    if not clean.items:
        return Verdict(promoted=False, reason=f"nothing to decide by{clean.said}")
    gains = [_merit(item) - _merit(theirs[_key(item)]) for item in clean.items]
    between = spread or Spread(mean=config.seed_spread)
    comparison = _comparison(clean.items, gains, between, config, 2)
    promoted, why = better(comparison, config)
    n_tasks = f"{len(comparison.tasks)} task{'s' * (len(comparison.tasks) > 1)}"
    said = f"mean score over {n_tasks} changed by {_with_interval(comparison, config)}; {why}"
    guessed = "" if promoted or spread else "; the spread between seeds is assumed, not measured"
    evidence = _evidence(comparison, clean, config)
    return Verdict(promoted=promoted, reason=f"{said}{clean.said}{guessed}", evidence=evidence)


def _comparison(
    items: Sequence[Item], gains: Sequence[float], spread: Spread, config: GateConfig, models: int
) -> Comparison:
    where, cells = layout(items)
    return bootstrap(
        where,
        sums(where, cells, np.array(gains)),
        seed=config.seed,
        resamples=config.resamples,
        spread=spread,
        models=models,
    )


def better(comparison: Comparison, config: GateConfig) -> tuple[bool, str]:
    """Whether a challenger is better than the champion, and the ground on which that hangs."""
    if harmed := comparison.harmed(config.margin, config.significance):
        return False, f"harmed: {', '.join(harmed)}"
    if comparison.gain(config.level).low <= config.minimum_effect:
        return False, f"the lower bound must exceed {config.minimum_effect:+.4f}"
    return True, "no task harmed"


def not_the_same(ours: Collection[Item], theirs: Collection[Item], same: bool) -> str:
    """Why two models cannot be compared: they answered other items; "" when they can."""
    if ours and same:
        return ""
    if not ours:
        return "not comparable: the new model answered no item that could decide"
    counts = {
        task: tuple(sum(i.task == task for i in items) for items in (ours, theirs))
        for task in sorted({item.task for item in (*ours, *theirs)})
    }
    other = [f"{t} {a} and {b}" for t, (a, b) in counts.items() if a != b]
    named = ", ".join(other[:3]) + (f" and {len(other) - 3} tasks more" if len(other) > 3 else "")
    return f"not comparable: new model and champion answered other items ({named or 'prompts'})"


def _first(comparison: Comparison, clean: _Clean, config: GateConfig) -> Verdict:
    """The sentence about a first champion."""
    gained = comparison.gained(config.significance)
    rest = [task for task in comparison.tasks if task not in gained]
    named = f"; not established on {', '.join(rest)}" if rest else ""
    mean = f"mean score over {len(comparison.tasks)} tasks of the mixture lies"
    gain = f"{mean} {_with_interval(comparison, config)} above chance and majority"
    if comparison.gain(config.level).low <= 0:
        promoted, reason = False, f"{gain}; the lower bound must exceed 0{named}"
    elif not gained:
        promoted, reason = False, f"{gain}, but on no single task is it established"
    else:
        on = f"established on {', '.join(gained)}"
        promoted, reason = True, f"first champion: {gain}; {on}{named}"
    evidence = _evidence(comparison, clean, config)
    return Verdict(promoted=promoted, reason=f"{reason}{clean.said}", evidence=evidence)


def _bar(task: str, rows: Mapping[tuple[str, str], Mapping[str, Any]]) -> tuple[float, bool]:
    """The better one of chance and majority, and whether it is majority, which has items.

    A task that has neither (written answers without training rows) is held against 0. Chance is no
    bar where the headline is no mean over items (Matthews): items have another scale there.
    """
    known = [
        rows[task, name]["value"]
        for name in (CHANCE, MAJORITY)
        if (task, name) in rows
        and (name == MAJORITY or METRICS[rows[task, name]["metric"]].by_item)
    ]
    best = max(known, default=0.0)
    return best, (task, MAJORITY) in rows and rows[task, MAJORITY]["value"] == best


def _clean(items: Sequence[Item], read: Read) -> _Clean:
    known = frozenset(read)
    kept = [item for item in items if (item.task, item.example_id) not in known]
    tasks = tuple(sorted({item.task for item in items}))
    return _Clean(items=kept, tasks=tasks, left_out=len(items) - len(kept))


def _evidence(comparison: Comparison, clean: _Clean, config: GateConfig) -> Evidence:
    return Evidence(
        gain=comparison.gain(config.level),
        level=config.level,
        spread=comparison.spread.mean,
        runs=comparison.spread.runs,
        tasks=comparison.by_task(),
        items=len(clean.items) + clean.left_out,
        left_out=clean.left_out,
        idle=clean.idle,
    )


def _with_interval(comparison: Comparison, config: GateConfig) -> str:
    value, low, high = comparison.gain(config.level)
    return f"{value:+.4f} [{low:+.4f}, {high:+.4f}]"


def _deciding(items: Sequence[Item]) -> list[Item]:
    """Items that can decide: under the main template, with a merit."""
    return [item for item in items if item.template == MAIN and item.merit is not None]


def _by_item(items: Sequence[Item]) -> dict[tuple[str, str, str], Item]:
    return {_key(item): item for item in _deciding(items)}


def _key(item: Item) -> tuple[str, str, str]:
    return item.task, item.example_id, item.prompt_digest


def _merit(item: Item) -> float:
    return item.merit or 0.0
