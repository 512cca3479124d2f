"""``generalist promote --to RUN``: a person makes a judged run champion, to roll back or forward.

The promotion log gets a decision of its own, with who and why; the next night is compared with
that champion.
"""

import getpass
import os

from flows import in_use
from flows.champion import Decision, champion_decision, decisions, judged_run, record
from flows.errors import FlowsError
from flows.registered import mirror
from flows.workspace import Product, Workspace
from gptcore.manifest import file_digest, object_digest

NO_REASON = "no reason given"


def promote_by_hand(
    workspace: Workspace, profile: str, name: str, *, reason: str = "", by: str = ""
) -> tuple[Decision, bool]:
    """Make a judged run champion; returns the decision, and whether it changed anything.

    ``name``: the start of the run's name alone will do. ``by``: who; the user of this process.
    FlowsError when there is no such run, or when a file of it is gone or damaged.
    """
    in_use.hold(workspace.root)
    with workspace.locked(f"promotion/{profile}"):
        run = judged_run(workspace, profile, name, option="--to")
        now = champion_decision(workspace, profile)
        new = now is None or now.run_digest != run.digest
        decision = now if now is not None and not new else None
        if decision is None:
            _require_whole(run)
            decision = _decision(workspace, profile, run, now, reason, by or _user())
            record(workspace, decision)
        mirror(workspace, profile, decision)
        return decision, new


def _decision(
    workspace: Workspace, profile: str, run: Product, now: Decision | None, reason: str, by: str
) -> Decision:
    """The line of the log: scores and evaluation are those of the gate's last decision about it."""
    place = str(run.path.relative_to(workspace.root))
    judged = [one for one in decisions(workspace, profile) if one.run == place]
    made = Decision(
        key="",
        profile=profile,
        promoted=True,
        reason=f"by hand: {reason.strip() or NO_REASON}",
        run=place,
        run_digest=run.digest,
        evaluation=judged[-1].evaluation,
        champion=now.run if now else "",
        scores=judged[-1].scores,
        by=by,
    )
    key = object_digest({"run": place, "by": by, "date": made.date, "before": made.champion})
    return Decision(**{**made.plain(), "key": key})


def _require_whole(run: Product) -> None:
    """FlowsError unless every file of a run is as its manifest says."""
    remedy = "put it back, or promote another run"
    if not run.manifest.files:
        raise FlowsError(f"{run.path}: its manifest names no file: {remedy}")
    for name, expected in run.manifest.files.items():
        path = run.path / name
        if not path.is_file():
            raise FlowsError(f"{path} is missing: {remedy}")
        if file_digest(path) != expected:
            raise FlowsError(f"{path} has changed since it was written: {remedy}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no entry for its user
        return f"user {os.getuid()}"
