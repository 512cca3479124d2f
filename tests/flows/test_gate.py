"""The gate: what is promoted, what is not, and what is said of it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from flows.errors import ConfigError
from flows.gate import GateConfig, Verdict, against_champion, first_champion
from flows.spread import Spread
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
    ours = {name: np.roll(answered(60, 0.58), 2 * i).tolist() for i, name in enumerate(names)}
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
    one_by_one = items({"a": answered(400, 0.6)}), items({"a": answered(400, 0.5)})
    together = items({"a": answered(400, 0.6)}, 40), items({"a": answered(400, 0.5)}, 40)
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


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_task_of_few_groups_promotes_nobody(n: int) -> None:
    lucky = items({"a": answered(400, 0.5), "few": [True] * n})
    champion = items({"a": answered(400, 0.5), "few": [False] * n})
    assert not against_champion(lucky, champion, CONFIG).promoted
    read = [("few", str(i)) for i in range(n, 40)]
    lucky = items({"a": answered(400, 0.5), "few": [True] * 40})
    champion = items({"a": answered(400, 0.5), "few": [False] * 40})
    assert not against_champion(lucky, champion, CONFIG, read=read).promoted


def test_other_items_are_not_compared_and_the_reason_names_them() -> None:
    longer = items({"a": [True] * 20, "b": [True] * 5})
    verdict = against_champion(items({"a": [True] * 10, "b": [True] * 5}), longer, CONFIG)
    assert verdict == Verdict(
        promoted=False,
        reason="not comparable: new model and champion answered other items (a 10 and 20)",
    )
    other = [replace(item, prompt_digest="other") for item in longer]
    assert "other items (prompts)" in against_champion(longer, other, CONFIG).reason
    assert "answered no item that could decide" in against_champion([], [], CONFIG).reason


def test_what_one_of_the_two_has_read_decides_nothing() -> None:
    champion = items({"a": answered(200, 0.5), "b": [False] * 50})
    better = items({"a": answered(200, 0.7), "b": [True] * 50})
    read = {("a", str(i)) for i in range(100, 140)} | {("b", str(i)) for i in range(50)}
    verdict = against_champion(better, champion, CONFIG, read=read)
    assert not verdict.promoted and "mean score over 1 task changed by +0.0000" in verdict.reason
    assert verdict.reason.endswith(
        "; 90 of 250 items left out as read in training; b without a clean item; "
        "the spread between seeds is assumed, not measured"
    )
    evidence = verdict.evidence
    assert evidence and (evidence.items, evidence.left_out, evidence.idle) == (250, 90, ("b",))
    clean = [
        [item for item in models if (item.task, item.example_id) not in read]
        for models in (better, champion)
    ]
    assert against_champion(*clean, CONFIG).evidence == replace(
        evidence, items=160, left_out=0, idle=()
    )
    everything = {(item.task, item.example_id) for item in champion}
    verdict = against_champion(better, champion, CONFIG, read=everything)
    assert not verdict.promoted and verdict.reason == (
        "nothing to decide by; 250 of 250 items left out as read in training; "
        "a, b without a clean item"
    )


def test_the_first_champion_is_judged_on_clean_items() -> None:
    ours = items({"a": answered(200, 0.6), "b": answered(200, 0.26)})
    scores = rows(MIXTURE, chance=0.25)

    def judged(n_read: int) -> Verdict:
        read = {("a", str(i)) for i in range(n_read)}
        return first_champion(ours, scores, "generalist", CONFIG, read)

    assert judged(0).promoted and "left out" not in judged(0).reason
    assert judged(40).promoted and "40 of 400 items left out" in judged(40).reason
    assert not judged(120).promoted and "120 of 400 items left out" in judged(120).reason


def test_a_person_reads_why() -> None:
    """Golden sentences."""
    ours = items({"a": answered(400, 0.8), "b": answered(400, 0.75)})
    champion = items({"a": answered(400, 0.7), "b": answered(400, 0.7)})
    exact = Spread(mean=0.0, runs=7)
    verdict = against_champion(ours, champion, CONFIG, spread=exact, read={("a", "0")})
    assert re.fullmatch(
        r"mean score over 2 tasks changed by \+0\.0751 \[\+0\.0\d{3}, \+0\.1\d{3}\]; "
        r"no task harmed; 1 of 800 items left out as read in training",
        verdict.reason,
    )
    verdict = against_champion(champion, champion, CONFIG)
    assert verdict.reason == (
        "mean score over 2 tasks changed by +0.0000 [-0.0417, +0.0417]; the lower bound must "
        "exceed +0.0000; the spread between seeds is assumed, not measured"
    )
    verdict = against_champion(champion, ours, CONFIG, spread=exact)
    assert verdict.reason.endswith("]; harmed: a, b")


def test_a_seed_that_may_have_been_lucky_is_not_believed() -> None:
    ours, champion = items({"a": answered(2000, 0.8)}), items({"a": answered(2000, 0.75)})
    known = [Spread(mean=s, runs=9) for s in (0.0, 0.005, 0.02)]
    verdicts = [against_champion(ours, champion, CONFIG, spread=one) for one in known]
    assert [verdict.promoted for verdict in verdicts] == [True, True, False]
    lows = [verdict.evidence.gain.low for verdict in verdicts if verdict.evidence]
    assert lows == sorted(lows, reverse=True) and len(lows) == 3


def test_more_nights_ask_for_more() -> None:
    assert GateConfig(nights=1).level == pytest.approx(0.95)
    assert GateConfig().level ** 30 == pytest.approx(0.95)
    ours, champion = items({"a": answered(400, 0.8)}), items({"a": answered(400, 0.7)})
    lows = [
        verdict.evidence.gain.low
        for nights in (1, 30, 365)
        for verdict in [against_champion(ours, champion, replace(CONFIG, nights=nights))]
        if verdict.evidence
    ]
    assert lows == sorted(lows, reverse=True) and len(set(lows)) == 3


def test_texts_decide_nothing() -> None:
    better, worse = items({"a": answered(400, 0.8)}), items({"a": answered(400, 0.7)})
    text = items({"documents": [9.0] * 50}, metric="bits_per_byte")
    verdict = against_champion(better + text, worse + text, CONFIG)
    assert verdict == against_champion(better, worse, CONFIG)


@pytest.mark.parametrize(
    "bad",
    [
        {"margin": -0.1},
        {"seed_spread": -1},
        {"resamples": 5},
        {"nights": 0},
        {"significance": 1.0},
        {"false_promotion": 0.0},
    ],
)
def test_settings_that_cannot_work_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"gate.{next(iter(bad))}="):
        GateConfig(**bad)
