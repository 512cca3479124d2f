"""The gate: what is promoted, what is not, and how often noise alone would be."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from flows.errors import ConfigError, FlowsError
from flows.gate import GateConfig, against_champion, compare, first_champion
from tasks_to_text.scored import Item

CONFIG = GateConfig(resamples=1000)


def items(
    answers: dict[str, Sequence[float]],
    per_group: int = 1,
    model: str = "generalist",
    metric: str = "acc",
) -> list[Item]:
    """Answered items by task; neighbours share a group, and so do tasks."""
    return [
        Item(
            task=task,
            split="validation",
            model=model,
            example_id=str(i),
            group=f"g{i // per_group}",
            template_hash="t",
            prompt_digest=f"{task}{i}",
            values={metric: float(value)},
        )
        for task, row in answers.items()
        for i, value in enumerate(row)
    ]


def answered(n: int, share: float) -> list[bool]:
    return [i < share * n for i in range(n)]


def rows(tasks: dict[str, str], **bars: float) -> list[dict[str, Any]]:
    """Scores of the model and of the baselines, by task and its exposure."""
    known = {"generalist": 0.5, **bars}
    return [
        {
            "task": t,
            "model": m,
            "metric": "acc",
            "headline": True,
            "exposure": exposure,
            "value": value,
        }
        for t, exposure in tasks.items()
        for m, value in known.items()
    ]


MIXTURE = {"a": "in_mixture", "b": "in_mixture", "c": "unseen"}


def first(answers: dict[str, Sequence[float]], **bars: float) -> tuple[bool, str]:
    verdict = first_champion(items(answers), rows(MIXTURE, **bars), "generalist", CONFIG)
    return verdict.promoted, verdict.reason


def test_the_first_champion_is_above_chance_on_the_mean_over_its_mixture() -> None:
    good, poor = answered(200, 0.6), answered(200, 0.26)
    promoted, reason = first({"a": good, "b": good, "c": poor}, chance=0.25)
    assert promoted and "+0.3500 [" in reason and "established on a, b" in reason
    promoted, reason = first({"a": good, "b": poor, "c": poor}, chance=0.25)
    assert promoted, "a task at chance does not block"
    assert reason.endswith("established on a; not established on b")
    promoted, reason = first({"a": poor, "b": poor, "c": good}, chance=0.25)
    assert not promoted, "tasks outside the mixture do not decide"
    assert "lower bound must exceed 0" in reason


def test_the_first_champion_needs_more_than_the_majority_item_by_item() -> None:
    ours = answered(200, 0.6)
    majority = items({"a": ours}, model="majority")
    found = [*items({"a": ours}), *majority]
    scores = rows({"a": "in_mixture"}, chance=0.25, majority=0.6)
    assert not first_champion(found, scores, "generalist", CONFIG).promoted
    verdict = first_champion(found, rows(MIXTURE, chance=0.5), "generalist", CONFIG)
    assert verdict.promoted, "what stands lower is no bar"


def test_many_small_gains_need_one_task_that_stands_alone() -> None:
    names = [f"t{i:02d}" for i in range(30)]
    rng = np.random.default_rng(0)
    ours = {name: (rng.random(60) < 0.56).tolist() for name in names}
    scores = rows(dict.fromkeys(names, "in_mixture"), chance=0.5)
    verdict = first_champion(items(ours), scores, "generalist", CONFIG)
    assert not verdict.promoted and "on no single task" in verdict.reason


def test_without_a_task_of_the_mixture_there_is_no_first_champion() -> None:
    none = "no task of the mixture"
    assert none in first_champion([], [], "generalist", CONFIG).reason
    text = items({"a": [0.5] * 9}, metric="bits_per_byte")
    assert none in first_champion(text, rows(MIXTURE), "generalist", CONFIG).reason


def test_written_answers_are_held_against_majority_only() -> None:
    ours = items({"a": [30.0] * 50 + [20.0] * 50}, metric="chrf")
    majority = items({"a": [22.0] * 100}, metric="chrf", model="majority")
    scores = rows({"a": "in_mixture"}, majority=22.0)
    verdict = first_champion([*ours, *majority], scores, "generalist", CONFIG)
    assert verdict.promoted and "+0.0300 [" in verdict.reason, "chrF counts from 0 to 1"


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


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_task_of_few_groups_cannot_be_ruined(n: int) -> None:
    better = items({"a": answered(400, 0.9), "few": [False] * n})
    champion = items({"a": answered(400, 0.5), "few": [True] * n})
    verdict = against_champion(better, champion, CONFIG)
    assert not verdict.promoted and "harmed: few" in verdict.reason
    same = items({"a": answered(400, 0.5), "few": [False] * n})
    assert against_champion(better, same, CONFIG).promoted, "few groups alone harm nobody"


def test_a_draw_that_misses_a_task_says_nothing_of_it() -> None:
    found = compare(
        items({"a": answered(50, 0.5), "one": [True]}),
        items({"a": answered(50, 0.5), "one": [False]}),
        CONFIG,
    )
    one = found.draws[:, found.tasks.index("one")]
    assert 0 < np.isnan(one).sum() < len(one) and np.nanmin(one) == 1.0
    assert found.n_groups == (50, 1)


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


def test_texts_decide_nothing() -> None:
    better, worse = items({"a": answered(400, 0.8)}), items({"a": answered(400, 0.7)})
    text = items({"documents": [9.0] * 50}, metric="bits_per_byte")
    assert compare(better + text, worse + text, CONFIG).tasks == ("a",)


def test_the_bootstrap_is_seeded() -> None:
    ours, theirs = items({"a": answered(50, 0.8)}), items({"a": answered(50, 0.7)})
    runs = [compare(ours, theirs, CONFIG).macro() for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("bad", [{"margin": -0.1}, {"resamples": 5}, {"significance": 1.0}])
def test_settings_that_cannot_work_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"gate.{next(iter(bad))}="):
        GateConfig(**bad)
