"""Written answers against references, and last words against the one word.

``generation``: greedy text up to the task's stop, without white space around it, or text drawn from
the ``top_k`` likeliest tokens (at temperature 1, by a seed), of which the first ``sentences`` count
where a task says so (GPT-2's rule for summaries: k = 2, three sentences). ``last_word``: is
every token of the target the likeliest one (``acc``), and how likely is the word (``perplexity``,
exp of the mean of nats per word), both as lm-evaluation-harness has them for LAMBADA; the answer of
an item, for people, is the first word that greedy decoding writes.

Beside the models stand, under the headline metric, ``majority`` (always the most frequent training
target) and the task's own rules (``Task.baselines``).
"""

from collections import Counter
from collections.abc import Sequence

from tasks_to_text.evaluate_text import text_interval
from tasks_to_text.evaluation import Evaluation, Rows
from tasks_to_text.example import Example
from tasks_to_text.kinds_generation import first_sentences
from tasks_to_text.language_model import LanguageModel, Loglikelihood
from tasks_to_text.metric import METRICS
from tasks_to_text.metrics import cluster_bootstrap
from tasks_to_text.scored import MAJORITY, Item, Score
from tasks_to_text.text_metrics import corpus_interval, item_values

WORD_TOKENS = 8
"""Tokens in which a last word is written."""


def evaluate_generation(asked: Evaluation) -> Rows:
    """Every metric for every model, the headline for every baseline; all have items."""
    task = asked.task
    prompts = [example.prompt for example in asked.shown]
    items: list[Item] = []
    scores: list[Score] = []

    def add(
        model: str, answers: Sequence[str], metrics: Sequence[str], cut: Sequence[int] = ()
    ) -> None:
        values = item_values(metrics, answers, references)
        rows = zip(asked.shown, answers, values, cut or [0] * len(answers), strict=True)
        own = [
            asked.item(model, example, answer=answer, values=value, n_cut=n_cut)
            for example, answer, value, n_cut in rows
        ]
        items.extend(own)
        for metric in metrics:
            if METRICS[metric].by_item:
                row = _mean(asked, model, metric, own)
            else:
                interval = corpus_interval(
                    metric, answers, references, asked.groups, seed=asked.seed
                )
                row = asked.score(model, metric, interval, own)
            scores.append(row)

    references = [_references(example) for example in asked.examples]
    for name, model in asked.models.items():
        cut = model.n_cut(prompts, task.max_tokens)
        add(name, _written(asked, model, prompts), task.metrics, cut)
    for name, answers in _guesses(asked).items():
        add(name, answers, task.metrics[:1])
    return items, scores


def _written(asked: Evaluation, model: LanguageModel, prompts: Sequence[str]) -> list[str]:
    """What counts of a model's texts."""
    task = asked.task
    written = model.generate(
        prompts,
        stop=task.stop,
        max_tokens=task.max_tokens,
        temperature=1.0 if task.top_k else 0.0,
        top_k=task.top_k,
        seed=asked.seed,
    )
    texts = [text.strip() for text in written]
    return [first_sentences(text, task.sentences) for text in texts] if task.sentences else texts


def evaluate_last_word(asked: Evaluation) -> Rows:
    """Accuracy and perplexity of every model; where accuracy is the headline, the baselines'.

    Items have a value only then: a perplexity in the first place is no matter of right and wrong,
    so it decides nothing between models.
    """
    items: list[Item] = []
    scores: list[Score] = []
    for name, model in asked.models.items():
        likelihoods = model.loglikelihood([(one.prompt, one.target) for one in asked.shown])
        own = _word_items(asked, name, model, likelihoods)
        items += own
        for metric in asked.task.metrics:
            if metric == "acc":
                right = [float(one.is_greedy) for one in likelihoods]
                interval = cluster_bootstrap(right, asked.groups, seed=asked.seed)
            else:
                interval = text_interval(metric, own, asked.seed)
            scores.append(asked.score(name, metric, interval, own))
    for name, answers in _guesses(asked).items() if asked.task.headline == "acc" else ():
        own = [
            asked.item(
                name, one, answer=answer, values={"acc": float(answer == one.target.strip())}
            )
            for one, answer in zip(asked.shown, answers, strict=True)
        ]
        items += own
        scores.append(_mean(asked, name, "acc", own))
    return items, scores


def _word_items(
    asked: Evaluation, name: str, model: LanguageModel, likelihoods: Sequence[Loglikelihood]
) -> list[Item]:
    missed = [
        example.prompt
        for example, one in zip(asked.shown, likelihoods, strict=True)
        if not one.is_greedy
    ]
    written = iter(model.generate(missed, stop=(), max_tokens=WORD_TOKENS) if missed else ())
    return [
        asked.item(
            name,
            example,
            nats=-one.sum,
            answer=example.target.strip() if one.is_greedy else _first_word(next(written)),
            values={"acc": float(one.is_greedy)} if asked.task.headline == "acc" else {},
            n_cut=one.n_cut,
        )
        for example, one in zip(asked.shown, likelihoods, strict=True)
    ]


def _guesses(asked: Evaluation) -> dict[str, list[str]]:
    """Answers that need no model."""
    found: dict[str, list[str]] = {}
    if not asked.has_baselines:
        return found
    if asked.train:
        ((target, _),) = Counter(example.target for example in asked.train).most_common(1)
        found[MAJORITY] = [target.strip()] * len(asked.examples)
    for name, rule in asked.task.baselines.items():
        found[name] = [rule(example).strip() for example in asked.examples]
    return found


def _references(example: Example) -> tuple[str, ...]:
    return example.references or (example.target.strip(),)


def _first_word(text: str) -> str:
    return next(iter(text.split()), "")


def _mean(asked: Evaluation, model: str, metric: str, items: Sequence[Item]) -> Score:
    values = [item.values[metric] for item in items]
    interval = cluster_bootstrap(values, asked.groups, seed=asked.seed)
    return asked.score(model, metric, interval, items)
