"""lm-evaluation-harness on our models: the adapter's answers, and ``generalist lm-eval``."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from lm_eval.api.registry import get_model
from lm_eval.tasks import TaskManager

import flows
from flows.__main__ import main
from flows.errors import ConfigError
from flows.harness import HarnessConfig, HarnessModel, decoding, known_tasks, load_directory
from gptcore.checkpoint import save_weights
from gptcore.config import ModelConfig, TokenizerConfig
from gptcore.errors import DataError
from gptcore.hugging_face import export_hugging_face
from gptcore.model import GPT
from gptcore.scoring import Scorer
from gptcore.tokenizer import train_tokenizer
from tests.flows.test_command_line import _own_environment, errors  # noqa: F401
from tests.gptcore.conftest import texts

SHAPE = ModelConfig(vocab_size=512, context_length=32, n_layer=1, n_head=2, n_embd=16)
ROWS = [{"asked": "the matrix", "choices": ["sum", "größe"], "right": i % 2} for i in range(6)]
TASK = {
    "task": "matrices",
    "dataset_path": "json",
    "output_type": "multiple_choice",
    "test_split": "test",
    "doc_to_text": "{{asked}} is",
    "doc_to_choice": "choices",
    "doc_to_target": "right",
    "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the weights and the tokenizer of an untrained model."""
    directory = tmp_path_factory.mktemp("model")
    network = GPT(SHAPE).initialize(1)
    for parameter in network.parameters():
        parameter.data.mul_(4)
    save_weights(directory / "weights", SHAPE, network.state_dict())
    (directory / "tokenizer").mkdir()
    train_tokenizer(TokenizerConfig(vocab_size=512), texts(400, 1), directory / "tokenizer")
    return directory


@pytest.fixture(scope="module")
def scorer(model: Path) -> Scorer:
    return load_directory(model, threads=1)


def _asked(*arguments: tuple[Any, ...]) -> list[Any]:
    return [SimpleNamespace(args=one) for one in arguments]


def test_log_likelihoods_are_the_scorers(scorer: Scorer) -> None:
    pairs = [("the matrix", " of a sum"), ("", "größe"), ("the ", "sum"), ("the matrix", " of")]
    found = HarnessModel(scorer).loglikelihood(_asked(*pairs))
    assert found == [(one.sum, one.is_greedy) for one in scorer.loglikelihood(pairs)]
    whole = HarnessModel(scorer).loglikelihood_rolling(_asked(("the matrix",), ("a sum",)))
    assert whole == [one.sum for one in scorer.rolling(["the matrix", "a sum"])]
    with pytest.raises(DataError, match="give 1 … 32"):
        HarnessModel(scorer).loglikelihood(_asked(("a", " the matrix" * 40)))


def test_texts_of_other_options_come_back_in_order(scorer: Scorer) -> None:
    short, drawn = {"max_gen_toks": 3}, {"max_gen_toks": 9, "do_sample": True, "temperature": 1.0}
    found = HarnessModel(scorer).generate_until(
        _asked(("the matrix", short), ("a sum", drawn), ("a value", short))
    )
    assert found[0::2] == scorer.generate(["the matrix", "a value"], max_tokens=3)
    assert found[1:2] == scorer.generate(["a sum"], max_tokens=9, temperature=1.0)


def test_a_text_ends_where_the_task_says_and_long_contexts_lose_their_beginning(
    scorer: Scorer,
) -> None:
    (whole,) = scorer.generate(["the matrix"], max_tokens=8)
    mark = whole[3]
    ends = {"until": [mark, ""], "max_gen_toks": 8, "do_sample": False, "temperature": 0.0}
    assert HarnessModel(scorer).generate_until(_asked(("the matrix", ends))) == [
        whole[: whole.index(mark)]
    ]
    (written,) = HarnessModel(scorer).generate_until(
        _asked(("sum " * 90 + "the matrix", {"max_gen_toks": 8}))
    )
    assert written == scorer.generate(["sum " * 80 + "the matrix"], max_tokens=8)[0]
    with pytest.raises(Exception, match=r"max_tokens=256: use 1 … 31"):
        HarnessModel(scorer).generate_until(_asked(("the matrix", {"until": ["."]})))


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, {"max_tokens": 256, "stop": [], "temperature": 0.0}),
        (
            {"until": "\n", "max_new_tokens": 5, "max_tokens": 6},
            {"max_tokens": 5, "stop": ["\n"], "temperature": 0.0},
        ),
        ({"temperature": 0.7}, {"max_tokens": 256, "stop": [], "temperature": 0.7}),
        ({"do_sample": True}, {"max_tokens": 256, "stop": [], "temperature": 1.0}),
        (
            {"do_sample": False, "temperature": 0.7, "top_k": None},
            {"max_tokens": 256, "stop": [], "temperature": 0.0},
        ),
        (
            {"do_sample": True, "top_k": 3, "top_p": 0.9, "max_gen_toks": 4},
            {"max_tokens": 4, "stop": [], "temperature": 1.0, "top_k": 3, "top_p": 0.9},
        ),
    ],
)
def test_options_of_the_harness_become_ours(
    options: dict[str, Any], arguments: dict[str, Any]
) -> None:
    assert decoding(options) == arguments


def test_an_option_that_our_decoding_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"num_beams=4: our decoding knows .*num_beams=None"):
        decoding({"num_beams": 4})


def test_the_model_is_known_to_the_harness_by_name(model: Path, scorer: Scorer) -> None:
    named = get_model("generalist").create_from_arg_string(f"path={model}", {"device": None})
    asked = _asked(("the", " sum"))
    assert named.loglikelihood(asked) == HarnessModel(scorer).loglikelihood(asked)
    with pytest.raises(ConfigError, match=r"give path=DIR of a model, only"):
        get_model("generalist").create_from_arg_string("path=a,dtype=float16")
    with pytest.raises(NotImplementedError):
        named.apply_chat_template([])


def _write_task(folder: Path, **changes: Any) -> None:
    """A task with its rows in the current directory."""
    folder.mkdir(exist_ok=True)
    lines = [json.dumps(row) + "\n" for row in ROWS]
    (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    files = {"test": str((folder / "rows.jsonl").absolute())}
    kwargs = {"data_files": files, "cache_dir": str((folder / "cache").absolute())}
    text = yaml.safe_dump({**TASK, "dataset_kwargs": kwargs, **changes})
    (folder / f"{changes.get('task', 'matrices')}.yaml").write_text(text, encoding="utf-8")


def test_the_command_prints_the_harness_own_table_and_writes_its_results(
    model: Path, scorer: Scorer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _write_task(Path("mine"))
    export_hugging_face(model / "weights", model / "tokenizer", tmp_path / "exported")
    right = 0
    for row in ROWS[:4]:
        pairs = [("the matrix is", f" {choice}") for choice in row["choices"]]
        first, second = scorer.loglikelihood(pairs)
        right += (second.sum > first.sum) == row["right"]
    for place in (model, tmp_path / "exported"):
        arguments = ["--include-path", "mine", "--limit", "4", "--output", "found.json"]
        assert main(["lm-eval", "--tasks", "matrices", "--model", str(place), *arguments]) == 0
        printed = capsys.readouterr().out
        assert printed.startswith("| Tasks  |Version|") and f"|acc   |↑  |{right / 4:5}|" in printed
        found = json.loads(Path("found.json").read_text(encoding="utf-8"))
        assert found["results"]["matrices"]["acc,none"] == right / 4
        assert found["config"]["model_args"] == str(place)
        assert found["n-samples"]["matrices"] == {"original": 6, "effective": 4}


def test_generation_options_can_be_given(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write_task(
        Path("mine"),
        task="write",
        output_type="generate_until",
        doc_to_target="{{choices[0]}}",
        doc_to_choice=None,
        metric_list=[{"metric": "exact_match"}],
    )
    command = ["lm-eval", "--tasks", "write", "--model", str(model), "--include-path", "mine"]
    assert main(command) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ") and "max_tokens=256: use 1 … 31" in last
    assert last.endswith("--gen-kwargs max_gen_toks=N")
    assert main([*command, "--gen-kwargs", "max_gen_toks=4,top_k=2,do_sample=True"]) == 0
    assert "exact_match" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tasks", "matrices,"], "--tasks='matrices,': name tasks"),
        (["--tasks", "matrices", "--limit", "0"], "--limit=0: use 1 or more"),
        (["--tasks", "matrices", "--num-fewshot=-1"], "--num-fewshot=-1: use 0 or more"),
        (["--tasks", "matrices", "--output", "no/where"], "no is no directory"),
    ],
)
def test_what_cannot_run_is_one_message(
    arguments: list[str], message: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in errors(capsys, "lm-eval", "--model", str(model), *arguments)


def test_patterns_stand_for_tasks_and_an_unknown_one_suggests_the_nearest() -> None:
    _write_task(Path("mine"))
    _write_task(Path("mine"), task="matrix_sums")
    manager = TaskManager(include_path="mine", include_defaults=False)
    assert known_tasks(["matrix*", "matrices"], manager) == ["matrix_sums", "matrices"]
    with pytest.raises(ConfigError, match=r"--tasks='matrces': .* did you mean matrices"):
        known_tasks(["matrices", "matrces"], manager)


def test_a_model_that_is_none_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.joinpath("empty").mkdir()
    command = ["lm-eval", "--tasks", "matrices", "--profile", "tiny", "--model"]
    assert "config.json cannot be read" in errors(capsys, *command, "empty")
    assert "name one of the runs" in errors(capsys, *command, "nothing")
    assert "has no model yet: generalist run" in errors(capsys, *command, "champion")


def test_without_the_harness_the_message_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "flows.harness")
    monkeypatch.delattr(flows, "harness")
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    monkeypatch.setitem(sys.modules, "lm_eval.api", None)
    monkeypatch.setitem(sys.modules, "lm_eval.api.model", None)
    assert "pip install 'generalist[lm-eval]'" in errors(capsys, "lm-eval", "--tasks", "piqa")


def test_a_configuration_without_tasks_is_refused() -> None:
    with pytest.raises(ConfigError, match="name tasks"):
        HarnessConfig(tasks=())
