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
        "acc_stop_words": Metric(title="Accuracy, stop words barred"),
        "acc_last_token": Metric(title="Accuracy of the last token"),
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
        "literal_match": Metric(title="Exact match, letter by letter"),
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
        "perplexity_last_token": Metric(
            title="Perplexity of the last token",
            higher_is_better=False,
            maximum=None,
            by_item=False,
        ),
        "word_perplexity": Metric(
            title="Perplexity per word, disjoint windows",
            higher_is_better=False,
            maximum=None,
            by_item=False,
        ),
        "byte_perplexity": Metric(
            title="Perplexity per byte, disjoint windows",
            higher_is_better=False,
            maximum=None,
            by_item=False,
        ),
        "bits_per_byte": Metric(
            title="Bits per byte, disjoint windows",
            higher_is_better=False,
            maximum=None,
            by_item=False,
        ),
    }
)
"""How the metrics of choices are computed: ``tasks_to_text.choice_metrics`` and
``tasks_to_text.pooled``; of answers: ``tasks_to_text.text_metrics``; of texts:
``tasks_to_text.evaluate_text``.

Of last words, acc is as lm-evaluation-harness has it: every token of the word is the likeliest one.
acc_stop_words bars stop words as the answer (``tasks_to_text.stop_words``), acc_last_token and
perplexity_last_token judge nothing but the word's last token, given those before it, so that they
depend on how a tokenizer cuts words.

Texts are read in windows as long as the model's context that do not overlap, as
lm-evaluation-harness reads them: the titles say *disjoint windows*, because windows that overlap
give lower perplexities. Words and bytes are those of the text as published."""
