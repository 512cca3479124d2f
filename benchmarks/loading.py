"""Batches for training from a memory map: every window once per epoch, against random places.

The peer does what nanoGPT's loader does: it opens the map for every batch, reads B stretches at
random places, twice (ids and the same a token later), and stacks them. Ours draws the order of an
epoch, gives every window once and makes loss weights too.
"""

import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness import Work, compare, rates, report
from gptcore.batches import MixtureStream
from gptcore.config import StreamConfig

TOKENS, ROWS, LENGTH, BATCHES = 20_000_000, 12, 1024, 200


def _ours(shards: Path) -> Work:
    stream = MixtureStream.open(
        shards, (StreamConfig(name="corpus", rate=1),), context_length=LENGTH, rows=ROWS, seed=0
    )
    drawn = iter(range(10**9))

    def work() -> float:
        for _ in range(BATCHES):
            stream.batch(next(drawn))
        return BATCHES * ROWS * LENGTH

    return work


def _random_places(path: Path) -> Work:
    def stretches(ids: np.ndarray, starts: list[int]) -> torch.Tensor:
        found = (ids[start : start + LENGTH].astype(np.int64) for start in starts)
        return torch.stack([torch.from_numpy(stretch) for stretch in found])

    def work() -> float:
        for _ in range(BATCHES):
            ids = np.load(path, mmap_mode="r", allow_pickle=False)
            starts = torch.randint(len(ids) - LENGTH - 1, (ROWS,)).tolist()
            stretches(ids, starts), stretches(ids, [start + 1 for start in starts])
        return BATCHES * ROWS * LENGTH

    return work


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "train" / "corpus.npy"
        path.parent.mkdir()
        ids = np.random.default_rng(0).integers(0, 50_000, TOKENS).astype(np.uint16)
        np.save(path, ids, allow_pickle=False)
        found = rates({"ours": _ours(Path(place)), "peer": _random_places(path)})
    claim = f"loading {ROWS} windows of {LENGTH}, each once per epoch, v. random places, tokens/s"
    report(__file__, [compare(claim, found["ours"], found["peer"], goal=1.0)])


if __name__ == "__main__":
    main()
