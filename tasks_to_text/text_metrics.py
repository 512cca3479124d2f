"""How near written answers are to references.

exact_match and f1 are those of the official SQuAD 2.0 script: lower case, no punctuation, no
articles, single spaces; f1 is over the bag of words; where either side is empty, both must be. A
reference that such cleaning empties counts only where all do. literal_match cleans nothing but
white space: for answers such as "(A)" or "] )", of which the cleaning leaves nothing.

rouge_1, rouge_2 and rouge_l are F-measures of Google's rouge-score with Porter's stemmer, as
lm-evaluation-harness calls it; rouge_l is over the whole text, not line by line. Its tokenizer
knows a-z and 0-9 only; in a text with other letters a word is a run of any letters and digits, so
that Cyrillic counts too (a language without spaces has one word per run). bleu (13a tokenizer,
exponential smoothing) and chrf (six characters, no words, β = 2) are those of sacrebleu:
of a corpus they are computed from summed counts, which is how they are resampled too; of a sentence
bleu uses only the orders that it has.

number_match compares the last number of the answer with that of the reference (GSM8K's final
answer, arXiv 2110.14168), as numbers: commas are left out, and ``1.0`` is ``1``.

The best reference counts: the maximum for exact_match, number_match, f1 and rouge; bleu and chrf
have rules of their own for several.
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np

from tasks_to_text.metrics import Interval, bootstrap, sums_by_group

References = Sequence[tuple[str, ...]]
"""Per answer, the acceptable texts."""

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ANY_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"(?:(?<![\w).])-)?\d[\d,]*(?:\.\d+)?")
_ROUGE: Mapping[str, str] = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}
CORPUS_RESAMPLES = 1000
"""Draws of groups behind an interval of bleu or chrf."""


def normalized(text: str) -> str:
    """Text as exact_match and f1 compare it.

    >>> normalized(" The  end, of a day!")
    'end of day'
    """
    bare = text.lower().translate(_NO_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1.0 when the answer, normalised, is one of the references."""
    return float(normalized(answer) in _comparable(references))


def literal_match(answer: str, references: Sequence[str]) -> float:
    """1.0 when the answer is one of the references but for white space; "(A)" is not "A"."""
    written = " ".join(answer.split())
    return float(any(written == " ".join(reference.split()) for reference in references))


def f1(answer: str, references: Sequence[str]) -> float:
    """Harmonic mean of the shares of words found in each other, against the best reference."""
    words = normalized(answer).split()
    return max(_overlap(words, reference.split()) for reference in _comparable(references))


def last_number(text: str) -> Decimal | None:
    """The last number of a text; None without one.

    >>> last_number("From 7 - 2 = 5 follows $-1,234.50.")
    Decimal('-1234.50')
    """
    found = _NUMBER.findall(text)
    return Decimal(found[-1].replace(",", "")) if found else None


def number_match(answer: str, references: Sequence[str]) -> float:
    """1.0 when the last number of the answer is the last number of one of the references."""
    number = last_number(answer)
    return float(number is not None and number in map(last_number, references))


def item_values(
    metrics: Sequence[str], answers: Sequence[str], references: References
) -> list[dict[str, float]]:
    """Metric → value of every answer alone; for bleu and chrf the sentence's."""
    rouge = tuple(metric for metric in metrics if metric in _ROUGE)
    scorers = {metric: _scorer(metric) for metric in metrics if metric not in _ROUGE}
    found = []
    for answer, accepted in zip(answers, references, strict=True):
        values = {metric: scorer(answer, accepted) for metric, scorer in scorers.items()}
        values |= _rouge(answer, accepted, rouge) if rouge else {}
        found.append({metric: values[metric] for metric in metrics})
    return found


def corpus_interval(
    metric: str, answers: Sequence[str], references: References, groups: Sequence[str], *, seed: int
) -> Interval:
    """bleu or chrf of all answers together, with the cluster bootstrap over summed counts."""
    judge = _corpus_metric(metric)
    counts = np.asarray(
        judge._extract_corpus_statistics(list(answers), _in_columns(references)), dtype=np.float64
    )
    return bootstrap(
        sums_by_group(counts, groups),
        lambda sums: np.array([_score(judge, row) for row in sums]),
        seed=seed,
        resamples=CORPUS_RESAMPLES,
    )


def _comparable(references: Sequence[str]) -> list[str]:
    bare = [normalized(reference) for reference in references]
    return [reference for reference in bare if reference] or [""]


def _overlap(ours: Sequence[str], theirs: Sequence[str]) -> float:
    if not ours or not theirs:
        return float(ours == theirs)
    common = (Counter(ours) & Counter(theirs)).total()
    return 2 * common / (len(ours) + len(theirs))


def _scorer(metric: str) -> Callable[[str, Sequence[str]], float]:
    if metric in ("bleu", "chrf"):
        judge = _sentence_metric(metric)
        return lambda answer, accepted: float(judge.sentence_score(answer, list(accepted)).score)
    by_name = {
        "exact_match": exact_match,
        "f1": f1,
        "literal_match": literal_match,
        "number_match": number_match,
    }
    return by_name[metric]


def _rouge(answer: str, references: Sequence[str], metrics: tuple[str, ...]) -> dict[str, float]:
    judge = _rouge_scorer(metrics)
    scored = [judge.score(reference, answer) for reference in references]
    return {
        metric: float(max(one[_ROUGE[metric]].fmeasure for one in scored)) for metric in metrics
    }


@cache
def _rouge_scorer(metrics: tuple[str, ...]) -> Any:
    """rouge_l needs no data of nltk; only the variant that splits sentences would."""
    from rouge_score.rouge_scorer import RougeScorer  # type: ignore[import-untyped]

    return RougeScorer([_ROUGE[metric] for metric in metrics], tokenizer=_RougeTokenizer())


class _RougeTokenizer:
    """rouge-score's default with its stemmer, and words of any script where a text has others."""

    def __init__(self) -> None:
        from rouge_score.tokenizers import DefaultTokenizer  # type: ignore[import-untyped]

        self._default = DefaultTokenizer(use_stemmer=True)

    def tokenize(self, text: str) -> list[str]:
        """An English word is stemmed in either kind of text."""
        if not any(one.isalpha() for one in text if not one.isascii()):
            return list(self._default.tokenize(text))
        words = _ANY_WORD.findall(text.lower())
        return [stem for word in words for stem in self._stems(word)]

    def _stems(self, word: str) -> list[str]:
        return list(self._default.tokenize(word)) if word.isascii() else [word]


def _sentence_metric(metric: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return BLEU(effective_order=True) if metric == "bleu" else CHRF()


def _corpus_metric(metric: str) -> Any:
    """``force``: silences a warning about texts that look tokenized; the score is the same."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return BLEU(force=True) if metric == "bleu" else CHRF()


def _in_columns(references: References) -> list[list[str | None]]:
    """sacrebleu's layout: the first reference of every answer, the second …; None: it has none."""
    most = max(map(len, references))
    return [[row[i] if i < len(row) else None for row in references] for i in range(most)]


def _score(judge: Any, counts: Any) -> float:
    """sacrebleu's own computation from summed counts (its bootstrap uses the same methods)."""
    return float(judge._compute_score_from_stats(counts.tolist()).score)
