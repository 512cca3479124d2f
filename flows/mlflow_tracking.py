"""What MLflow is told of training: runs, parameters, metrics by tokens seen, data and models.

The only importer of mlflow (3 s, hence inside functions). One run per pre-training run; evaluations
and the registry are in flows/mlflow_records.py. Checkpoints are logged as external models: MLflow
gets their place and digest, never a pickle. A run goes on under its own id after a resume, and no
step is logged twice, because MLflow cannot delete a point (mlflow/mlflow#2973).
"""

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows.errors import FlowsError, TrainerStopped
from flows.gpu import METRICS, Row
from flows.progress import LOG
from flows.workspace import Product, Workspace
from gptcore.manifest import file_digest
from gptcore.tracking import read_jsonl

IDS = "mlflow.json"
"""File of a product directory that holds the ids of its MLflow run and logged model."""
VARIABLE = "MLFLOW_TRACKING_URI"
DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
"""Environment that MLflow reads; its own defaults wait minutes for a server that is not there."""
FLUSH_SECONDS = 5.0
RETRY_SECONDS = 60.0
"""Before a store that could not be reached is tried again."""
_BATCH = 1000
_DIGEST_LENGTH = 36
TAG = "generalist"


class Store:
    """The MLflow store of a workspace: SQLite in it, or what ``MLFLOW_TRACKING_URI`` names."""

    def __init__(self, workspace: Workspace) -> None:
        for name, value in DEFAULTS.items():  # it reads some of them when imported
            os.environ.setdefault(name, value)
        import mlflow

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self._mlflow: Any = mlflow
        self._workspace = workspace
        self._own = VARIABLE not in os.environ
        mlflow.set_tracking_uri(tracking_uri(workspace))
        if self._own:  # MLflow sets the variable itself, and it would outlive this workspace
            os.environ.pop(VARIABLE, None)
        try:
            self.client: Any = mlflow.MlflowClient()
            self.client.search_experiments(max_results=1)
        except Exception as error:
            why = str(error).strip().partition("\n")[0]
            raise FlowsError(
                f"MLflow's store {tracking_uri(workspace)} cannot be used ({why}): start its "
                "server, or move a broken file aside, and runs are logged again"
            ) from error

    def experiment(self, name: str) -> str:
        """The id of an experiment, made on first use with its artifacts in the workspace."""
        found = self.client.get_experiment_by_name(name)
        artifacts = (self._workspace.root / "mlartifacts").as_uri()
        place = f"{artifacts}/{name}" if self._own else None
        if found is not None:
            # One that a server of `generalist up` made lies under its id, not its name.
            if self._own and found.artifact_location.rpartition("/")[0] != artifacts:
                raise FlowsError(
                    f"the workspace was moved: MLflow keeps its files in {found.artifact_location};"
                    f" move it back, or remove {self._workspace.root / 'mlflow.db'}, and runs are"
                    " logged again"
                )
            return str(found.experiment_id)
        return str(self.client.create_experiment(name, artifact_location=place))

    def find_run(self, run_id: str | None) -> Any | None:
        """The run of an id; None when the store does not have it."""
        if run_id is None:
            return None
        try:
            return self.client.get_run(run_id)
        except self._mlflow.exceptions.MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def log_inputs(self, run_id: str, inputs: Mapping[str, str]) -> None:
        """Name the products that a run was made from, by role and digest."""
        from mlflow.data.meta_dataset import MetaDataset
        from mlflow.data.sources import LocalArtifactDatasetSource
        from mlflow.entities import DatasetInput, InputTag

        source = LocalArtifactDatasetSource(self._workspace.root.as_uri())
        self.client.log_inputs(
            run_id,
            [
                DatasetInput(
                    MetaDataset(source, role, digest[:_DIGEST_LENGTH])._to_mlflow_entity(),
                    [InputTag("mlflow.data.context", role)],
                )
                for role, digest in sorted(inputs.items())
            ],
        )

    def log_metrics(
        self, run_id: str, rows: Sequence[tuple[int, Mapping[str, float]]], model_id: str = ""
    ) -> None:
        """Log (step, metrics) rows in as few requests as MLflow allows."""
        from mlflow.entities import Metric

        now, link = int(time.time() * 1000), {"model_id": model_id} if model_id else {}
        metrics = [
            Metric(key, float(value), now, step, run_id=run_id, **link)
            for step, values in rows
            for key, value in sorted(values.items())
        ]
        for start in range(0, len(metrics), _BATCH):
            self.client.log_batch(run_id, metrics=metrics[start : start + _BATCH])

    def log_params(self, run_id: str, params: Mapping[str, Any]) -> None:
        """Log parameters once; a run that goes on has them already."""
        from mlflow.entities import Param

        entities = [Param(key, str(value)) for key, value in sorted(params.items())]
        self.client.log_batch(run_id, params=entities)

    def model(self, name: str, run_id: str, tags: Mapping[str, str]) -> str:
        """Log a model that lives outside MLflow; returns its id."""
        experiment = self.client.get_run(run_id).info.experiment_id
        model = self._mlflow.create_external_model(
            name=name,
            source_run_id=run_id,
            experiment_id=experiment,
            tags=dict(tags),
            model_type="language model",
        )
        return str(model.model_id)


def tracking_uri(workspace: Workspace) -> str:
    """Where MLflow's records are: ``MLFLOW_TRACKING_URI``, or SQLite in the workspace."""
    return os.environ.get(VARIABLE) or f"sqlite:///{workspace.root / 'mlflow.db'}"


def running_runs(workspace: Workspace) -> list[str]:
    """Names of the run directories whose runs the store believes to be in training."""
    store = Store(workspace)
    ids = [one.experiment_id for one in store.client.search_experiments()]
    found = store.client.search_runs(ids, "attributes.status = 'RUNNING'", max_results=_BATCH)
    names = (run.data.tags.get(f"{TAG}.run") for run in found)
    return sorted(name for name in names if name)


@contextmanager
def tolerant(what: str) -> Iterator[None]:
    """Work with MLflow that may fail without harm: a warning says that ``what`` is missing there.

    Errors that are not about MLflow or the way to it are raised.
    """
    try:
        yield
    except Exception as error:
        if not _about_mlflow(error):
            raise
        why = str(error).strip().partition("\n")[0]
        LOG.warning("MLflow does not have %s: %s", what, why)


def _about_mlflow(error: Exception) -> bool:
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    return isinstance(error, FlowsError | MlflowException | RequestException)


@contextmanager
def training_run(
    workspace: Workspace,
    directory: Path,
    *,
    experiment: str,
    name: str,
    config: Mapping[str, Any],
    inputs: Mapping[str, str],
) -> Iterator["TrainingRun"]:
    """Track a training run; the run's status follows how the block ends.

    A finished run is not lost where MLflow fails: ``ensure_training_run`` logs it later. The store
    is opened at the first metrics, while the trainer works: a fresh one takes seconds.
    """
    tracked = TrainingRun(workspace, directory, experiment, name, config, inputs)
    try:
        yield tracked
    except BaseException as error:
        stopped = isinstance(error, TrainerStopped) or not isinstance(error, Exception)
        tracked.close("KILLED" if stopped else "FAILED")
        raise
    with tolerant(f"the training run {directory.name}"):
        tracked.finish()


class TrainingRun:
    """One pre-training run in MLflow; metrics are buffered and flushed by time."""

    def __init__(
        self,
        workspace: Workspace,
        directory: Path,
        experiment: str,
        name: str,
        config: Mapping[str, Any],
        inputs: Mapping[str, str],
    ) -> None:
        self._workspace, self._directory = workspace, directory
        self._experiment, self._name = experiment, name
        self._config, self._inputs = config, inputs
        self._store: Store | None = None
        self._run_id = ""
        self._logged = 0
        self._pending: list[Row] = []
        self._next_flush = time.monotonic() + FLUSH_SECONDS

    def log(self, rows: Sequence[Row]) -> None:
        """Take new rows of metrics.jsonl; a store that cannot be reached costs a warning."""
        self._pending += rows
        if time.monotonic() >= self._next_flush:
            self._flush()

    def close(self, status: str) -> None:
        """Flush and set the status, if the run was ever opened."""
        if self._store is None:
            return
        self._flush()
        try:
            self._store.client.set_terminated(self._run_id, status)
        except Exception as error:
            LOG.warning("MLflow did not take the status %s of %s: %s", status, self._name, error)

    def finish(self) -> None:
        """Log what is missing and the finished weights as a model; raises when that fails."""
        self._pending = list(read_jsonl(self._directory / METRICS))
        store = self._open()
        self._send(store)
        ids = read_ids(self._directory)
        if "model_id" not in ids:
            weights = self._directory / "weights"
            digest = file_digest(weights / "model.safetensors")
            tags = {f"{TAG}.weights": str(weights), f"{TAG}.sha256": digest}
            ids["model_id"] = store.model(self._name, self._run_id, tags)
            write_ids(self._directory, ids)
        store.client.set_terminated(self._run_id, "FINISHED")

    def _flush(self) -> None:
        wait = FLUSH_SECONDS
        try:
            self._send(self._open())
        except Exception as error:
            wait = RETRY_SECONDS
            LOG.warning("MLflow cannot be reached, training goes on: %s", error)
        self._next_flush = time.monotonic() + wait

    def _send(self, store: Store) -> None:
        rows = [row for row in self._pending if row["tokens"] > self._logged]
        metrics = [
            (int(row["tokens"]), {k: v for k, v in row.items() if k not in ("step", "tokens")})
            for row in rows
        ]
        store.log_metrics(self._run_id, metrics)
        self._pending = []
        if rows:
            self._logged = int(rows[-1]["tokens"])

    def _open(self) -> Store:
        """The store, with this run open in it: the one it had, or a new one."""
        if self._store is not None:
            return self._store
        store = Store(self._workspace)
        known = store.find_run(read_ids(self._directory).get("run_id"))
        if known is not None:
            self._run_id = known.info.run_id
            store.client.update_run(self._run_id, status="RUNNING")
            history = store.client.get_metric_history(self._run_id, "train/loss")
            self._logged = max((point.step for point in history), default=0)
        else:
            self._run_id = self._create(store)
        self._store = store
        return store

    def _create(self, store: Store) -> str:
        tags = {f"{TAG}.kind": "pre-training", f"{TAG}.run": self._directory.name}
        experiment = store.experiment(self._experiment)
        run = store.client.create_run(experiment, run_name=self._directory.name, tags=tags)
        run_id = str(run.info.run_id)
        store.log_params(run_id, _params(self._config))
        store.log_inputs(run_id, self._inputs)
        write_ids(self._directory, {"run_id": run_id})
        return run_id


def ensure_training_run(
    workspace: Workspace, product: Product, *, experiment: str
) -> dict[str, str]:
    """The ids of a finished run in the store, logged from its files as far as it is not there.

    Raises when MLflow fails.
    """
    ids = read_ids(product.path)
    known = Store(workspace).find_run(ids.get("run_id")) is not None
    if known and "model_id" in ids:
        return ids
    if not known:
        (product.path / IDS).unlink(missing_ok=True)
    manifest = product.manifest
    name, config, inputs = manifest.name, manifest.config, manifest.inputs
    TrainingRun(workspace, product.path, experiment, name, config, inputs).finish()
    return read_ids(product.path)


def _params(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings a person filters by, flat: sizes, budget, optimizer, mixture, seed."""
    flat = {**config["model"], **config["train"]}
    streams = flat.pop("mixture")
    flat["mixture"] = ", ".join(f"{stream['name']} {stream['rate']:g}" for stream in streams)
    return {**flat, **{k: v for k, v in config.items() if k not in ("model", "train")}}


def read_ids(directory: Path) -> dict[str, str]:
    """Ids in the store of what a product directory holds; empty: it was never logged, or the file
    is damaged, and it is logged anew."""
    try:
        ids: dict[str, str] = json.loads((directory / IDS).read_text())
        return dict(ids)
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def write_ids(directory: Path, ids: Mapping[str, str]) -> None:
    """Keep the ids beside the product."""
    aside = directory / f".{IDS}"
    aside.write_text(json.dumps(ids))
    aside.replace(directory / IDS)
