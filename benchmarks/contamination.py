"""Looking for an evaluation in training text, against sets of tuples of words in plain Python.

The text is docstrings of installed packages, one document per module; the evaluation is passages of
other modules, those that come first (docstrings repeat each other, so some of it is found), and one
in a hundred of the text itself. What is dirty takes longer, so all passages of the text are a case
of their own. Both variants must find the same. Reading files is in neither.
"""

import re
import sys
import tracemalloc
from collections.abc import Sequence

from benchmarks.harness import ROUNDS, Claim, compare, rates, report
from benchmarks.texts import documents_of
from tasks_to_text.contamination import GRAM, batches
from tasks_to_text.grams import words_of
from tasks_to_text.overlap_search import Search

MAX_BYTES = 16_000_000
EVALUATION_BYTES = 3_500_000
"""Of the modules that are no part of the text."""
PASSAGE = 400
"""Characters."""
SIZES = (1_000, 8_000)
"""Passages of other modules."""
PEER_BYTES = 2_000_000
"""Of the text that the peer reads: it takes its time."""
REQUIRED = 50.0
"""MB of text per processor second."""

_NO_WORD = re.compile(r"[\W_]+")
Batch = tuple[list[str], list[str]]


def main() -> None:
    """Measure a small and a large evaluation."""
    documents = list(documents_of(MAX_BYTES))
    cut = _count(documents, EVALUATION_BYTES)
    other, texts = documents[:cut], documents[cut:]
    claims: list[Claim] = []
    for number in SIZES:
        passages = [*_passages(other, number), *_passages(texts, number // 100)]
        claims += _claims(passages, texts, REQUIRED)
    claims += _claims(_passages(texts, SIZES[-1]), texts, None)
    report(__file__, claims)


def _passages(texts: Sequence[str], number: int) -> list[str]:
    """So many, evenly over all there are."""
    cut = [text[i : i + PASSAGE] for text in texts for i in range(0, len(text), PASSAGE)]
    return cut[:: max(1, len(cut) // number)][:number]


def _claims(passages: list[str], texts: list[str], required: float | None) -> list[Claim]:
    few = texts[: _count(texts, PEER_BYTES)]
    tracemalloc.start()
    sought = {gram for text in passages for gram in _tuples(text)}
    peer_memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    searches = [Search(passages) for _ in range(ROUNDS + 2)]
    memory = searches[0].n_bytes
    _check(searches.pop(), sought, passages, few)

    def peer() -> float:
        for text in few:
            sought.intersection(_tuples(text))
        return _megabytes(few)

    ready = _batched(texts)

    def ours() -> float:
        _look(searches.pop(), ready)
        return _megabytes(texts)

    found = rates({"ours": ours, "peer": peer})
    clean = "" if required else ", all of them in the text"
    what = f"{len(sought):,} grams sought{clean}"
    claims = [
        compare(f"{what}; MB per CPU-second v. sets of tuples", found["ours"], found["peer"]),
        compare(f"{what}; memory in MB v. a set of tuples", *_twice(memory, peer_memory)),
    ]
    if required:
        must = [required] * ROUNDS
        claims.append(
            compare(f"{what}; MB per CPU-second v. required", found["ours"], must, goal=1)
        )
    return claims


def _twice(ours: int, peer: int) -> tuple[list[float], list[float]]:
    """Figures that do not swing, as rounds."""
    return [ours / 1e6] * ROUNDS, [peer / 1e6] * ROUNDS


def _check(
    search: Search, sought: set[tuple[str, ...]], passages: list[str], few: list[str]
) -> None:
    """Exit unless both find the same of every passage."""
    there = {gram for text in few for gram in sought.intersection(_tuples(text))}
    _look(search, _batched(few))
    _, ours = search.counts()
    for passage, n in zip(passages, ours.tolist(), strict=True):
        grams = _tuples(passage)
        if grams and n != sum(gram in there for gram in grams):
            sys.exit(f"the overlaps differ: nothing is claimed ({passage[:60]!r})")


def _tuples(text: str) -> list[tuple[str, ...]]:
    words = _NO_WORD.sub(" ", text.lower()).split()
    return list(zip(*(words[i:] for i in range(GRAM)), strict=False))


def _batched(texts: Sequence[str]) -> list[Batch]:
    return list(batches((str(i), text) for i, text in enumerate(texts)))


def _look(search: Search, ready: Sequence[Batch]) -> None:
    start = 0
    for ids, texts in ready:
        search.look(words_of(texts), ids, start)
        start += len(ids)


def _megabytes(texts: Sequence[str]) -> float:
    return sum(len(text.encode()) for text in texts) / 1e6


def _count(texts: Sequence[str], n_bytes: int) -> int:
    """How many texts it takes to have so many bytes."""
    total = 0
    for i, text in enumerate(texts):
        total += len(text.encode())
        if total > n_bytes:
            return i + 1
    return len(texts)


if __name__ == "__main__":
    main()
