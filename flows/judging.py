"""What the gate is given: the items of both models, what they have read, the spread of seeds.

A comparison that makes no sense is a decision too, with what a person can do: a champion that
cannot answer tonight's tasks, or that was judged on tasks which tonight's evaluation lacks.
"""

from dataclasses import replace

from flows import report
from flows.champion import decisions
from flows.clean import read_by
from flows.evaluate import champion_evaluation
from flows.gate import Verdict, against_champion, first_champion
from flows.profiles import Profile
from flows.scores import GENERALIST
from flows.spread import measured
from flows.tokenize import Text
from flows.workspace import Product, Workspace
from tasks_to_text.errors import DataError
from tasks_to_text.metric import METRICS
from tasks_to_text.scored import Item
from tasks_to_text.store import read_items

_UNLIKE = "not comparable: "
_GONE = "; the champion's training text is gone: what it alone had read is not left out"


def judge(
    workspace: Workspace,
    profile: Profile,
    text: Text,
    run: Product,
    evaluation: Product,
    champion: Product | None,
) -> tuple[Verdict, Product | None]:
    """The verdict on a run, and the champion's scores of tonight, where there are any."""
    if champion is None:
        return _first(workspace, profile, text, run, evaluation), None
    if champion.digest == run.digest:
        return Verdict(promoted=False, reason="its weights are the champion's"), None
    verdict, theirs = _compared(workspace, profile, text, run, evaluation, champion)
    if verdict.reason.startswith(_UNLIKE):
        by_hand = f"generalist promote --profile {profile.name} --to {run.path.name}"
        verdict = replace(verdict, reason=f"{verdict.reason}; by hand: {by_hand}")
    return verdict, theirs


def _first(
    workspace: Workspace, profile: Profile, text: Text, run: Product, evaluation: Product
) -> Verdict:
    scores = [s for s in report.read_scores(evaluation.path) if s["split"] == "validation"]
    read = read_by(workspace, profile, text, run).items
    items = read_items(evaluation.path / "items.parquet", split="validation")
    return first_champion(items, scores, GENERALIST, profile.gate, read)


def _compared(
    workspace: Workspace,
    profile: Profile,
    text: Text,
    run: Product,
    evaluation: Product,
    champion: Product,
) -> tuple[Verdict, Product | None]:
    ours = _answers(evaluation)
    if lost := _lost(workspace, profile, ours):
        reason = f"tonight's evaluation lacks {', '.join(lost)}, on which the champion was judged"
        return Verdict(promoted=False, reason=f"{_UNLIKE}{reason}"), None
    try:
        theirs = champion_evaluation(profile, text, champion)
    except DataError as error:
        if not _sees_less(champion, run):
            raise
        reason = f"the champion sees less text than tonight's tasks need ({error})"
        return Verdict(promoted=False, reason=f"{_UNLIKE}{reason}"), None
    own = read_by(workspace, profile, text, run)
    other = read_by(workspace, profile, text, champion)
    verdict = against_champion(
        ours,
        _answers(theirs),
        profile.gate,
        spread=measured(workspace, run),
        read=own.items | other.items,
    )
    if verdict.evidence and not (own.known and other.known):
        verdict = replace(verdict, reason=f"{verdict.reason}{_GONE}")
    return verdict, theirs


def _lost(workspace: Workspace, profile: Profile, ours: list[Item]) -> list[str]:
    """Tasks that could decide when the champion was judged and are not scored tonight.

    None where the champion's evaluation of that night is gone.
    """
    promoted = [one for one in decisions(workspace, profile.name) if one.promoted]
    try:
        scores = report.read_scores(workspace.root / promoted[-1].evaluation)
    except (OSError, ValueError):
        return []
    then = {
        s["task"]
        for s in scores
        if s["model"] == GENERALIST
        and s["split"] == "validation"
        and s["headline"]
        and METRICS[s["metric"]].maximum
    }
    return sorted(then - {item.task for item in ours})


def _sees_less(champion: Product, run: Product) -> bool:
    """Whether the champion's context is shorter."""
    theirs, ours = (one.manifest.config["model"]["context_length"] for one in (champion, run))
    return bool(theirs < ours)


def _answers(evaluation: Product) -> list[Item]:
    path = evaluation.path / "items.parquet"
    return read_items(path, model=GENERALIST, split="validation")
