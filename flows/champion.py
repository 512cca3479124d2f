"""The promotion log: every decision with its reason, and with it who is champion.

``promotion.jsonl`` in the workspace, one JSON object per decision, is the truth; MLflow's aliases
mirror it.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.errors import FlowsError
from flows.json_lines import json_lines
from flows.progress import LOG
from flows.removed import removed_on
from flows.sharing import give_decisions, manifest_here, share_decisions
from flows.store import current
from flows.workspace import Product, Workspace
from gptcore.errors import ProductError

FILE = "promotion.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """One line of the promotion log."""

    key: str
    """Digest of the evaluation's key, the gate's settings, and the champion's content; of a
    decision by hand, one of its own."""
    profile: str
    promoted: bool
    reason: str
    run: str
    """Directory of the judged run, relative to the workspace."""
    run_digest: str
    evaluation: str
    """Directory of its evaluation, relative to the workspace."""
    champion: str = ""
    """Directory of the run that was champion before; empty: there was none."""
    champion_evaluation: str = ""
    """Directory of that run's scores of the same night; empty: it was not compared."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Headline score by task, on the validation split."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What it rests on (``flows.comparison.Evidence``); {}: nothing was compared."""
    date: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    by: str = ""
    """Who promoted the run by hand; empty: the gate decided."""

    @property
    def verdict(self) -> str:
        """The decision in a word or two."""
        return "promoted" if self.promoted else "not promoted"

    def plain(self) -> dict[str, Any]:
        """As plain values; a field that a gate's decision does not have is left out."""
        return {name: value for name, value in asdict(self).items() if name != "by" or value}


def decisions(workspace: Workspace, profile: str | None = None) -> list[Decision]:
    """All decisions about a profile, or all that there are, oldest first.

    A line cut off by a crash is passed over.
    """
    path = workspace.root / FILE
    share_decisions(path)
    found = []
    for line in json_lines(path):
        try:
            found.append(Decision(**json.loads(line)))
        except (ValueError, TypeError):
            LOG.warning("%s: passed over a line that is no decision: %.60r", path, line)
    if current() is not None:  # those of other hosts came later; alone, a clock may be set back
        found.sort(key=lambda decision: decision.date)
    return [decision for decision in found if profile in (None, decision.profile)]


def record(workspace: Workspace, decision: Decision) -> None:
    """Append a decision, on the disk before this returns."""
    path = workspace.root / FILE
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        line = json.dumps(decision.plain(), ensure_ascii=False) + "\n"
        file.write(line if _ends_whole(path) else f"\n{line}")
        file.flush()
        os.fsync(file.fileno())
    give_decisions(path)


def _ends_whole(path: Path) -> bool:
    """Whether the last line has its end; a crash may have cut it off."""
    content = path.read_bytes()
    return not content or content.endswith(b"\n")


def champion_of(workspace: Workspace, profile: str) -> Product | None:
    """The run that was promoted last; None when none ever was.

    FlowsError when its directory cannot be read: without it nothing may take its place unseen.
    """
    decision = champion_decision(workspace, profile)
    return run_of(workspace, decision) if decision else None


def champion_decision(workspace: Workspace, profile: str) -> Decision | None:
    """The decision that made the champion, the gate's or one by hand; None: there is none."""
    promoted = [decision for decision in decisions(workspace, profile) if decision.promoted]
    return promoted[-1] if promoted else None


def known_decision(
    judged: Sequence[Decision], *, key: str, run: Product, evaluation: str, champion: Product | None
) -> Decision | None:
    """The last decision that answers tonight's question already; None: it must be judged.

    A champion is not judged against itself: where it is tonight's run, with the scores of
    ``evaluation`` (relative to the workspace), the decision that told of them stands.
    """
    own = champion is not None and champion.digest == run.digest
    known = [
        decision
        for decision in judged
        if decision.key == key
        or (own and (decision.run_digest, decision.evaluation) == (run.digest, evaluation))
    ]
    return known[-1] if known else None


def run_of(workspace: Workspace, decision: Decision) -> Product:
    """The run that a decision is about; FlowsError when its directory cannot be read."""
    path = workspace.root / decision.run
    try:
        return Product(path, manifest_here(path), reused=True)
    except ProductError as error:
        what = "champion" if decision.promoted else "model"
        if when := removed_on(workspace, decision.run):
            raise FlowsError(
                f"{path}, the {what} of {decision.date}, was removed by generalist gc on {when}: "
                "name another run (generalist history shows them)"
            ) from error
        raise FlowsError(
            f"{path}, the {what} of {decision.date}, cannot be read: put it back, or remove its "
            f"line from {workspace.root / FILE} to go on without it"
        ) from error


def model_of(workspace: Workspace, profile: str) -> tuple[Product, bool]:
    """The run to use, and whether it is the champion: else it is the last challenger.

    FlowsError when the profile has no model yet.
    """
    run = champion_of(workspace, profile)
    if run is not None:
        return run, True
    judged = decisions(workspace, profile)
    if not judged:
        raise FlowsError(
            f"profile {profile!r} has no model yet: generalist run --profile {profile}"
        )
    return run_of(workspace, judged[-1]), False


def judged_run(workspace: Workspace, profile: str, name: str, *, option: str = "--run") -> Product:
    """The run of that name, or whose name alone begins so, among those that were judged.

    FlowsError names those that there are, and the ``option`` that the name was given with.
    """
    judged = {Path(decision.run).name: decision for decision in decisions(workspace, profile)}
    fits = [one for one in judged if one == name] or [one for one in judged if one.startswith(name)]
    if len(fits) == 1:
        return run_of(workspace, judged[fits[0]])
    there = ", ".join(fits or judged) or "none yet"
    raise FlowsError(
        f"{option}={name!r}: name one of the runs that {profile!r} has judged: {there}"
    )
