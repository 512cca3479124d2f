"""What a person sees in MLflow after two nights, in a real browser; pictures in test-artifacts/.

The first night is promoted by hand, so that there is a champion to draw.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.flows.processes import free_port, generalist, running, wait_for
from tests.operations.browsing import browser_page, picture

pytestmark = pytest.mark.browser
EXPERIMENT = "generalist-tiny"
VIEW = "workflowType=machine_learning"


class Dashboard:
    """MLflow's pages about a workspace with some nights."""

    def __init__(self, url: str, workspace: Path) -> None:
        import mlflow

        self.url = url
        self.client: Any = mlflow.MlflowClient(f"sqlite:///{workspace / 'mlflow.db'}")
        self.experiment = self.client.get_experiment_by_name(EXPERIMENT).experiment_id

    def runs(self, kind: str) -> list[Any]:
        """Runs of a kind, oldest first."""
        query = f"tags.`generalist.kind` = '{kind}'"
        found = self.client.search_runs([self.experiment], query, order_by=["start_time ASC"])
        return list(found)

    def page(self, place: str) -> str:
        """Address of a page of the experiment."""
        mark = "&" if "?" in place else "?"
        return f"{self.url}/#/experiments/{self.experiment}/{place}{mark}{VIEW}"


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights of different seeds, the first promoted by hand before the second."""
    workspace = tmp_path_factory.mktemp("dashboard") / "workspace"

    def command(*arguments: str) -> None:
        log = workspace.parent / "printed.txt"
        with running(generalist(workspace, *arguments), log, {}) as process:
            assert process.wait(900) == 0, log.read_text()

    command("run")
    judged = json.loads((workspace / "promotion.jsonl").read_text())["run"].removeprefix("run/")
    command("promote", "--to", judged, "--reason", "for the picture")
    command("run", "--retrain=always")
    return workspace


@pytest.fixture(scope="module")
def dashboard(nights: Path) -> Iterator[Dashboard]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "flows", "mlflow", "--port", str(port)]
    with running([*command, "--workspace", str(nights)], nights.parent / "mlflow.log", {}):

        def answers() -> bool:
            try:
                return httpx.get(f"{url}/health", timeout=2).status_code == 200
            except httpx.TransportError:
                return False

        wait_for("MLflow's server", answers, 120)
        yield Dashboard(url, nights)


@pytest.fixture(scope="module")
def page(dashboard: Dashboard) -> Iterator[Page]:
    with browser_page() as found:
        found.goto(dashboard.page("runs"))
        expect(found.get_by_text("matching runs")).to_be_visible(timeout=120_000)
        # It takes a fourth of the page until it is closed.
        found.locator("[data-component-id='mlflow.assistant.chat_panel.close']").click()
        yield found


def test_the_experiment_says_how_it_is_read(dashboard: Dashboard, page: Page) -> None:
    page.goto(dashboard.page("runs"))
    first = page.get_by_text("Every night trains two models")
    expect(first.first).to_be_visible()
    names = [one.info.run_name for one in dashboard.runs("evaluation")]
    expect(page.get_by_role("link", name=names[-1]).first).to_be_visible()
    expect(page.get_by_role("link", name="history: champion").first).to_be_visible()
    picture(page, "mlflow runs")
    page.locator("[data-component-id='mlflow.experiment.metadata_editor.expand_button']").click()
    expect(page.get_by_role("cell", name="pre-training").first).to_be_visible()
    picture(page, "mlflow description")


def test_the_charts_begin_with_all_tasks(dashboard: Dashboard, page: Page) -> None:
    page.goto(dashboard.page("runs?compareRunsMode=CHART"))
    charts = page.get_by_role("heading", level=4)  # of a section, in its order
    expect(charts.first).to_have_text("all_tasks/continuation")
    expect(page.locator(".js-plotly-plot .barlayer").first).to_be_attached()
    picture(page, "mlflow charts")


def test_all_nights_are_one_line_per_task(dashboard: Dashboard, page: Page) -> None:
    nights, champion = (
        next(one for one in dashboard.runs("history") if one.info.run_name.endswith(name))
        for name in ("every night", "champion")
    )
    points = dashboard.client.get_metric_history(nights.info.run_id, "history/package")
    assert [one.step for one in points] == [1, 3], "the second decision was made by hand"
    held = dashboard.client.get_metric_history(champion.info.run_id, "history/package")
    assert [one.step for one in held] == [2, 3]
    page.goto(dashboard.page(f"runs/{nights.info.run_id}/model-metrics"))
    expect(page.get_by_role("heading", level=4)).to_have_count(8)
    expect(page.locator(".js-plotly-plot .scatterlayer path.js-line").first).to_be_attached()
    picture(page, "mlflow history")
    page.goto(dashboard.page(f"runs/{nights.info.run_id}"))
    expect(page.get_by_text("by hand: for the picture").first).to_be_visible()
    picture(page, "mlflow promotions")


def test_a_run_says_what_it_was_made_from(dashboard: Dashboard, page: Page) -> None:
    (trained, *_) = dashboard.runs("pre-training")
    page.goto(dashboard.page(f"runs/{trained.info.run_id}"))
    for text in ("Scored in", "corpus_version", "templates_version", "generalist-tiny"):
        expect(page.get_by_text(text).first).to_be_visible()
    picture(page, "mlflow training run")
    (judged, *_) = dashboard.runs("evaluation")
    link = page.get_by_role("link", name=judged.info.run_name)  # opens a tab of its own
    expect(link).to_have_attribute("href", re.compile(f"runs/{judged.info.run_id}"))
    page.goto(dashboard.page(f"runs/{judged.info.run_id}"))
    expect(page.get_by_text("all_tasks/package").first).to_be_visible()
    picture(page, "mlflow evaluation run")
    page.goto(dashboard.page(f"runs/{trained.info.run_id}/system-metrics"))
    expect(page.get_by_text("trainer_memory_megabytes").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    picture(page, "mlflow system metrics")


def test_the_nights_page_is_shown_among_the_artifacts(dashboard: Dashboard, page: Page) -> None:
    (judged, *_) = dashboard.runs("evaluation")
    page.goto(dashboard.page(f"runs/{judged.info.run_id}/artifacts/report.html"))
    report = page.frame_locator("iframe").first
    expect(report.get_by_text("Unseen (zero-shot)").first).to_be_visible()
    picture(page, "mlflow report")


def test_models_are_listed_with_their_losses_and_the_best_is_found(
    dashboard: Dashboard, page: Page
) -> None:
    for metric in ("checkpoint/validation_loss", "all_tasks/package"):
        (best,) = dashboard.client.search_logged_models(
            [dashboard.experiment],
            order_by=[{"field_name": f"metrics.{metric}", "ascending": True}],
            max_results=1,
        )
        assert metric in {one.key for one in best.metrics}
        assert Path(best.tags["generalist.weights"]).exists()
    linked = {(one.key, one.dataset_name) for one in best.metrics}
    assert ("all_tasks/package", "prompts") in linked, linked
    page.goto(dashboard.page("models"))
    expect(page.get_by_text(best.name).first).to_be_visible()
    picture(page, "mlflow models")


def test_two_nights_are_compared_by_what_differs(dashboard: Dashboard, page: Page) -> None:
    ids = [one.info.run_id for one in dashboard.runs("evaluation")[:2]]
    chosen = (
        f"runs={quote(json.dumps(ids))}&experiments={quote(json.dumps([dashboard.experiment]))}"
    )
    page.goto(f"{dashboard.url}/#/compare-runs?{chosen}&{VIEW}")
    for text in ("evaluation, seed 0", "evaluation, seed 1", "corpus_version", "mixture"):
        expect(page.get_by_text(text).first).to_be_visible()
    picture(page, "mlflow comparison")


def test_the_registered_model_tells_the_last_decisions(dashboard: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard.url}/#/models/{EXPERIMENT}?{VIEW}")
    for text in ("@ champion", "@ challenger", "for the picture"):
        expect(page.get_by_text(text).first).to_be_visible()
    picture(page, "mlflow registered model")
