"""Flow ``evaluate``: models → scores on every task, as a table, a plot and MLflow metrics."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from prefect import flow

from flows import report, report_markdown
from flows.contamination import contaminated
from flows.gpu import device_kind
from flows.mlflow_missed import log_missed
from flows.mlflow_records import evaluation_address, log_evaluation
from flows.mlflow_tracking import tolerant
from flows.mlflow_training import ensure_training_run
from flows.places import definitions
from flows.plan import admitted
from flows.pretrain import Runs, experiment, pretrained
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import Progress
from flows.run_page import run_name, show_link, show_markdown, show_progress
from flows.scores import EvaluationConfig, Inputs, score
from flows.stack_state import mlflow_address
from flows.stages import stage
from flows.tokenize import Text, tokenized
from flows.workspace import Product, Workspace, plain

CONTENT = ("items.parquet", "metrics.json", "verdicts.json", "samples.json", "table.md")


@stage("evaluation of {profile.name}")
def evaluation(profile: Profile, text: Text, runs: Runs, contamination: Product) -> Product:
    """Scores of the generalist, its twin without tasks, a random model and the baselines."""
    return _evaluated(
        profile,
        profile.name,
        profile.evaluation,
        {
            "prompts": text.prompts,
            "documents": text.documents,
            "generalist": runs.generalist,
            "language_model_only": runs.language_model_only,
            "contamination": contamination,
        },
    )


@stage("evaluation of the champion of {profile.name}")
def champion_evaluation(profile: Profile, text: Text, champion: Product) -> Product:
    """The champion scored tonight, with the same code on the same validation items."""
    return _evaluated(
        profile,
        f"{profile.name}-champion",
        replace(
            profile.evaluation, splits=("validation",), documents=0, samples=0, templates="main"
        ),
        {"prompts": text.prompts, "documents": text.documents, "generalist": champion},
    )


def _evaluated(
    profile: Profile, name: str, config: EvaluationConfig, inputs: Mapping[str, Product]
) -> Product:
    tasks = [task for task in profile.tasks if task.name in config.tasks]

    def build(out: Path) -> dict[str, Any]:
        places = Inputs(**{role: product.path for role, product in inputs.items()})
        counts = score(config, tasks, places, out, Progress("evaluation"))
        report_markdown.write(out, inputs["generalist"].path.name)
        return counts

    return Workspace.open().product(
        "evaluation",
        name,
        config={**plain(config), "definitions": definitions(tasks), "device": device_kind()},
        inputs=inputs,
        entry=("flows.scores", "flows.report_markdown", "tasks_to_text.registry"),
        build=build,
        content=CONTENT,
    )


@stage("MLflow record of {profile.name}")
def record(profile: Profile, runs: Runs, evaluated: Product) -> None:
    """Tell MLflow, once per evaluation, and show the table on the flow run's page."""
    workspace, run = Workspace.open(), runs.generalist
    name = evaluated.path.name
    with workspace.locked(f"mlflow/{name}"), tolerant(f"the evaluation {name}"):
        log_evaluation(
            workspace,
            evaluated,
            lambda: ensure_training_run(workspace, run, experiment=experiment(profile)),
            experiment=experiment(profile),
            metrics=report.metrics(report.read_scores(evaluated.path)),
            tokens=run.manifest.counts["tokens"],
        )
        ensure_training_run(workspace, runs.language_model_only, experiment=experiment(profile))
        log_missed(workspace, profile.name, experiment(profile))
    show_markdown(
        (evaluated.path / "table.md").read_text(encoding="utf-8"),
        key=f"scores-{profile.name}",
        description=f"Every task beside all baselines: {run.path.name}",
    )
    show_link(
        evaluation_address(evaluated.path, mlflow_address(workspace.root)),
        "Metrics and charts in MLflow",
        key=f"mlflow-{profile.name}",
        description="Every score, the training's charts and both runs' files, in MLflow.",
    )


def evaluated(profile: Profile, text: Text, runs: Runs) -> Product:
    """The evaluation, recorded in MLflow."""
    product = evaluation(profile, text, runs, contaminated(profile, text))
    record(profile, runs, product)
    return product


@flow(flow_run_name=run_name, on_running=[show_progress])
def evaluate(profile: ProfileName = "quickstart", overrides: Overrides | None = None) -> None:
    """Score the models of a profile, as it is configured, on all its tasks.

    Args:
        profile: What to train on, the model's size, the budget, the tasks: a configuration by name.
            `quickstart` takes minutes on a laptop, `tiny` seconds and is for trying out;
            `generalist profiles` tells of all, your own too.
        overrides: Changes to the profile for this run only; None: as it is.
    """
    chosen = admitted(load(profile, overrides))
    text = tokenized(chosen)
    evaluated(chosen, text, pretrained(chosen, text))
