"""Peak memory of a training process at GPT-2's vocabulary, beside nanoGPT and Hugging Face.

10M body, V = 50304, context 256, batch 16; two steps, each process by itself, the most that the
system ever counted as resident, in GB, torch itself included.
"""

import subprocess
import sys
from dataclasses import replace

import torch

from benchmarks import nanogpt
from benchmarks.harness import Work, compare, report
from benchmarks.training import ROWS, TEN_M, hugging_face, nano, ours
from gptcore.meter import peak_memory

ROUNDS = 7
LARGE = replace(TEN_M, vocab_size=50304)


def work(name: str) -> Work | None:
    """A step of a variant, by its name."""
    if name.startswith("ours"):
        return ours(LARGE, ROWS, name.rpartition(" ")[2])
    return (nano if name == "nanoGPT" else hugging_face)(LARGE, ROWS, bf16=True)


def alone(name: str) -> float:
    """GB that a process takes for two steps of a variant."""
    command = [sys.executable, "-m", "benchmarks.memory", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    """Measure and report."""
    peers = ["HF"] if nanogpt.module() is None else ["nanoGPT", "HF"]
    names = ["ours bf16", "ours fp32", *peers]
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(ROUNDS):
        for name in names:
            found[name].append(alone(name))
        print(f"  round {number + 1} of {ROUNDS}", file=sys.stderr, flush=True)
    claims = []
    for peer in peers:
        for mine in ("ours bf16", "ours fp32"):
            goal = 0.5 if (peer, mine) == ("nanoGPT", "ours bf16") else None
            claim = f"peak memory at V = 50304, GB: {mine} v. {peer} autocast"
            claims.append(compare(claim, found[mine], found[peer], goal=goal, small=True))
    report(__file__, claims)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif (step := work(sys.argv[1])) is not None:
        step()
        step()
        print(peak_memory(torch.device("cpu")) / 1e9)
