"""Evaluations in MLflow, and versions in its registry with the aliases challenger and champion.

An evaluation is a run of its own, linked with its training run by tags and in its description both
ways. Its metrics stand at step 0: MLflow draws bars from them, side by side for the runs that are
compared, and a lonely point in an empty chart from any other step.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flows import mlflow_words, run_about
from flows.mlflow_tracking import NOTE, TAG, Store, read_ids, write_ids
from flows.mlflow_training import close_left_open, open_experiment, run_tags
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

    ``training_ids`` gives the ids of that run; ``tokens``: tokens that the model has seen. Done
    once per product and store: the ids are kept beside it.
    """
    store, ids = Store(workspace), read_ids(evaluation.path)
    if store.find_run(ids.get("run_id")) is not None:
        return ids
    run_ids, manifest = training_ids(), evaluation.manifest
    place = open_experiment(store, experiment)
    close_left_open(store, place, workspace, but=evaluation.path.name)
    trained = store.client.get_run(run_ids["run_id"])
    made_by = trained.data.tags.get(f"{TAG}.run", evaluation.path.name)
    run = store.client.create_run(
        place,
        run_name=f"evaluation, {_told(trained, 'seed')}{mlflow_words.short_key(made_by)}",
        tags={
            **run_tags(workspace),
            **run_about.source_tags(run_about.commit()),
            f"{TAG}.kind": "evaluation",
            f"{TAG}.evaluation": evaluation.path.name,
            f"{TAG}.training_run_id": run_ids["run_id"],
        },
    )
    run_id = str(run.info.run_id)
    store.log_params(run_id, {**_settings(trained, evaluation), "tokens": tokens})
    products = run_about.by_digest(workspace)
    profiles = {
        role: run_about.dataset_profile(products.get(digest))
        for role, digest in manifest.inputs.items()
    }
    store.log_inputs(run_id, "evaluation", manifest.inputs, profiles)
    scored_on = manifest.inputs.get("prompts")
    dataset = ("prompts", scored_on) if scored_on else None
    store.log_metrics(run_id, [(0, metrics)], model_id=run_ids["model_id"], dataset=dataset)
    _log_files(store, run_id, evaluation)
    store.client.set_terminated(run_id, "FINISHED")
    _link(store, place, trained, run)
    ids = {"run_id": run_id, "experiment_id": place}
    write_ids(evaluation.path, ids)
    return ids


def _told(trained: Any, name: str) -> str:
    """A parameter of a training run for the name of another; "" where it has none."""
    value = trained.data.params.get(name)
    return f"{name} {value}, " if value is not None else ""


def _settings(trained: Any, evaluation: Product) -> dict[str, Any]:
    """What a person filters evaluations by: how it was scored, and what the model is."""
    settings = {k: v for k, v in evaluation.manifest.config.items() if not isinstance(v, dict)}
    flat = {
        key: ", ".join(map(str, value)) if isinstance(value, list) else value
        for key, value in settings.items()
    }
    of_model = ("profile", "model", "size", "mixture", "commit", "version")
    kept = [*of_model, *(name for name in trained.data.params if name.endswith("_version"))]
    told = {key: trained.data.params[key] for key in kept if key in trained.data.params}
    seed = trained.data.params.get("seed")
    if seed is not None:
        flat["sampling_seed"], flat["seed"] = flat.get("seed", 0), seed
    return {**flat, **told}


def _link(store: Store, experiment: str, trained: Any, run: Any) -> None:
    """The two runs name each other, for programs in tags and for people in descriptions."""
    there, here = trained.info, run.info
    to_training = mlflow_words.run_link(there.run_name, experiment, there.run_id)
    to_evaluation = mlflow_words.run_link(here.run_name, experiment, here.run_id)
    page = mlflow_words.run_link("report.html", experiment, f"{here.run_id}/artifacts/report.html")
    store.client.set_tag(here.run_id, NOTE, f"Scores of {to_training}. The night's page: {page}")
    store.client.set_tag(there.run_id, NOTE, f"Scored in {to_evaluation}")
    store.client.set_tag(there.run_id, f"{TAG}.evaluation_run_id", here.run_id)


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
    aliases: Sequence[str],
) -> int:
    """Register a logged model as a new version of ``model``; returns its number.

    ``aliases``: moved to it. A logged model that has a version keeps it.
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
        store.tell_version(run_ids["model_id"], model, int(version.version))
    for key, value in sorted(tags.items()):
        store.client.set_model_version_tag(model, version.version, key, value)
    for alias in aliases:
        store.client.set_registered_model_alias(model, alias, version.version)
    return int(version.version)


def evaluation_address(evaluation: Path, server: str) -> str:
    """Address of a logged evaluation on a running MLflow server, in its machine-learning view."""
    ids = read_ids(evaluation)
    page = f"/experiments/{ids['experiment_id']}/runs/{ids['run_id']}" if ids else "/experiments"
    return f"{server}/#{page}?workflowType=machine_learning"
