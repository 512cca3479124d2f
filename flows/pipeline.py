"""Flow ``nightly``: the whole pipeline, from corpora and labelled datasets to a decision."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.evaluate import evaluated
from flows.plan import admitted
from flows.pretrain import Retrain, pretrained
from flows.profiles import Overrides, ProfileName, load
from flows.promote import decide
from flows.publish import publish
from flows.tokenize import tokenized

SKIPPED = "Skipped"


@flow
def nightly(
    profile: ProfileName = "quickstart",
    retrain: Retrain = "on_change",
    overrides: Overrides | None = None,
) -> State[str]:
    """Convert, ingest, tokenize, pre-train, evaluate, promote, report; what is finished is reused.

    Args:
        profile: A complete configuration, shipped or of the project.
        retrain: on_change ends as "Skipped" when data, code and settings are those of a model that
            was judged already; always trains anew with the next seed; continue_champion goes on
            from the champion's weights.
        overrides: Changes to the profile for this run.
    """
    chosen = admitted(load(profile, overrides))
    text = tokenized(chosen)
    runs = pretrained(chosen, text, retrain)
    evaluation = evaluated(chosen, text, runs)
    outcome = decide(chosen, text, runs, evaluation)
    publish(chosen, outcome.decision, evaluation)
    if not outcome.new:
        return Completed(name=SKIPPED, message="skipped: nothing new", data=outcome.decision.key)
    return Completed(message=outcome.decision.reason, data=outcome.decision.key)
