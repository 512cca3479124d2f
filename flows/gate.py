"""Whether a new model takes the champion's place: pure functions over validation scores.

The first champion must beat chance and the majority label on every task of its mixture. Later ones
are compared with the champion on the same items: groups are drawn with replacement, the same draw
for all tasks because tasks share groups, and the mean over tasks of the paired differences must
have a 95 % lower bound above a minimum effect. A task blocks only when harm beyond a margin is
established, with Holm's correction over the tasks (Holm 1979).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.errors import ConfigError, FlowsError
from tasks_to_text.evaluate import CHANCE, IN_MIXTURE, MAJORITY, Item


@dataclass(frozen=True, kw_only=True, slots=True)
class GateConfig:
    """What counts as better, and what as harm."""

    minimum_effect: float = 0.005
    """Accuracy, mean over tasks, that the lower bound of the gain must exceed."""
    margin: float = 0.02
    """Loss of accuracy on one task that is not called harm."""
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
    """Paired differences, challenger minus champion."""

    tasks: tuple[str, ...]
    differences: NDArray[np.float64]
    """(n_tasks,) observed differences of accuracy."""
    draws: NDArray[np.float64]
    """(resamples, n_tasks) differences under the bootstrap."""

    def macro(self) -> tuple[float, float, float]:
        """Mean over tasks with its 95 % interval."""
        low, high = np.percentile(self.draws.mean(axis=1), [2.5, 97.5])
        return float(self.differences.mean()), float(low), float(high)

    def harmed(self, config: GateConfig) -> tuple[str, ...]:
        """Tasks on which a loss beyond the margin is established."""
        above = (self.draws >= -config.margin).sum(axis=0)
        p_values = (1 + above) / (1 + len(self.draws))
        rejected = holm(p_values.tolist(), config.significance)
        return tuple(task for task, is_harm in zip(self.tasks, rejected, strict=True) if is_harm)


def first_champion(scores: Sequence[Mapping[str, Any]], model: str) -> Verdict:
    """Judge a model that has no champion to beat, from its validation scores.

    ``scores``: rows with task, model, metric, exposure, value, low. Every task of the mixture must
    have its lower bound above chance and above the majority label.
    """
    by_task: dict[str, dict[str, Mapping[str, Any]]] = {}
    for score in scores:
        if score["metric"] == "acc":
            by_task.setdefault(score["task"], {})[score["model"]] = score
    trained = {t: rows for t, rows in by_task.items() if rows[model]["exposure"] == IN_MIXTURE}
    if not trained:
        return Verdict(promoted=False, reason="no task of the mixture was scored on validation")
    failed = []
    for task, rows in sorted(trained.items()):
        bar = max(rows[CHANCE]["value"], rows[MAJORITY]["value"])
        if rows[model]["low"] <= bar:
            failed.append(f"{task} ({rows[model]['low']:.3f}, needs more than {bar:.3f})")
    if failed:
        reason = f"the lower bound is not above chance and majority on {', '.join(failed)}"
        return Verdict(promoted=False, reason=reason)
    reason = f"first champion: above chance and majority on {', '.join(sorted(trained))}"
    return Verdict(promoted=True, reason=reason)


def against_champion(
    challenger: Sequence[Item], champion: Sequence[Item], config: GateConfig
) -> Verdict:
    """Judge a challenger by the items that both answered on validation."""
    comparison = compare(challenger, champion, config)
    value, low, high = comparison.macro()
    gain = (
        f"mean accuracy over {len(comparison.tasks)} tasks changed by {value:+.4f} "
        f"[{low:+.4f}, {high:+.4f}]"
    )
    if harmed := comparison.harmed(config):
        return Verdict(promoted=False, reason=f"{gain}; harmed: {', '.join(harmed)}")
    if low <= config.minimum_effect:
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
    tasks = sorted({task for task, _, _ in ours})
    groups = sorted({item.group for item in ours.values()})
    row, column = {g: i for i, g in enumerate(groups)}, {t: i for i, t in enumerate(tasks)}
    counts, sums = np.zeros((len(groups), len(tasks))), np.zeros((len(groups), len(tasks)))
    for key, item in ours.items():
        place = row[item.group], column[item.task]
        counts[place] += 1
        sums[place] += item.correct - theirs[key].correct
    rng = np.random.default_rng(config.seed)
    weights = rng.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), config.resamples)
    drawn = (weights @ sums) / np.maximum(weights @ counts, 1)
    return Comparison(tasks=tuple(tasks), differences=sums.sum(0) / counts.sum(0), draws=drawn)


def holm(p_values: Sequence[float], significance: float) -> list[bool]:
    """Which hypotheses Holm's step-down procedure rejects, in the given order."""
    rejected = [False] * len(p_values)
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] > significance / (len(p_values) - rank):
            break
        rejected[i] = True
    return rejected


def _by_item(items: Sequence[Item]) -> dict[tuple[str, str, str], Item]:
    """Multiple-choice items by task, example and what was shown."""
    return {(i.task, i.example_id, i.prompt_digest): i for i in items if i.scores}
