"""Tensors in a safetensors file, written and read one at a time.

A file of many gigabytes is never in memory as a whole, neither where a model lies on one device nor
where it is spread over ranks and every tensor has to be put together first.

Layout (safetensors' own): 8 bytes, the length of the header; the header, JSON with type, shape and
place of every tensor; their bytes.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from gptcore.sharding import Storable, whole

_TYPES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.int64: "I64", torch.uint8: "U8"}


def write_tensors(path: Path, tensors: Mapping[str, Storable], *, here: bool = True) -> None:
    """Write tensors and sync them to the disk.

    Of tensors that are spread over ranks: to be called by all, and written where ``here``.
    """
    if not here:
        for tensor in tensors.values():
            whole(tensor)
        return
    with path.open("wb") as file:
        file.write(_header(tensors))
        for tensor in tensors.values():
            data = whole(tensor).detach().cpu().contiguous()
            file.write(data.reshape(-1).view(torch.uint8).numpy().data)
        file.flush()
        os.fsync(file.fileno())


def _header(tensors: Mapping[str, Storable]) -> bytes:
    entries, end = {}, 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.shape.numel() * tensor.dtype.itemsize
        entries[name] = {
            "dtype": _TYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


class TensorFile(Mapping[str, Tensor]):
    """The tensors of a file, each read when it is asked for.

    OSError or safetensors' error when it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file: Any = safe_open(path, framework="pt")
        self._names = list(self._file.keys())  # type: ignore[no-untyped-call]

    def __getitem__(self, name: str) -> Tensor:
        """The tensor, on the processor."""
        if name not in self._names:
            raise KeyError(name)
        tensor: Tensor = self._file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        """Names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Number of tensors."""
        return len(self._names)
