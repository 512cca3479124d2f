"""MLflow's registry as a mirror of the promotion log.

A judged run is a version there, with its decision in the tags. The alias challenger is at the run
that was judged last, champion at the run that ``champion_of`` names, whoever made it champion and
whatever MLflow has missed before. The model's description and the history runs follow the log.
"""

from flows.champion import Decision, champion_decision, run_of
from flows.mlflow_history import log_history
from flows.mlflow_records import register
from flows.mlflow_tracking import tolerant
from flows.mlflow_training import ensure_training_run
from flows.workspace import Workspace


def mirror(workspace: Workspace, profile: str, decision: Decision) -> None:
    """Register the run of a decision, move the aliases, draw the nights; MLflow may fail."""
    with tolerant(f"the registration of {decision.run}"):
        champion = champion_decision(workspace, profile)
        is_champion = champion is not None and champion.run == decision.run
        challenger = [] if decision.by else ["challenger"]
        _register(workspace, profile, decision, [*challenger, *(["champion"] * is_champion)])
        if champion is not None and not is_champion:
            _register(workspace, profile, champion, ["champion"])
        log_history(workspace, profile, f"generalist-{profile}")


def _register(workspace: Workspace, profile: str, decision: Decision, aliases: list[str]) -> None:
    """A version with the decision in its tags."""
    model, run = f"generalist-{profile}", run_of(workspace, decision)
    tags = {
        "decision": decision.verdict,
        "reason": decision.reason,
        "date": decision.date,
        "run": decision.run,
        "run_digest": decision.run_digest,
        "evaluation": decision.evaluation,
        **{f"validation.{task}": f"{v:.4f}" for task, v in decision.scores.items()},
    }
    register(
        workspace,
        model,
        ensure_training_run(workspace, run, experiment=model),
        tags=tags,
        description=decision.reason,
        aliases=aliases,
    )
