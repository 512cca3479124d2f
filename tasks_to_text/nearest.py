"""Which documents of a corpus come nearest to a text, for a person who asks what an answer is from.

Nearness is of words. First counts how many runs of eight words the two have in common (what
contamination reports look for; GPT-3 §C used 8 to 13), then how many rare words stand together in
one place of the document, each weighed by its inverse document frequency (Spärck Jones 1972). A
place is forty words wide, so that a long document is no nearer for being long; it is what is shown.

The corpus is read twice, document by document, once to learn how rare the words of the queries are;
nothing but the three best of each query is held. A megabyte takes about a third of a second.
"""

import heapq
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

RUN = 8
"""Words of a run."""
_PLACE = 40
"""Words of the place in which rare words must stand together."""
_RAREST = 24
"""Words of a query that are looked for, its rarest."""
_MARGIN = 60
"""Characters that a snippet shows beside the shared words."""
_WORD = re.compile(r"\w+")

Documents = Callable[[], Iterable[tuple[str, str]]]
"""Gives the documents of a corpus as (id, text), each time it is called, in the same order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """A document near a text."""

    document: str
    """Its id."""
    runs: int
    """Different runs of eight words that both have."""
    words: tuple[str, ...]
    """Rare words of the text that stand together in the snippet, the rarest first."""
    weight: float
    """Sum of their inverse document frequencies, in nats."""
    snippet: str
    """The place of the document, on one line."""


def nearest(
    queries: Mapping[str, str], documents: Documents, *, most: int = 3
) -> dict[str, list[Near]]:
    """The nearest documents of each query text, by its name; the nearest first.

    Only documents that share a rare word are near at all; equally near ones stand in the order of
    the corpus.
    """
    words = {name: _words(text) for name, text in queries.items()}
    rarity = _rarity({word for many in words.values() for word in many}, documents)
    wanted = {name: _Query(many, rarity) for name, many in words.items()}
    best: dict[str, list[tuple[tuple[int, float, int], Near]]] = {name: [] for name in queries}
    runs = {run for query in wanted.values() for run in query.runs}
    for number, (document, text) in enumerate(documents()):
        found = _Text(text, rarity, runs)
        for name, query in wanted.items():
            near = query.near(document, found)
            if near is not None:
                heapq.heappush(best[name], ((near.runs, near.weight, -number), near))
                if len(best[name]) > most:
                    heapq.heappop(best[name])
    return {name: [near for _, near in sorted(many, reverse=True)] for name, many in best.items()}


class _Text:
    """A document, as far as queries can see it."""

    def __init__(self, text: str, rarity: Mapping[str, float], runs: set[tuple[str, ...]]) -> None:
        self.text = text
        self.words = _words(text)
        self.places: dict[str, list[int]] = {}
        """Word of a query → where it stands."""
        for place, word in enumerate(self.words):
            if word in rarity:
                self.places.setdefault(word, []).append(place)
        self.runs = {run: place for run, place in _runs(self.words, rarity) if run in runs}

    def snippet(self, first: int, last: int) -> str:
        """The text from one word to another, and a little around them."""
        spans = [match.span() for match in _WORD.finditer(self.text)]
        start = max(0, spans[first][0] - _MARGIN)
        end = min(len(self.text), spans[last][1] + _MARGIN)
        cut = " ".join(self.text[start:end].split())
        return f"{'… ' if start else ''}{cut}{' …' if end < len(self.text) else ''}"


class _Query:
    """A text that is looked for."""

    def __init__(self, words: Sequence[str], rarity: Mapping[str, float]) -> None:
        rare = sorted(set(words), key=lambda word: (-rarity[word], word))
        self._weights = {word: rarity[word] for word in rare[:_RAREST] if rarity[word] > 0}
        self.runs = {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}

    def near(self, document: str, found: _Text) -> Near | None:
        """What the document shares with the query; None: no rare word."""
        runs = self.runs & found.runs.keys()
        rare = sorted(
            (place, word) for word in self._weights for place in found.places.get(word, ())
        )
        if runs:
            first = min(found.runs[run] for run in runs)
            last = min(first + _PLACE, len(found.words)) - 1
        elif rare:
            first, last = self._heaviest(rare)
        else:
            return None
        here = {word for place, word in rare if first <= place <= last}
        return Near(
            document=document,
            runs=len(runs),
            words=tuple(sorted(here, key=lambda word: (-self._weights[word], word))),
            weight=sum(self._weights[word] for word in sorted(here)),
            snippet=found.snippet(first, last),
        )

    def _heaviest(self, rare: Sequence[tuple[int, str]]) -> tuple[int, int]:
        """From where to where the different rare words that stand together weigh most."""
        best, best_weight, start = (0, 0), 0.0, 0
        inside: Counter[str] = Counter()
        for place, word in rare:
            inside[word] += 1
            while place - rare[start][0] >= _PLACE:
                inside[rare[start][1]] -= 1
                start += 1
            weight = sum(self._weights[one] for one, n in inside.items() if n)
            if weight > best_weight:
                best, best_weight = (rare[start][0], place), weight
        return best


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _rarity(words: set[str], documents: Documents) -> dict[str, float]:
    """Inverse document frequency of each word, in nats: ln(N / n); 0 where no document has it."""
    n, having = 0, Counter[str]()
    for _, text in documents():
        n += 1
        having.update(words.intersection(_words(text)))
    return {word: math.log(n / having[word]) if having[word] else 0.0 for word in words}


def _runs(
    words: Sequence[str], known: Mapping[str, float]
) -> Iterable[tuple[tuple[str, ...], int]]:
    """Runs of eight words all of which are known, each with its place."""
    length = 0
    for place, word in enumerate(words):
        length = length + 1 if word in known else 0
        if length >= RUN:
            yield tuple(words[place - RUN + 1 : place + 1]), place - RUN + 1
