"""Flow ``benchmark``: the champion of a profile on published tasks, whatever it was trained on.

Nothing is trained. The tasks are those whose rows a mirror holds (``--data DIR``), or those named;
beside the champion stand its twin that read no task, a model with random weights, and all that
needs no model. The training text that is searched is what the champion's own shards hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from flows import benchmark_page, report, report_markdown, wanted
from flows.champion import decisions, model_of
from flows.checking import CheckingConfig
from flows.contamination import checked
from flows.errors import ConfigError, FlowsError
from flows.gpu import device_kind
from flows.mlflow_records import log_evaluation
from flows.mlflow_tracking import tolerant
from flows.mlflow_training import ensure_training_run
from flows.night import TaskAbout, night_products
from flows.places import definitions, mirror, places
from flows.profiles import ProfileName, resolve
from flows.progress import Progress
from flows.run_page import run_name, show_progress
from flows.scores import EvaluationConfig, Inputs, score
from flows.stages import stage
from flows.workspace import Product, Workspace, plain
from tasks_to_text import registry
from tasks_to_text.convert import ConvertConfig
from tasks_to_text.convert import convert as convert_tasks
from tasks_to_text.task import Task

NAME = "benchmark"
Templates = Literal["main", "all"]
TRAIN_ROWS = 10_000
"""Rows per task, at most, that majority and bag of words learn from and shots are drawn from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Champion:
    """The model that is scored, and what it was made of."""

    generalist: Product
    language_model_only: Product | None
    shards: Product
    tokenizer: Product

    @property
    def mixture(self) -> tuple[str, ...]:
        """The streams it was trained on, corpus and tasks."""
        return tuple(one["name"] for one in self.generalist.manifest.config["train"]["mixture"])


def champion(workspace: Workspace, profile: str) -> Champion:
    """The champion of a profile, or its last challenger; FlowsError when a part of it is gone."""
    run, _ = model_of(workspace, profile)
    place = str(run.path.relative_to(workspace.root))
    judged = [one for one in decisions(workspace, profile) if one.run == place]
    products = night_products(workspace, judged[-1])
    gone = [role for role in ("shards", "tokenizer") if role not in products]
    if gone:
        raise FlowsError(
            f"profile {profile!r}: the {' and '.join(gone)} of {run.path.name} are gone, so nobody "
            f"can tell what it has read: generalist run --profile {profile}"
        )
    return Champion(
        generalist=run,
        language_model_only=products.get("language_model_only"),
        shards=products["shards"],
        tokenizer=products["tokenizer"],
    )


def mirrored(directory: Path) -> tuple[Task, ...]:
    """Shipped tasks whose rows a mirror holds, by name; ConfigError when it holds none."""
    found = tuple(
        one
        for name in registry.names()
        if (one := registry.get(name)).source.mirror and (directory / one.source.mirror).exists()
    )
    if not found:
        raise ConfigError(
            f"{directory}: no shipped task has rows there; it needs "
            "tasks/<name>/<split>.jsonl, also as .gz or .zst"
        )
    return found


def chosen(names: Sequence[str]) -> tuple[Task, ...]:
    """The tasks named, or all of the mirror; ConfigError when there is neither."""
    if names:
        found = resolve(tuple(dict.fromkeys(names)))
        if own := [one.name for one in found if one.source.product]:
            raise ConfigError(
                f"tasks={own}: a run makes them from what is installed and scores them itself; "
                "leave them out here"
            )
        return found
    directory = mirror()
    if directory is None:
        raise ConfigError("tasks=(): name some, or a mirror that holds them with --data DIR")
    return mirrored(directory)


@stage("prompts of the benchmark")
def benchmark_prompts(tasks: tuple[Task, ...], limit: int) -> Product:
    """Examples of the tasks in every wording."""
    config = ConvertConfig(
        tasks=tuple(one.name for one in tasks),
        max_train=TRAIN_ROWS,
        max_validation=limit,
        max_test=limit,
    )
    return Workspace.open().product(
        **wanted.prompts_of(NAME, config, tasks, {}),
        build=lambda out: convert_tasks(config, tasks, places({}), out, Progress("prompts")),
        content=("*.parquet",),
    )


@stage("contamination of the benchmark")
def benchmark_contamination(
    tasks: tuple[Task, ...], prompts: Product, model: Champion, splits: tuple[Any, ...]
) -> Product:
    """Every item, looked for in all text that the champion was trained on."""
    config = CheckingConfig(
        tasks=tuple(one.name for one in tasks), streams=model.mixture, splits=splits
    )
    return checked(NAME, config, prompts, model.shards, model.tokenizer)


@stage("scores of the champion of {profile}")
def benchmark_scores(
    profile: str,
    tasks: tuple[Task, ...],
    prompts: Product,
    model: Champion,
    contamination: Product,
    config: EvaluationConfig,
) -> Product:
    """Scores of the champion, its twin, a random model and the baselines."""
    inputs = {"prompts": prompts, "generalist": model.generalist, "contamination": contamination}
    if model.language_model_only is not None:
        inputs["language_model_only"] = model.language_model_only

    def build(out: Path) -> dict[str, Any]:
        read = Inputs(documents=None, **{role: one.path for role, one in inputs.items()})
        counts = score(config, tasks, read, out, Progress("evaluation"))
        report_markdown.write(out, f"{model.generalist.path.name} on published tasks")
        return counts

    return Workspace.open().product(
        "evaluation",
        f"{profile}-{NAME}",
        config={**plain(config), "definitions": definitions(tasks), "device": device_kind()},
        inputs=inputs,
        entry=("flows.scores", "flows.report_markdown", "tasks_to_text.registry"),
        build=build,
        content=("items.parquet", "metrics.json", "verdicts.json", "table.md"),
    )


@stage("MLflow record of {profile}")
def record(profile: str, model: Champion, evaluated: Product) -> None:
    """Tell MLflow, and show the table on the flow run's page."""
    workspace, experiment = Workspace.open(), f"generalist-{profile}"
    name = evaluated.path.name
    with workspace.locked(f"mlflow/{name}"), tolerant(f"the evaluation {name}"):
        log_evaluation(
            workspace,
            evaluated,
            lambda: ensure_training_run(workspace, model.generalist, experiment=experiment),
            experiment=experiment,
            metrics=report.metrics(report.read_scores(evaluated.path)),
            tokens=model.generalist.manifest.counts["tokens"],
        )
    table = (evaluated.path / "table.md").read_text(encoding="utf-8")
    create_markdown_artifact(table, key=f"benchmark-{profile}".lower().replace("_", "-"))


@stage("page of the benchmark of {profile}")
def page(
    profile: str, tasks: tuple[Task, ...], prompts: Product, model: Champion, evaluated: Product
) -> Product:
    """The report page of the benchmark."""
    inputs = {"prompts": prompts, "evaluation": evaluated, "generalist": model.generalist}
    manifests = {role: one.manifest for role, one in inputs.items()}
    about = {one.name: TaskAbout(description=one.description, kind=one.kind) for one in tasks}
    return Workspace.open().product(
        "report",
        f"{profile}-{NAME}",
        config={"key": evaluated.manifest.key},
        inputs=inputs,
        entry=("flows.benchmark_page",),
        build=lambda out: benchmark_page.write(out, profile, manifests, evaluated.path, about),
    )


@flow(flow_run_name=run_name, on_running=[show_progress])
def benchmark(
    profile: ProfileName = "quickstart",
    tasks: tuple[str, ...] = (),
    limit: int = 500,
    templates: Templates = "all",
    shots: int | None = None,
) -> tuple[str, str]:
    """Score the champion of a profile on published tasks; returns evaluation and page, as paths.

    Args:
        profile: Whose champion.
        tasks: Names of tasks; none: all whose rows the mirror holds.
        limit: Examples per task and split, at most.
        templates: main scores the wording that stands for a task; all also tells the spread.
        shots: Solved examples before every prompt; none given: each task's own number.
    """
    if limit < 1:
        raise ConfigError(f"limit={limit}: score at least 1 example")
    workspace, wanted_tasks = Workspace.open(), chosen(tasks)
    model = champion(workspace, profile)
    config = EvaluationConfig(
        tasks=tuple(one.name for one in wanted_tasks),
        mixture=model.mixture,
        splits=("test",),
        documents=0,
        samples=0,
        templates=templates,
        shots=shots,
    )
    prompts = benchmark_prompts(wanted_tasks, limit)
    found = benchmark_contamination(wanted_tasks, prompts, model, config.splits)
    evaluated = benchmark_scores(profile, wanted_tasks, prompts, model, found, config)
    record(profile, model, evaluated)
    shown = page(profile, wanted_tasks, prompts, model, evaluated)
    return str(evaluated.path), str(shown.path / benchmark_page.FILE)
