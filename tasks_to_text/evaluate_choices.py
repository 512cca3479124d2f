"""Ranking choices by log-likelihood, beside what the same items give away without a model.

A request is a prompt and one choice; the highest score is the prediction. Of equally high ones a
digest of the example's id draws one, so that who knows nothing wins nothing by where the right one
stands.
``acc`` ranks by the sum of the log-likelihood, which is the rank classification of T0; ``acc_norm``
by the sum per character of the choice without its leading space; both as lm-evaluation-harness has
them. ``acc_pmi`` ranks by log P(choice | prompt) − log P(choice), which takes away that some
choices are common strings (Holtzman et al. 2021, arXiv 2104.08315).

Beside the models stand, under the headline metric: ``chance``, ``majority``, ``choices only`` (the
choices scored by a model without the prompt, under ``acc_pmi`` by the plain sum), ``bag of words``
and the task's own rules (``Task.baselines``), each of which picks one choice.
"""

from collections.abc import Mapping, Sequence

from tasks_to_text import baselines
from tasks_to_text.errors import DataError
from tasks_to_text.evaluation import Evaluation, Rows
from tasks_to_text.example import Example
from tasks_to_text.language_model import LanguageModel
from tasks_to_text.metrics import Interval, cluster_bootstrap
from tasks_to_text.scored import BAG_OF_WORDS, CHANCE, CHOICES_ONLY, MAJORITY, Item, Score
from tasks_to_text.selection import seeded_digest

Ranks = Sequence[tuple[float, ...]]
"""Per example: one number per choice, the highest is the answer."""


def evaluate_choices(asked: Evaluation) -> Rows:
    """Accuracy of every model and baseline; ``chance`` has a score and no items.

    Without training rows bag of words is left out, and so is majority where the choices are free
    text; where they are labels it is then the most frequent one of the evaluated examples
    themselves. DataError for examples without choices, and for a rule that picks none of them.
    """
    _require_choices(asked)
    items: list[Item] = []
    scores: list[Score] = []

    def add(model: str, nats: Ranks, ranks: Mapping[str, Ranks]) -> None:
        own = _items(asked, model, nats, ranks)
        items.extend(own)
        for metric in ranks:
            values = [item.values[metric] for item in own]
            interval = cluster_bootstrap(values, asked.groups, seed=asked.seed)
            scores.append(asked.score(model, metric, interval))

    metrics, headline = asked.task.metrics, asked.task.headline
    for name, model in asked.models.items():
        prompted = _nats(model, asked.examples, with_prompt=True)
        bare = _nats(model, asked.examples, with_prompt=False) if "acc_pmi" in metrics else prompted
        add(name, prompted, {m: _ranks(m, asked.examples, prompted, bare) for m in metrics})
    bare = _nats(asked.models[asked.choices_only_of], asked.examples, with_prompt=False)
    unprompted = "acc" if headline == "acc_pmi" else headline
    add(CHOICES_ONLY, bare, {headline: _ranks(unprompted, asked.examples, bare, bare)})
    for name, guesses in _guesses(asked).items():
        add(name, guesses, {headline: guesses})
    chance = baselines.chance(asked.examples)
    scores.append(asked.score(CHANCE, headline, Interval(chance, chance, chance)))
    return items, scores


def _require_choices(asked: Evaluation) -> None:
    bare = next((example for example in asked.examples if not example.choices), None)
    if bare is not None:
        raise DataError(f"task {asked.task.name!r}: example {bare.example_id!r} has no choices")


def _nats(model: LanguageModel, examples: Sequence[Example], *, with_prompt: bool) -> Ranks:
    """Log-likelihood per choice; equal requests (labels without a prompt) are sent once."""
    wanted = [
        [(example.prompt if with_prompt else "", choice) for choice in example.choices]
        for example in examples
    ]
    requests = list(dict.fromkeys(request for row in wanted for request in row))
    answers = model.loglikelihood(requests)
    nats = {request: one.sum for request, one in zip(requests, answers, strict=True)}
    return [tuple(nats[request] for request in row) for row in wanted]


def _ranks(metric: str, examples: Sequence[Example], prompted: Ranks, bare: Ranks) -> Ranks:
    """What a metric ranks by, from log-likelihoods with and without the prompt."""
    if metric == "acc":
        return prompted
    if metric == "acc_pmi":
        return [
            tuple(p - b for p, b in zip(row, alone, strict=True))
            for row, alone in zip(prompted, bare, strict=True)
        ]
    return [
        tuple(p / _characters(choice) for p, choice in zip(row, example.choices, strict=True))
        for row, example in zip(prompted, examples, strict=True)
    ]


def _characters(choice: str) -> int:
    return len(choice.removeprefix(" ")) or 1


def _guesses(asked: Evaluation) -> dict[str, Ranks]:
    """What needs no language model."""
    found: dict[str, Ranks] = {}
    if asked.train or asked.task.closed:
        known = asked.train or asked.examples
        found[MAJORITY] = baselines.majority(asked.examples, known, closed=asked.task.closed)
    if asked.train:
        found[BAG_OF_WORDS] = baselines.bag_of_words(
            asked.examples, asked.train, closed=asked.task.closed
        )
    for name, rule in asked.task.baselines.items():
        found[name] = [_picked(asked.task.name, name, rule(one), one) for one in asked.examples]
    return found


def _picked(task: str, rule: str, answer: str, example: Example) -> tuple[float, ...]:
    """1 for the choice that a rule picks, 0 for the others."""
    if answer not in example.choices:
        raise DataError(
            f"task {task!r}: baseline {rule!r} gives {answer!r} for example "
            f"{example.example_id!r}; return one of its choices, white space included"
        )
    return tuple(float(choice == answer) for choice in example.choices)


def _items(
    asked: Evaluation, model: str, nats: Ranks, by_metric: Mapping[str, Ranks]
) -> list[Item]:
    """Items with the answer under the headline metric, and right or wrong under each."""
    best = {
        metric: [_best(row, one.example_id) for row, one in zip(rows, asked.examples, strict=True)]
        for metric, rows in by_metric.items()
    }
    predicted = best[asked.task.headline]
    return [
        asked.item(
            model,
            example,
            scores=nats[i],
            predicted=predicted[i],
            gold=example.gold,
            answer=example.choices[predicted[i]].strip(),
            values={metric: float(rows[i] == example.gold) for metric, rows in best.items()},
        )
        for i, example in enumerate(asked.examples)
    ]


def _best(row: Sequence[float], example_id: str) -> int:
    """One of the highest; where a broken model gives no numbers (NaN), one of all."""
    highest = max(row)
    equal = [i for i, value in enumerate(row) if value == highest] or range(len(row))
    drawn = int.from_bytes(seeded_digest("equal", example_id)[:8], "big")
    return equal[drawn % len(equal)]
