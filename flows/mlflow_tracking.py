"""MLflow's store of a workspace, as far as it is used: the only importer of mlflow.

Importing it takes 3 s, hence inside functions. What is told is in flows/mlflow_training.py,
flows/mlflow_records.py and flows/mlflow_history.py. Models are logged as external ones: MLflow gets
their place and digest, never a pickle.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows import outage, sharing
from flows.errors import FlowsError
from flows.outage import VARIABLE
from flows.progress import LOG
from flows.workspace import ASIDE, Workspace

DATABASE = "mlflow.db"
"""File of a workspace that holds its records, unless a server is named."""
IDS = "mlflow.json"
"""File of a product directory that holds the ids of its MLflow run and logged model."""
DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Environment that MLflow reads; its own defaults wait minutes for a server that is not there."""
NOTE = "mlflow.note.content"
"""Tag whose Markdown MLflow shows as the description of an experiment or a run."""
NOTE_LENGTH = 5000
"""Characters that its tables have for a description."""
_BATCH = 1000
_SHORT = 12
TAG = "generalist"


class Store:
    """The MLflow store of a workspace: SQLite in it, or what ``MLFLOW_TRACKING_URI`` names.

    FlowsError when it cannot be used; a server that does not answer costs no more than a moment
    (flows/outage.py).
    """

    def __init__(self, workspace: Workspace) -> None:
        outage.need(tracking_uri(workspace))
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
            if self._own:
                made_whole(workspace)
            self.client: Any = mlflow.MlflowClient()
            self.client.search_experiments(max_results=1)
        except Exception as error:
            outage.note(error)
            why = str(error).strip().partition("\n")[0]
            raise FlowsError(
                f"MLflow's store {outage.shown(tracking_uri(workspace))} cannot be used ({why}): "
                "start its server, or move a broken file aside, and runs are logged again"
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
                    f" move it back, or remove {self._workspace.root / DATABASE}, and runs are"
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

    def describe(self, experiment_id: str, text: str) -> None:
        """Show a text above an experiment's runs, unless it stands there already."""
        if self.client.get_experiment(experiment_id).tags.get(NOTE) != text:
            self.client.set_experiment_tag(experiment_id, NOTE, text)

    def runs(self, experiment_id: str, query: str) -> list[Any]:
        """The runs of an experiment that a query of MLflow's finds, newest first."""
        return list(self.client.search_runs([experiment_id], query))

    def log_inputs(
        self,
        run_id: str,
        context: str,
        inputs: Mapping[str, str],
        profiles: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Name the products that a run was made from: role and digest, with what was counted.

        ``context``: what they were used for; ``profiles``: role → counts.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        source = json.dumps({"uri": self._workspace.root.as_uri()})
        self.client.log_inputs(
            run_id,
            [
                DatasetInput(
                    Dataset(
                        role,
                        digest[:_SHORT],
                        "local",
                        source,
                        profile=json.dumps(profiles.get(role, {})),
                    ),
                    [InputTag("mlflow.data.context", context)],
                )
                for role, digest in sorted(inputs.items())
            ],
        )

    def log_metrics(
        self,
        run_id: str,
        rows: Sequence[tuple[int, Mapping[str, float]]],
        *,
        times: Sequence[int] = (),
        model_id: str = "",
        dataset: tuple[str, str] | None = None,
    ) -> None:
        """Log (step, metrics) rows in as few requests as MLflow allows.

        ``times``: of each row, milliseconds since 1970; now where there are none. ``model_id`` and
        ``dataset`` (role, digest) link the metrics with a logged model and with what they were
        measured on.
        """
        from mlflow.entities import Metric

        link = {"model_id": model_id} if model_id else {}
        if dataset:
            link |= {"dataset_name": dataset[0], "dataset_digest": dataset[1][:_SHORT]}
        stamps = times or [int(time.time() * 1000)] * len(rows)
        metrics = [
            Metric(key, float(value), stamp, step, run_id=run_id, **link)
            for (step, values), stamp in zip(rows, stamps, strict=True)
            for key, value in sorted(values.items())
        ]
        for start in range(0, len(metrics), _BATCH):
            self.client.log_batch(run_id, metrics=metrics[start : start + _BATCH])

    def gpus(self) -> Any | None:
        """MLflow's own monitor of NVIDIA's accelerators; None: there are none, or their library
        (``nvidia-ml-py``) is not installed."""
        from mlflow.system_metrics.metrics.gpu_monitor import GPUMonitor

        try:
            return GPUMonitor()
        except (ImportError, RuntimeError):
            return None

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

    def tell_version(self, model_id: str, name: str, version: int) -> None:
        """Have the page of a logged model name the version that it is registered as."""
        from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

        told = json.dumps([{"name": name, "version": version}])
        self.client.set_logged_model_tags(model_id, {MLFLOW_MODEL_VERSIONS: told})


def made_whole(workspace: Workspace) -> None:
    """Make the SQLite file aside, when it is not there yet, and put it in its place when whole.

    MLflow makes it in some fifty migrations; where a process ends between two of them, no later one
    can go on with the file ("table … already exists").
    """
    place = workspace.root / DATABASE
    if place.exists():
        return
    from mlflow import MlflowClient

    with workspace.locked(DATABASE):
        if not place.exists():
            aside = workspace.root / ASIDE / DATABASE
            for left in aside.parent.glob(f"{DATABASE}*"):  # its journal too
                left.unlink()
            MlflowClient(f"sqlite:///{aside}").search_experiments(max_results=1)
            aside.rename(place)


def tracking_uri(workspace: Workspace) -> str:
    """Where MLflow's records are: ``MLFLOW_TRACKING_URI``, or SQLite in the workspace."""
    return os.environ.get(VARIABLE) or f"sqlite:///{workspace.root / DATABASE}"


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

    Where the server is known to be down that was said already. Errors that are not about MLflow or
    the way to it are raised.
    """
    try:
        yield
    except Exception as error:
        if not _about_mlflow(error):
            raise
        outage.note(error)
        why = str(error).strip().partition("\n")[0]
        level = logging.WARNING if outage.unsaid(os.environ.get(VARIABLE, "")) else logging.INFO
        LOG.log(level, "MLflow does not have %s: %s", what, why)


def _about_mlflow(error: Exception) -> bool:
    if isinstance(error, FlowsError) or "mlflow" not in sys.modules:
        return isinstance(error, FlowsError)
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    return isinstance(error, MlflowException | RequestException)


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
    sharing.give_file(directory / IDS)
