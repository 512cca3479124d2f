"""Plans: exact where they can be, laws where they cannot, and a refusal with its number."""

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from flows import costs
from flows.errors import ConfigError
from flows.machine import Machine, _limits, look
from flows.plan import Plan, duration, plan, require, show_plan
from flows.plan_checks import amount
from flows.profiles import Overrides, Profile, load
from gptcore import config
from gptcore.config import ModelConfig
from gptcore.meter import flops_per_token
from gptcore.model import GPT, count_parameters
from gptcore.optim import Optimizer
from tasks_to_text.kinds import question_answering
from tasks_to_text.source import Source
from tests.flows.test_project import TASK, TOML

GB = 10**9
MACHINE = Machine(device="cpu", memory=16 * GB, available=12 * GB, free_disk=50 * GB, matmul=200e9)
SHAPES = {
    "gpt1": config.gpt1(),
    "gpt2": config.gpt2_small(),
    "xl": config.gpt2_xl(),
    "tiny": config.tiny(vocab_size=600, n_layer=1, n_embd=32),
}


@pytest.fixture(scope="module")
def tiny() -> Profile:
    return load("tiny")


def made(profile: Profile, root: Path, **machine: Any) -> Plan:
    return plan(profile, root, machine=replace(MACHINE, **machine))


def shaped(profile: Profile, **changes: Any) -> Profile:
    return replace(profile, model=replace(profile.model, **changes))


def trained(profile: Profile, **changes: Any) -> Profile:
    return replace(profile, train=replace(profile.train, **changes))


@pytest.mark.parametrize("name", SHAPES)
def test_parameters_are_exact(name: str) -> None:
    shape = SHAPES[name]
    assert costs.parameters(shape) == count_parameters(shape)
    with torch.device("meta"):
        named = dict(GPT(shape).named_parameters())
    embeddings = named["wte.weight"].numel() + named["wpe.weight"].numel()
    assert costs.without_embeddings(shape) == count_parameters(shape) - embeddings


def test_operations_are_those_of_the_papers() -> None:
    """GPT-2 small at T = 1024: 6 · 124.4M without wpe, and 12·L·d·T of attention."""
    shape = config.gpt2_small()
    weights = count_parameters(shape) - 1024 * 768
    expected = 6 * weights + 12 * 12 * 768 * 1024
    assert 3 * costs.forward_flops_per_token(shape) == expected


def test_operations_are_counted_as_the_trainer_counts_them(tiny: Profile) -> None:
    assert 3 * costs.forward_flops_per_token(tiny.model) == flops_per_token(tiny.model)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_checkpoints_are_as_large_as_what_is_saved(
    tiny: Profile, optimizer: Any, precision: Any
) -> None:
    shape = ModelConfig(vocab_size=512, context_length=16, n_layer=2, n_head=2, n_embd=16)
    train = replace(tiny.train, optimizer=optimizer, precision=precision)
    model = GPT(shape).initialize(0)
    kept = Optimizer(model, train)
    ids = torch.zeros(1, 4, dtype=torch.long)
    model.loss(ids, ids, torch.ones(1, 4)).backward()  # type: ignore[no-untyped-call]
    kept.step(1.0, 1.0)
    tensors = [*kept.master.values(), *(t for t in kept.state().values() if t.ndim)]
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    assert costs.checkpoint_bytes(shape, train) == size


def test_more_of_anything_costs_more(tiny: Profile, tmp_path: Path) -> None:
    base = made(tiny, tmp_path)
    longer = made(Overrides(tokens=600_000).apply(tiny), tmp_path)
    for one, other in zip(base.trainings, longer.trainings, strict=True):
        assert other.flops > 5 * one.flops and (other.seconds or 0) > 5 * (one.seconds or 1)
    assert longer.training_memory == base.training_memory
    wider = made(shaped(tiny, n_embd=128), tmp_path)
    for needed in ("parameters", "training_memory", "total_seconds"):
        assert getattr(wider, needed) > getattr(base, needed)
    assert wider.disk["checkpoints and weights"] > base.disk["checkpoints and weights"]
    batch = made(trained(tiny, batch_size=64), tmp_path)
    assert batch.training_memory > 2 * base.training_memory - costs.PROCESS
    faster = made(tiny, tmp_path, matmul=400e9)
    assert (faster.total_seconds or 0) < (base.total_seconds or 0)


def test_tokens_and_steps_are_those_of_both_runs(tiny: Profile, tmp_path: Path) -> None:
    generalist, twin = made(tiny, tmp_path).trainings
    assert (generalist.tokens, generalist.steps) == (60_000, 59)
    assert twin.tokens == tiny.language_model_only.tokens and twin.steps < generalist.steps


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        ({"memory": GB // 10}, r"training needs \d+ MB of memory and this machine has 100 MB"),
        ({"free_disk": 10**7}, r"needs about \d+ MB of disk and 10 MB are free"),
        ({"device": "cuda", "device_memory": 10**8}, "and its GPU has 100 MB"),
    ],
)
def test_what_cannot_fit_is_refused_with_the_number(
    tiny: Profile, tmp_path: Path, machine: dict[str, Any], message: str
) -> None:
    require(made(tiny, tmp_path))
    with pytest.raises(ConfigError, match=f"profile 'tiny' does not fit: .*{message}"):
        require(made(tiny, tmp_path, **machine))


def test_a_large_model_needs_its_memory(tiny: Profile, tmp_path: Path) -> None:
    """GPT-2 XL with AdamW in bf16: 2 + 4 + 4 + 8 bytes for each of its 1.5e9 parameters."""
    xl = replace(config.gpt2_xl(), vocab_size=2048)
    train = replace(tiny.train, optimizer="adamw", precision="bf16", batch_size=1)
    large = replace(tiny, model=xl, train=train)
    message = r"training needs 3\d\.\d GB of memory and this machine has 16\.0 GB: lower batch_size"
    with pytest.raises(ConfigError, match=message):
        require(made(large, tmp_path))


def test_what_the_workspace_holds_need_not_be_free(tiny: Profile, tmp_path: Path) -> None:
    needed = sum(made(tiny, tmp_path).disk.values())
    (tmp_path / "run" / "tiny-generalist-0123456789ab").mkdir(parents=True)
    with (tmp_path / "run" / "tiny-generalist-0123456789ab" / "weights").open("wb") as file:
        file.truncate(needed // 2)
    require(made(tiny, tmp_path, free_disk=needed - needed // 2))
    with pytest.raises(ConfigError, match="of disk"):
        require(made(tiny, tmp_path, free_disk=needed // 3))
    held = made(tiny, tmp_path).already
    (tmp_path / "run" / "tiny-two-generalist-0123456789ab").mkdir()
    (tmp_path / "run" / "tiny-two-generalist-0123456789ab" / "weights").write_text("another's")
    assert made(tiny, tmp_path).already == held


def test_a_training_of_years_is_refused_with_the_number(tiny: Profile, tmp_path: Path) -> None:
    long = Overrides(tokens=10**15).apply(tiny)
    with pytest.raises(ConfigError, match=r"training takes about [\d,]+ days here.*lower tokens"):
        require(made(long, tmp_path))
    require(made(long, tmp_path, matmul=None))  # nobody knows


def test_a_budget_below_one_step_is_refused(tiny: Profile, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="of the language model only, 800 tokens, is less than"):
        require(made(Overrides(tokens=2000).apply(tiny), tmp_path))


def test_answers_must_fit_into_the_context(tiny: Profile, tmp_path: Path) -> None:
    task = question_answering(
        name="essay",
        description="One.",
        source=Source(path="/nowhere.jsonl"),
        question="q",
        answers="a",
        max_tokens=300,
        specimens=[{"q": "Why?", "a": "So. " * 400}],
    )
    names = (*tiny.convert.tasks, "essay")
    larger = replace(
        tiny,
        tasks=(*tiny.tasks, task),
        convert=replace(tiny.convert, tasks=names),
        evaluation=replace(tiny.evaluation, tasks=names),
    )
    found = made(larger, tmp_path).problems
    assert any("'essay' writes answers of 300 tokens; use more than 300" in one for one in found)
    assert any("an answer of task 'essay' has about" in one for one in found)
    assert any("/nowhere.jsonl" in one for one in found)


def project(root: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    (root / "tasks").mkdir(parents=True)
    (root / "generalist.toml").write_text(text)
    (root / "tasks" / "topic.py").write_text(TASK)
    (root / "rows.csv").write_text("text,label,author\n" + "Some words here.,a,x\n" * 100)
    (root / "notes").mkdir()
    (root / "notes" / "a.md").write_text("Words. " * 20)
    monkeypatch.setenv("GENERALIST_PROJECT", str(root))
    return root


def test_sizes_of_a_project_are_those_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path / "project", TOML, monkeypatch)
    found = plan(load("mine"), tmp_path, machine=MACHINE)
    assert found.volumes.corpora == {"notes": 140}
    assert found.volumes.tasks["topic"] == (root / "rows.csv").stat().st_size
    assert found.volumes.rows["topic"] <= 230
    with pytest.raises(
        ConfigError, match="the corpus has 140 bytes, and the 5% of it that is held"
    ):
        require(found)
    (root / "notes" / "a.md").write_text("Words. " * 20_000)
    found = plan(load("mine"), tmp_path, machine=MACHINE)
    require(found)
    assert found.epochs == pytest.approx(15_000 * 3 / 140_000, rel=0.1)


def test_what_is_not_there_is_a_problem_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = TOML.replace('path = "notes"\nfiles = "**/*.md"', 'hub = "some/thing"')
    root = project(tmp_path / "project", hub, monkeypatch)
    (root / "rows.csv").unlink()
    found = plan(load("mine"), tmp_path, machine=MACHINE)
    assert found.volumes.corpora == {"notes": None} and found.epochs is None
    assert [re.findall("rows.csv|some/thing: nobody has verified", p) for p in found.problems]
    assert any("not counted: notes" in remark for remark in found.remarks)
    with pytest.raises(ConfigError, match="rows.csv"):
        require(found)


def test_the_table_says_what_is_needed_and_what_there_is(tiny: Profile, tmp_path: Path) -> None:
    busy = made(tiny, tmp_path, available=GB // 10)
    console = Console(file=io.StringIO(), width=200)
    show_plan(console, busy)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    for words in (
        f"{count_parameters(tiny.model):,} parameters",
        "60,000 tokens in 59 steps",
        f"of {amount(MACHINE.memory)}",
        "are free",
        duration(busy.total_seconds or 0),
        "end other programs first",
    ):
        assert words in printed, printed


def test_without_timing_torch_is_not_imported(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from flows.plan import plan, require; "
        "from flows.profiles import load; "
        "made = plan(load('tiny'), Path(sys.argv[1]), timed=False); require(made); "
        "assert made.total_seconds is None; print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True
    )
    assert done.stdout == "False\n", done.stderr


def test_the_command_answers_soon(tmp_path: Path) -> None:
    before = os.times()
    command = [sys.executable, "-m", "flows", "plan", "--workspace", str(tmp_path / "workspace")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    after = os.times()
    assert done.returncode == 0 and "within a factor of two" in done.stdout, done.stderr
    assert after.children_user - before.children_user < 8


def test_this_machine_is_described(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    seen = look(tmp_path / "not" / "there", precision="fp32", threads=1, timed=True)
    assert 0 < seen.available <= seen.memory and seen.free_disk > 0
    assert seen.matmul is not None and 1e8 < seen.matmul < 1e16
    assert torch.get_num_threads() == threads


def test_limits_of_control_groups_count(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory.max").write_text("max\n")
    assert list(_limits(tmp_path)) == []
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("1234\n")
    assert set(_limits(tmp_path)) == {1234}
    (tmp_path / "memory.max").write_text("999\n")
    assert set(_limits(tmp_path)) == {1234, 999}


def test_numbers_are_written_for_people() -> None:
    assert [amount(n) for n in (1_234_567_890, 56_000_000, 7_800)] == [
        "1.2 GB",
        "56 MB",
        "0.0078 MB",
    ]
    assert [duration(s) for s in (0.4, 74, 580, 30_000)] == ["1 s", "74 s", "10 min", "8.3 h"]
