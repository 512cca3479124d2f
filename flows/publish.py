"""The page of a night: written once per decision, logged to MLflow, linked from the flow run."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import task
from prefect.artifacts import create_link_artifact
from prefect.cache_policies import NO_CACHE

from flows.champion import Decision
from flows.mlflow_records import log_page
from flows.page import collect_night, write_page
from flows.profiles import Profile
from flows.workspace import Product, Workspace

PAGE = "report.html"


@task(cache_policy=NO_CACHE)
def publish(profile: Profile, decision: Decision, evaluation: Product) -> Product:
    """Everything about one night on one page."""
    workspace = Workspace.open()
    product = workspace.product(
        "report",
        profile.name,
        config=asdict(decision),
        inputs={"evaluation": evaluation},
        entry=("flows.page",),
        build=lambda out: _write(workspace, decision, out / PAGE),
    )
    address = log_page(workspace, evaluation, product.path / PAGE)
    create_link_artifact(link=address, link_text="The night's report", key=f"report-{profile.name}")
    return product


def _write(workspace: Workspace, decision: Decision, path: Path) -> dict[str, Any]:
    write_page(path, collect_night(workspace, decision))
    return {}
