"""Resumable streams of training windows; the one place that shifts tokens.

A window is ``context_length + 1`` consecutive ids of a shard: all but the last are read, all but
the first are predicted. The next window begins with the id that this one ends in, so every id of a
shard is predicted once per epoch, but for its very first. What is left at the end of a shard is a
window too, filled up with end-of-text that weighs nothing.

Each stream gives every window once per epoch, in an order drawn anew from (seed, stream, epoch).
The mixture draws the stream of each row from (seed, step). So a batch is a function of the seed and
of how many windows each stream has given: that is all the state there is. Ranks draw the same batch
and read their own rows of it, so the state is that of the whole run and no number of ranks changes
what a step sees.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gptcore.config import StreamConfig
from gptcore.distributed import ALONE, Ranks
from gptcore.errors import ConfigError, DataError
from gptcore.shards import Shard, load_shard


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one micro-step: ids, labels (shifted ids) and loss weights, each (B, T)."""

    ids: Tensor
    labels: Tensor
    weights: Tensor

    @property
    def weight(self) -> float:
        """Sum of the loss weights."""
        return self.weights.double().sum().item()

    @property
    def loss_tokens(self) -> int:
        """Labels that weigh something."""
        return int(self.weights.count_nonzero())

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """All three; in memory that a GPU can fetch by itself, where there is one."""
        found = self.ids, self.labels, self.weights
        if not torch.cuda.is_available():
            return found
        ids, labels, weights = (tensor.pin_memory() for tensor in found)
        return ids, labels, weights


class WindowStream:
    """The windows of one shard, each once per epoch."""

    def __init__(self, config: StreamConfig, shard: Shard, context_length: int, seed: int) -> None:
        self.config, self._shard, self._length = config, shard, context_length
        self._n_whole, left = divmod(len(shard.ids) - 1, context_length)
        if self._n_whole < 1:
            raise DataError(
                f"stream {config.name!r} has {len(shard.ids)} tokens, fewer than one window of"
                f" {context_length + 1}: give more text or a smaller context_length"
            )
        self.n_windows = self._n_whole + (left > 0)
        self.end_of_text = shard.end_of_text
        self._seed = (seed, zlib.crc32(config.name.encode()))
        self._epoch = -1
        self._order: npt.NDArray[np.int64] = np.empty(0, np.int64)

    def window(self, position: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Ids (T + 1,) and their loss weights (T + 1,) of the position-th window ever given."""
        epoch, i = divmod(position, self.n_windows)
        if epoch != self._epoch:
            rng = np.random.default_rng((*self._seed, epoch))
            self._order, self._epoch = rng.permutation(self._n_whole), epoch
        # The one that is filled up closes each epoch: the order of the others hangs on them alone.
        start = int(self._order[i] if i < self._n_whole else self._n_whole) * self._length
        part = slice(start, start + self._length + 1)
        ids = self._shard.ids[part].astype(np.int64)
        weights = self._weights(ids, part)
        missing = (0, self._length + 1 - len(ids))
        return np.pad(ids, missing, constant_values=self.end_of_text), np.pad(weights, missing)

    def _weights(self, ids: npt.NDArray[np.int64], part: slice) -> npt.NDArray[np.float32]:
        """Loss weights of the ids of a part of the shard."""
        weights = np.ones(len(ids), np.float32)
        if self._shard.target is not None:
            target = self._shard.target[part] == 1
            weights[target] = self.config.target_weight
            # Where a target ends is part of the answer, whatever the prompts weigh.
            weights[~target & (ids != self.end_of_text)] = self.config.prompt_weight
        return weights


class MixtureStream:
    """Draws each row's stream at the stated rates; resumes exactly from ``state``."""

    def __init__(
        self, streams: Sequence[WindowStream], *, rows: int, seed: int, ranks: Ranks = ALONE
    ) -> None:
        """``rows``: those of a batch over all ranks; ConfigError when they cannot be shared out."""
        if rows % ranks.count:
            raise ConfigError(
                f"batch_size={rows}: {ranks.count} ranks cannot share it; use a multiple of "
                f"{ranks.count}, or another number of ranks"
            )
        self._streams, self._rows, self._seed = list(streams), rows, seed
        share = rows // ranks.count
        self._mine = range(ranks.rank * share, (ranks.rank + 1) * share)
        rates = np.array([stream.config.rate for stream in streams])
        self._rates = rates / rates.sum()
        self._given = dict.fromkeys((s.config.name for s in streams), 0)
        found = {stream.config.name: stream.end_of_text for stream in streams}
        if len(set(found.values())) > 1:
            raise DataError(f"mixture: its shards end in several ids, {found}: encode them alike")
        self.end_of_text = next(iter(found.values()))
        """The id after every text."""

    @classmethod
    def open(
        cls,
        shards: Path,
        mixture: Sequence[StreamConfig],
        *,
        context_length: int,
        rows: int,
        seed: int,
        ranks: Ranks = ALONE,
    ) -> "MixtureStream":
        """Streams over the training shards of a product."""
        streams = [
            WindowStream(c, load_shard(shards, split="train", name=c.name), context_length, seed)
            for c in mixture
        ]
        return cls(streams, rows=rows, seed=seed, ranks=ranks)

    @property
    def state(self) -> dict[str, int]:
        """Windows given so far, by stream."""
        return dict(self._given)

    def restore(self, state: Mapping[str, int]) -> None:
        """Go on where ``state`` was taken."""
        self._given = dict(state)

    @property
    def epochs(self) -> dict[str, float]:
        """How often each stream has been read, in epochs."""
        return {s.config.name: self._given[s.config.name] / s.n_windows for s in self._streams}

    def batch(self, draw: int) -> Batch:
        """This rank's rows of the draw-th micro-step since the start of the run."""
        rng = np.random.default_rng((self._seed, 1, draw))
        rows = []
        for row, which in enumerate(rng.choice(len(self._streams), self._rows, p=self._rates)):
            stream = self._streams[which]
            if row in self._mine:
                rows.append(stream.window(self._given[stream.config.name]))
            self._given[stream.config.name] += 1
        return _collate(rows)


def validation_batches(
    shard: Shard, context_length: int, windows: int, rows: int, ranks: Ranks = ALONE
) -> list[Batch]:
    """This rank's part of up to ``windows`` windows of a held-out shard.

    Batches of ``rows`` over all ranks. Every rank gets as many of the same shape, because ranks
    that share a model must call it together: what is missing at the end are rows without weight.
    """
    stream = WindowStream(StreamConfig(name="validation", rate=1), shard, context_length, 0)
    n = min(windows, stream.n_windows)
    batches = []
    for start in range(0, n, rows):
        share = -(-min(rows, n - start) // ranks.count)
        mine = range(start + ranks.rank * share, start + (ranks.rank + 1) * share)
        batch = _collate([stream.window(min(i, n - 1)) for i in mine])
        batch.weights[torch.tensor(mine) >= min(start + rows, n)] = 0
        batches.append(batch)
    return batches


def _collate(rows: Sequence[tuple[Any, Any]]) -> Batch:
    ids = torch.from_numpy(np.stack([ids for ids, _ in rows]))
    weights = torch.from_numpy(np.stack([weights for _, weights in rows]))
    parts = ids[:, :-1], ids[:, 1:], weights[:, 1:]
    return Batch(*(part.contiguous() for part in parts))  # as a GPU can fetch them
