"""The rule of precision: by what the processor has, never by a timing."""

from pathlib import Path

import pytest

from gptcore import cores
from gptcore.cores import settled, usable_cores


@pytest.mark.parametrize(
    ("vendor", "flags", "precision"),
    [
        ("GenuineIntel", "avx2 avx512f avx512_bf16", "fp32"),
        ("GenuineIntel", "avx512f avx512_bf16 amx_bf16 amx_tile", "bf16"),
        ("AuthenticAMD", "avx2 avx512f avx512_bf16", "bf16"),
        ("AuthenticAMD", "avx2", "fp32"),
    ],
)
def test_auto_follows_the_processor(
    vendor: str, flags: str, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: fpu {flags}\n\n" * 2)
    monkeypatch.setattr(cores, "CPUINFO", info)
    assert settled("auto", "cpu") == precision
    assert settled("fp32", "cpu") == "fp32" and settled("bf16", "cpu") == "bf16"


def test_a_system_that_says_nothing_trains_in_fp32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "CPUINFO", tmp_path / "none")
    assert settled("auto", "cpu") == "fp32"
    assert usable_cores() >= 1
