"""One task on one split: what every protocol needs to score it, and the rows that come of it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.language_model import LanguageModel
from tasks_to_text.metrics import Interval
from tasks_to_text.scored import (
    BAG_OF_WORDS,
    CHOICES_ONLY,
    IN_MIXTURE,
    MAJORITY,
    UNSEEN,
    Item,
    Score,
)
from tasks_to_text.task import Split, Task

Rows = tuple[list[Item], list[Score]]
"""What an evaluation leaves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What is scored, by whom, beside what. DataError without examples, ConfigError when
    ``choices_only_of`` is none of the models.
    """

    task: Task
    split: Split
    examples: Sequence[Example]
    models: Mapping[str, LanguageModel]
    choices_only_of: str
    """The model that scores choices without their prompt too."""
    train: Sequence[Example]
    """What majority and bag of words learn from; empty where the task has no training split. The
    majority of a closed task is then fitted on the evaluated rows themselves, so that it is the
    best that any constant answer could reach; its exposure stays ``in_mixture``."""
    exposure: Mapping[str, str]
    """Model → whether it was trained on the task."""
    seed: int
    """Of the intervals."""

    def __post_init__(self) -> None:
        if not self.examples:
            raise DataError(
                f"task {self.task.name!r}: there are no examples to evaluate; convert some"
            )
        if self.choices_only_of not in self.models:
            raise ConfigError(
                f"choices_only_of={self.choices_only_of!r}: use one of {', '.join(self.models)}"
            )

    @property
    def groups(self) -> list[str]:
        """The group of each example: what is resampled."""
        return [example.group for example in self.examples]

    def item(self, model: str, example: Example, **answer: Any) -> Item:
        """An item of a model; ``answer`` fills the fields that the protocol knows."""
        is_text = self.task.protocol == "text"
        shown = (example.target,) if is_text else (example.prompt, *example.choices)
        return Item(
            task=self.task.name,
            split=self.split,
            model=model,
            example_id=example.example_id,
            group=example.group,
            template_hash=self.task.template_hash,
            prompt_digest=digest(*shown),
            **answer,
        )

    def score(self, model: str, metric: str, interval: Interval) -> Score:
        """A row of the results."""
        return score_row(
            self.task.name,
            self.split,
            model,
            metric,
            interval,
            groups=self.groups,
            exposure=self._exposure(model),
            headline=metric == self.task.headline,
        )

    def _exposure(self, model: str) -> str:
        if model in self.models:
            return self.exposure[model]
        if model == CHOICES_ONLY:
            return self.exposure[self.choices_only_of]
        return IN_MIXTURE if model in (MAJORITY, BAG_OF_WORDS) else UNSEEN


def score_row(
    task: str,
    split: Split,
    model: str,
    metric: str,
    interval: Interval,
    *,
    groups: Sequence[str],
    exposure: str,
    headline: bool,
) -> Score:
    """A row of the results; ``groups`` has one entry per example or document."""
    return Score(
        task=task,
        split=split,
        model=model,
        metric=metric,
        headline=headline,
        value=interval.value,
        low=interval.low,
        high=interval.high,
        n=len(groups),
        n_groups=len(set(groups)),
        exposure=exposure,
    )


def digest(*texts: str) -> str:
    """First 16 hex digits of the SHA-256 of what was shown."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
