"""Flow ``promote``: scores on the validation splits → champion or not, with the reason."""

from dataclasses import dataclass

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows import report
from flows.champion import Decision, champion_of, decisions, known_decision, record
from flows.evaluate import champion_evaluation, evaluated
from flows.gate import GateConfig, Verdict, against_champion, first_champion
from flows.mlflow_records import register
from flows.mlflow_tracking import ensure_training_run, tolerant
from flows.plan import admitted
from flows.pretrain import Runs, experiment, pretrained
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import LOG
from flows.scores import GENERALIST
from flows.tokenize import Text, tokenized
from flows.workspace import Product, Workspace, plain
from gptcore.manifest import object_digest
from tasks_to_text.scored import Item
from tasks_to_text.store import read_items


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A decision, and whether it was made just now."""

    decision: Decision
    new: bool


@task(cache_policy=NO_CACHE)
def decide(profile: Profile, text: Text, runs: Runs, evaluation: Product) -> Outcome:
    """Judge the run once per champion, write the reason down, and move MLflow's aliases.

    They are moved for a decision that was known too: MLflow may have failed when it was made.
    """
    workspace, run = Workspace.open(), runs.generalist
    with workspace.locked(f"promotion/{profile.name}"):
        outcome = _decide(workspace, profile, text, run, evaluation)
        with tolerant(f"the registration of {run.path.name}"):
            _publish(workspace, profile, run, outcome.decision)
        return outcome


def _decide(
    workspace: Workspace, profile: Profile, text: Text, run: Product, evaluation: Product
) -> Outcome:
    champion = champion_of(workspace, profile.name)
    key, place = decision_key(profile.gate, evaluation, champion), _place(workspace, evaluation)
    judged = decisions(workspace, profile.name)
    known = known_decision(judged, key=key, run=run, evaluation=place, champion=champion)
    if known is not None:
        return Outcome(decision=known, new=False)
    theirs = _champions(profile, text, run, champion)
    verdict = _judge(profile, evaluation, champion, theirs)
    scores = report.read_scores(evaluation.path)
    decision = Decision(
        key=key,
        profile=profile.name,
        promoted=verdict.promoted,
        reason=verdict.reason,
        run=_place(workspace, run),
        run_digest=run.digest,
        evaluation=place,
        champion=_place(workspace, champion) if champion else "",
        champion_evaluation=_place(workspace, theirs) if theirs else "",
        scores={
            s["task"]: s["value"]
            for s in scores
            if s["model"] == GENERALIST and s["split"] == "validation" and s["headline"]
        },
    )
    record(workspace, decision)
    LOG.info("%s: %s", "promoted" if decision.promoted else "not promoted", decision.reason)
    return Outcome(decision=decision, new=True)


def decision_key(gate: GateConfig, evaluation: Product, champion: Product | None) -> str:
    """What a decision depends on; another champion asks for another decision."""
    return object_digest(
        {
            "evaluation": evaluation.manifest.key,
            "gate": plain(gate),
            "champion": champion.digest if champion else "",
        }
    )


def _place(workspace: Workspace, product: Product) -> str:
    return str(product.path.relative_to(workspace.root))


def _champions(
    profile: Profile, text: Text, run: Product, champion: Product | None
) -> Product | None:
    """The champion's scores of tonight; None where there is no other champion to compare with."""
    if champion is None or champion.digest == run.digest:
        return None
    return champion_evaluation(profile, text, champion)


def _judge(
    profile: Profile, evaluation: Product, champion: Product | None, theirs: Product | None
) -> Verdict:
    if champion is None:
        scores = [s for s in report.read_scores(evaluation.path) if s["split"] == "validation"]
        return first_champion(_validation(evaluation), scores, GENERALIST, profile.gate)
    if theirs is None:
        return Verdict(promoted=False, reason="its weights are the champion's")
    return against_champion(_answers(evaluation), _answers(theirs), profile.gate)


def _validation(evaluation: Product) -> list[Item]:
    items = read_items(evaluation.path / "items.parquet")
    return [item for item in items if item.split == "validation"]


def _answers(evaluation: Product) -> list[Item]:
    return [item for item in _validation(evaluation) if item.model == GENERALIST]


def _publish(workspace: Workspace, profile: Profile, run: Product, decision: Decision) -> None:
    """A version in MLflow's registry, with the decision in its tags."""
    tags = {
        "decision": "promoted" if decision.promoted else "not promoted",
        "reason": decision.reason,
        "date": decision.date,
        "run": decision.run,
        "run_digest": decision.run_digest,
        "evaluation": decision.evaluation,
        **{f"validation.{task}": f"{v:.4f}" for task, v in decision.scores.items()},
    }
    register(
        workspace,
        experiment(profile),
        ensure_training_run(workspace, run, experiment=experiment(profile)),
        tags=tags,
        description=decision.reason,
        champion=decision.promoted,
    )


@flow
def promote(profile: ProfileName = "quickstart", overrides: Overrides | None = None) -> None:
    """Decide whether the model of a profile, as it is configured, becomes its champion.

    Args:
        profile: A complete configuration, shipped or of the project.
        overrides: Changes to it for this run.
    """
    chosen = admitted(load(profile, overrides))
    text = tokenized(chosen)
    runs = pretrained(chosen, text)
    decide(chosen, text, runs, evaluated(chosen, text, runs))
