"""Flow ``promote``: scores on the validation splits → champion or not, with the reason."""

from dataclasses import dataclass

from prefect import flow
from prefect.runtime import flow_run

from flows import report
from flows.by_hand import promote_by_hand
from flows.champion import (
    Decision,
    champion_decision,
    champion_of,
    decisions,
    known_decision,
    record,
)
from flows.evaluate import evaluated
from flows.gate import GateConfig
from flows.judging import judge
from flows.plan import admitted
from flows.pretrain import Runs, pretrained
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import LOG
from flows.registered import mirror
from flows.report import safe
from flows.run_page import run_name, show_markdown, show_progress
from flows.scores import GENERALIST
from flows.stages import stage
from flows.tokenize import Text, tokenized
from flows.workspace import Product, Workspace, plain
from gptcore.manifest import object_digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A decision, and whether it was made just now."""

    decision: Decision
    new: bool


@stage("decision about {profile.name}")
def decide(profile: Profile, text: Text, runs: Runs, evaluation: Product) -> Outcome:
    """Judge the run once per champion, write the reason down, and move MLflow's aliases.

    They are moved for a decision that was known too: MLflow may have failed when it was made.
    """
    workspace, run = Workspace.open(), runs.generalist
    with workspace.locked(f"promotion/{profile.name}"):
        outcome = _decide(workspace, profile, text, run, evaluation)
        mirror(workspace, profile.name, outcome.decision)
    show_decision(outcome)
    return outcome


def show_decision(outcome: Outcome) -> None:
    """The decision on the flow run's page: promoted or not, why, the champion before and after."""
    decision = outcome.decision
    champion = champion_decision(Workspace.open(), decision.profile)
    rows = {
        "profile": decision.profile,
        "judged": _code(decision.run),
        "champion before": _code(decision.champion),
        "champion now": _code(champion.run if champion is not None else ""),
        "decided": decision.date,
    }
    lines = [f"## {decision.verdict.capitalize()}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows.items()]
    if not outcome.new:
        lines += ["", "Nothing is new: this was decided before and stands."]
    show_markdown(
        "\n".join(lines),
        key=f"decision-{decision.profile}",
        description=f"{decision.verdict}: {safe(decision.reason)}",
    )


def _code(place: str) -> str:
    return f"`{place}`" if place else "none"


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
    LOG.info("%s: %s", decision.verdict, decision.reason)
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


@stage("promotion of {to} by hand")
def promoted_by_hand(profile: Profile, to: str, reason: str) -> Decision:
    """Make a judged run champion because a person says so."""
    who = f"flow run {flow_run.name}"
    decision, new = promote_by_hand(Workspace.open(), profile.name, to, reason=reason, by=who)
    LOG.info("%s %s", decision.run, "promoted" if new else "is champion already")
    return decision


@flow(flow_run_name=run_name, on_running=[show_progress])
def promote(
    profile: ProfileName = "quickstart",
    overrides: Overrides | None = None,
    to: str = "",
    reason: str = "",
) -> None:
    """Decide whether the model of a profile, as it is configured, becomes its champion.

    Args:
        profile: What to train on, the model's size, the budget, the tasks: a configuration by name.
            `quickstart` takes minutes on a laptop, `tiny` seconds and is for trying out;
            `generalist profiles` tells of all, your own too.
        overrides: Changes to the profile for this run only; None: as it is.
        to: Nothing is trained or scored: this judged run is made champion by hand, such as an
            earlier one to roll back to. The start of its name will do.
        reason: Why, for the promotion log, where a run is made champion by hand.
    """
    chosen = load(profile, overrides)
    if to:
        promoted_by_hand(chosen, to, reason)
        return
    text = tokenized(admitted(chosen))
    runs = pretrained(chosen, text)
    decide(chosen, text, runs, evaluated(chosen, text, runs))
