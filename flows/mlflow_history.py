"""All nights of a profile in MLflow: two runs with a point per task and decision, and the log.

Of every decision in ``promotion.jsonl`` the run "every night" gets the judged model's scores, the
run "champion" those of whoever was champion after it. Both are filled up from the log, so they can
be made anew when a store was lost. A point carries the decision's time, and its place in the log as
its step: MLflow keeps a point that it is told twice once.
"""

from collections.abc import Sequence
from datetime import datetime

from flows import mlflow_words
from flows.champion import Decision, decisions
from flows.mlflow_tracking import NOTE, TAG, Store
from flows.mlflow_training import open_experiment, run_tags
from flows.workspace import Workspace

EVERY_NIGHT, CHAMPION = "every night", "champion"
LOGGED = f"{TAG}.decisions"
"""Tag: how many decisions of the log the run has."""

Points = list[tuple[int, dict[str, float]]]


def log_history(workspace: Workspace, profile: str, experiment: str) -> None:
    """Bring both runs, and the table of the registered model, up to the promotion log."""
    decided = decisions(workspace, profile)
    store = Store(workspace)
    place = open_experiment(store, experiment)
    for which, points in ((EVERY_NIGHT, every_night(decided)), (CHAMPION, champions(decided))):
        _fill(store, workspace, place, which, decided, points)
    table = mlflow_words.promotions(decided)
    if store.client.search_registered_models(filter_string=f"name = '{experiment}'"):
        store.client.update_registered_model(experiment, description=table)


def every_night(decided: Sequence[Decision]) -> Points:
    """The scores of what was judged, by number of the decision; by hand nothing is judged."""
    return [
        (number, {f"history/{t}": value for t, value in one.scores.items() if not one.by})
        for number, one in enumerate(decided, start=1)
    ]


def champions(decided: Sequence[Decision]) -> Points:
    """The scores of the champion after every decision; none before the first."""
    known = {one.run_digest: one.scores for one in decided if one.scores}
    points: Points = []
    now: Decision | None = None
    for number, one in enumerate(decided, start=1):
        now = one if one.promoted else now
        scores = {} if now is None else now.scores or known.get(now.run_digest, {})
        points.append((number, {f"history/{task}": value for task, value in scores.items()}))
    return points


def _fill(
    store: Store,
    workspace: Workspace,
    experiment: str,
    which: str,
    decided: Sequence[Decision],
    points: Points,
) -> None:
    run_id, logged = _run(store, workspace, experiment, which)
    if logged >= len(points):
        return
    new = points[logged:]
    times = [_milliseconds(one) for one in decided[logged:]]
    store.log_metrics(run_id, new, times=times)
    whole = mlflow_words.promotions(decided, length=10**6)
    store.client.log_text(run_id, whole, "promotions.md")
    store.client.set_tag(run_id, NOTE, mlflow_words.promotions(decided))
    store.client.set_tag(run_id, LOGGED, str(len(points)))


def _run(store: Store, workspace: Workspace, experiment: str, which: str) -> tuple[str, int]:
    """The id of a history run of this workspace, made on first use, and what it has already."""
    own = {**run_tags(workspace), f"{TAG}.kind": "history", f"{TAG}.history": which}
    del own[f"{TAG}.host"]  # the log is the workspace's, whoever has it mounted
    for run in store.runs(experiment, f"tags.`{TAG}.history` = '{which}'"):
        if own.items() <= run.data.tags.items():
            return str(run.info.run_id), int(run.data.tags.get(LOGGED, 0))
    run = store.client.create_run(experiment, run_name=f"history: {which}", tags=own)
    store.client.set_terminated(run.info.run_id, "FINISHED")
    return str(run.info.run_id), 0


def _milliseconds(decision: Decision) -> int:
    return int(datetime.fromisoformat(decision.date).timestamp() * 1000)
