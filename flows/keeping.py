"""Which products a workspace still needs, and why: the rule of ``generalist gc``, without a disk.

Kept are, with everything that they were made from, as far back as manifests name it:

- what the last N nights of every profile were judged by: the run, its evaluation, the champion of
  that night and its scores, the page;
- the same of every run that ever was champion, by the gate or by hand, so that any of them can be
  made champion again, shown and explained;
- a run that was never scored: its training is worth more than its place;
- evaluations of runs that were never judged but are like one that is kept: the gate measures on
  them how much scores swing between seeds (flows/spread.py);
- benchmarks of a model that is kept, which a person asked for;
- whatever was used within the last day, because a night that failed is started again.

Inputs are named by digest. Of several products with the same content the one that was used last is
enough.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from flows.champion import Decision
from flows.spread import kind_of
from flows.workspace import Product

DAY = 86_400.0
"""Seconds for which a product is kept after its last use."""
BENCHMARK = "-benchmark"
"""End of the name of what ``generalist benchmark`` makes of a profile."""


def place_of(product: Product) -> str:
    """Directory of a product, relative to the workspace."""
    return f"{product.path.parent.name}/{product.path.name}"


def kept(
    products: Sequence[Product],
    judged: Sequence[Decision],
    *,
    keep: int,
    used: Mapping[str, float],
    now: float,
) -> dict[str, str]:
    """Place of every product that is needed → why.

    ``judged``: all decisions, oldest first; ``keep``: nights per profile; ``used``: place → when it
    was used last, in seconds since the epoch, as ``now``.
    """
    graph = _Graph(products, used)
    for decision, why in _decisions(judged, keep):
        for place in _places(decision):
            graph.keep(place, why)
    for place in graph.products:
        if now - used[place] < DAY:
            graph.keep(place, "used within the last day")
    for run in _never_scored(products, judged):
        graph.keep(run, "never scored yet")
    graph.follow()
    for place in graph.other_seeds({decision.run_digest for decision in judged}):
        graph.keep(place, "measures how much scores swing between seeds")
    graph.follow()
    for name, why in (("evaluation", "benchmark of a model that is kept"), ("report", "page")):
        for place in graph.made_from_kept(name):
            graph.keep(place, why)
        graph.follow()
    return graph.why


def _decisions(judged: Sequence[Decision], keep: int) -> Iterator[tuple[Decision, str]]:
    """The decisions whose products are kept; the strongest reason first."""
    for decision in judged:
        if decision.promoted:
            yield decision, f"champion of {decision.profile} on {decision.date[:10]}"
    for profile in dict.fromkeys(one.profile for one in judged):
        nights = [one for one in judged if one.profile == profile and not one.by]
        for decision in nights[-keep:]:
            yield decision, f"one of the last {keep} nights of {profile}"


def _places(decision: Decision) -> list[str]:
    return [decision.run, decision.evaluation, decision.champion, decision.champion_evaluation]


def _never_scored(products: Sequence[Product], judged: Collection[Decision]) -> list[str]:
    scored = {
        digest
        for one in products
        if one.manifest.kind == "evaluation"
        for digest in one.manifest.inputs.values()
    }
    scored |= {decision.run_digest for decision in judged}
    runs = [one for one in products if _is_run(one)]
    return [place_of(run) for run in runs if run.digest not in scored]


def _is_run(product: Product) -> bool:
    return product.manifest.kind == "run"


class _Graph:
    """Products, and which of them are kept so far."""

    def __init__(self, products: Sequence[Product], used: Mapping[str, float]) -> None:
        by_use = sorted(products, key=lambda one: (used[place_of(one)], place_of(one)))
        self.products = {place_of(one): one for one in by_use}
        self.why: dict[str, str] = {}
        self._used_last = {one.digest: place_of(one) for one in by_use}
        self._digests: dict[str, str] = {}
        """Digest → a kept place with that content."""
        self._open: list[str] = []

    def keep(self, place: str, why: str) -> None:
        """Keep a product, if it is there, for the first reason that is given."""
        if place in self.products and place not in self.why:
            self.why[place] = why
            self._digests.setdefault(self.products[place].digest, place)
            self._open.append(place)

    def follow(self) -> None:
        """Keep what the kept were made from."""
        while self._open:
            place = self._open.pop(0)
            for digest in self.products[place].manifest.inputs.values():
                if digest in self._used_last and digest not in self._digests:
                    self.keep(self._used_last[digest], f"{place} was made from it")

    def other_seeds(self, judged: Collection[str]) -> list[str]:
        """Evaluations of runs like those that are kept, about which nobody decided."""
        alike = {kind_of(one) for one in map(self.products.__getitem__, self.why) if _is_run(one)}
        found = []
        for place, product in self.products.items():
            digest = product.manifest.inputs.get("generalist", "")
            run = self.products.get(self._used_last.get(digest, ""))
            wanted = product.manifest.kind == "evaluation" and digest not in judged
            if wanted and run is not None and _is_run(run) and kind_of(run) in alike:
                found.append(place)
        return found

    def made_from_kept(self, kind: str) -> list[str]:
        """Benchmarks' evaluations of kept models; pages of kept evaluations, the newest of each."""
        found: dict[tuple[str, str], str] = {}
        for place, product in self.products.items():
            manifest = product.manifest
            of = manifest.inputs.get("generalist" if kind == "evaluation" else "evaluation", "")
            wanted = kind == "report" or manifest.name.endswith(BENCHMARK)
            if manifest.kind == kind and wanted and of in self._digests:
                about = str(manifest.config.get("key", manifest.key))
                found[manifest.name, about] = place
        return list(found.values())
