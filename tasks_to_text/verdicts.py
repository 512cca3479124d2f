"""Whether a model is better on a task than everything that needs no model.

The rivals are chance, majority, the choices alone, and the rules that the task names; not bag of
words, which is a model trained on the task's own rows, and not the other language models. Each is
compared item by item (``Item.merit``), the groups drawn with replacement, one draw for all rivals;
chance is a constant. The p-value of "no better than this one" is (1 + draws without a gain) /
(1 + draws), one-sided. All rivals must be beaten, so the largest of them counts: this needs no
correction (an intersection–union test, Berger 1982). Over the tasks of a split Holm's correction
does.

Tasks without rivals, and those whose items have no scale from 0 to 1, get no verdict.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tasks_to_text.metrics import holm, resampled_sums, sums_by_group
from tasks_to_text.scored import BAG_OF_WORDS, LZMA, Item, Score, Verdict

RESAMPLES = 5000
"""Draws of groups; the smallest p-value is one of so many."""
LEVEL = 0.05
"""At which a corrected p-value is a verdict."""
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
        answers.setdefault((item.split, item.task), {}).setdefault(item.model, []).append(item)
    excluded = {*models, model, BAG_OF_WORDS, LZMA}
    splits: dict[str, dict[str, list[Score]]] = {}
    for score in scores:
        if score.headline and score.model not in excluded:
            splits.setdefault(score.split, {}).setdefault(score.task, []).append(score)
    return [
        verdict
        for split, tasks in splits.items()
        for verdict in _corrected(
            [
                _verdict(rivals, answers[split, task], model, seed)
                for task, rivals in tasks.items()
                if _has_scale(answers.get((split, task), {}).get(model, ()))
            ]
        )
    ]


def _has_scale(items: Sequence[Item]) -> bool:
    return bool(items) and all(item.merit is not None for item in items)


def _verdict(
    rivals: Sequence[Score], answers: Mapping[str, Sequence[Item]], model: str, seed: int
) -> Verdict:
    ours = answers[model]
    differences = np.column_stack(
        [_differences(ours, rival, answers.get(rival.model, ())) for rival in rivals]
    )
    sums = sums_by_group(differences, [item.group for item in ours])
    draws = resampled_sums(sums, np.random.default_rng(seed), RESAMPLES)
    p_values = (1 + (draws <= _TINY).sum(axis=0)) / (1 + RESAMPLES)
    by_rival = {rival.model: float(p) for rival, p in zip(rivals, p_values, strict=True)}
    p = max(by_rival.values())
    first = rivals[0]
    return Verdict(
        task=first.task,
        split=first.split,
        metric=first.metric,
        rivals=by_rival,
        p=p,
        p_holm=p,
        beats_all=p < LEVEL,
    )


def _differences(ours: Sequence[Item], rival: Score, theirs: Sequence[Item]) -> list[float]:
    """Per item of ours, what it has more than the rival; a rival without items is a constant."""
    known = {item.example_id: item.merit or 0.0 for item in theirs}
    return [(item.merit or 0.0) - known.get(item.example_id, rival.value) for item in ours]


def _corrected(found: Sequence[Verdict]) -> Iterator[Verdict]:
    for verdict, p in zip(found, holm([one.p for one in found]), strict=True):
        yield replace(verdict, p_holm=p, beats_all=p < LEVEL)
