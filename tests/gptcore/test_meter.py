"""Operations per token, peaks by the names that CUDA gives, time that does not count."""

import subprocess
import sys
import time

import pytest
import torch

from gptcore.config import gpt1, gpt2_small, gpt2_xl, tiny
from gptcore.meter import Meter, flops_per_token, peak_flops, peak_memory
from gptcore.model import GPT


@pytest.mark.parametrize("config", [gpt1(), gpt2_small(), tiny(vocab_size=512)])
def test_operations_are_those_of_all_weights_that_multiply(config: object) -> None:
    with torch.device("meta"):
        model = GPT(config)  # type: ignore[arg-type]
    multiplied = sum(p.numel() for name, p in model.named_parameters() if name != "wpe.weight")
    c = model.config
    attention = 12 * c.n_layer * c.n_embd * c.context_length
    assert flops_per_token(c) == 6 * multiplied + attention


def test_the_anchors_of_the_literature_come_out() -> None:
    # llm.c: GPT-2 XL on H100 at 46,800 tokens/s is 49 % of the peak.
    peak = peak_flops("NVIDIA H100 80GB HBM3")
    assert peak is not None
    assert 46_800 * flops_per_token(gpt2_xl()) / peak == pytest.approx(0.49, abs=0.01)


@pytest.mark.parametrize(
    ("name", "teraflops"),
    [
        ("NVIDIA A100-SXM4-80GB", 312), ("NVIDIA H100 PCIe", 756), ("NVIDIA H200", 989),
        ("NVIDIA L4", 121), ("NVIDIA L40S", 362), ("NVIDIA A10G", 70), ("NVIDIA A10", 125),
        ("NVIDIA GeForce RTX 4090", 165), ("NVIDIA GB200", 2250),
    ],
)  # fmt: skip
def test_peaks_go_by_whole_words(name: str, teraflops: float) -> None:
    assert peak_flops(name) == teraflops * 1e12


def test_an_unknown_device_has_no_peak() -> None:
    assert peak_flops("Tesla V100-SXM2-16GB") is None


def test_what_is_done_between_steps_takes_no_time() -> None:
    meter = Meter(tiny(vocab_size=512), torch.device("cpu"), tokens=100, ranks=1, bf16=True)
    time.sleep(0.02)
    with meter.paused():
        time.sleep(0.5)
    found = meter.read(300)
    assert 200 / 0.3 < found["tokens_per_second"] <= 200 / 0.02
    assert found["memory_gb"] == peak_memory(torch.device("cpu")) / 1e9 > 0.05
    assert "mfu" not in found


def test_the_memory_of_a_small_child_is_not_that_of_its_large_parent() -> None:
    held = bytearray(b"x" * 1_500_000_000)
    load = "import torch; from gptcore.meter import peak_memory"
    code = f"{load}; print(peak_memory(torch.device('cpu')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 5e7 < int(done.stdout) < 1e9 and len(held) > 1e9
