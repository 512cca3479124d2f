"""``generalist generate``: its options reach the model, and what cannot be is one message."""

from pathlib import Path

import pytest

from flows.__main__ import main
from gptcore.config import ModelConfig, TokenizerConfig
from gptcore.scoring import Scorer
from gptcore.tokenizer import train_tokenizer
from tests.flows.test_command_line import _own_environment, errors  # noqa: F401
from tests.gptcore.conftest import texts


@pytest.fixture
def champion(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Random weights stand where the champion would be looked up."""
    shape = ModelConfig(vocab_size=512, context_length=32, n_layer=1, n_head=2, n_embd=16)
    train_tokenizer(TokenizerConfig(vocab_size=512), texts(400, 1), tmp_path)
    scorer = Scorer.untrained(shape, tmp_path, seed=1, threads=1)
    monkeypatch.setattr("flows.model_commands._champion", lambda profile: scorer)


@pytest.mark.usefixtures("champion")
def test_generate_draws_as_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def written(*options: str) -> str:
        assert main(["generate", "the matrix", "--max-tokens", "20", *options]) == 0
        return capsys.readouterr().out.removeprefix("the matrix").removesuffix("\n")

    greedy = written("--temperature", "0")
    assert written("--top-k", "1") == written("--top-p", "1e-9") == greedy
    drawn = written("--seed", "5")
    assert drawn == written("--seed", "5", "--top-k", "512") != written("--seed", "4")
    assert written("--seed", "5", "--stop", drawn[4:6], "--stop", "no such text") == drawn[:4]
    assert len(written("--precision", "bf16")) > 0


@pytest.mark.usefixtures("champion")
@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--temperature=-1", "temperature=-1.0: use 0"),
        ("--top-k=-1", "top_k=-1: use 0"),
        ("--top-p=2", "top_p=2.0: use"),
        ("--stop=", "stop='': give"),
        ("--max-tokens=32", "max_tokens=32: use 1 … 31"),
    ],
)
def test_a_bad_way_to_draw_is_one_message(
    option: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert errors(capsys, "generate", "a", option).startswith(f"error: {message}")
