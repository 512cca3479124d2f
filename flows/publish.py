"""The page of a night: written once per decision, logged to MLflow, linked from the flow run."""

from pathlib import Path
from typing import Any

from flows.champion import Decision
from flows.mlflow_records import log_page
from flows.mlflow_tracking import tolerant
from flows.page import collect_night, write_page
from flows.profiles import Profile
from flows.run_page import show_link, show_markdown
from flows.stages import stage
from flows.workspace import Product, Workspace

PAGE = "report.html"


@stage("report page of {profile.name}")
def publish(profile: Profile, decision: Decision, evaluation: Product) -> str:
    """Everything about one night on one page; returns where it is, in MLflow or on the disk."""
    workspace = Workspace.open()
    product = workspace.product(
        "report",
        profile.name,
        config=decision.plain(),
        inputs={"evaluation": evaluation},
        entry=("flows.page",),
        build=lambda out: _write(workspace, decision, out / PAGE),
    )
    page, key = product.path / PAGE, f"report-{profile.name}"
    address = logged_at(workspace, evaluation, page)
    about = "Scores, what decided, what was trained on what, examples, limits: on one page."
    if address:
        show_link(address, "The night's report", key=key, description=about)
    else:
        show_markdown(f"The night's report: `{page}`", key=key, description=about)
    return address or str(page)


def logged_at(workspace: Workspace, evaluation: Product, page: Path) -> str:
    """The page's address in MLflow; "" where MLflow fails."""
    with tolerant(f"the page {page}"):
        return log_page(workspace, evaluation, page)
    return ""


def _write(workspace: Workspace, decision: Decision, path: Path) -> dict[str, Any]:
    write_page(path, collect_night(workspace, decision))
    return {}
