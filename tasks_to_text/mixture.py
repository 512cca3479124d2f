"""How often each task is read in training, and under which of its templates.

The arithmetic of seqio (``mixing_rate_num_examples``) and T5 (Raffel et al. 2020, §3.5.2): a task
with n examples gets the rate min(n, K)^(1/T). T = 1 without K is proportional, every example of
every task then is read equally often; as T grows, or with ``equal``, every task gets as many
examples as any other. K keeps one huge task from drowning the others.

Rates are shares of the **examples** that are read. Who draws windows of packed tokens needs shares
of the tokens: a task with long examples gets more of those (``token_shares``).

Here an example is read once per epoch, under one of its templates, drawn by a hash. So a task with
ten templates weighs no more than one with a single one; T0 gave each template the full size of its
dataset, and those with many templates prevailed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NoReturn, get_args

from tasks_to_text.errors import ConfigError
from tasks_to_text.selection import seeded_digest

Policy = Literal["given", "equal", "proportional"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MixtureConfig:
    """How tasks share the part of a training that is theirs. Raises ConfigError."""

    policy: Policy = "given"
    """given: by rates that somebody wrote down; equal: as many examples of each; proportional: by
    their numbers of training examples."""
    cap: int | None = None
    """For proportional: a task counts as having at most this many examples (K); None: no limit."""
    temperature: float = 1.0
    """For proportional: 1 keeps the proportions, more brings the tasks nearer to each other (T)."""
    template_weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Task → template → how often it is drawn, relative to the task's other templates; one that is
    not named weighs 1, one that weighs 0 is never trained on."""
    template_seed: int = 0
    """Of the draw of each example's template."""

    def __post_init__(self) -> None:
        if self.policy not in get_args(Policy):
            _refuse("policy", self.policy, f"use one of {', '.join(get_args(Policy))}")
        if self.policy != "proportional" and (self.cap is not None or self.temperature != 1):
            named = "temperature" if self.cap is None else "cap"
            remedy = f"means nothing with policy={self.policy!r}: use 'proportional', or drop it"
            _refuse(named, getattr(self, named), remedy)
        if self.cap is not None and self.cap < 1:
            _refuse("cap", self.cap, "count at least one example, or leave it out")
        if not 1 <= self.temperature < math.inf:
            _refuse("temperature", self.temperature, "use 1 or more; for no end of it, 'equal'")
        for task, weights in self.template_weights.items():
            _check_weights(f"template_weights[{task!r}]", weights)


def rates(counts: Mapping[str, int], config: MixtureConfig) -> dict[str, float]:
    """Task → its share of the examples that are read; they add up to 1.

    ``counts``: training examples of every task. ConfigError where the policy is ``given``, or a
    task has none.

    >>> rates({"a": 300, "b": 100}, MixtureConfig(policy="proportional"))
    {'a': 0.75, 'b': 0.25}
    >>> rates({"a": 300, "b": 100}, MixtureConfig(policy="proportional", cap=100))
    {'a': 0.5, 'b': 0.5}
    """
    if config.policy == "given":
        raise ConfigError("policy='given': rates are those of the profile; there are none to make")
    for task, n in counts.items():
        if n < 1:
            raise ConfigError(
                f"task {task!r} has {n} training examples: take it out of the mixture"
            )
    if config.policy == "equal":
        return _normalised(dict.fromkeys(counts, 1.0))
    cap = math.inf if config.cap is None else config.cap
    return _normalised(
        {name: min(n, cap) ** (1 / config.temperature) for name, n in counts.items()}
    )


def token_shares(rates: Mapping[str, float], tokens: Mapping[str, float]) -> dict[str, float]:
    """Task → its share of the tokens that are read, where examples are read at ``rates``.

    ``tokens``: mean tokens of an example of each task, above 0. The shares add up to 1.

    >>> token_shares({"short": 0.5, "long": 0.5}, {"short": 10, "long": 30})
    {'short': 0.25, 'long': 0.75}
    """
    return _normalised({name: rate * tokens[name] for name, rate in rates.items()})


def draw_template(example_id: str, weights: Mapping[str, float], seed: int) -> str:
    """The template that an example is read under: each as often as it weighs, over all examples.

    A function of id, names, weights and seed alone; the order of the templates changes nothing.
    ConfigError where no template weighs anything.
    """
    _check_weights("templates", weights)
    if not any(weights.values()):
        _refuse("templates", dict(weights), "one of them must weigh more than 0")
    drawn = int.from_bytes(seeded_digest("template", seed, example_id)[:6], "big") / 2**48
    names = sorted(name for name, weight in weights.items() if weight > 0)
    left = drawn * sum(weights[name] for name in names)
    for name in names:
        left -= weights[name]
        if left < 0:
            return name
    return names[-1]  # rounding left nothing over


def _normalised(values: Mapping[str, float]) -> dict[str, float]:
    total = math.fsum(values.values())
    return {name: value / total for name, value in values.items()}


def _check_weights(where: str, weights: Mapping[str, float]) -> None:
    for name, weight in weights.items():
        if not 0 <= weight < math.inf:
            _refuse(f"{where}[{name!r}]", weight, "must be a finite number, not negative")


def _refuse(field: str, value: object, remedy: str) -> NoReturn:
    raise ConfigError(f"mixture: {field}={value!r}: {remedy}")
