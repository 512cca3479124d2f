"""Whether a model is better on a task than everything that needs no model.

The rivals are chance, majority, the choices alone, and the rules that the task names; not bag of
words, which is a model trained on the task's own rows (its p-value stands beside the verdict), and
not the other language models. What holds without the rules is told too (``beats_plain``). Each is
compared item by item (``Item.merit``), the groups drawn with replacement, one draw for all of them;
chance is a constant, and no rival where the headline is no mean over items (Matthews, F1 of a
label): there is nothing to set an item against. The p-value of "no better than this one" is (1 +
draws without a gain) / (1 + draws), one-sided. All rivals must be beaten, so the largest of them
counts: this needs no correction (an intersection–union test, Berger 1982). Over the tasks of a
split Holm's correction does.

Tasks without rivals, those whose items have no scale from 0 to 1, and those with fewer than eight
groups, of which a bootstrap says too much, get no verdict.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tasks_to_text.metric import METRICS
from tasks_to_text.metrics import holm, resampled_sums, sums_by_group
from tasks_to_text.scored import BAG_OF_WORDS, LZMA, PLAIN, Item, Score, Verdict
from tasks_to_text.task import MAIN

RESAMPLES = 5000
"""Draws of groups; the smallest p-value is one of so many."""
LEVEL = 0.05
"""At which a corrected p-value is a verdict."""
MIN_GROUPS = 8
"""Of fewer groups a few equal answers would already be a small p-value."""
_NONE = -1.0
"""Stands for a p-value where there is nobody to compare with."""
_TINY = 1e-12
"""Sums of differences within it are rounding, not gain."""


def verdicts(
    items: Sequence[Item],
    scores: Sequence[Score],
    *,
    model: str,
    models: Collection[str],
    seed: int,
) -> list[Verdict]:
    """One verdict per split and task with rivals, in the order of the scores.

    ``model`` is judged; ``models`` are all language models, none of which is a rival.
    """
    answers: dict[tuple[str, str], dict[str, list[Item]]] = {}
    for item in items:
        if item.template != MAIN:
            continue
        answers.setdefault((item.split, item.task), {}).setdefault(item.model, []).append(item)
    excluded = {*models, model, LZMA}
    splits: dict[str, dict[str, list[Score]]] = {}
    for score in scores:
        known = answers.get((score.split, score.task), {})
        comparable = METRICS[score.metric].by_item or score.model in known
        if score.headline and comparable and score.model not in excluded:
            splits.setdefault(score.split, {}).setdefault(score.task, []).append(score)
    return [
        verdict
        for split, tasks in splits.items()
        for verdict in _corrected(
            [
                _verdict(others, answers[split, task], model, seed)
                for task, others in tasks.items()
                if any(other.model != BAG_OF_WORDS for other in others)
                and _can_tell(answers.get((split, task), {}).get(model, ()))
            ]
        )
    ]


def _can_tell(items: Sequence[Item]) -> bool:
    """Whether the items have a scale, and groups enough."""
    groups = {item.group for item in items}
    return len(groups) >= MIN_GROUPS and all(item.merit is not None for item in items)


def _verdict(
    others: Sequence[Score], answers: Mapping[str, Sequence[Item]], model: str, seed: int
) -> Verdict:
    """Uncorrected: ``p_holm`` is ``p``."""
    ours = answers[model]
    differences = np.column_stack(
        [_differences(ours, other, answers.get(other.model, ())) for other in others]
    )
    sums = sums_by_group(differences, [item.group for item in ours])
    draws = resampled_sums(sums, seed, RESAMPLES)
    p_values = (1 + (draws <= _TINY).sum(axis=0)) / (1 + RESAMPLES)
    by_rival = {other.model: float(p) for other, p in zip(others, p_values, strict=True)}
    bag_of_words_p = by_rival.pop(BAG_OF_WORDS, _NONE)
    p = max(by_rival.values())
    plain_p = max((by_rival[name] for name in PLAIN if name in by_rival), default=_NONE)
    first = others[0]
    return Verdict(
        task=first.task,
        split=first.split,
        metric=first.metric,
        rivals=by_rival,
        p=p,
        p_holm=p,
        beats_all=p < LEVEL,
        plain_p_holm=plain_p,
        beats_plain=_below(plain_p),
        bag_of_words_p=bag_of_words_p,
    )


def _differences(ours: Sequence[Item], rival: Score, theirs: Sequence[Item]) -> list[float]:
    """Per item of ours, what it has more than the rival; a rival without items is a constant."""
    known = {item.example_id: item.merit or 0.0 for item in theirs}
    return [(item.merit or 0.0) - known.get(item.example_id, rival.value) for item in ours]


def _corrected(found: Sequence[Verdict]) -> Iterator[Verdict]:
    """Over the tasks; those without a plain rival are none of the plain ones."""
    plain = [one.plain_p_holm for one in found if one.plain_p_holm != _NONE]
    corrected = iter(holm(plain))
    for verdict, p in zip(found, holm([one.p for one in found]), strict=True):
        plain_p = next(corrected) if verdict.plain_p_holm != _NONE else _NONE
        yield replace(
            verdict,
            p_holm=p,
            beats_all=_below(p),
            plain_p_holm=plain_p,
            beats_plain=_below(plain_p),
        )


def _below(p: float) -> bool:
    return 0 <= p < LEVEL
