"""What must hold after many nights (tests/faults/nights.py)."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flows.champion import Decision, champion_decision, decisions, run_of
from flows.garbage import collect
from flows.keeping import DAY
from flows.mlflow_tracking import Store
from flows.removed import removed_on
from gptcore.manifest import file_digest
from tests.faults import checks
from tests.faults.project import DOCUMENTS, PROFILE, add_document

if TYPE_CHECKING:
    from tests.faults.nights import Months


def holds(months: "Months", keep: int) -> Iterator[str]:
    """Everything that does not."""
    yield from _nights(months)
    yield from _champion(months)
    yield from checks.leftovers(months.workspace.root, ours=True)
    yield from checks.tracked(months.workspace.root)
    yield from _history(months)
    yield from _collected(months, keep)


def _nights(months: "Months") -> Iterator[str]:
    """One reasoned decision per night with a change, none on the others."""
    for night in months.nights:
        if night.code != 0:
            yield f"night {night.number} ended with exit code {night.code}"
        if night.change == "nothing" and (night.decision != "skipped" or night.built):
            yield f"night {night.number} had nothing new: {night.decision}, built {night.built}"
        if night.change != "nothing" and not night.reason:
            yield f"night {night.number} had news and no decision with a reason"
    judged = decisions(months.workspace, PROFILE)
    changed = [night for night in months.nights if night.change != "nothing"]
    if len(judged) != len(changed):
        yield f"{len(judged)} decisions for {len(changed)} nights with news"


def _champion(months: "Months") -> Iterator[str]:
    """It is whole, and the one that MLflow names."""
    decision = champion_decision(months.workspace, PROFILE)
    if decision is None:
        yield "there is no champion"
        return
    yield from _whole(months, decision)
    client = Store(months.workspace).client
    version = client.get_model_version_by_alias(f"generalist-{PROFILE}", "champion")
    if version.tags.get("run") != decision.run:
        yield f"MLflow's champion is {version.tags.get('run')}, ours {decision.run}"


def _whole(months: "Months", decision: Decision) -> Iterator[str]:
    run = run_of(months.workspace, decision)
    for name, digest in run.manifest.files.items():
        if file_digest(run.path / name) != digest:
            yield f"{run.path.name}/{name} is not what was written"


def _history(months: "Months") -> Iterator[str]:
    """The command shows every decision, and the last page draws them."""
    if months.command("history", "--profile", PROFILE) != 0:
        yield "generalist history fails"
    pages = sorted(
        months.workspace.root.glob(f"report/{PROFILE}-*/report.html"),
        key=lambda page: page.stat().st_mtime,
    )
    judged = decisions(months.workspace, PROFILE)
    if not pages:
        yield "no night has a page"
    elif len(judged) > 1 and "Nights so far" not in (page := pages[-1].read_text()):
        yield f"the last page does not draw the nights so far ({len(page)} characters)"


def _collected(months: "Months", keep: int) -> Iterator[str]:
    """gc removes runs that no kept night, no champion past or present needs; the next night works.

    It spares what was used within a day, so it is told that two more have passed.
    """
    judged = decisions(months.workspace, PROFILE)
    collect(months.workspace, keep=keep, now=time.time() + 2 * DAY)
    needed = {place for one in judged[-keep:] for place in (one.run, one.champion)}
    needed |= {one.run for one in judged if one.promoted}
    for place in {one.run for one in judged}:
        there = (months.workspace.root / place / "manifest.json").exists()
        if place in needed and not there:
            yield f"gc has removed {place}, which is needed"
        if place not in needed and there:
            yield f"gc has left {place}, which nothing needs"
        if not there and not removed_on(months.workspace, place):
            yield f"{place} is gone and nothing says so"
    add_document(months.project, DOCUMENTS + 1000)
    if months.command("run", "--profile", PROFILE) != 0:
        yield "the night after gc fails"
    if len(decisions(months.workspace, PROFILE)) != len(judged) + 1:
        yield "the night after gc has made no decision"
    if months.command("gc", "--keep", str(keep), "--dry-run") != 0:
        yield "generalist gc --dry-run fails"
    yield from _champion(months)
