"""How often thirty nights promote a model that is no better, and how often one that is.

Simulated with the gate's own code (``flows.comparison``, ``flows.spread``, ``flows.gate.better``);
only the answers are drawn. Twelve tasks of 300 validation items with two labels, in 200 groups of
unequal size that the tasks share. The log-odds of a right answer are those of its group, task and
label (so spread that the standard error of a difference is .009, a little above the quickstart's),
moved by the model's lean towards a label (.2 of merit, standard deviation), by what it makes of a
group (.02) and by its seed: half of that variance common to all tasks, half each task's own. A
champion stays until one takes its place; every night's challenger has another seed and answers the
same items.

``ours`` and ``peer`` are probabilities by today's rule and by the one before (a 95 % interval of
the choice of items, without strata or seeds, above a fixed .005), from the same answers. The spread
that the gate is given is measured on five or ten other models of the same configuration, or
assumed. ``ratio`` is ours over the .05 allowed for false promotions, and ours itself for the rest;
its interval is Wilson's, of the number of simulations.
"""

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.harness import Claim, report
from flows.comparison import Comparison, bootstrap
from flows.gate import GateConfig, better
from flows.spread import Spread, between, spread_of
from flows.strata import Array, Layout

N_TASKS, N_LABELS, N_GROUPS, NIGHTS = 12, 2, 200, 30
TASKS = tuple(f"t{i:02d}" for i in range(N_TASKS))
ITEM_EFFECT = 4.5
"""Standard deviation of the log-odds between items."""
GROUP_EFFECT, LABEL_EFFECT = 0.02, 0.2
GATE = GateConfig(resamples=200)
OLD_MINIMUM = 0.005
OURS, BEFORE = ("5 seeds", "10 seeds", "assumed"), "before"
"""Rules: ours by what it knows of the spread, and the old one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What is simulated."""

    seeds: float
    """Standard deviation of the mean merit between seeds, on all items that there could be."""
    gain: float = 0.0
    """By which every challenger is truly better, on every task."""
    harm: float = 0.0
    """By which it is truly worse on one of them."""
    nights: int = NIGHTS
    items: int = 300
    """Of a task."""
    simulations: int = 250


class World:
    """Items and models of one simulation."""

    def __init__(self, case: Case, rng: np.random.Generator) -> None:
        self.case, self.rng = case, rng
        size = np.repeat(rng.dirichlet(np.full(N_GROUPS, 2.0)), N_LABELS) / N_LABELS
        counts = rng.multinomial(case.items, size, N_TASKS).reshape(N_TASKS, N_GROUPS, N_LABELS)
        self.counts = counts.transpose(1, 0, 2)
        self.odds = rng.normal(0, ITEM_EFFECT, self.counts.shape)
        chances = _chance(self.odds)
        self.slope = float((chances * (1 - chances)).mean())
        """Merit per log-odds."""
        self.where = Layout(
            tasks=TASKS,
            task=np.repeat(np.arange(N_TASKS), N_LABELS),
            counts=self.counts.reshape(N_GROUPS, -1).astype(float),
        )

    def answers(self, models: int, gain: float = 0.0, harm: float = 0.0) -> Array:
        """(models, groups, strata) right answers of models with seeds of their own."""
        rng, half = self.rng, self.case.seeds * math.sqrt(0.5)
        common = rng.normal(0, half, (models, 1, 1, 1))
        own = rng.normal(0, half * math.sqrt(N_TASKS), (models, 1, N_TASKS, 1))
        group = rng.normal(0, GROUP_EFFECT, (models, N_GROUPS, 1, 1))
        lean = rng.normal(0, LABEL_EFFECT, (models, 1, N_TASKS, 1)) * np.array([1, -1])
        harmed = harm * (np.arange(N_TASKS) == 0)[:, None]
        moved = (common + own + group + lean + gain - harmed) / self.slope
        right = rng.binomial(self.counts, _chance(self.odds + moved))
        return right.reshape(models, N_GROUPS, -1).astype(float)

    def comparison(self, where: Layout, differences: Array, spread: Spread) -> Comparison:
        """By the gate's own bootstrap."""
        draws = {"seed": GATE.seed, "resamples": GATE.resamples}
        return bootstrap(where, differences, spread=spread, **draws)

    def spreads(self) -> Mapping[str, Spread]:
        """What the gate may know of the seeds."""
        found = {"assumed": Spread(mean=GATE.seed_spread)}
        for n in (5, 10):
            known = between(self.where, self.answers(n))
            found[f"{n} seeds"] = spread_of(known, TASKS, n)
        return found


def nights_until(case: Case, seed: int) -> dict[str, float]:
    """Rule → nights until a challenger is promoted; ∞ where none is in the nights of the case."""
    world = World(case, np.random.default_rng([seed, 20261124]))
    spreads, champion = world.spreads(), world.answers(1)[0]
    found = dict.fromkeys((*OURS, BEFORE), math.inf)
    for night, challenger in enumerate(world.answers(case.nights, case.gain, case.harm), 1):
        differences = challenger - champion
        plain = world.comparison(world.where, differences, Spread())
        said = {
            name: better(replace(plain, spread=spread), GATE)[0] for name, spread in spreads.items()
        }
        if found[BEFORE] > night:
            said[BEFORE] = _as_before(
                world.comparison(*_without_strata(world, differences), Spread())
            )
        found |= {name: min(found[name], night) for name, promoted in said.items() if promoted}
    return found


def _without_strata(world: World, differences: Array) -> tuple[Layout, Array]:
    """Sums by task."""
    shape = (N_GROUPS, N_TASKS, N_LABELS)
    counts = world.where.counts.reshape(shape).sum(2)
    where = replace(world.where, task=np.arange(N_TASKS), counts=counts)
    return where, differences.reshape(shape).sum(2)


def _as_before(comparison: Comparison) -> bool:
    if comparison.harmed(GATE.margin, GATE.significance):
        return False
    return comparison.gain(0.975).low > OLD_MINIMUM


def _chance(odds: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-odds)))


def waits(case: Case) -> dict[str, Array]:
    """Rule → (simulations,) nights until a challenger is promoted."""
    found = [nights_until(case, seed) for seed in range(case.simulations)]
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    z, p = 1.96, hits / n
    middle, reach = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - reach) / (1 + z * z / n), (middle + reach) / (1 + z * z / n)


def claim(said: str, ours: Array, before: Array, *, allowed: float | None = None) -> Claim:
    """A row: in which simulations a challenger was promoted (or was not)."""
    share, per = float(ours.mean()), allowed or 1.0
    low, high = wilson(int(ours.sum()), len(ours))
    print(f"  {said}: {share:.3f}, before {before.mean():.3f}", file=sys.stderr, flush=True)
    return Claim(
        claim=said,
        ours=share,
        peer=float(before.mean()),
        ratio=share / per,
        interval=(low / per, high / per),
        goal=1.0 if allowed else None,
        holds=share <= allowed if allowed else None,
    )


def false_promotions(seeds: float, simulations: int = 250) -> Iterator[Claim]:
    """At least one in thirty nights of challengers that are no better."""
    found = waits(Case(seeds=seeds, simulations=simulations))
    for rule in OURS:
        said = f"promoted in {NIGHTS} nights, none better; seeds ±{seeds:g}, {rule}"
        yield claim(said, found[rule] <= NIGHTS, found[BEFORE] <= NIGHTS, allowed=0.05)


def power(case: Case, *rules: str) -> Iterator[Claim]:
    """One night, five nights, of challengers that are better."""
    found = waits(case)
    for rule in rules:
        for nights in (1, case.nights):
            said = (
                f"promoted in {nights} night{'s' * (nights > 1)}, {100 * case.gain:+g} points; "
                f"{case.items} items, seeds ±{case.seeds:g}, {rule}"
            )
            yield claim(said, found[rule] <= nights, found[BEFORE] <= nights)


def harmed(loss: float, seeds: float = 0.005, simulations: int = 250) -> Claim:
    """A task is named as harmed, that of the loss or, where there is none, any."""
    case = Case(seeds=seeds, simulations=simulations)

    def named(seed: int) -> tuple[bool, bool]:
        world = World(case, np.random.default_rng([seed, 20261124]))
        differences = world.answers(1, harm=loss)[0] - world.answers(1)[0]
        spread = world.spreads()["10 seeds"]
        compared = (
            world.comparison(world.where, differences, spread),
            world.comparison(*_without_strata(world, differences), Spread()),
        )
        found = [one.harmed(GATE.margin, GATE.significance) for one in compared]
        ours, before = (TASKS[0] in one if loss else bool(one) for one in found)
        return ours, before

    both = np.array([named(seed) for seed in range(simulations)])
    said = f"{100 * loss:g} points lost on a task" if loss else "nothing lost on any task"
    return claim(f"called harmed, {said}; seeds ±{seeds:g}, 10 seeds", both[:, 0], both[:, 1])


def claims() -> Iterator[Claim]:
    """All rows."""
    for seeds in (0.0, 0.005, 0.01, 0.02):
        yield from false_promotions(seeds)
    for gain in (0.01, 0.02, 0.05):
        for seeds in (0.0, 0.005, 0.01):
            rules = ("5 seeds", "10 seeds") if gain == 0.02 else ("10 seeds",)
            yield from power(Case(gain=gain, seeds=seeds, nights=5, simulations=150), *rules)
    for items in (1000, 3000):
        case = Case(gain=0.02, seeds=0.005, nights=5, items=items, simulations=150)
        yield from power(case, "10 seeds")
    for loss in (0.0, 0.05, 0.1, 0.2):
        yield harmed(loss)


def main() -> None:
    """Simulate all."""
    report(__file__, list(claims()))


if __name__ == "__main__":
    main()
