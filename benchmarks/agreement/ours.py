"""Our side: ``tasks_to_text.evaluate`` with the task's wording, and all that it asked its model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.agreement.suites import Suite
from gptcore.scoring import Loglikelihood, Scorer
from tasks_to_text.evaluate import evaluate
from tasks_to_text.example import Example
from tasks_to_text.scored import UNSEEN
from tasks_to_text.task import Rejected, Row

MODEL = "ours"


@dataclass
class Listening:
    """A scorer, and what it was asked and answered: a language model of strings."""

    scorer: Scorer
    pairs: dict[tuple[str, str], Loglikelihood] = field(default_factory=dict)
    texts: dict[str, Loglikelihood] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)

    def loglikelihood(self, requests: Sequence[tuple[str, str]]) -> list[Loglikelihood]:
        """The scorer's, noted."""
        found = self.scorer.loglikelihood(requests)
        self.pairs.update(zip(requests, found, strict=True))
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.scorer, name)  # what fits, and what is cut

    def rolling(self, texts: Sequence[str]) -> list[Loglikelihood]:
        """The scorer's, noted."""
        found = self.scorer.rolling(texts)
        self.texts.update(zip(texts, found, strict=True))
        return found

    def generate(self, prompts: Sequence[str], **options: Any) -> list[str]:
        """The scorer's, noted."""
        found = self.scorer.generate(prompts, **options)
        self.written.update(zip(prompts, found, strict=True))
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Ours:
    """What we asked and found, item by item, and our metrics, under the harness's names."""

    requests: list[list[tuple[str, ...]]]
    answers: list[list[Any]]
    items: list[dict[str, float]]
    metrics: dict[str, float]


def examples_of(suite: Suite) -> tuple[list[Row], list[Example]]:
    """Rows that our task takes, as records, and their examples under the suite's wording.

    Record by record: of several, WikiText's task would make one document where no heading divides
    them, which the harness does not.
    """
    if suite.task is None:
        return list(suite.rows), []
    template = suite.task.templates[suite.wording]
    kept, examples = [], []
    for record in suite.rows:
        rows = list(suite.task.rows([record], "test"))
        if len(rows) == 1 and not isinstance(rows[0], Rejected):
            kept.append(record)
            examples.append(template(rows[0]))
    return kept, examples


def fitting(
    rows: Sequence[Row], examples: Sequence[Example], scorer: Scorer
) -> tuple[list[Row], list[Example]]:
    """Those whose targets and choices the model can read as a whole, whichever way it is asked."""
    wanted = [(*one.requests, *(("", choice) for choice in one.choices)) for one in examples]
    if any(one.prompt == "" for one in examples) or not examples:  # whole texts, or no examples
        return list(rows), list(examples)
    fits = [all(scorer.fits(requests)) for requests in wanted]
    kept = [i for i, fit in enumerate(fits) if fit]
    return [rows[i] for i in kept], [examples[i] for i in kept]


def run(suite: Suite, examples: Sequence[Example], scorer: Scorer) -> Ours:
    """The suite's examples, evaluated; without a task its requests, asked one by one."""
    if suite.task is None:
        return _bare(suite, scorer)
    model = Listening(scorer)
    items, scores = evaluate(
        suite.task,
        examples,
        split="test",
        models={MODEL: model},
        choices_only_of=MODEL,
        train=(),
        exposure={MODEL: UNSEEN},
        seed=0,
        template=suite.wording,
    )
    metrics = {one.metric: one.value for one in scores if one.model == MODEL}
    values = [one.values for one in items if one.model == MODEL]
    asked = [_asked(suite, example) for example in examples]
    return Ours(
        requests=asked,
        answers=[[_answer(model, request) for request in one] for one in asked],
        items=[
            {name: item[mine] for name, mine in suite.metrics.items() if mine in item}
            for item in values
        ],
        metrics={name: metrics[mine] for name, mine in suite.metrics.items()},
    )


def _bare(suite: Suite, scorer: Scorer) -> Ours:
    asked = [(row["context"], row["continuation"]) for row in suite.rows]
    found = scorer.loglikelihood(asked)
    return Ours(
        requests=[[one] for one in asked],
        answers=[[(one.sum, one.is_greedy)] for one in found],
        items=[{"acc": float(one.is_greedy)} for one in found],
        metrics={"acc": sum(one.is_greedy for one in found) / len(found)},
    )


def _asked(suite: Suite, example: Example) -> list[tuple[str, ...]]:
    """The requests of an item in the harness's order."""
    assert suite.task is not None
    if suite.task.protocol == "text":
        return [(example.target,)]
    if suite.task.protocol == "generation":
        return [(example.prompt,)]
    alone = [("", choice) for choice in example.choices] if "acc_pmi" in suite.task.metrics else []
    return [*example.requests, *alone]


def _answer(model: Listening, request: tuple[str, ...]) -> Any:
    if len(request) == 2:
        found = model.pairs[request[0], request[1]]
        return found.sum, found.is_greedy
    (text,) = request
    return model.texts[text].sum if text in model.texts else model.written[text]
