"""The page of a benchmark: a model on published tasks, for the person who compares models."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from flows import page_making, read_before, report
from flows.markup import Markup, el
from flows.night import LIMITS, Night, TaskAbout
from flows.page import document, scores
from gptcore.manifest import Manifest

FILE = "benchmark.html"


def write(
    out: Path,
    profile: str,
    manifests: Mapping[str, Manifest],
    evaluation: Path,
    tasks: Mapping[str, TaskAbout],
) -> dict[str, int]:
    """Write the page into a directory; returns how many tasks stand on it."""
    night = Night(
        profile=profile,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        promoted=False,
        reason="",
        manifests=manifests,
        scores=report.read_scores(evaluation),
        verdicts=report.read_verdicts(evaluation),
        contamination=read_before.read(evaluation),
        tasks=tasks,
    )
    (out / FILE).write_text(benchmark_page(night), encoding="utf-8")
    return {"tasks": len(tasks)}


def benchmark_page(night: Night) -> str:
    """The whole document."""
    parts = {
        "scores": ("Scores", scores(night)),
        "contamination": ("Contamination", page_making.overlaps(night.contamination)),
        "tasks": ("Tasks", page_making.tasks(night)),
        "limits": ("What the numbers do not say", [_limits()]),
    }
    return document(f"{night.profile}: benchmark of {night.date}", _header(night), parts)


def _header(night: Night) -> Markup:
    run, model = night.counts("generalist"), night.manifests["generalist"]
    about = f"{run['parameters']:,} parameters, trained on {run['tokens']:,} tokens"
    said = "Published tasks; nothing was trained for this page, and the tasks decide nothing."
    return el(
        "header",
        el("p", f"{night.profile} · {night.date.replace('T', ' ')}", cls="over"),
        el("h1", f"{model.name} on {len(night.tasks)} tasks"),
        el("p", f"{about}. {said}", cls="reason"),
    )


def _limits() -> Markup:
    return el("ul", *(el("li", limit) for limit in LIMITS))
