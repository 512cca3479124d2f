"""What MLflow missed while it could not be reached: logged by the next night that finds it there.

Decisions and histories follow from the promotion log by themselves (flows/registered.py); this is
about evaluations, with the runs that they are of and the pages that tell of them.
"""

from flows import report, run_about
from flows.mlflow_records import log_evaluation, log_page
from flows.mlflow_tracking import read_ids
from flows.mlflow_training import ensure_training_run
from flows.progress import LOG
from flows.workspace import Product, Workspace


def log_missed(workspace: Workspace, profile: str, experiment: str) -> None:
    """Log the evaluations of a profile that MLflow was never told of; raises when MLflow fails."""
    missed = [
        product
        for product in workspace.finished("evaluation")
        if product.manifest.name == profile and not read_ids(product.path)
    ]
    if not missed:
        return
    products = run_about.by_digest(workspace)
    for evaluation in missed:
        inputs = evaluation.manifest.inputs
        of = {role: products.get(inputs.get(role, "")) for role in _MODELS}
        if of[_MODELS[0]] is not None:
            LOG.info("MLflow is told of %s, which it missed", evaluation.path.name)
            _log(workspace, experiment, evaluation, of)


_MODELS = ("generalist", "language_model_only")


def _log(
    workspace: Workspace, experiment: str, evaluation: Product, of: dict[str, Product | None]
) -> None:
    trained = [product for product in of.values() if product is not None]
    for product in trained[1:]:
        ensure_training_run(workspace, product, experiment=experiment)
    log_evaluation(
        workspace,
        evaluation,
        lambda: ensure_training_run(workspace, trained[0], experiment=experiment),
        experiment=experiment,
        metrics=report.metrics(report.read_scores(evaluation.path)),
        tokens=trained[0].manifest.counts["tokens"],
    )
    for page in workspace.finished("report"):
        if page.manifest.inputs.get("evaluation") == evaluation.digest:
            log_page(workspace, evaluation, page.path / "report.html")
