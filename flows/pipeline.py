"""Flow ``nightly``: the whole pipeline, from corpora and labelled datasets to a decision."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.evaluate import evaluated
from flows.notify import find_block, notified, tell_failure
from flows.plan import admitted
from flows.pretrain import Retrain, pretrained
from flows.profiles import Overrides, ProfileName, load
from flows.promote import decide
from flows.publish import publish
from flows.run_page import run_name, show_progress
from flows.tokenize import tokenized

SKIPPED = "Skipped"


@flow(
    flow_run_name=run_name,
    on_running=[show_progress],
    on_failure=[tell_failure],
    on_crashed=[tell_failure],
)
def nightly(
    profile: ProfileName = "quickstart",
    retrain: Retrain = "on_change",
    overrides: Overrides | None = None,
    notify: str = "",
) -> State[str]:
    """Convert, ingest, tokenize, pre-train, evaluate, promote, report; what is finished is reused.

    Args:
        profile: What to train on, the model's size, the budget, the tasks: a configuration by name.
            `quickstart` takes minutes on a laptop, `tiny` seconds and is for trying out;
            `generalist profiles` tells of all, your own too.
        retrain: `on_change`: if data, code or settings are new; else it ends as *Skipped*.
            `always`: anew, with the next seed. `continue_champion`: on from the champion's weights.
        overrides: Changes to the profile for this run only; None: as it is.
        notify: A notification block of Prefect's as type/name, such as slack-webhook/team, that
            tells how the night went, also when it failed; empty: nobody is told.
    """
    chosen = admitted(load(profile, overrides))
    if notify:
        find_block(notify)
    text = tokenized(chosen)
    runs = pretrained(chosen, text, retrain)
    evaluation = evaluated(chosen, text, runs)
    outcome = decide(chosen, text, runs, evaluation)
    page = publish(chosen, outcome.decision, evaluation)
    if notify:
        notified(chosen.name, outcome, evaluation, page, notify)
    decision = outcome.decision
    if not outcome.new:
        return Completed(name=SKIPPED, message="skipped: nothing new", data=decision.key)
    return Completed(message=f"{decision.verdict}: {decision.reason}", data=decision.key)
