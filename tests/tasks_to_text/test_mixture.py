"""Mixing: the laws of seqio's rates, and templates that are drawn as often as they weigh."""

import math
import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.mixture import MixtureConfig, draw_template, rates, token_shares
from tasks_to_text.prompts_store import PROMPTS
from tasks_to_text.store import training_pairs

COUNTS = {"rte": 2_490, "sst2": 67_349, "mnli": 392_702, "copa": 400}
PROPORTIONAL = MixtureConfig(policy="proportional")


@pytest.mark.parametrize("cap", [None, 1, 3_000, 2**19])
@pytest.mark.parametrize("temperature", [1.0, 2.0, 8.0, 1e6])
def test_rates_add_up_and_keep_the_order_of_the_counts(cap: int | None, temperature: float) -> None:
    found = rates(COUNTS, replace(PROPORTIONAL, cap=cap, temperature=temperature))
    assert list(found) == list(COUNTS) and sum(found.values()) == pytest.approx(1, abs=1e-12)
    by_count = sorted(COUNTS, key=lambda name: COUNTS[name])
    for few, many in pairwise(by_count):
        assert found[few] <= found[many]


def test_rates_are_those_of_seqio() -> None:
    """min(n, K)^(1/T), worked out by hand for two tasks."""
    two = {"a": 400, "b": 10_000}
    assert rates(two, PROPORTIONAL) == pytest.approx({"a": 1 / 26, "b": 25 / 26})
    config = replace(PROPORTIONAL, temperature=2.0)
    assert rates(two, config) == pytest.approx({"a": 20 / 120, "b": 100 / 120})
    config = replace(PROPORTIONAL, cap=1_600)
    assert rates(two, config) == pytest.approx({"a": 0.2, "b": 0.8})
    config = replace(PROPORTIONAL, cap=1_600, temperature=2.0)
    assert rates(two, config) == pytest.approx({"a": 20 / 60, "b": 40 / 60})


def test_no_end_of_temperature_is_equal() -> None:
    equal = rates(COUNTS, MixtureConfig(policy="equal"))
    assert set(equal.values()) == {0.25}
    assert rates(COUNTS, replace(PROPORTIONAL, cap=1)) == equal
    assert rates(COUNTS, replace(PROPORTIONAL, temperature=1e12)) == pytest.approx(equal, abs=1e-9)


def test_more_temperature_takes_from_the_largest_and_gives_to_the_smallest() -> None:
    found = [rates(COUNTS, replace(PROPORTIONAL, temperature=t)) for t in (1.0, 2.0, 4.0, 8.0)]
    largest, smallest = ([one[name] for one in found] for name in ("mnli", "copa"))
    assert largest == sorted(largest, reverse=True) and smallest == sorted(smallest)


def test_only_the_cap_decides_among_those_above_it() -> None:
    config = replace(PROPORTIONAL, cap=3_000)
    found = rates(COUNTS, config)
    assert found["sst2"] == found["mnli"] > found["rte"] > found["copa"]
    assert rates({**COUNTS, "mnli": 10**9}, config) == found


def test_proportional_reads_every_example_of_every_task_equally_often() -> None:
    """Tokens of a task over all it has, where windows are drawn by their share of the tokens."""
    lengths = {"rte": 70.0, "sst2": 20.5, "mnli": 40.0, "copa": 18.0}
    shares = token_shares(rates(COUNTS, PROPORTIONAL), lengths)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-12)
    epochs = {name: shares[name] / (COUNTS[name] * lengths[name]) for name in COUNTS}
    assert len({f"{value:.9e}" for value in epochs.values()}) == 1
    equal = token_shares(rates(COUNTS, MixtureConfig(policy="equal")), lengths)
    read = [equal[name] / lengths[name] for name in COUNTS]
    assert read == pytest.approx([read[0]] * 4)


WEIGHTS = {"main": 2.0, "short": 1.0, "verbose": 0.5, "never": 0.0}


def _chi_square(counts: Counter[str], weights: dict[str, float]) -> float:
    total, all_weights = sum(counts.values()), sum(weights.values())
    expected = {name: total * weight / all_weights for name, weight in weights.items() if weight}
    return sum((counts[name] - n) ** 2 / n for name, n in expected.items())


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("weights", "limit"),  # of chi-square at p = 0.001
    [(WEIGHTS, 13.82), ({"a": 1.0, "b": 1.0}, 10.83), ({f"{i}": 1.0 for i in range(10)}, 27.88)],
)
def test_templates_are_drawn_as_often_as_they_weigh(
    weights: dict[str, float], limit: float, seed: int
) -> None:
    drawn = Counter(draw_template(f"row-{i}", weights, seed) for i in range(8_000))
    assert _chi_square(drawn, weights) < limit
    assert drawn["never"] == 0


def test_a_draw_depends_on_id_weights_and_seed_alone() -> None:
    ids = [f"row-{i}" for i in range(300)]
    found = [draw_template(one, WEIGHTS, 0) for one in ids]
    turned = dict(reversed(WEIGHTS.items()))
    assert [draw_template(one, turned, 0) for one in ids] == found
    scaled = {name: 4 * weight for name, weight in WEIGHTS.items()}
    assert [draw_template(one, scaled, 0) for one in ids] == found
    random.Random(0).shuffle(ids)
    assert Counter(draw_template(one, WEIGHTS, 0) for one in ids) == Counter(found)
    other = [draw_template(f"row-{i}", WEIGHTS, 1) for i in range(300)]
    same = sum(a == b for a, b in zip(found, other, strict=True)) / 300
    expected = sum((w / 3.5) ** 2 for w in WEIGHTS.values())  # as two draws by chance agree
    assert same == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 300))


def _prompts(path: Path, templates: dict[str, list[str]]) -> Path:
    """Rows as the store keeps them: every example of a task under each of its templates."""
    empty: dict[str, Any] = {
        **{key: [] for key in ("choices", "references", "segments", "contexts")},
        **dict.fromkeys(("template_hash", "group"), ""),
        "gold": -1,
    }
    with pq.ParquetWriter(path / "train.parquet", PROMPTS) as file:
        for task, names in templates.items():
            for name in names:
                rows = [
                    {**empty, "task": task, "template": name, "position": i, "example_id": f"{i}",
                     "prompt": f"{task} {i} {name}", "target": f" {i}"}
                    for i in range(600)
                ]  # fmt: skip
                file.write_table(pa.Table.from_pylist(rows, schema=PROMPTS))
    return path


def test_a_task_with_many_templates_weighs_no_more_than_one_with_one(tmp_path: Path) -> None:
    names = ["main", *(f"t{i}" for i in range(9))]
    prompts = _prompts(tmp_path, {"many": names, "one": ["main"]})
    many, one = (list(training_pairs(prompts, task)) for task in ("many", "one"))
    targets = [f" {i}" for i in range(600)]  # every example once, in the order of the store
    assert [target for _, target in many] == [target for _, target in one] == targets
    used = Counter(prompt.split()[-1] for prompt, _ in many)
    assert set(used) == set(names)
    assert _chi_square(used, dict.fromkeys(names, 1.0)) < 27.88
    assert list(training_pairs(prompts, "many")) == many
    assert list(training_pairs(prompts, "many", seed=1)) != many


def test_weights_of_templates_are_by_name_and_the_rest_weighs_1(tmp_path: Path) -> None:
    prompts = _prompts(tmp_path, {"task": ["a", "b", "c"]})
    pairs = list(training_pairs(prompts, "task", {"a": 2.0, "b": 0.0}))
    used = Counter(prompt.split()[-1] for prompt, _ in pairs)
    assert len(pairs) == 600 and set(used) == {"a", "c"}
    assert _chi_square(used, {"a": 2.0, "c": 1.0}) < 10.83
    with pytest.raises(DataError, match=r"\['task'\]: there is no template 'd' .* a, b, c"):
        list(training_pairs(prompts, "task", {"d": 1.0}))
    with pytest.raises(ConfigError, match="one of them must weigh more than 0"):
        list(training_pairs(prompts, "task", dict.fromkeys("abc", 0.0)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"policy": "fair"}, "policy='fair': use one of given, equal, proportional"),
        ({"policy": "equal", "cap": 5}, "cap=5: means nothing with policy='equal'"),
        ({"temperature": 2.0}, "temperature=2.0: means nothing with policy='given'"),
        ({"policy": "proportional", "cap": 0}, "cap=0: count at least one"),
        ({"policy": "proportional", "temperature": 0.5}, "temperature=0.5: use 1 or more"),
        ({"policy": "proportional", "temperature": math.nan}, "temperature=nan: use 1 or more"),
        ({"policy": "proportional", "temperature": math.inf}, "temperature=inf: use 1 or more"),
        ({"template_weights": {"t": {"a": -1.0}}}, r"template_weights\['t'\]\['a'\]=-1.0: must"),
        ({"template_weights": {"t": {"a": math.inf}}}, "=inf: must be a finite number"),
    ],
)
def test_what_cannot_be_a_mixture_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MixtureConfig(**fields)


def test_rates_that_cannot_be_made_are_refused() -> None:
    with pytest.raises(ConfigError, match="policy='given'"):
        rates(COUNTS, MixtureConfig())
    for config in (PROPORTIONAL, MixtureConfig(policy="equal")):
        with pytest.raises(ConfigError, match="task 'none' has 0 training examples"):
            rates({**COUNTS, "none": 0}, config)
