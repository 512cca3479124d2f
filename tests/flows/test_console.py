"""What a terminal shows at the end of a run."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from flows.console import printable, show_samples, show_scores
from flows.mlflow_records import log_evaluation, log_page
from flows.mlflow_tracking import Store
from flows.night import page_of
from flows.page import write_page
from flows.results import show_results
from flows.workspace import Product
from gptcore.manifest import read_manifest
from tests.flows.night import many_scores, many_verdicts, night
from tests.flows.night_workspace import make_night


def printed(width: int, show: Any, *arguments: Any, **named: Any) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    show(console, *arguments, **named)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_the_table_fits_and_cuts_no_number_off(width: int) -> None:
    text = printed(width, show_scores, many_scores(), many_verdicts())
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for value in (".612", "812", "24.3", "2.61", "at chance", "below lead"):
        assert value in text
    assert ("2.1e7" in text) == (width >= 100), "the random model has a column where there is room"
    assert ("Not enough room" in text) == (width < 100)


def test_the_sections_stand_in_their_order() -> None:
    text = printed(100, show_scores, many_scores(), many_verdicts())
    places = [text.index(word) for word in ("Unseen", "In the mixture", "Held-out text")]
    assert places == sorted(places) and len(text.splitlines()) < 60


def test_a_terminal_obeys_nothing_that_a_model_wrote() -> None:
    sample = {"document": "a[b]", "prompt": "p\x1b[2J", "continuation": "c\x07\x1b]0;x\x07 [bold]"}
    text = printed(100, show_samples, [sample, {"task": "t", "prompt": "", "answer": "\x1b"}])
    assert "\x1b" not in text and "\x07" not in text
    assert "a[b]" in text and "[bold]" in text


def test_letters_and_spaces_of_all_languages_are_printed_and_controls_are_not() -> None:
    kept = "naïve\tمی\u200cخواهم a\u00a0b 日本\u3000語\n👩\u200d🚀"
    assert printable(kept) == kept
    assert printable("\x1b[31m\r\x9b\u202e\u2028\x00") == "�[31m�����"


def test_samples_are_few_and_short() -> None:
    sample = {"document": "d", "prompt": "a " * 1000, "continuation": "b " * 1000}
    text = printed(100, show_samples, [sample] * 9)
    assert text.count("Continuation") == 2 and len(text.splitlines()) < 20


def test_the_end_of_a_run_names_the_report(tmp_path: Path) -> None:
    workspace, decision = make_night(tmp_path / "workspace")
    text = printed(200, show_results, workspace, "some", decision.key, skipped=False)
    assert "report " not in text.partition("Decision")[2].partition("Try next")[0]

    def build(out: Path) -> dict[str, Any]:
        write_page(out / "report.html", night())
        return {}

    workspace.product(
        "report", "some", config={"key": decision.key}, inputs={}, entry=(), build=build
    )
    text = printed(200, show_results, workspace, "some", decision.key, skipped=False)
    assert str(page_of(workspace, decision)) in text
    assert "Decision: promoted: first champion" in text and "Try next" in text


@pytest.mark.slow
def test_the_page_is_added_to_the_run_of_its_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr("flows.mlflow_records.MAX_BYTES", 20_000)
    workspace, decision = make_night(tmp_path / "workspace")
    place = workspace.root / decision.evaluation
    evaluation = Product(place, read_manifest(place))
    page = tmp_path / "report.html"
    write_page(page, night())
    assert log_page(workspace, evaluation, page).endswith(
        "/experiments?workflowType=machine_learning"
    )

    def training() -> dict[str, str]:
        store = Store(workspace)
        run = store.client.create_run(store.experiment("generalist-some"))
        return {"run_id": run.info.run_id, "model_id": ""}

    ids = log_evaluation(
        workspace, evaluation, training, experiment="generalist-some", metrics={}, tokens=1
    )
    address = log_page(workspace, evaluation, page)
    assert address.endswith(f"/runs/{ids['run_id']}/artifacts/report.html")
    client = Store(workspace).client
    files = {file.path for file in client.list_artifacts(ids["run_id"])}
    assert {"report.html", "verdicts.json"} <= files
    assert "metrics.json" not in files, "it is larger than what is copied"
    assert "metrics.json" in client.get_run(ids["run_id"]).data.tags["generalist.not_copied"]
