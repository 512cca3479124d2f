"""Every metric by its name: what it is called, which way is better, and its scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """How a metric is read."""

    title: str
    """For tables and plots."""
    higher_is_better: bool = True
    maximum: float | None = 1.0
    """The best value there is (1, or 100 where the field prints percent); None: no bound."""
    by_item: bool = True
    """Whether the score is the mean of item values; False: it is computed on pooled counts."""


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "acc": Metric(title="Accuracy"),
        "acc_norm": Metric(title="Accuracy, log-likelihood per character"),
        "acc_bytes": Metric(title="Accuracy, log-likelihood per byte"),
        "acc_token": Metric(title="Accuracy, log-likelihood per token"),
        "acc_pmi": Metric(title="Accuracy by PMI"),
        "brier": Metric(title="Brier score", higher_is_better=False, maximum=None),
        "ece": Metric(
            title="Expected calibration error, 10 bins",
            higher_is_better=False,
            maximum=None,
            by_item=False,
        ),
        "mcc": Metric(title="Matthews correlation", by_item=False),
        "f1_label": Metric(title="F1 of the last label", by_item=False),
        "pearson": Metric(title="Pearson correlation", by_item=False),
        "spearman": Metric(title="Spearman rank correlation", by_item=False),
        "exact_match": Metric(title="Exact match"),
        "number_match": Metric(title="Last number matches"),
        "f1": Metric(title="F1"),
        "rouge_1": Metric(title="ROUGE-1"),
        "rouge_2": Metric(title="ROUGE-2"),
        "rouge_l": Metric(title="ROUGE-L"),
        "bleu": Metric(title="BLEU", maximum=100.0, by_item=False),
        "chrf": Metric(title="chrF", maximum=100.0, by_item=False),
        "perplexity": Metric(
            title="Perplexity per target", higher_is_better=False, maximum=None, by_item=False
        ),
        "word_perplexity": Metric(
            title="Perplexity per word", higher_is_better=False, maximum=None, by_item=False
        ),
        "byte_perplexity": Metric(
            title="Perplexity per byte", higher_is_better=False, maximum=None, by_item=False
        ),
        "bits_per_byte": Metric(
            title="Bits per byte", higher_is_better=False, maximum=None, by_item=False
        ),
    }
)
"""How the metrics of choices are computed: ``tasks_to_text.choice_metrics`` and
``tasks_to_text.pooled``; of answers: ``tasks_to_text.text_metrics``; of texts:
``tasks_to_text.evaluate_text``."""
