"""One task on one split: what every protocol needs to score it, and the rows that come of it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from tasks_to_text.shots import Shots
from tasks_to_text.task import MAIN, Split, Task

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
    """As the task words them: what baselines see."""
    shown: Sequence[Example]
    """The same as models see them, with solved examples before every prompt."""
    models: Mapping[str, LanguageModel]
    choices_only_of: str
    """The model that scores choices without their prompt too."""
    train: Sequence[Example]
    """What majority and bag of words learn from; empty where the task has no training split. The
    majority of a closed task, or of answers, is then fitted on the evaluated rows themselves, so
    that it is about the best that any constant answer could reach; its exposure stays
    ``in_mixture``."""
    exposure: Mapping[str, str]
    """Model → whether it was trained on the task."""
    seed: int
    """Of shots, sampled answers and intervals."""
    template_hash: str
    """Version of the wording."""
    template: str
    shots: Shots
    """Those that are in ``shown``."""
    n_dropped: int = 0
    """Examples that were left out: they do not fit each model."""

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

    @property
    def has_baselines(self) -> bool:
        """Baselines stand beside the main template only: other wordings change nothing for them."""
        return self.template == MAIN

    def item(self, model: str, example: Example, **answer: Any) -> Item:
        """An item of a model or baseline to a shown example; ``answer`` fills the fields that the
        protocol knows."""
        is_text = self.task.protocol == "text"
        said = (example.target, *example.contexts) if example.contexts else ()
        shown = (example.target,) if is_text else (example.prompt, *said, *example.choices)
        return Item(
            task=self.task.name,
            split=self.split,
            model=model,
            example_id=example.example_id,
            group=example.group,
            template_hash=self.template_hash,
            prompt_digest=digest(*shown),
            template=self.template,
            shots=self._shots(model).n,
            **answer,
        )

    def score(
        self, model: str, metric: str, interval: Interval, items: Sequence[Item] = ()
    ) -> Score:
        """A row of the results; ``items`` are the model's own, where it has some."""
        return score_row(
            self.task.name,
            self.split,
            model,
            metric,
            interval,
            groups=self.groups,
            exposure=self._exposure(model),
            headline=metric == self.task.headline and self.template == MAIN,
            template=self.template,
            shots=self._shots(model).n,
            shots_from=self._shots(model).split,
            n_cut=sum(item.n_cut > 0 for item in items),
            n_dropped=self.n_dropped,
        )

    def _shots(self, model: str) -> Shots:
        return self.shots if model in self.models else Shots()

    def _exposure(self, model: str) -> str:
        if model in self.models:
            return self.exposure[model]
        if model == CHOICES_ONLY:
            return self.exposure[self.choices_only_of]
        return IN_MIXTURE if model in (MAJORITY, BAG_OF_WORDS) else UNSEEN


def fitting(asked: Evaluation) -> Evaluation:
    """Without the examples of which a model cannot score a choice or target (``fits``).

    They are left out for all models and baselines alike, and counted; a score that took the rest of
    a choice for the whole would be about something else. DataError when nothing is left.
    """
    if asked.task.protocol not in ("choice", "last_word"):
        return asked
    wanted = [(*one.requests, *bare_choices(one)) for one in asked.shown]
    requests = [request for row in wanted for request in row]
    fits = [True] * len(wanted)
    for model in asked.models.values():
        own = iter(model.fits(requests))
        rows = [[next(own) for _ in row] for row in wanted]
        fits = [fit and all(row) for fit, row in zip(fits, rows, strict=True)]
    if all(fits):
        return asked
    if not any(fits):
        raise DataError(
            f"task {asked.task.name!r}, {asked.split}: none of {len(fits)} examples has targets "
            "that fit the models' context: raise context_length, or leave the task out"
        )
    return replace(
        asked,
        examples=[one for one, fit in zip(asked.examples, fits, strict=True) if fit],
        shown=[one for one, fit in zip(asked.shown, fits, strict=True) if fit],
        n_dropped=fits.count(False),
    )


def bare_choices(example: Example) -> tuple[tuple[str, str], ...]:
    """Requests for the choices alone, without anything before them.

    Where the end of several contexts is scored, it is the same for all of them and says nothing
    alone: there too the choices themselves are asked for.
    """
    return tuple(("", choice) for choice in example.choices)


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
    **more: Any,
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
        stderr=interval.stderr,
        n=len(groups),
        n_groups=len(set(groups)),
        exposure=exposure,
        **more,
    )


def digest(*texts: str) -> str:
    """First 16 hex digits of the SHA-256 of what was shown."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
