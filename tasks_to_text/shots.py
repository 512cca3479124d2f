"""Few-shot prompts: solved examples before the question, drawn by a seed and nothing else.

GPT-2 wrote example pairs before what it translated and before the questions that it answered
(Radford et al. 2019, §3.7 and §3.8), so those results are few-shot, not zero-shot. A blank line
stands after every solved example, as in lm-evaluation-harness (``fewshot_delimiter``).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.selection import seeded_digest
from tasks_to_text.task import Split

DELIMITER = "\n\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shots:
    """How many solved examples stand before every prompt of an evaluation, and out of which."""

    n: int = 0
    pool: Sequence[Example] = ()
    split: str = ""
    """Where the pool is from; "" without shots."""


def pool_split(split: Split, known: Sequence[Split]) -> Split:
    """The split that the solved examples of a scored split come from: train, else validation for
    the test split, else the split itself, which a score then says (``Score.shots_from``): its other
    rows are no secret to a prompt, but no training split either.
    """
    if "train" in known:
        return "train"
    return "validation" if split == "test" and "validation" in known else split


def with_shots(
    examples: Sequence[Example], pool: Sequence[Example], n: int, seed: int
) -> list[Example]:
    """Each example with ``n`` solved ones of the pool before its prompt and before each context.

    Each example has draws of its own, which depend on the seed, its id and the ids in the pool, not
    on any order; none is of its own group. Templates of a task draw the same ones. ConfigError for
    a negative ``n``; DataError for an example without a prompt, and where the pool has fewer than
    ``n`` examples of other groups.
    """
    if n < 0:
        raise ConfigError(f"shots={n}: must not be negative")
    if not n:
        return list(examples)
    ordered = sorted(pool, key=lambda one: one.example_id)
    groups = Counter(one.group for one in ordered)
    made = []
    for example in examples:
        others = len(ordered) - groups[example.group]
        if others < n:
            raise DataError(
                f"example {example.example_id!r}: shots={n}, but only {others} solved examples are "
                "of another group: ask for fewer, or convert more rows"
            )
        drawn = _draws(example, ordered, seed)
        made.append(_after([next(drawn).text for _ in range(n)], example))
    return made


def _draws(example: Example, pool: Sequence[Example], seed: int) -> Iterator[Example]:
    """Examples of other groups, each at most once."""
    seen: set[int] = set()
    turn = 0
    while True:
        digest = seeded_digest("shots", seed, example.example_id, turn)
        at = int.from_bytes(digest[:8], "big") % len(pool)
        turn += 1
        if at not in seen and pool[at].group != example.group:
            seen.add(at)
            yield pool[at]


def _after(solved: Sequence[str], example: Example) -> Example:
    if not example.prompt or not all(example.contexts):
        raise DataError(
            f"example {example.example_id!r} has no prompt: solved examples have nothing to stand "
            "before; score the task without shots"
        )
    before = "".join(text + DELIMITER for text in solved)
    return replace(
        example,
        prompt=before + example.prompt,
        contexts=tuple(before + context for context in example.contexts),
    )
