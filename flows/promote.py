"""Flow ``promote``: scores on the validation splits → champion or not, with the reason."""

from dataclasses import dataclass

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows import report
from flows.champion import Decision, champion_of, decisions, known_decision, record
from flows.evaluate import evaluated
from flows.gate import GateConfig
from flows.judging import judge
from flows.mlflow_records import register
from flows.mlflow_tracking import ensure_training_run, tolerant
from flows.pretrain import Runs, experiment, pretrained
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import LOG
from flows.scores import GENERALIST
from flows.tokenize import Text, tokenized
from flows.workspace import Product, Workspace, plain
from gptcore.manifest import object_digest


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
    verdict, theirs = judge(workspace, profile, text, run, evaluation, champion)
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
        evidence=plain(verdict.evidence) if verdict.evidence else {},
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
    chosen = load(profile, overrides)
    text = tokenized(chosen)
    runs = pretrained(chosen, text)
    decide(chosen, text, runs, evaluated(chosen, text, runs))
