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
        "acc_pmi": Metric(title="Accuracy by PMI"),
        "acc_stop_words": Metric(title="Accuracy, stop words barred"),
        "acc_last_token": Metric(title="Accuracy of the last token"),
        "mcc": Metric(title="Matthews correlation", by_item=False),
        "f1_label": Metric(title="F1 of the label", by_item=False),
        "pearson": Metric(title="Pearson correlation", by_item=False),
        "spearman": Metric(title="Spearman correlation", by_item=False),
        "exact_match": Metric(title="Exact match"),
        "literal_match": Metric(title="Exact match, letter by letter"),
        "number_match": Metric(title="Exact match of the last number"),
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
"""acc is the argmax of summed log-likelihoods, acc_norm that
of log-likelihoods per character of the choice without its leading space (lm-evaluation-harness),
acc_pmi that of log P(choice | prompt) − log P(choice) (Holtzman et al. 2021, arXiv 2104.08315).

Of last words, acc is as lm-evaluation-harness has it: every token of the word is the likeliest one.
acc_stop_words bars stop words as the answer (``tasks_to_text.stop_words``), acc_last_token and
perplexity_last_token judge nothing but the word's last token, given those before it, so that they
depend on how a tokenizer cuts words.

Texts are read in windows as long as the model's context that do not overlap, as
lm-evaluation-harness reads them: the titles say *disjoint windows*, because windows that overlap
give lower perplexities. Words and bytes are those of the text as published."""
