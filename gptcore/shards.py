"""Token shards: ids of many texts in one flat ``.npy``, read through a memory map.

``<split>/<name>.npy`` holds the ids (uint16), each text followed by end-of-text. Shards made from
examples have ``<name>.target.npy`` beside them: 1 where an id belongs to a target, else 0, so that
the loss can weigh targets. A target is tokenised in the context of its prompt:
ids(prompt + target) minus the first len(ids(prompt)), as it is scored later.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gptcore.errors import DataError, ProductError
from gptcore.tokenizer import Tokenizer

_BATCH = 512
Ids = npt.NDArray[np.uint16]
Mask = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shard:
    """Ids of one stream, and which of them are targets (None: none are)."""

    ids: Ids
    target: Mask | None

    @property
    def end_of_text(self) -> int:
        """The id that follows every text, hence the last one."""
        return int(self.ids[-1])


def encode_documents(
    tokenizer: Tokenizer, texts: Iterable[str], out: Path, *, split: str, name: str
) -> dict[str, Any]:
    """Write one shard of whole documents; returns texts, tokens and bytes."""
    parts, n_bytes = [], 0
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        n_bytes += sum(len(text.encode()) for text in batch)
        encoded = tokenizer.encode_batch(batch)
        parts += [np.array([*ids, tokenizer.end_of_text], dtype=np.uint16) for ids in encoded]
    tokens = _save(parts, out / split / f"{name}.npy")
    return {"texts": len(parts), "tokens": tokens, "bytes": n_bytes}


def encode_examples(
    tokenizer: Tokenizer,
    pairs: Iterable[tuple[str, str]],
    out: Path,
    *,
    split: str,
    name: str,
    seed: int = 0,
) -> dict[str, Any]:
    """Write one shard of (prompt, target) pairs in a seeded order; returns texts and tokens.

    The order is shuffled because neighbours in a source (two parameters of one function) would
    share a window and answer for one another.
    """
    rows = list(pairs)
    order = np.random.default_rng(seed).permutation(len(rows))
    parts, masks = [], []
    for i in range(0, len(rows), _BATCH):
        batch = [rows[j] for j in order[i : i + _BATCH]]
        whole = tokenizer.encode_batch([prompt + target for prompt, target in batch])
        prompts = tokenizer.encode_batch([prompt for prompt, _ in batch])
        for ids, prompt in zip(whole, prompts, strict=True):
            parts.append(np.array([*ids, tokenizer.end_of_text], dtype=np.uint16))
            mask = [0] * len(prompt) + [1] * (len(ids) - len(prompt)) + [0]
            masks.append(np.array(mask, dtype=np.uint8))
    tokens = _save(parts, out / split / f"{name}.npy")
    targets = sum(int(mask.sum()) for mask in masks)
    _save(masks, out / split / f"{name}.target.npy")
    return {"texts": len(parts), "tokens": tokens, "target_tokens": targets}


def _save(parts: Sequence[npt.NDArray[Any]], path: Path) -> int:
    if not parts:
        raise DataError(
            f"shard {path.parent.name}/{path.stem}: no texts; check the split's filters"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    flat = np.concatenate(parts)
    np.save(path, flat, allow_pickle=False)
    return len(flat)


def load_shard(directory: Path, *, split: str, name: str) -> Shard:
    """Map a shard into memory; ProductError lists what is there when it is not."""
    path = directory / split / f"{name}.npy"
    target = path.with_suffix(".target.npy")
    try:
        ids = np.load(path, mmap_mode="r", allow_pickle=False)
        mask = np.load(target, mmap_mode="r", allow_pickle=False) if target.exists() else None
    except FileNotFoundError:
        there = sorted(p.stem for p in path.parent.glob("*.npy") if ".target" not in p.name)
        raise ProductError(f"{path} is missing; {path.parent} has {there or 'nothing'}") from None
    except (ValueError, EOFError) as error:
        raise ProductError(f"{path} is no shard ({error}): delete {directory}") from error
    if ids.ndim != 1 or ids.dtype != np.uint16 or (mask is not None and mask.shape != ids.shape):
        raise ProductError(f"{path} is no row of 16-bit ids with its mask: delete {directory}")
    return Shard(ids, mask)
