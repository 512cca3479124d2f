"""Written answers against references, and last words against the one word.

``generation``: greedy text up to the task's stop, without white space around it, or text drawn from
the ``top_k`` likeliest tokens (at temperature 1, by a seed), of which the first ``sentences`` count
where a task says so (GPT-2's rule for summaries: k = 2, three sentences). ``last_word``: is
every token of the target the likeliest one (``acc``), and how likely is the word (``perplexity``,
exp of the mean of nats per word), both as lm-evaluation-harness has them for LAMBADA; the answer of
an item, for people, is the first word that greedy decoding writes. Published numbers of LAMBADA are
of three kinds, so there are also ``acc_stop_words`` (``tasks_to_text.stop_words``) and, for the
last token of the word alone, given those before it, ``acc_last_token`` and
``perplexity_last_token``.

Beside the models stand, under the headline metric, ``majority`` (always the most frequent answer,
of the training rows or, where a task has none, of the evaluated ones) and the task's own rules
(``Task.baselines``).
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from tasks_to_text.evaluate_text import perplexity_interval, text_interval
from tasks_to_text.evaluation import Evaluation, Rows
from tasks_to_text.example import Example
from tasks_to_text.kinds_generation import first_sentences
from tasks_to_text.language_model import LanguageModel, Loglikelihood
from tasks_to_text.metric import METRICS
from tasks_to_text.metrics import cluster_bootstrap
from tasks_to_text.scored import MAJORITY, Item, Score
from tasks_to_text.stop_words import bare, content_answers, is_barred
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
    """Every metric for every model; where accuracy is the headline, the baselines' too.

    Items have values only then: a perplexity in the first place is no matter of right and wrong,
    so it decides nothing between models.
    """
    items: list[Item] = []
    scores: list[Score] = []
    for name, model in asked.models.items():
        likelihoods = model.loglikelihood([(one.prompt, one.target) for one in asked.shown])
        words = _first_words(asked, model, likelihoods)
        judged = _judged(asked, model, likelihoods, words)
        own = _word_items(asked, name, likelihoods, words, judged)
        items += own
        for metric in asked.task.metrics:
            if metric in judged:
                interval = cluster_bootstrap(judged[metric], asked.groups, seed=asked.seed)
            elif metric == "perplexity_last_token":
                last = [-one.token_logprobs[-1] for one in likelihoods]
                interval = perplexity_interval(last, asked.groups, seed=asked.seed)
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


def _first_words(
    asked: Evaluation, model: LanguageModel, likelihoods: Sequence[Loglikelihood]
) -> list[str]:
    """The word that greedy decoding says of each example; only those it misses are decoded."""
    missed = [
        example.prompt
        for example, one in zip(asked.shown, likelihoods, strict=True)
        if not one.is_greedy
    ]
    written = iter(model.generate(missed, stop=(), max_tokens=WORD_TOKENS) if missed else ())
    return [
        example.target.strip() if one.is_greedy else _first_word(next(written))
        for example, one in zip(asked.examples, likelihoods, strict=True)
    ]


def _judged(
    asked: Evaluation,
    model: LanguageModel,
    likelihoods: Sequence[Loglikelihood],
    words: Sequence[str],
) -> dict[str, list[float]]:
    """Accuracy of the task → right or wrong by example, in the order of the task's metrics."""
    found: dict[str, list[float]] = {}
    for metric in asked.task.metrics:
        if metric == "acc":
            found[metric] = [float(one.is_greedy) for one in likelihoods]
        elif metric == "acc_last_token":
            found[metric] = [float(one.greedy_tokens[-1]) for one in likelihoods]
        elif metric == "acc_stop_words":
            found[metric] = _without_stop_words(asked, model, words)
    return found


def _without_stop_words(
    asked: Evaluation, model: LanguageModel, words: Sequence[str]
) -> list[float]:
    """Right or wrong where a barred greedy word gives way to the likeliest content word."""
    prompts = [one.prompt for one, word in zip(asked.shown, words, strict=True) if is_barred(word)]
    others = iter(content_answers(model, prompts, max_tokens=WORD_TOKENS, seed=asked.seed))
    answers = [next(others) if is_barred(word) else bare(word) for word in words]
    return [
        float(answer == bare(one.target))
        for one, answer in zip(asked.examples, answers, strict=True)
    ]


def _word_items(
    asked: Evaluation,
    name: str,
    likelihoods: Sequence[Loglikelihood],
    words: Sequence[str],
    judged: Mapping[str, Sequence[float]],
) -> list[Item]:
    valued = judged if asked.task.headline == "acc" else {}
    return [
        asked.item(
            name,
            example,
            nats=-likelihoods[i].sum,
            answer=words[i],
            values={metric: values[i] for metric, values in valued.items()},
            n_cut=likelihoods[i].n_cut,
        )
        for i, example in enumerate(asked.shown)
    ]


def _guesses(asked: Evaluation) -> dict[str, list[str]]:
    """Answers that need no model."""
    found: dict[str, list[str]] = {}
    if not asked.has_baselines:
        return found
    known = asked.train or asked.examples
    answers = Counter(answer for example in known for answer in dict.fromkeys(_references(example)))
    found[MAJORITY] = [answers.most_common(1)[0][0]] * len(asked.examples)
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
