"""How a claim is measured: variants in turn, round by round, in processor seconds of one thread.

Wall clocks of shared machines swing; processor seconds swing less, and two variants that take turns
in one process swing together. So a claim is a ratio: its median over the rounds, and an interval
from order statistics, which assumes nothing about the noise (David & Nagaraja, *Order Statistics*,
§7.1: the median lies between the k-th smallest and the k-th largest of n with probability
1 − 2·P(Binomial(n, ½) < k)).
"""

import json
import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent / "out"
ROUNDS = 9
CONFIDENCE = 0.95

Work = Callable[[], float]
"""Does a piece of work and returns how much it was (tokens, requests, bytes)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A row of a table: what is claimed, and what was found."""

    claim: str
    """What is compared, on what, and in which unit ``ours`` and ``peer`` are."""
    ours: float
    peer: float
    ratio: float
    """ours / peer, the median over the rounds."""
    interval: tuple[float, float]
    """Of the median ratio, at 95 % or more."""
    goal: float | None
    """What the ratio must reach, or, for what should be small, must not exceed."""
    holds: bool | None
    """None: the hardware lacks what the claim needs, or nothing was set as its goal."""


def rates(variants: Mapping[str, Work], *, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Work per processor second of every variant, round by round.

    One round more runs first and is not counted. Every round has an order of its own, so that no
    variant always follows the same one.
    """
    found: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        names = list(variants)
        random.Random(number).shuffle(names)
        for name in names:
            start = time.process_time()
            work = variants[name]()
            if number:
                found[name].append(work / (time.process_time() - start))
        _say(f"  round {number} of {rounds}")
    return found


def compare(
    claim: str,
    ours: Sequence[float],
    peer: Sequence[float],
    *,
    goal: float | None = None,
    possible: bool = True,
    small: bool = False,
) -> Claim:
    """A claim from the figures of the rounds, pair by pair.

    ``possible``: the hardware has what the claim needs. ``small``: less is better.
    """
    ratios = [a / b for a, b in zip(ours, peer, strict=True)]
    ratio = statistics.median(ratios)
    reached = None if goal is None else (ratio <= goal if small else ratio >= goal)
    return Claim(
        claim=claim,
        ours=statistics.median(ours),
        peer=statistics.median(peer),
        ratio=ratio,
        interval=median_interval(ratios),
        goal=goal,
        holds=reached if possible else None,
    )


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """The narrowest interval of order statistics that holds the median with 95 %, if n ≥ 6."""
    n, ordered = len(values), sorted(values)
    k, outside = 0, 0.0
    while 2 * (outside + math.comb(n, k) / 2**n) <= 1 - CONFIDENCE and k < n // 2:
        outside += math.comb(n, k) / 2**n
        k += 1
    k = max(k, 1)
    return ordered[k - 1], ordered[-k]


def report(file: str, claims: Sequence[Claim]) -> None:
    """Write ``out/<name of the file>.json``, whole or not at all, and print the table."""
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{Path(file).stem}.json"
    aside = path.with_name(f".{path.name}")
    aside.write_text(json.dumps([asdict(claim) for claim in claims], indent=1))
    aside.replace(path)
    print(table([asdict(claim) for claim in claims]))


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Claims as a Markdown table."""
    lines = ["| claim | ours | peer | ratio | interval | goal | holds |", "|---|" + "---|" * 6]
    said = {True: "yes", False: "**no**", None: "–"}
    for row in rows:
        low, high = row["interval"]
        goal = "–" if row["goal"] is None else f"{row['goal']:g}"
        lines.append(
            f"| {row['claim']} | {row['ours']:,.4g} | {row['peer']:,.4g} | {row['ratio']:.3f} | "
            f"{low:.3f}–{high:.3f} | {goal} | {said[row['holds']]} |"
        )
    return "\n".join(lines)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
