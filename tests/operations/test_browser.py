"""Prefect's pages in a real browser: the form, a night watched to its end, Cancel and going on.

The tests go on from one another's flow runs, in order. Pictures of what a person sees are kept
(``browsing.ARTIFACTS``). The pages must ask nobody but this machine.
"""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.flows.processes import api, flow_log, wait_for
from tests.operations.browsing import browser_page, picture
from tests.operations.stacks import Stack

pytestmark = pytest.mark.browser
PATIENCE = 120_000.0
"""Milliseconds for a page of a busy machine."""
TOKENS = 600_000
"""A budget that leaves time to cancel."""


@pytest.fixture
def page(stack: Stack) -> Iterator[Page]:
    """A page that fails the test when it asked another host, or its own code failed."""
    wrong: list[str] = []
    with browser_page(1400, 1500) as page:
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: _note_stranger(request.url, wrong))
        page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
        yield page
    assert wrong == []


def _note_stranger(url: str, wrong: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")):
        wrong.append(f"request to {url}")


def open_form(page: Page, stack: Stack, deployment: str) -> None:
    """From the list of deployments to the form of one."""
    page.goto(f"{stack.prefect}/deployments")
    page.locator(f"a.deployment-list__name[title='{deployment}']").click()
    page.locator(".run-menu__run-button").click()
    page.get_by_text("Custom run").click()
    expect(page.get_by_role("button", name="Submit")).to_be_visible(timeout=PATIENCE)


def choose(page: Page, name: str, value: str) -> None:
    """A value of a parameter's drop-down; the list opens by the keyboard."""
    place = ("profile", "retrain").index(name)
    page.locator(".p-select-button__control").nth(place).press("Space")
    page.locator(".p-select-option", has_text=re.compile(f"^{value}$")).click()


def submit(page: Page, stack: Stack) -> str:
    """Start the flow run; returns its id, of which the page tells in a note."""
    known = {one["id"] for one in flow_runs(stack)}
    page.get_by_role("button", name="Submit").click()

    def made() -> str | None:
        return next((one["id"] for one in flow_runs(stack) if one["id"] not in known), None)

    return wait_for("the flow run", made, 60)


def flow_runs(stack: Stack) -> list[dict[str, Any]]:
    """All that were not made by a schedule."""
    found = api(stack.env, "POST", "/flow_runs/filter", {"sort": "START_TIME_DESC"})
    return [one for one in found if not one["auto_scheduled"]]


def progress(stack: Stack, flow_run: str) -> dict[str, dict[str, Any]]:
    """Its progress artifacts by key."""
    wanted = {
        "flow_runs": {"id": {"any_": [flow_run]}},
        "artifacts": {"type": {"any_": ["progress"]}},
    }
    return {one["key"]: one for one in api(stack.env, "POST", "/artifacts/filter", wanted)}


def test_a_night_from_the_form_to_the_charts(page: Page, stack: Stack) -> None:
    open_form(page, stack, "nightly")
    picture(page, "form")
    form = page.locator("form").last
    for words in ("quickstart", "continue_champion", "this run only", "nobody is told"):
        expect(form).to_contain_text(words)
    choose(page, "profile", "tiny")
    choose(page, "retrain", "always")
    picture(page, "form-filled")
    flow_run = submit(page, stack)
    page.goto(f"{stack.prefect}/runs/flow-run/{flow_run}")
    expect(page.get_by_text(re.compile(r"nightly · tiny · \d{4}-\d\d-\d\d")).first).to_be_visible()
    state = stack.finished(flow_run, 500)["state"]
    assert state["type"] == "COMPLETED" and "promoted: " in state["message"]
    expect(page.get_by_text("Completed").first).to_be_visible()
    page.get_by_role("tab", name="Artifacts").or_(
        page.get_by_text("Artifacts", exact=True)
    ).last.click()
    expect(page.get_by_text("decision-tiny").last).to_be_visible()
    picture(page, "artifacts")
    page.get_by_role("link", name="decision-tiny").last.click()
    expect(page.get_by_text("champion now")).to_be_visible()
    picture(page, "decision")
    page.go_back()
    page.get_by_text("Artifacts", exact=True).last.click()
    page.get_by_role("link", name="scores-tiny").last.click()
    expect(page.get_by_text("Test split").first).to_be_visible()
    picture(page, "scores")
    page.go_back()
    page.get_by_text("Artifacts", exact=True).last.click()
    page.get_by_role("link", name="mlflow-tiny").last.click()
    link = page.get_by_role("link", name="Metrics and charts in MLflow").first
    expect(link).to_be_visible()
    picture(page, "mlflow-link")
    page.goto(link.get_attribute("href") or "")
    expect(page.get_by_text("all_tasks/package").first).to_be_visible(timeout=PATIENCE)
    page.get_by_text("Model metrics", exact=True).first.click()
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=PATIENCE)
    picture(page, "mlflow-charts")


def test_cancel_saves_a_checkpoint_and_the_next_run_goes_on(page: Page, stack: Stack) -> None:
    parameters = {"profile": "tiny", "overrides": {"tokens": TOKENS, "seed": 7}}
    flow_run = stack.trigger("pretrain/pretrain", parameters)
    page.goto(f"{stack.prefect}/runs/flow-run/{flow_run}")
    key = "progress-run-tiny-generalist"

    def trains() -> bool:
        found = progress(stack, flow_run).get(key)
        return found is not None and 2 < found["data"] < 80

    wait_for("the training's progress", trains, 400)
    expect(
        page.get_by_text(key).first.or_(page.get_by_role("button", name="Cancel"))
    ).to_be_visible()
    picture(page, "training")
    page.get_by_role("button", name="Cancel").first.click()
    dialog = page.locator(".p-modal")
    expect(dialog.first).to_be_visible()
    picture(page, "cancel")
    dialog.get_by_role("button", name="Confirm").click()
    began = time.monotonic()
    assert stack.finished(flow_run, 120)["state"]["type"] == "CANCELLED"
    assert time.monotonic() - began < 60
    told = wait_for("the log", lambda: _stopped(stack, flow_run), 60)
    picture(page, "cancelled")
    step = int(told[1])
    again = stack.trigger("pretrain/pretrain", parameters)
    page.goto(f"{stack.prefect}/runs/flow-run/{again}")
    state = stack.finished(again, 600)["state"]
    assert state["type"] == "COMPLETED", state
    picture(page, "resumed")
    (log,) = [
        path
        for path in stack.workspace.glob("run/tiny-generalist-*/trainer.log")
        if f"stopped after a checkpoint at step {step} " in path.read_text()
    ]
    assert f"resumed at step {step} of " in log.read_text()


def _stopped(stack: Stack, flow_run: str) -> re.Match[str] | None:
    return re.search(r"its checkpoint of step (\d+) is in", flow_log(stack.env, {"id": flow_run}))
