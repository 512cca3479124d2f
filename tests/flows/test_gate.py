"""The gate: what is promoted, what is not, and how often noise alone would be."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from flows.errors import ConfigError, FlowsError
from flows.gate import GateConfig, against_champion, compare, first_champion, holm
from tasks_to_text.evaluate import Item

CONFIG = GateConfig(resamples=1000)


def items(answers: dict[str, Sequence[bool]], per_group: int = 1) -> list[Item]:
    """Answered items by task; neighbours share a group, and so do tasks."""
    return [
        Item(
            task=task,
            split="validation",
            model="generalist",
            example_id=str(i),
            group=f"g{i // per_group}",
            template_hash="t",
            prompt_digest=f"{task}{i}",
            scores=(0.0, -1.0),
            correct=bool(correct),
        )
        for task, row in answers.items()
        for i, correct in enumerate(row)
    ]


def answered(n: int, share: float) -> list[bool]:
    return [i < share * n for i in range(n)]


def scores(**changes: float) -> list[dict[str, Any]]:
    rows = {"generalist": (0.8, 0.7), "chance": (0.25, 0.25), "majority": (0.3, 0.25)}
    return [
        {
            "task": task,
            "metric": "acc",
            "model": model,
            "exposure": exposure,
            "value": value,
            "low": changes.get(task, low) if model == "generalist" else low,
        }
        for task, exposure in (("a", "in_mixture"), ("b", "in_mixture"), ("c", "unseen"))
        for model, (value, low) in rows.items()
    ]


def test_the_first_champion_beats_chance_and_majority_on_every_task_of_the_mixture() -> None:
    assert first_champion(scores(), "generalist").promoted
    assert first_champion(scores(c=0.1), "generalist").promoted, "unseen tasks do not decide"
    verdict = first_champion(scores(b=0.3), "generalist")
    assert not verdict.promoted
    assert "b (0.300, needs more than 0.300)" in verdict.reason and "a (" not in verdict.reason
    assert not first_champion([], "generalist").promoted


def test_a_clear_gain_is_promoted_and_its_reason_has_the_interval() -> None:
    better = items({"a": answered(400, 0.8), "b": answered(400, 0.8)})
    champion = items({"a": answered(400, 0.7), "b": answered(400, 0.7)})
    verdict = against_champion(better, champion, CONFIG)
    assert verdict.promoted and "+0.1000 [" in verdict.reason
    assert not against_champion(champion, better, CONFIG).promoted
    assert not against_champion(champion, champion, CONFIG).promoted


def test_a_gain_that_clusters_in_few_groups_is_not_believed() -> None:
    one_by_one = items({"a": answered(100, 0.6)}), items({"a": answered(100, 0.5)})
    together = items({"a": answered(100, 0.6)}, 10), items({"a": answered(100, 0.5)}, 10)
    assert against_champion(*one_by_one, CONFIG).promoted
    assert not against_champion(*together, CONFIG).promoted


def test_established_harm_to_one_task_blocks_whatever_the_mean_says() -> None:
    better = items({"a": answered(400, 0.9), "b": answered(400, 0.6)})
    champion = items({"a": answered(400, 0.5), "b": answered(400, 0.7)})
    verdict = against_champion(better, champion, CONFIG)
    assert not verdict.promoted and "harmed: b" in verdict.reason
    within_margin = items({"a": answered(400, 0.9), "b": answered(400, 0.69)})
    assert against_champion(within_margin, champion, CONFIG).promoted


def test_the_macro_mean_weighs_tasks_equally() -> None:
    ours = items({"a": answered(1000, 0.5), "b": answered(10, 1.0)})
    theirs = items({"a": answered(1000, 0.5), "b": answered(10, 0.0)})
    value, _, _ = compare(ours, theirs, CONFIG).macro()
    assert math.isclose(value, 0.5)


def test_only_the_same_items_are_compared() -> None:
    with pytest.raises(FlowsError, match="answered 10 items, champion 20, both 10"):
        compare(items({"a": [True] * 10}), items({"a": [True] * 20}), CONFIG)
    with pytest.raises(FlowsError, match="same items"):
        compare([], [], CONFIG)


def test_two_models_that_differ_by_chance_alone_are_rarely_exchanged() -> None:
    rng = np.random.default_rng(0)
    fast = GateConfig(resamples=300)

    def promoted() -> bool:
        first, second = (
            items({task: (rng.random(200) < 0.6).tolist() for task in "abc"}, 5) for _ in range(2)
        )
        return against_champion(first, second, fast).promoted

    assert sum(promoted() for _ in range(200)) <= 10


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03], 0.05) == [True, False, False]
    assert holm([0.01, 0.02, 0.03], 0.05) == [True, True, True]
    assert holm([0.2, 0.01], 0.05) == [False, True]
    assert holm([], 0.05) == []


def test_the_bootstrap_is_seeded() -> None:
    ours, theirs = items({"a": answered(50, 0.8)}), items({"a": answered(50, 0.7)})
    runs = [compare(ours, theirs, CONFIG).macro() for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("bad", [{"margin": -0.1}, {"resamples": 5}, {"significance": 1.0}])
def test_settings_that_cannot_work_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"gate.{next(iter(bad))}="):
        GateConfig(**bad)
