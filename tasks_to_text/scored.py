"""What an evaluation leaves: one item per model and example, one score per model and metric.

Plain records; how they come about is in ``tasks_to_text.evaluate``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks_to_text.metric import METRICS

CHANCE, MAJORITY, CHOICES_ONLY = "chance", "majority", "choices only"
PLAIN = (CHANCE, MAJORITY, CHOICES_ONLY)
"""Rivals of every kind of task, beside the rules that a task names."""
BAG_OF_WORDS, LZMA = "bag of words", "lzma"
IN_MIXTURE, UNSEEN, HELD_OUT = "in_mixture", "unseen", "held_out"
SIBLING = "sibling"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """What one model or baseline said of one example or document."""

    task: str
    split: str
    model: str
    example_id: str
    group: str
    template_hash: str
    """Version of the wording; "" for documents, which are shown as they are."""
    prompt_digest: str
    """First 16 hex digits of the SHA-256 of all that was shown: prompt and choices, or the text."""
    scores: tuple[float, ...] = ()
    """choice: one per choice, in nats where a language model scored, higher is likelier."""
    predicted: int = -1
    """choice: index of the answer under the headline metric."""
    gold: int = -1
    """choice: index of the right answer."""
    answer: str = ""
    """generation, last_word: the text that was produced; choice: the predicted choice."""
    nats: float = 0.0
    """last_word, text: minus the log-likelihood of target or text."""
    n_bytes: int = 0
    """text: bytes in UTF-8 that perplexities count."""
    n_words: int = 0
    """text: words that perplexities count."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Metric → this item's value, in the metric's own scale (acc: 0 or 1; chrf: 0 … 100, the
    sentence's), in the order of the task's metrics. For text tasks bits_per_byte of the item
    alone; for last_word its accuracies, and nothing where acc is not the headline. Metrics that are
    computed on all items together (``Metric.by_item``) have none, but bleu and chrf."""
    template: str = "main"
    """Name of the wording."""
    shots: int = 0
    """Solved examples before the prompt."""
    n_cut: int = 0
    """Tokens at the beginning of what was shown that the model did not see, for want of room (of
    several contexts the most)."""

    @property
    def merit(self) -> float | None:
        """The first of ``values`` on a scale from 0 to 1, higher is better; None where it has no
        such scale. It is what models are compared by, item by item."""
        for name, value in self.values.items():
            best = METRICS[name].maximum
            return value / best if best else None
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One row of the results: a model or baseline, on a task and split, by one metric."""

    task: str
    split: str
    model: str
    metric: str
    """A name in ``tasks_to_text.metric.METRICS``."""
    headline: bool
    """Whether the score stands for its task in tables, plots and the gate: the task's first metric
    under its main template."""
    value: float
    low: float
    """Lower end of the 95 % interval; equal to ``value`` where there is no sampling."""
    high: float
    n: int
    """Examples or documents."""
    n_groups: int
    exposure: str
    """``in_mixture``: this model or baseline has learned from the task's training rows;
    ``sibling``: from those of a task that shares rows with it; ``unseen``: from nothing of the
    task, so that its score is zero-shot; ``held_out``: text of the corpus that no training read."""
    stderr: float = 0.0
    """Standard deviation of the bootstrap over groups; 0 for a constant. Not the harness's, which
    takes items as independent: that is ``tasks_to_text.metrics.item_stderr``."""
    template: str = "main"
    """Name of the wording."""
    shots: int = 0
    """Solved examples before every prompt; 0 for what sees no prompt."""
    shots_from: str = ""
    """Split that they are from; that of the score itself: other rows of what is evaluated."""
    n_cut: int = 0
    """Items whose context lost its beginning, because the model's is shorter."""
    n_dropped: int = 0
    """Examples that no row of this task and split counts, because one of the models cannot score a
    target or choice: it is longer than the context, or has no token of its own after it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether the model is better on a task than all that needs no model."""

    task: str
    split: str
    metric: str
    rivals: Mapping[str, float]
    """Baseline → one-sided p-value of "the model is no better than this one", by the cluster
    bootstrap over groups, paired where the baseline has items."""
    p: float
    """The largest of them: all must be beaten."""
    p_holm: float
    """``p`` after Holm's correction over the tasks of the split."""
    beats_all: bool
    """``p_holm`` < 0.05."""
    plain_p_holm: float
    """As ``p_holm``, over chance, majority and choices only, without the rules; -1 without any."""
    beats_plain: bool
    """0 <= ``plain_p_holm`` < 0.05."""
    bag_of_words_p: float
    """One-sided paired p-value of "the model is no better than bag of words", not corrected; -1
    where bag of words was not scored. It decides nothing: bag of words is no rival."""
