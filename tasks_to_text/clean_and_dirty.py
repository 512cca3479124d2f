"""What overlaps mean: how much per task and split, and scores on what is clean and what is not.

``TaskOverlap.overlap`` is the statistic of GPT-2's Table 6, the share of a data set's 8-grams that
stand in the training text. When an item is dirty, a rule says: ``confirmed`` (13 words in a row, or
all of a shorter item), or ``any`` 8-gram, which of long items calls nearly all dirty by chance. The
dirty part is not a random one: items in it may be easier for other reasons, such as well-known
texts. So a difference is a reason to look, and the score on the clean part is what may be believed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from tasks_to_text.contamination import Overlap
from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.evaluate_text import text_interval
from tasks_to_text.metric import METRICS
from tasks_to_text.metrics import Interval, cluster_bootstrap, ratio_cluster_bootstrap
from tasks_to_text.scored import Item

Rule = Literal["confirmed", "any"]
Part = Literal["all", "clean", "dirty"]
RULES: tuple[Rule, ...] = ("confirmed", "any")

_T = TypeVar("_T")
_K = TypeVar("_K")
_TEXT_METRICS = ("bits_per_byte", "word_perplexity", "byte_perplexity")


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskOverlap:
    """How much of one task and split stands in the training text."""

    task: str
    split: str
    items: int
    """All, those that are too short too."""
    grams: int
    """8-grams of the items that are long enough."""
    found: int
    """Those of them in the training text."""
    overlap: Interval | None
    """found / grams, resampled by group; None: no item is long enough."""
    touched: int
    """Of the items that are long enough, those with at least one gram found."""
    touched_share: Interval | None
    confirmed: int
    """Items, of all, of which 13 words in a row (or all, of fewer) stand in a document."""
    confirmed_share: Interval
    too_short: int
    """Items of fewer than 8 words: they count neither in ``grams`` nor in ``touched``."""
    short_found: int
    """Those of them whose words, all of them, stand in a document; they are among ``confirmed``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PartScore:
    """A score on one part of the items of a task and split."""

    task: str
    split: str
    model: str
    metric: str
    part: Part
    value: float
    low: float
    high: float
    """Ends of the 95 % interval, by the cluster bootstrap."""
    n: int
    n_groups: int


def is_dirty(overlap: Overlap, rule: Rule) -> bool | None:
    """Whether an item was in the training text; None: it has no word, so nobody can tell.

    Of an item that is too short both rules ask whether all of it was there. ConfigError for a rule
    that is none.
    """
    if rule not in RULES:
        raise ConfigError(f"rule={rule!r}: use one of {', '.join(RULES)}")
    if not overlap.n_grams:
        return None
    return overlap.confirmed if rule == "confirmed" else overlap.n_found > 0


def by_task(overlaps: Sequence[Overlap], *, seed: int) -> list[TaskOverlap]:
    """One summary per task and split, in the order in which they first come."""
    return [
        _summary(*key, of, seed)
        for key, of in _grouped(overlaps, lambda one: (one.task, one.split)).items()
    ]


def _summary(task: str, split: str, overlaps: Sequence[Overlap], seed: int) -> TaskOverlap:
    long = [one for one in overlaps if not one.too_short]
    groups = [one.group for one in long]
    grams, found = [one.n_grams for one in long], [one.n_found for one in long]
    touched = [float(one.n_found > 0) for one in long]
    confirmed = [float(one.confirmed) for one in overlaps]
    return TaskOverlap(
        task=task,
        split=split,
        items=len(overlaps),
        grams=sum(grams),
        found=sum(found),
        overlap=ratio_cluster_bootstrap(found, grams, groups, seed=seed) if long else None,
        touched=int(sum(touched)),
        touched_share=cluster_bootstrap(touched, groups, seed=seed) if long else None,
        confirmed=int(sum(confirmed)),
        confirmed_share=cluster_bootstrap(confirmed, [one.group for one in overlaps], seed=seed),
        too_short=len(overlaps) - len(long),
        short_found=sum(one.too_short and one.n_found > 0 for one in overlaps),
    )


def part_scores(
    items: Sequence[Item], overlaps: Sequence[Overlap], *, seed: int, rule: Rule = "confirmed"
) -> list[PartScore]:
    """Scores on all, the clean and the dirty items, per task, split, model and metric.

    Items of tasks and splits without overlaps (documents of the corpus) are passed over; items in
    which nobody can tell are in ``all`` alone, and a part without items has no score. Metrics are
    those that items have a value of (a mean) or nats of (as whole texts and last words are scored);
    BLEU and chrF, which pool counts of a whole corpus, are left out. DataError when a task and
    split that was looked through lacks one of the items.
    """
    dirty = {(o.task, o.split, o.example_id): is_dirty(o, rule) for o in overlaps}
    looked = {(o.task, o.split) for o in overlaps}
    scored = [item for item in items if (item.task, item.split) in looked]
    if lost := [i for i in scored if (i.task, i.split, i.example_id) not in dirty]:
        raise DataError(
            f"task {lost[0].task!r}, {lost[0].split}: {len(lost)} items were not looked for in the "
            f"training text, {lost[0].example_id!r} the first: look for those that are scored"
        )
    made: list[PartScore] = []
    for own in _grouped(scored, lambda i: (i.task, i.split, i.model)).values():
        verdicts = [dirty[i.task, i.split, i.example_id] for i in own]
        parts: Mapping[Part, list[Item]] = {
            "all": own,
            "clean": [i for i, is_ in zip(own, verdicts, strict=True) if is_ is False],
            "dirty": [i for i, is_ in zip(own, verdicts, strict=True) if is_ is True],
        }
        for part, chosen in parts.items():
            made += _scores(part, chosen, seed)
    return made


def _scores(part: Part, items: Sequence[Item], seed: int) -> Iterator[PartScore]:
    if not items:
        return
    one, groups = items[0], [item.group for item in items]
    for metric, interval in _intervals(items, groups, seed):
        yield PartScore(
            task=one.task,
            split=one.split,
            model=one.model,
            metric=metric,
            part=part,
            value=interval.value,
            low=interval.low,
            high=interval.high,
            n=len(items),
            n_groups=len(set(groups)),
        )


def _intervals(
    items: Sequence[Item], groups: Sequence[str], seed: int
) -> Iterator[tuple[str, Interval]]:
    for metric in items[0].values:
        if METRICS[metric].by_item:
            values = [item.values[metric] for item in items]
            yield metric, cluster_bootstrap(values, groups, seed=seed)
    if items[0].n_bytes:
        for metric in _TEXT_METRICS:
            yield metric, text_interval(metric, items, seed)
    elif any(item.nats for item in items):
        yield "perplexity", text_interval("perplexity", items, seed)


def _grouped(items: Sequence[_T], key: Callable[[_T], _K]) -> dict[_K, list[_T]]:
    found: dict[_K, list[_T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found
