"""Evaluations in MLflow, and versions in its registry with the aliases challenger and champion.

An evaluation is a run of its own, linked with its training run by tags both ways.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from flows.mlflow_tracking import TAG, Store, read_ids, write_ids
from flows.progress import LOG
from flows.stack_state import mlflow_address
from flows.workspace import Product, Workspace

MAX_BYTES = 64_000_000
"""A larger file is not copied into MLflow's store; it lies in the workspace."""


def log_evaluation(
    workspace: Workspace,
    evaluation: Product,
    training_ids: Callable[[], Mapping[str, str]],
    *,
    experiment: str,
    metrics: Mapping[str, float],
    tokens: int,
) -> dict[str, str]:
    """Log a finished evaluation as a run of its own, linked with its training run both ways.

    ``training_ids`` gives the ids of that run; ``tokens``: tokens that the model has seen, the
    step of every metric. Done once per product and store: the ids are kept beside it.
    """
    store, ids = Store(workspace), read_ids(evaluation.path)
    if store.find_run(ids.get("run_id")) is not None:
        return ids
    run_ids, manifest = training_ids(), evaluation.manifest
    tags = {
        f"{TAG}.kind": "evaluation",
        f"{TAG}.evaluation": evaluation.path.name,
        f"{TAG}.training_run_id": run_ids["run_id"],
    }
    run = store.client.create_run(
        store.experiment(experiment), run_name=f"evaluation-{evaluation.path.name}", tags=tags
    )
    run_id = str(run.info.run_id)
    settings = {k: v for k, v in manifest.config.items() if not isinstance(v, dict | list)}
    store.log_params(run_id, settings)
    store.log_inputs(run_id, manifest.inputs)
    store.log_metrics(run_id, [(tokens, metrics)], model_id=run_ids["model_id"])
    _log_files(store, run_id, evaluation)
    store.client.set_terminated(run_id, "FINISHED")
    store.client.set_tag(run_ids["run_id"], f"{TAG}.evaluation_run_id", run_id)
    ids = {"run_id": run_id, "experiment_id": str(run.info.experiment_id)}
    write_ids(evaluation.path, ids)
    return ids


def _log_files(store: Store, run_id: str, product: Product) -> None:
    """Copy a product's files to a run; a large one stays where it is, and a tag says so."""
    left = []
    for name in sorted(product.manifest.files):
        path = product.path / name
        if path.stat().st_size > MAX_BYTES:
            left.append(name)
        else:
            store.client.log_artifact(run_id, str(path))
    if left:
        note = f"too large to copy, in {product.path}: {', '.join(left)}"
        LOG.info("MLflow: %s", note)
        store.client.set_tag(run_id, f"{TAG}.not_copied", note)


def log_page(workspace: Workspace, evaluation: Product, page: Path) -> str:
    """Add the report page to the run of its evaluation; returns its address in MLflow's UI."""
    store, shown = Store(workspace), mlflow_address(workspace.root)
    ids = read_ids(evaluation.path)
    if store.find_run(ids.get("run_id")) is None:
        LOG.warning("MLflow has no run of %s: the page is only in %s", evaluation.path.name, page)
        return evaluation_address(evaluation.path, shown)
    store.client.log_artifact(ids["run_id"], str(page))
    run = f"/experiments/{ids['experiment_id']}/runs/{ids['run_id']}"
    return f"{shown}/#{run}/artifacts/{page.name}"


def register(
    workspace: Workspace,
    model: str,
    run_ids: Mapping[str, str],
    *,
    tags: Mapping[str, str],
    description: str,
    champion: bool,
) -> int:
    """Register a logged model as a new version of ``model``, the challenger; returns its number.

    ``champion``: move that alias to it as well. A logged model that has a version keeps it.
    """
    store = Store(workspace)
    known = store.client.search_registered_models(filter_string=f"name = '{model}'")
    if not known:
        store.client.create_registered_model(model)
    uri, run_id = f"models:/{run_ids['model_id']}", run_ids["run_id"]
    versions = store.client.search_model_versions(f"name = '{model}'")
    version = next((v for v in versions if v.run_id == run_id), None)
    if version is None:
        version = store.client.create_model_version(
            model, uri, run_id, model_id=run_ids["model_id"], description=description
        )
    for key, value in sorted(tags.items()):
        store.client.set_model_version_tag(model, version.version, key, value)
    for alias in ("challenger", *(("champion",) if champion else ())):
        store.client.set_registered_model_alias(model, alias, version.version)
    return int(version.version)


def evaluation_address(evaluation: Path, server: str) -> str:
    """Address of a logged evaluation on a running MLflow server, in its machine-learning view."""
    ids = read_ids(evaluation)
    page = f"/experiments/{ids['experiment_id']}/runs/{ids['run_id']}" if ids else "/experiments"
    return f"{server}/#{page}?workflowType=machine_learning"
