"""From a score to its items, prompts, template, products and the training text that is nearest."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from flows.__main__ import main
from flows.errors import FlowsError
from flows.why import behind, show_why
from flows.workspace import Product, Workspace
from gptcore.corpus.documents import read_documents, write_documents
from tasks_to_text.store import read_examples
from tests.flows.evaluated import ENTRY, evaluated


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return evaluated(tmp_path_factory.mktemp("why") / "workspace")


def _said(workspace: Workspace, task: str, **options: Any) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        show_why(console, workspace, task, profile="small", **options)
    return captured.get()


def test_a_score_is_told_with_all_that_made_it(workspace: Workspace) -> None:
    said = _said(workspace, "pick", number=1)
    found = behind(workspace, "pick", "small", "test", "generalist")
    own = next(score for score in found.scores if score["model"] == "generalist")
    assert f"{own['value']:.3f}".lstrip("0") in said and "n=30 in 10 groups" in said
    assert "learned from the task's training rows" in said and "zero-shot" not in said
    assert "unseen (zero-shot)" in _said(workspace, "finish", number=0)
    for model in ("chance", "majority", "choices only", "bag of words"):
        assert model in said
    right = sum(item.predicted == item.gold for item in found.items)
    assert f"30 answers, {right} of them wholly right" in said
    assert f"template main, version {found.items[0].template_hash}" in said
    newest = workspace.finished("evaluation")[-1]
    for product in (newest, *workspace.finished("prompts"), *workspace.finished("documents")):
        assert f"{product.manifest.kind}/{product.path.name}" in said
        assert product.digest[:8] in said and product.manifest.lock[:8] in said
    assert "run/third-" in said and "run/first-" not in said, "the newest evaluation is of third"


def test_the_surest_wrong_answer_comes_first_with_its_prompt(workspace: Workspace) -> None:
    found = behind(workspace, "pick", "small", "test", "generalist")
    wrong = [item for item in found.items if item.predicted != item.gold]
    margins = [item.scores[item.predicted] - item.scores[item.gold] for item in wrong]
    assert found.items[: len(wrong)] == tuple(wrong) and margins == sorted(margins, reverse=True)
    said = _said(workspace, "pick", number=1)
    (prompts,) = workspace.finished("prompts")
    examples = {one.example_id: one for one in read_examples(prompts.path, "pick", "test")}
    worst = examples[wrong[0].example_id]
    assert f"{worst.example_id}  wrong" in said and worst.prompt in said
    assert all(choice.strip() in said for choice in worst.choices)
    assert said.index("wrong  ") < said.index("right  acc"), "a right answer ends the list"
    assert said.count("  near train ") == 6, "three documents for each of two answers"


def test_one_item_can_be_asked_for(workspace: Workspace) -> None:
    said = _said(workspace, "pick", split="validation", item="pick validation 3")
    assert "pick validation 3" in said and "pick validation 4" not in said
    assert "run/first-" in said, "only the older evaluation scored validation"
    with pytest.raises(FlowsError, match="did you mean 'pick test 3'"):
        _said(workspace, "pick", item="pick text 3")


def test_every_kind_of_task_and_held_out_text_has_its_why(workspace: Workspace) -> None:
    for task in ("write", "finish", "read", "documents"):
        said = _said(workspace, task, number=1)
        assert "near " in said and "made from" in said
    assert "answered" in _said(workspace, "write", number=1)
    assert "held-out text" in _said(workspace, "documents", number=1)


def test_planted_training_text_is_found(workspace: Workspace, tmp_path: Path) -> None:
    shutil.copytree(workspace.root, tmp_path / "copy", symlinks=True)
    copy = Workspace(tmp_path / "copy", minimum_free=0)
    (documents,) = copy.finished("documents")
    rows = [*read_documents(documents.path / "train.parquet")]
    (prompts,) = copy.finished("prompts")
    planted = read_examples(prompts.path, "pick", "test")[5]
    text = f"{rows[2].text} [bold]{planted.prompt.upper()} {planted.target}, and so on."
    named = {name: getattr(rows[2], name) for name in ("source", "version", "licence", "group")}
    rows[2] = type(rows[2])(id="[red]planted", text=text, **named)
    write_documents(rows, documents.path / "train.parquet")
    said = _said(copy, "pick", item=planted.example_id)
    assert "near [red]planted: 2 runs of 8 words in common" in said
    assert f"[bold]{planted.prompt.upper()}" in said, "markup of a corpus is text"
    near = [line for line in said.splitlines() if line.startswith("  near ")]
    assert "[red]planted" in near[0], "the nearest comes first"


def test_what_is_gone_is_said_to_be_gone(workspace: Workspace, tmp_path: Path) -> None:
    shutil.copytree(workspace.root, tmp_path / "copy", symlinks=True)
    copy = Workspace(tmp_path / "copy", minimum_free=0)
    shutil.rmtree(copy.root / "prompts")
    said = _said(copy, "pick", number=1)
    assert "its prompt is no longer in the workspace" in said
    assert "prompts  " in said and ", no longer in the workspace" in said


def test_a_benchmark_is_asked_about_with_what_its_model_was_trained_on(tmp_path: Path) -> None:
    """It has no documents of its own, and prompts that nobody trained on."""
    workspace = evaluated(tmp_path / "workspace")
    newest = workspace.finished("evaluation")[-1]
    of = {product.digest: product for product in workspace.finished()}
    inputs = {role: of[digest] for role, digest in newest.manifest.inputs.items()}
    trained_on = {name: inputs[name] for name in ("documents", "prompts")}

    def copied(kind: str, source: Path, out: Path) -> dict[str, Any]:
        ignored = shutil.ignore_patterns("manifest.json")
        shutil.copytree(source, out, dirs_exist_ok=True, symlinks=True, ignore=ignored)
        (out / "kind").write_text(kind)  # so that no two have the same content
        return {}

    def make(kind: str, name: str, source: Path, **made_from: Product) -> Product:
        return workspace.product(
            kind,
            name,
            config={"name": name},
            inputs=made_from,
            entry=ENTRY,
            build=lambda out: copied(kind, source, out),
        )

    shards = make("shards", "bench", newest.path, **trained_on)
    run = make("run", "bench", inputs["generalist"].path, shards=shards)
    make("evaluation", "bench-benchmark", newest.path, prompts=inputs["prompts"], generalist=run)
    console = Console(width=160)
    with console.capture() as captured:
        show_why(console, workspace, "pick", profile="bench", number=1)
    said = captured.get()
    assert "evaluation/bench-benchmark-" in said and "run/bench-" in said
    assert "no longer in the workspace" not in said
    found = behind(workspace, "pick", "bench", "test", "generalist")
    assert found.input("documents") is None
    documents = found.trained_on("documents")
    assert documents is not None and documents.digest == trained_on["documents"].digest


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("pikc", {}, "did you mean 'pick'"),
        (
            "write",
            {"split": "validation"},
            "'write' has no validation score: known are|did you mean",
        ),
        ("pick", {"model": "generalists"}, "did you mean 'generalist'"),
        ("pick", {"template": "sung"}, "template='sung'"),
        ("pick", {"number": -1}, "use 0 or more"),
    ],
)
def test_what_there_is_not_is_named(
    task: str, options: dict[str, Any], message: str, workspace: Workspace
) -> None:
    with pytest.raises(FlowsError, match=message):
        _said(workspace, task, **options)


def test_the_commands_ask_the_same(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.__main__._interruptible", lambda: lambda: False)
    monkeypatch.setenv("GENERALIST_WORKSPACE", str(workspace.root))
    assert main(["why", "eval/pick", "--profile", "small", "--number", "0"]) == 0
    assert "made from" in capsys.readouterr().out
    assert main(["why", "eval/pick"]) == 2
    assert "profile 'quickstart' was not evaluated on the test split" in capsys.readouterr().err
    assert main(["reindex"]) == 0
    assert capsys.readouterr().out == f"{workspace.root / 'catalogue.duckdb'}\n"
    assert main(["sql", "SELECT count(*) AS n FROM products", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "n\n8\n"
    assert main(["sql", "DROP TABLE items"]) == 2
    assert "ask one question" in capsys.readouterr().err
