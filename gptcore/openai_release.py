"""OpenAI's release of GPT-1: ``params_shapes.json`` and ``params_0.npy`` … ``params_9.npy``.

The files are one long array, cut at arbitrary places; put together and split by the shapes they are
position rows, token rows, and per block c_attn, c_proj, ln_1, c_fc, c_proj, ln_2, each as weight
(a convolution of width one, [1, in, out]) and bias. Source: openai/finetune-transformer-lm
``train.py`` (``init_params``, ``block``).

There, the code puts rows of tokens, specials and positions into one matrix, which is both embedding
and output layer; the files have no specials.
"""

import json
from itertools import count, takewhile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gptcore.config import ModelConfig
from gptcore.errors import ConfigError, ProductError
from gptcore.interop import Weights, check_weights

SHAPES = "params_shapes.json"
HEAD_WIDTH = 64
_IN_BLOCK = (
    *("attn.c_attn.weight", "attn.c_attn.bias", "attn.c_proj.weight", "attn.c_proj.bias"),
    *("ln_1.weight", "ln_1.bias"),
    *("mlp.c_fc.weight", "mlp.c_fc.bias", "mlp.c_proj.weight", "mlp.c_proj.bias"),
    *("ln_2.weight", "ln_2.bias"),
)


def read_openai_release(
    directory: Path, *, n_head: int | None = None
) -> tuple[ModelConfig, Weights]:
    """Configuration and weights of a release, under our names.

    The number of heads stands in no file; None: heads are 64 wide, as GPT-1's are. ConfigError when
    they cannot be, ProductError when files are missing, broken, or of another layout.
    """
    try:
        shapes = json.loads((directory / SHAPES).read_text(encoding="utf-8"))
        arrays = _split(_flat(directory), [tuple(map(int, shape)) for shape in shapes])
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise ProductError(f"{directory} is no release of GPT-1 ({error}): get it again") from error
    rest = arrays[2:]
    n_layer, left = divmod(len(rest), len(_IN_BLOCK))
    if left or not rest or any(array.ndim != 2 for array in arrays[:2]):
        raise ProductError(f"{directory / SHAPES} has {len(arrays)} arrays: not GPT-1's layout")
    positions, tokens = arrays[:2]
    names = [f"h.{layer}.{name}" for layer in range(n_layer) for name in _IN_BLOCK]
    weights = {"wte.weight": _tensor(tokens), "wpe.weight": _tensor(positions)}
    weights |= {name: _tensor(array) for name, array in zip(names, rest, strict=True)}
    width = tokens.shape[1]
    if n_head is None and width % HEAD_WIDTH:
        raise ConfigError(
            f"{directory}: rows of {width} make no heads of {HEAD_WIDTH}: give n_head"
        )
    config = ModelConfig(
        vocab_size=len(tokens),
        context_length=len(positions),
        n_layer=n_layer,
        n_head=width // HEAD_WIDTH if n_head is None else n_head,
        n_embd=width,
        norm="post",
        dropout=0.1,
        embedding_dropout="matrix",
        scale_residual_init=False,
    )
    check_weights(directory, config, weights)
    return config, weights


def _flat(directory: Path) -> npt.NDArray[np.float32]:
    paths = (directory / f"params_{number}.npy" for number in count())
    found = list(takewhile(Path.exists, paths))
    parts = [np.load(path, allow_pickle=False).astype(np.float32, copy=False) for path in found]
    return np.concatenate([part.reshape(-1) for part in parts])


def _split(
    flat: npt.NDArray[np.float32], shapes: list[tuple[int, ...]]
) -> list[npt.NDArray[np.float32]]:
    """Arrays of these shapes, one after the other."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    if sum(sizes) != len(flat):
        raise ValueError(f"{len(flat)} numbers where the shapes need {sum(sizes)}")
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def _tensor(array: npt.NDArray[np.float32]) -> Tensor:
    """An array as our parameter: [1, in, out] becomes [out, in]."""
    turned = array[0].T if array.ndim == 3 else array
    return torch.from_numpy(np.ascontiguousarray(turned).copy())
