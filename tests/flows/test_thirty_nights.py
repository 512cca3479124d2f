"""Thirty nights without a true change, by the benchmark's simulation, small."""

import numpy as np
import pytest

from benchmarks.gate import BEFORE, NIGHTS, Case, nights_until, waits


@pytest.mark.operations
def test_thirty_nights_of_equal_models_rarely_promote_one_and_the_old_rule_did() -> None:
    found = waits(Case(seeds=0.01, simulations=40))
    for rule in ("5 seeds", "10 seeds", "assumed"):
        assert (found[rule] <= NIGHTS).mean() <= 0.1, rule
    assert (found[BEFORE] <= NIGHTS).mean() > 0.2


def test_a_large_gain_is_promoted_and_a_night_is_drawn_by_its_seed() -> None:
    case = Case(seeds=0.005, gain=0.15, nights=1)
    assert [nights_until(case, seed)["10 seeds"] for seed in range(3)] == [1, 1, 1]
    assert nights_until(case, 0) == nights_until(case, 0)
    worse = nights_until(Case(seeds=0.0, gain=-0.1, nights=3), 0)
    assert all(np.isinf(night) for night in worse.values())
