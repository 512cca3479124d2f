"""The harness of the benchmarks: intervals that hold the median, ratios pair by pair, files."""

import json
import random
import statistics
import time
from pathlib import Path

import pytest
import torch

from benchmarks import gpu, harness, training
from benchmarks.__main__ import main, names
from gptcore.config import ModelConfig


@pytest.mark.parametrize("n", [7, 9, 20])
def test_the_interval_holds_the_median_as_often_as_it_says(n: int) -> None:
    rng = random.Random(n)
    held = 0
    for _ in range(4000):
        low, high = harness.median_interval([rng.expovariate(1) for _ in range(n)])
        held += low <= 0.6931 <= high
    assert held / 4000 >= 0.94


def test_the_interval_is_no_wider_than_it_must_be() -> None:
    assert harness.median_interval([1, 2, 3, 4, 5, 6, 7]) == (1, 7)
    assert harness.median_interval([1, 2, 3, 4, 5, 6, 7, 8, 9]) == (2, 8)


def _spin(seconds: float) -> float:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return 1.0


def test_rates_find_the_quicker_variant() -> None:
    found = harness.rates({"a": lambda: _spin(0.002), "b": lambda: _spin(0.006)}, rounds=7)
    assert all(len(values) == 7 for values in found.values())
    claim = harness.compare("a v. b", found["a"], found["b"], goal=2.0)
    assert claim.ratio == pytest.approx(3, rel=0.3) and claim.holds is True
    assert claim.interval[0] <= claim.ratio <= claim.interval[1]


def test_variants_take_turns_in_changing_order() -> None:
    order: list[str] = []

    def work(name: str) -> float:
        order.append(name)
        return _spin(0.0001)

    harness.rates({name: lambda name=name: work(name) for name in "abc"}, rounds=9)
    rounds = [tuple(order[i : i + 3]) for i in range(0, 30, 3)]
    assert len(rounds) == 10 and all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len(set(rounds)) > 3


def test_a_benchmark_that_fails_is_named_and_shows_no_old_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package, out = tmp_path / "benchmarks", tmp_path / "benchmarks" / "out"
    out.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "broken.py").write_text("raise SystemExit(1)")
    (package / "silent.py").write_text("")
    for name in ("broken", "silent"):
        (out / f"{name}.json").write_text("[]")
    monkeypatch.setattr("benchmarks.__main__.HERE", package)
    monkeypatch.setattr("benchmarks.__main__.OUT", out)
    assert main([]) == 1
    printed = capsys.readouterr()
    assert "failed: broken" in printed.err and "claim" not in printed.out
    assert list(out.iterdir()) == []


def test_what_the_hardware_lacks_holds_neither_way() -> None:
    assert harness.compare("x", [3.0], [1.0], goal=2, possible=False).holds is None
    assert harness.compare("x", [3.0], [1.0], goal=2, small=True).holds is False
    assert harness.compare("x", [3.0], [1.0]).holds is None


def test_a_report_is_a_file_and_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(harness, "OUT", tmp_path / "out")
    values = [1.0, 1.1, 0.9, 1.0, 1.2, 1.0, 1.0]
    claim = harness.compare("ours v. peer, bytes/s", [2 * v for v in values], values, goal=1.5)
    harness.report("/some/where/encoding.py", [claim])
    (row,) = json.loads((tmp_path / "out" / "encoding.json").read_text())
    assert list(row) == ["claim", "ours", "peer", "ratio", "interval", "goal", "holds"]
    assert row["ratio"] == pytest.approx(2) and row["holds"] is True
    assert row["ours"] == statistics.median(2 * v for v in values)
    printed = capsys.readouterr().out
    assert "| ours v. peer, bytes/s |" in printed and "| yes |" in printed


def test_an_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trainign"]) == 2
    assert "trainign" in capsys.readouterr().err
    assert "harness" not in names()


def test_the_gpu_benchmark_steps_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    model = ModelConfig(vocab_size=97, context_length=16, n_layer=1, n_head=2, n_embd=16)
    for make in (gpu.ours, gpu.hugging_face):
        found = gpu.measured(lambda make=make: make(model, 2, "cpu", compiled=False), "cpu", 1)
        assert len(found) == 1 and found[0] > 0
    if not torch.cuda.is_available():
        assert gpu.main() == 0
        assert "no accelerator" in capsys.readouterr().err


def test_the_training_benchmark_compares_equal_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NANOGPT", raising=False)
    model = ModelConfig(vocab_size=97, context_length=16, n_layer=1, n_head=2, n_embd=16)
    assert training.nano(model, 2, bf16=True) is None
    for work in (
        training.ours(model, 2, "fp32"),
        training.ours(model, 2, "bf16"),
        training.hugging_face(model, 2, bf16=True),
    ):
        assert work() == 32
