"""How log-likelihoods of choices become an answer, probabilities and right or wrong.

Metrics that rank, each by another number per choice, the highest being the answer:

- ``acc``: the sum of the log-likelihood (T0's rank classification);
- ``acc_norm``: the sum per character of what is scored, without its leading space;
- ``acc_bytes``: the sum per UTF-8 byte of the same;
- ``acc_token``: the mean per token (llm.c, nanochat, GPT-1's heuristics);
- ``acc_pmi``: log P(choice | prompt) − log P(choice), which takes away that some choices are common
  strings (Holtzman et al. 2021, arXiv 2104.08315).

The first three and the last are as lm-evaluation-harness has them; other code bases call other
numbers by these names. Where one end of several contexts is scored, all but ``acc_token`` are
``acc``, because the end is the same, and so is ``acc_token`` unless a context changes how the end
is cut into tokens.

``brier`` (Brier 1950, in its form for several classes: squared distance of the probabilities from
the right answer, summed over the choices, 0 … 2) and the pooled metrics read probabilities: the
softmax of the sums.
"""

import math
from collections.abc import Sequence
from math import isnan

from tasks_to_text.example import Example
from tasks_to_text.language_model import Loglikelihood
from tasks_to_text.selection import seeded_digest

Ranks = Sequence[tuple[float, ...]]
"""Per example: one number per choice, the highest is the answer."""
Said = Sequence[Sequence[Loglikelihood]]
"""Per example: one log-likelihood per choice."""
Asked = Sequence[Sequence[tuple[str, str]]]
"""Per example: (context, continuation) of each choice."""

RANKED = frozenset({"acc", "acc_norm", "acc_bytes", "acc_token", "acc_pmi"})


def sums(said: Said) -> Ranks:
    """Nats of each choice."""
    return [tuple(one.sum for one in row) for row in said]


def ranks(metric: str, asked: Asked, said: Said, alone: Said) -> Ranks:
    """What a metric ranks by; ``alone``: the same continuations without anything before them."""
    if metric == "acc":
        return sums(said)
    if metric == "acc_pmi":
        return [
            tuple(one.sum - bare.sum for one, bare in zip(row, bares, strict=True))
            for row, bares in zip(said, alone, strict=True)
        ]
    if metric == "acc_token":
        return [tuple(one.sum / max(1, one.n_tokens) for one in row) for row in said]
    length = _characters if metric == "acc_norm" else _bytes
    return [
        tuple(one.sum / length(text) for one, (_, text) in zip(row, requests, strict=True))
        for row, requests in zip(said, asked, strict=True)
    ]


def _characters(text: str) -> int:
    return len(text.removeprefix(" ")) or 1


def _bytes(text: str) -> int:
    return len(text.removeprefix(" ").encode()) or 1


def best(rows: Ranks, ids: Sequence[str]) -> list[int]:
    """The answer to each example, by what its choices are ranked by and its id.

    Of equally high choices a digest of the example's id draws one, so that who knows nothing wins
    nothing by where the right one stands; where a broken model gives no numbers (NaN), one of all.
    """
    return [_best(row, example_id) for row, example_id in zip(rows, ids, strict=True)]


def _best(row: Sequence[float], example_id: str) -> int:
    highest = max(row)
    equal = [i for i, value in enumerate(row) if value == highest and not any(map(isnan, row))]
    if len(equal) == 1:
        return equal[0]
    equal = equal or list(range(len(row)))
    drawn = int.from_bytes(seeded_digest("equal", example_id)[:8], "big")
    return equal[drawn % len(equal)]


def probabilities(nats: Ranks) -> Ranks:
    """Softmax over the choices of each example; the same for all where a model gives no numbers."""
    return [_softmax(row) for row in nats]


def _softmax(row: Sequence[float]) -> tuple[float, ...]:
    highest = max(row)
    if not all(map(math.isfinite, row)):
        return (1 / len(row),) * len(row)
    weights = [math.exp(value - highest) for value in row]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def certain(picked: Sequence[int], examples: Sequence[Example]) -> Ranks:
    """All probability on one choice: what a baseline says, which picks one."""
    return [
        tuple(float(i == pick) for i in range(len(one.choices)))
        for pick, one in zip(picked, examples, strict=True)
    ]


def brier(chances: Sequence[float], gold: int) -> float:
    """Squared distance of the probabilities of one example from the right answer."""
    return sum((chance - (i == gold)) ** 2 for i, chance in enumerate(chances))
