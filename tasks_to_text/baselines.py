"""What the items give away without a language model: chance, majority, bag of words.

Each answers like a model: one score per choice and example, the highest is the prediction. They are
fitted on the task's own training examples, so for a task that no mixture holds they know more of it
than the model beside them.

Bag of words is multinomial naive Bayes (McCallum & Nigam 1998). For closed tasks it goes from the
words of the prompt's fields to the label. Choices that are free text have no label; there it sees
only which words stand in the first and which in the second half of a choice, and tells right
choices from wrong ones.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tasks_to_text.example import Example

Scores = list[tuple[float, ...]]
"""Per example: one score per choice."""

SMOOTHING = 0.2
"""Added to every word count. Chosen on validation among 1, 0.5, 0.2, 0.1 and 0.03 as the best for
the three tasks together: with 1 it would have 0.74 on ``package`` instead of 0.83."""
_WORD = re.compile(r"[A-Za-z_]+|\d+|[^\w\s]")


def chance(examples: Sequence[Example]) -> float:
    """Expected accuracy of a uniform guess."""
    return sum(1 / len(example.choices) for example in examples) / len(examples)


def majority(examples: Sequence[Example], train: Sequence[Example], *, closed: bool) -> Scores:
    """Always the most frequent training label among the choices; for choices that are free text,
    the most frequent position of the right one in training.
    """
    if closed:
        labels = Counter(example.target for example in train)
        return [tuple(float(labels[name]) for name in one.choices) for one in examples]
    positions = Counter(example.gold for example in train)
    return [tuple(float(positions[i]) for i in range(len(one.choices))) for one in examples]


def bag_of_words(examples: Sequence[Example], train: Sequence[Example], *, closed: bool) -> Scores:
    """Naive Bayes fitted on ``train``: log-probabilities, up to a constant per example."""
    if closed:
        model = NaiveBayes((one.target, _words(" ".join(one.segments))) for one in train)
        scored = (model.scores(_words(" ".join(one.segments))) for one in examples)
        return [
            tuple(scores.get(name, -math.inf) for name in one.choices)
            for one, scores in zip(examples, scored, strict=True)
        ]
    model = NaiveBayes(
        (str(choice == one.target), _halves(choice)) for one in train for choice in one.choices
    )
    return [tuple(_odds(model.scores(_halves(c))) for c in one.choices) for one in examples]


class NaiveBayes:
    """Multinomial naive Bayes over words."""

    def __init__(self, pairs: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Fit on (label, words)."""
        texts: Counter[str] = Counter()
        counts: dict[str, Counter[str]] = {}
        for label, words in pairs:
            texts[label] += 1
            counts.setdefault(label, Counter()).update(words)
        vocabulary: set[str] = set().union(*counts.values())
        self._texts = {label: math.log(n) for label, n in texts.items()}
        self._totals = {
            label: math.log(found.total() + SMOOTHING * len(vocabulary))
            for label, found in counts.items()
        }
        self._words = {
            word: tuple(math.log(counts[label][word] + SMOOTHING) for label in self._texts)
            for word in vocabulary
        }
        """Per label in the order of ``_texts``, so that a text asks for each word once."""

    def scores(self, words: Sequence[str]) -> Mapping[str, float]:
        """Label → log P(label) + Σ log P(word | label); unknown words say nothing."""
        known = [self._words[word] for word in words if word in self._words]
        sums = map(sum, zip(*known, strict=True)) if known else (0.0 for _ in self._texts)
        return {
            label: prior + total - len(known) * self._totals[label]
            for (label, prior), total in zip(self._texts.items(), sums, strict=True)
        }


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _halves(text: str) -> list[str]:
    """Words, each marked by the half of the text that it stands in."""
    words = _words(text)
    middle = len(words) // 2
    return [*(word + " 0" for word in words[:middle]), *(word + " 1" for word in words[middle:])]


def _odds(scores: Mapping[str, float]) -> float:
    """Log-odds of being the right choice."""
    return scores.get("True", -math.inf) - scores.get("False", -math.inf)
