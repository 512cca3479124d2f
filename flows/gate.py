"""Whether a new model takes the champion's place: pure functions over validation items.

An item counts by its ``merit``: the value of its task's headline metric on a scale from 0 to 1,
under the main template. Tasks without such a scale (perplexities, bits per byte) decide nothing.

The first champion is compared, on the tasks of its mixture, with the better one of chance and
majority: the mean gain over the tasks must have a 95 % lower bound above 0, and on one task at
least the gain must be established by itself. A task at chance does not block it, because a small
model may be unable to do one; the reason names it.

Later ones are compared with the champion on the same items, and the mean over tasks of the paired
differences must have a 95 % lower bound above a minimum effect. A task blocks only when harm beyond
a margin is established, or, where it has too few groups to establish anything, when such a loss is
observed. Groups are drawn with replacement, the same draw for all tasks because tasks share groups;
a draw without any group of a task says nothing of that task. What is said of single tasks has
Holm's correction (Holm 1979).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.errors import ConfigError, FlowsError
from tasks_to_text.metric import METRICS
from tasks_to_text.metrics import holm
from tasks_to_text.scored import CHANCE, IN_MIXTURE, MAJORITY, Item
from tasks_to_text.task import MAIN

_BLOCK = 4_000_000
"""Weights of groups drawn at once: bounds the memory."""
_FEW_GROUPS = 10
"""With fewer, a bootstrap over groups tells little, and an observed loss counts as harm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GateConfig:
    """What counts as better, and what as harm."""

    minimum_effect: float = 0.005
    """Merit, mean over tasks, that the lower bound of the gain must exceed."""
    margin: float = 0.02
    """Loss of merit on one task that is not called harm."""
    significance: float = 0.05
    """Of the tests for harm, over all tasks together."""
    resamples: int = 5000
    """Draws of the bootstrap."""
    seed: int = 0
    """Of the bootstrap."""

    def __post_init__(self) -> None:
        for name in ("minimum_effect", "margin"):
            if getattr(self, name) < 0:
                raise ConfigError(f"gate.{name}={getattr(self, name)}: must not be negative")
        if self.resamples < 100:
            raise ConfigError(f"gate.resamples={self.resamples}: use at least 100")
        if not 0 < self.significance < 1:
            raise ConfigError(f"gate.significance={self.significance}: must lie in (0, 1)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A decision with its reason in a sentence."""

    promoted: bool
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Paired differences of merit, a model minus what it is compared with."""

    tasks: tuple[str, ...]
    differences: NDArray[np.float64]
    """(n_tasks,) observed mean differences."""
    draws: NDArray[np.float64]
    """(resamples, n_tasks) differences under the bootstrap; NaN where a draw misses a task."""
    n_groups: tuple[int, ...]
    """Groups of each task."""

    def macro(self) -> tuple[float, float, float]:
        """Mean over tasks with its 95 % interval."""
        low, high = np.percentile(np.nanmean(self.draws, axis=1), [2.5, 97.5])
        return float(self.differences.mean()), float(low), float(high)

    def harmed(self, config: GateConfig) -> tuple[str, ...]:
        """Tasks on which a loss beyond the margin is established, or observed in few groups."""
        established = self._established(self.draws >= -config.margin, config)
        observed = zip(self.tasks, self.differences, self.n_groups, strict=True)
        return tuple(
            task
            for task, difference, n_groups in observed
            if task in established or (n_groups < _FEW_GROUPS and difference < -config.margin)
        )

    def gained(self, config: GateConfig) -> tuple[str, ...]:
        """Tasks on which a gain is established."""
        return self._established(self.draws <= 0, config)

    def _established(self, against: NDArray[np.bool_], config: GateConfig) -> tuple[str, ...]:
        """Tasks of which too few of the draws that hold them say the contrary."""
        held = (~np.isnan(self.draws)).sum(axis=0)
        p_values = holm(((1 + against.sum(axis=0)) / (1 + held)).tolist())
        pairs = zip(self.tasks, p_values, strict=True)
        return tuple(task for task, p in pairs if p <= config.significance)


def first_champion(
    items: Sequence[Item], scores: Sequence[Mapping[str, Any]], model: str, config: GateConfig
) -> Verdict:
    """Judge a model that has no champion to beat.

    ``items`` and ``scores`` are of the validation split, of all models and baselines; of scores the
    rows have task, model, metric, headline, exposure and value.
    """
    rows = {(s["task"], s["model"]): s for s in scores if s["headline"]}
    trained = {t for (t, m), s in rows.items() if m == model and s["exposure"] == IN_MIXTURE}
    ours = [
        i
        for i in items
        if i.model == model and i.task in trained and i.template == MAIN and i.merit is not None
    ]
    if not ours:
        return Verdict(promoted=False, reason="no task of the mixture was scored on validation")
    bars = {task: _bar(task, rows) for task in trained}
    majority = {_key(item): item for item in items if item.model == MAJORITY}

    def difference(item: Item) -> float:
        bar, needs_items = bars[item.task]
        return _merit(item) - (_merit(majority[_key(item)]) if needs_items else bar)

    comparison = _bootstrap([(i.task, i.group, difference(i)) for i in ours], config)
    return _first(comparison, config)


def against_champion(
    challenger: Sequence[Item], champion: Sequence[Item], config: GateConfig
) -> Verdict:
    """Judge a challenger by the items that both answered on validation."""
    comparison = compare(challenger, champion, config)
    mean = f"mean score over {len(comparison.tasks)} tasks changed by"
    gain = f"{mean} {_with_interval(comparison)}"
    if harmed := comparison.harmed(config):
        return Verdict(promoted=False, reason=f"{gain}; harmed: {', '.join(harmed)}")
    if comparison.macro()[1] <= config.minimum_effect:
        needed = f"the lower bound must exceed {config.minimum_effect:+.4f}"
        return Verdict(promoted=False, reason=f"{gain}; {needed}")
    return Verdict(promoted=True, reason=f"{gain}; no task harmed")


def compare(challenger: Sequence[Item], champion: Sequence[Item], config: GateConfig) -> Comparison:
    """Paired cluster bootstrap; FlowsError when the two did not answer the same items."""
    ours, theirs = _by_item(challenger), _by_item(champion)
    if not ours or ours.keys() != theirs.keys():
        shared = len(ours.keys() & theirs.keys())
        raise FlowsError(
            f"challenger answered {len(ours)} items, champion {len(theirs)}, both {shared}: "
            "they are compared on the same items only; evaluate both anew"
        )
    return _bootstrap(
        [(i.task, i.group, _merit(i) - _merit(theirs[key])) for key, i in ours.items()], config
    )


def _first(comparison: Comparison, config: GateConfig) -> Verdict:
    """The sentence about a first champion."""
    gained = comparison.gained(config)
    rest = [task for task in comparison.tasks if task not in gained]
    named = f"; not established on {', '.join(rest)}" if rest else ""
    mean = f"mean score over {len(comparison.tasks)} tasks of the mixture lies"
    gain = f"{mean} {_with_interval(comparison)} above chance and majority"
    if comparison.macro()[1] <= 0:
        needed = "the lower bound must exceed 0"
        return Verdict(promoted=False, reason=f"{gain}; {needed}{named}")
    if not gained:
        return Verdict(promoted=False, reason=f"{gain}, but on no single task is it established")
    reason = f"first champion: {gain}; established on {', '.join(gained)}{named}"
    return Verdict(promoted=True, reason=reason)


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


def _bootstrap(rows: Collection[tuple[str, str, float]], config: GateConfig) -> Comparison:
    """(task, group, difference) of items → means by task, and their draws."""
    tasks = sorted({task for task, _, _ in rows})
    groups = sorted({group for _, group, _ in rows})
    row, column = {g: i for i, g in enumerate(groups)}, {t: i for i, t in enumerate(tasks)}
    counts, sums = np.zeros((len(groups), len(tasks))), np.zeros((len(groups), len(tasks)))
    for task, group, difference in rows:
        counts[row[group], column[task]] += 1
        sums[row[group], column[task]] += difference
    with np.errstate(invalid="ignore"):  # 0 / 0: a draw that misses a task
        drawn = [(weights @ sums) / (weights @ counts) for weights in _weights(groups, config)]
    return Comparison(
        tasks=tuple(tasks),
        differences=sums.sum(0) / counts.sum(0),
        draws=np.concatenate(drawn),
        n_groups=tuple((counts > 0).sum(0).tolist()),
    )


def _weights(groups: Sequence[str], config: GateConfig) -> Iterable[NDArray[np.float64]]:
    """How often each group is drawn, in blocks of draws."""
    n, rng = len(groups), np.random.default_rng(config.seed)
    at_once = max(1, _BLOCK // n)
    for start in range(0, config.resamples, at_once):
        size = min(at_once, config.resamples - start)
        yield rng.multinomial(n, np.full(n, 1 / n), size).astype(np.float64)


def _with_interval(comparison: Comparison) -> str:
    value, low, high = comparison.macro()
    return f"{value:+.4f} [{low:+.4f}, {high:+.4f}]"


def _by_item(items: Sequence[Item]) -> dict[tuple[str, str, str], Item]:
    """Items with merit by task, example and what was shown."""
    kept = [item for item in items if item.template == MAIN and item.merit is not None]
    return {_key(item): item for item in kept}


def _key(item: Item) -> tuple[str, str, str]:
    return item.task, item.example_id, item.prompt_digest


def _merit(item: Item) -> float:
    return item.merit or 0.0
