"""``generalist export`` and ``import``: what is written loads, and errors leave nothing behind."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from flows.__main__ import main
from flows.champion import Decision, record
from flows.workspace import Product, Workspace
from gptcore.checkpoint import load_weights, save_weights
from gptcore.config import ModelConfig, TokenizerConfig
from gptcore.model import GPT
from gptcore.scoring import Scorer
from gptcore.tokenizer import train_tokenizer
from tests.gptcore.conftest import texts

MODEL = ModelConfig(vocab_size=512, context_length=64, n_layer=1, n_head=2, n_embd=16)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A champion of the profile ``tiny`` and a challenger that was not promoted."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.chdir(tmp_path)
    workspace = Workspace(tmp_path / "workspace", minimum_free=0)
    for seed, name in enumerate(("first", "second")):
        run = workspace.product(
            "run",
            name,
            config={"name": name},
            inputs={},
            entry=("gptcore.manifest",),
            build=lambda out, seed=seed: _run(seed, out),
        )
        _judge(workspace, run, promoted=seed == 0)
    return workspace


def _run(seed: int, out: Path) -> dict[str, Any]:
    save_weights(out / "weights", MODEL, GPT(MODEL).initialize(seed).state_dict())
    (out / "tokenizer").mkdir()
    return train_tokenizer(TokenizerConfig(vocab_size=512), texts(400, 1), out / "tokenizer")


def _judge(workspace: Workspace, run: Product, *, promoted: bool) -> None:
    decision = Decision(
        key=run.digest,
        profile="tiny",
        promoted=promoted,
        reason="better",
        run=str(run.path.relative_to(workspace.root)),
        run_digest=run.digest,
        evaluation="evaluation/none",
    )
    record(workspace, decision)


def export(*arguments: str) -> int:
    return main(["export", *arguments, "--profile", "tiny", "--workspace", "workspace"])


def their_logits(directory: str) -> torch.Tensor:
    model = transformers.AutoModelForCausalLM.from_pretrained(directory).eval()
    with torch.no_grad():
        found: torch.Tensor = model(torch.arange(64)[None]).logits
    return found


def our_logits(weights: Path) -> torch.Tensor:
    config, tensors = load_weights(weights)
    model = GPT(config).eval()
    model.load_state_dict(tensors)
    with torch.no_grad():
        return model.logits(model(torch.arange(64)[None]))


@pytest.mark.parametrize(
    ("named", "name", "state"),
    [([], "first", "the champion of the profile"), (["--run", "sec"], "second", "not promoted")],
)
def test_an_exported_model_loads_and_comes_back(
    named: list[str], name: str, state: str, workspace: Workspace,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert export("out", *named) == 0
    assert f"out: {name}-" in capsys.readouterr().out
    (run,) = workspace.root.glob(f"run/{name}-*")
    assert (their_logits("out") - our_logits(run / "weights")).abs().max() < 1e-5
    card = Path("out/README.md").read_text()
    assert state in card and "AutoModelForCausalLM" in card and "generalist generate" not in card
    assert card.index("## How to load it") < card.index("## Licence")

    assert main(["import", "out", "back"]) == 0
    assert "Scorer.load" in capsys.readouterr().out
    assert torch.equal(our_logits(Path("back/weights")), our_logits(run / "weights"))
    scorers = [Scorer.load(d / "weights", d / "tokenizer", threads=1) for d in (run, Path("back"))]
    assert scorers[0].rolling(["the matrix"]) == scorers[1].rolling(["the matrix"])


def test_errors_are_one_message_and_leave_nothing(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("taken").mkdir()
    Path("taken/mine").touch()
    before = sorted(Path().iterdir())
    for arguments, message in (
        (["taken"], "is there already: name a new directory"),
        (["no/where"], "make it first"),
        (["out", "--run", "third"], "--run='third': name one of the runs"),
        (["out", "--run", ""], "--run=''"),
    ):
        assert export(*arguments) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ") and message in error and error.count("\n") == 1
    assert main(["import", "taken", "back"]) == 2
    assert "config.json cannot be read" in capsys.readouterr().err
    assert sorted(Path().iterdir()) == before
