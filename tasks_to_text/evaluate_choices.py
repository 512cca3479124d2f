"""Ranking choices by log-likelihood, beside what the same items give away without a model.

A request is a context and a continuation (``Example.requests``): a prompt and one choice, or one of
several contexts and the end that they have in common. How the answers are counted:
``tasks_to_text.choice_metrics`` and ``tasks_to_text.pooled``.

Beside the models stand, under the headline metric: ``chance``, ``majority``, ``choices only`` (the
choices scored by a model without anything before them, under ``acc_pmi`` by the plain sum; not of
tasks without prompts, where that would be the model itself), ``bag of words`` and the task's own
rules (``Task.baselines``), each of which picks one choice, with certainty where probabilities are
asked for.
"""

from collections.abc import Iterable, Mapping, Sequence

from tasks_to_text import baselines
from tasks_to_text.choice_metrics import (
    RANKED,
    Asked,
    Ranks,
    Said,
    best,
    brier,
    certain,
    probabilities,
    ranks,
    sums,
)
from tasks_to_text.errors import DataError
from tasks_to_text.evaluation import Evaluation, Rows, bare_choices
from tasks_to_text.example import Example
from tasks_to_text.language_model import LanguageModel, Loglikelihood
from tasks_to_text.metric import METRICS
from tasks_to_text.metrics import cluster_bootstrap, constant
from tasks_to_text.pooled import Answers, pooled_interval
from tasks_to_text.scored import BAG_OF_WORDS, CHANCE, CHOICES_ONLY, MAJORITY, Item, Score


def evaluate_choices(asked: Evaluation) -> Rows:
    """Every metric for every model, the headline for every baseline; ``chance`` has no items.

    Without training rows bag of words is left out, and so is majority where the choices are free
    text; where they are labels it is then the most frequent one of the evaluated examples
    themselves. DataError for examples without choices, and for a rule that picks none of them.
    """
    _require_choices(asked)
    items: list[Item] = []
    scores: list[Score] = []

    def add(model: str, nats: Ranks, ranked: Mapping[str, Ranks], **more: Sequence[int]) -> None:
        own, rows = _rows(asked, model, nats, ranked, **more)
        items.extend(own)
        scores.extend(rows)

    metrics, headline = asked.task.metrics, asked.task.headline
    requests = [one.requests for one in asked.shown]
    bare = [bare_choices(one) for one in asked.shown]
    ends = [[("", text) for _, text in row] for row in requests]
    alone: Said = ()
    prompted = any(one.prompt for one in asked.examples)
    for name, model in asked.models.items():
        told = asked.has_baselines and prompted and name == asked.choices_only_of
        said, without, own = _said(
            model, requests, ends if "acc_pmi" in metrics else (), bare if told else ()
        )
        ranked = {m: ranks(m, requests, said, without) for m in metrics if m in RANKED}
        cut = [max(one.n_cut for one in row) for row in said]
        add(name, sums(said), ranked, cut=cut)
        alone = own if told else alone
    if not asked.has_baselines:
        return items, scores
    if prompted:
        by = "acc" if headline == "acc_pmi" else headline
        ranked = {headline: ranks(by, bare, alone, ())} if headline in RANKED else {}
        add(CHOICES_ONLY, sums(alone), ranked)
    for name, guesses in _guesses(asked).items():
        add(name, guesses, {headline: guesses} if headline in RANKED else {})
    scores.append(asked.score(CHANCE, headline, constant(_chance(asked))))
    return items, scores


def _require_choices(asked: Evaluation) -> None:
    bare = next((example for example in asked.examples if not example.choices), None)
    if bare is not None:
        raise DataError(f"task {asked.task.name!r}: example {bare.example_id!r} has no choices")


def _said(model: LanguageModel, *wanted: Asked) -> list[list[list[Loglikelihood]]]:
    """Answers to several rows of requests, all in one call; equal requests are sent once."""
    requests = list(dict.fromkeys(one for rows in wanted for row in rows for one in row))
    answers = dict(zip(requests, model.loglikelihood(requests), strict=True))
    return [[[answers[one] for one in row] for row in rows] for rows in wanted]


def _chance(asked: Evaluation) -> float:
    """What a uniform guess is expected to have under the headline metric."""
    examples, headline = asked.examples, asked.task.headline
    right = baselines.chance(examples)
    if headline in RANKED:
        return right
    if headline == "brier":
        return 1 - right
    if headline != "f1_label":
        return 0.0  # independent of the truth; and sure of nothing more than holds
    positive = examples[0].choices[-1]
    share = sum(one.choices[one.gold] == positive for one in examples) / len(examples)
    return 2 * share * right / (share + right)


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


def _rows(
    asked: Evaluation,
    model: str,
    nats: Ranks,
    ranked: Mapping[str, Ranks],
    *,
    cut: Sequence[int] = (),
) -> Rows:
    """Items and scores of a model, or of a baseline under the headline alone.

    An item has the answer under the headline metric, or that of ``acc`` where the headline ranks by
    nothing of its own.
    """
    task = asked.task
    is_guess = model not in asked.models and model != CHOICES_ONLY
    ids = [example.example_id for example in asked.examples]
    picked = {metric: best(rows, ids) for metric, rows in ranked.items()}
    plain = picked.get("acc") or best(nats, ids)
    chances = certain(plain, asked.examples) if is_guess else probabilities(nats)
    metrics = task.metrics if model in asked.models else task.metrics[:1]
    values = _values(asked, metrics, picked, plain, chances)
    predicted = picked.get(task.headline, plain)
    items = [
        asked.item(
            model,
            example,
            scores=nats[i],
            predicted=predicted[i],
            gold=example.gold,
            answer=example.choices[predicted[i]].strip(),
            values={metric: row[i] for metric, row in values.items()},
            n_cut=cut[i] if cut else 0,
        )
        for i, example in enumerate(asked.shown)
    ]
    answers = Answers(examples=asked.examples, picked=plain, probabilities=chances)
    return items, list(_scores(asked, model, metrics, values, answers, items))


def _values(
    asked: Evaluation,
    metrics: Sequence[str],
    picked: Mapping[str, Sequence[int]],
    plain: Sequence[int],
    chances: Ranks,
) -> dict[str, list[float]]:
    """Metric → the value of every item.

    A pooled headline has none, so a baseline is told by the first metric of the task that has, as
    models are: it is what they are compared by, item by item.
    """
    if len(metrics) < len(asked.task.metrics) and not METRICS[metrics[0]].by_item:
        metrics = [metric for metric in asked.task.metrics if METRICS[metric].by_item][:1]
    gold = [example.gold for example in asked.examples]
    found = {}
    for metric in metrics:
        if metric == "brier":
            found[metric] = [brier(row, right) for row, right in zip(chances, gold, strict=True)]
        elif metric in RANKED:
            answers = picked.get(metric, plain)
            found[metric] = [float(a == right) for a, right in zip(answers, gold, strict=True)]
    return found


def _scores(
    asked: Evaluation,
    model: str,
    metrics: Sequence[str],
    values: Mapping[str, Sequence[float]],
    answers: Answers,
    items: Sequence[Item],
) -> Iterable[Score]:
    groups = asked.groups
    for metric in metrics:
        if metric in values:
            interval = cluster_bootstrap(values[metric], groups, seed=asked.seed)
        else:
            interval = pooled_interval(metric, answers, groups, seed=asked.seed)
        yield asked.score(model, metric, interval, items)
