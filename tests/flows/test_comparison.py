"""Comparisons of two models: laws of their intervals, and strata that take out a mere lean."""

import itertools
import math

import numpy as np
import pytest

from flows.comparison import Comparison, bootstrap, student
from flows.spread import Spread
from flows.strata import ENOUGH_GROUPS, Array, layout, sums
from tasks_to_text.scored import Item


def item(task: str, example: int, group: str, gold: int = -1) -> Item:
    return Item(
        task=task,
        split="validation",
        model="generalist",
        example_id=str(example),
        group=group,
        template_hash="t",
        prompt_digest=f"{task}{example}",
        gold=gold,
    )


def compared(items: list[Item], gains: Array, spread: float = 0.0) -> Comparison:
    where, cells = layout(items)
    known = Spread(mean=spread)
    return bootstrap(where, sums(where, cells, gains), seed=0, resamples=2000, spread=known)


ITEMS = [item(task, i, f"g{i // 4}") for task in "ab" for i in range(200)]
GAINS = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], len(ITEMS), p=[0.1, 0.7, 0.2])


def test_the_other_way_round_everything_is_the_other_way_round() -> None:
    one, other = compared(ITEMS, GAINS, 0.01), compared(ITEMS, -GAINS, 0.01)
    value, low, high = one.gain(0.99)
    assert other.gain(0.99) == pytest.approx((-value, -high, -low))
    assert one.harmed(0.0, 0.05) == other.gained(0.05) and one.gained(0.05) == ("a", "b")


def test_a_larger_gain_is_never_worse() -> None:
    lows = [compared(ITEMS, np.minimum(GAINS + more, 1)).gain(0.99).low for more in (0, 0.01, 0.1)]
    assert lows == sorted(lows)


def test_seeds_widen_every_interval_once_for_each_model() -> None:
    narrow, wide = compared(ITEMS, GAINS), compared(ITEMS, GAINS, 0.03)
    t = student(0.99, narrow.groups)
    reach = t * math.sqrt(narrow.error**2 + 2 * 0.03**2)
    assert wide.gain(0.99).low == pytest.approx(wide.gain(0.99).value - reach)
    for task, estimate in narrow.by_task().items():
        assert wide.by_task()[task].low < estimate.low < estimate.high < wide.by_task()[task].high


def test_the_standard_error_is_that_of_independent_groups() -> None:
    alone = [item("a", i, f"g{i}") for i in range(300)]
    gains = np.random.default_rng(1).normal(size=300)
    found = compared(alone, gains)
    assert found.error == pytest.approx(gains.std(ddof=1) / math.sqrt(300), rel=0.08)
    twice = compared(
        [*alone, *(item("a", 300 + i, f"g{i}") for i in range(300))], np.tile(gains, 2)
    )
    assert twice.error == pytest.approx(found.error), "a copy of every item says nothing new"


def test_a_mere_lean_towards_a_label_is_no_uncertainty() -> None:
    """One model answers "yes" throughout, the other "no": neither is better, and that is sure."""
    labelled = [item("a", i, f"g{i}", gold=i % 2) for i in range(200)]
    lean = np.where(np.arange(200) % 2, 1.0, -1.0)
    assert compared(labelled, lean).error == pytest.approx(0)
    unknown = [item("a", i, f"g{i}") for i in range(200)]
    assert compared(unknown, lean).error == pytest.approx(1 / math.sqrt(200), rel=0.1)


def test_strata_change_no_mean_and_small_ones_are_taken_together() -> None:
    rng = np.random.default_rng(0)
    for labels in (2, 7, 40, 200):
        labelled = [item(t, i, f"g{i}", gold=i % labels) for t in "ab" for i in range(200)]
        gains = rng.normal(size=len(labelled))
        where, _ = layout(labelled)
        assert ((where.counts > 0).sum(0) >= ENOUGH_GROUPS).all()
        found = compared(labelled, gains)
        assert found.differences == pytest.approx([gains[:200].mean(), gains[200:].mean()])
    few = [item("a", i, "g", gold=i) for i in range(5)]
    assert layout(few)[0].counts.tolist() == [[5]]


def test_tasks_weigh_alike_and_a_draw_that_misses_one_says_nothing_of_it() -> None:
    items = [*(item("a", i, f"g{i}") for i in range(50)), item("one", 0, "g0")]
    found = compared(items, np.array([0.0] * 50 + [1.0]))
    assert found.gain(0.95).value == 0.5 and found.n_groups == (50, 1) and found.groups == 50
    assert found.errors.tolist() == [0.0, 0.0] and not math.isnan(found.error)
    assert found.by_task()["one"] == (1.0, -1.0, 1.0), "one group tells nothing"


def test_the_bootstrap_is_seeded() -> None:
    assert compared(ITEMS, GAINS).gain(0.9) == compared(ITEMS, GAINS).gain(0.9)


@pytest.mark.parametrize(
    ("level", "groups", "exact"),
    [(0.975, 6, 2.571), (0.975, 31, 2.042), (0.99, 11, 2.764), (0.999, 21, 3.552)],
)
def test_quantiles_are_those_of_tables(level: float, groups: int, exact: float) -> None:
    assert student(level, groups) == pytest.approx(exact, rel=0.01)


def test_with_fewer_groups_an_interval_reaches_further() -> None:
    reach = [student(0.9983, groups) for groups in (1, 2, 3, 10, 100, 100_000)]
    assert all(a > b for a, b in itertools.pairwise(reach)) and reach[0] == math.inf
    assert reach[-1] == pytest.approx(2.929, rel=0.01)
