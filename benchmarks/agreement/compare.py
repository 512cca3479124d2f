"""Item by item: the same requests, log-likelihoods, answers and metrics, or what is not the same.

Equal means: requests as texts (white space at a context's end may stand at the continuation's
beginning, where the harness itself moves it); log-likelihoods within ``NATS``; generated texts
letter by letter; ``acc`` and its kin in every item but those whose two best choices are less than
``MARGIN`` apart, which are listed; perplexities within ``RELATIVE``. Of whole texts, which are
thousands of nats, the log-likelihood within ``ROUNDED`` of itself: the harness sums them in fp32.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.agreement.ours import Ours
from benchmarks.agreement.suites import PMI, Suite
from benchmarks.agreement.theirs import Theirs

NATS, MARGIN, RELATIVE, ROUNDED = 1e-4, 2e-4, 1e-4, 1e-6
_RANKED = ("acc", "acc_norm", PMI)
_SHOWN = 100
_PROBLEMS = 5
"""Problems of a kind that are told one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One task, ours against one way through the harness."""

    task: str
    against: str
    """Whose model the harness had: ``adapter`` or ``Hugging Face``."""
    rows: int
    items: int
    """Without the rows that our task does not take, and those with a choice longer than the model's
    context, where the harness stops."""
    requests: int
    difference: float
    """The largest of all requests, in nats; 0 where texts were generated."""
    metrics: Mapping[str, tuple[float, float]]
    """Ours and theirs."""
    excused: tuple[str, ...]
    """Items that were judged otherwise, with two best choices as good as equal."""
    problems: tuple[str, ...]
    """What is not the same; () where all holds."""


def compare(suite: Suite, against: str, ours: Ours, theirs: Theirs) -> Compared:
    """Everything that a suite left on both sides."""
    problems: list[str] = []
    excused: list[str] = []
    if len(ours.requests) != len(theirs.requests):
        problems.append(f"{len(ours.requests)} items, theirs {len(theirs.requests)}")
    problems += _few(list(_other_requests(ours, theirs)))
    problems += _few(list(_other_answers(suite, ours, theirs)))
    for at, (mine, other) in enumerate(zip(ours.items, theirs.items, strict=False)):
        for metric in _RANKED:
            if metric in mine and mine[metric] != float(other[metric]):
                margin = _margin(suite, metric, ours, at)
                told = f"item {at}: {metric} {mine[metric]:.0f}, theirs {other[metric]:.0f}"
                (excused if margin < MARGIN else problems).append(f"{told}, margin {margin:.2g}")
    metrics = {name: (mine, theirs.metrics[name]) for name, mine in ours.metrics.items()}
    for name, (a, b) in metrics.items():
        allowed = len(excused) / len(ours.items) + 1e-9 if name in _RANKED else RELATIVE * b
        if not abs(a - b) <= allowed:
            problems.append(f"{name} {a}, theirs {b}")
    return Compared(
        task=suite.name,
        against=against,
        rows=len(suite.rows),
        items=len(ours.requests),
        requests=sum(map(len, ours.requests)),
        difference=max((abs(a - b) for a, b in _nats(ours, theirs)), default=0.0),
        metrics=metrics,
        excused=tuple(excused),
        problems=tuple(problems),
    )


def _other_requests(ours: Ours, theirs: Theirs) -> Iterator[str]:
    for at, (mine, other) in enumerate(zip(ours.requests, theirs.requests, strict=False)):
        if [*map(_moved, mine)] != [*map(_moved, other)]:
            pairs = zip(mine, other, strict=False)
            a, b = next((p for p in pairs if _moved(p[0]) != _moved(p[1])), (mine[-1], other[-1]))
            yield f"item {at}: asked {_end(a)}, theirs {_end(b)}"


def _moved(request: tuple[str, ...]) -> tuple[str, ...]:
    """White space at the end of a context belongs to the continuation."""
    if len(request) != 2:
        return request
    context = request[0].rstrip()
    return context, request[0][len(context) :] + request[1]


def _other_answers(suite: Suite, ours: Ours, theirs: Theirs) -> Iterator[str]:
    """Nats too far apart, another verdict on what is likeliest, other texts."""
    for at, (mine, other) in enumerate(zip(ours.answers, theirs.answers, strict=False)):
        for a, b in zip(mine, other, strict=False):
            texts = isinstance(a, str)
            (x, greedy), (y, their_greedy) = _split(a), _split(b)
            allowed = max(NATS, ROUNDED * abs(x)) if suite.rolling else NATS
            if a != b if texts else not abs(x - y) <= allowed:
                yield f"item {at}: found {a!r}, theirs {b!r}"
            elif greedy != their_greedy:
                yield f"item {at}: likeliest {greedy}, theirs {their_greedy}"


def _nats(ours: Ours, theirs: Theirs) -> Iterator[tuple[float, float]]:
    for mine, other in zip(ours.answers, theirs.answers, strict=False):
        for a, b in zip(mine, other, strict=False):
            if not isinstance(a, str):
                yield _split(a)[0], _split(b)[0]


def _split(answer: Any) -> tuple[float, bool]:
    """Nats, and whether all was the likeliest where that is told."""
    if isinstance(answer, tuple | list):
        return float(answer[0]), bool(answer[1])
    return (0.0 if isinstance(answer, str) else float(answer)), False


def _margin(suite: Suite, metric: str, ours: Ours, at: int) -> float:
    """Between the two best choices of an item, in what the metric ranks by."""
    if suite.task is None or suite.task.protocol != "choice":
        return float("inf")
    nats = [_split(answer)[0] for answer in ours.answers[at]]
    n = len(nats) // 2 if PMI in suite.metrics else len(nats)
    values = nats[:n]
    if metric == PMI:
        values = [a - b for a, b in zip(nats[:n], nats[n:], strict=True)]
    if metric == "acc_norm":
        lengths = [len(text.removeprefix(" ")) for _, text in ours.requests[at][:n]]
        values = [a / b for a, b in zip(values, lengths, strict=True)]
    best, second = sorted(values, reverse=True)[:2]
    return best - second


def _end(request: Sequence[str]) -> str:
    return " + ".join(repr(text[-_SHOWN:]) for text in request)


def _few(told: list[str]) -> list[str]:
    more = len(told) - _PROBLEMS
    return [*told[:_PROBLEMS], f"and {more} more of the kind"] if more > 0 else told
