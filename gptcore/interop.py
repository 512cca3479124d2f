"""Weights of Hugging Face directories: read into our names, and written so that they load there.

GPT-2 (``gpt2``) and OpenAI GPT (``openai-gpt``), as ``config.json`` says. Their linear layers hold
[in, out] where ours hold [out, in]; the output layer is the token embedding. A model that needs
what ours lacks is refused by the name of the field. Only safetensors are read: ``.bin`` files are
pickles, which can run code.

Source: huggingface/transformers ``models/gpt2``, ``models/openai``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gptcore.config import ModelConfig
from gptcore.errors import ConfigError, ProductError
from gptcore.model import GPT

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
GPT2, GPT1 = "gpt2", "openai-gpt"
_PREFIX = "transformer."
_HEAD, _TOKENS = "lm_head.weight", "wte.weight"
_RENAMED = {"tokens_embed.weight": _TOKENS, "positions_embed.weight": "wpe.weight"}
_TURNED = ("c_attn.weight", "c_proj.weight", "c_fc.weight")
_BUFFERS = (".attn.bias", ".attn.masked_bias", "position_ids")
"""Buffers in some published files; no parameters."""
_GELU = {
    GPT2: {"gelu_new": "tanh", "gelu_pytorch_tanh": "tanh", "gelu": "erf"},
    GPT1: {"gelu": "tanh"},
}
"""Their names of what we call tanh and erf."""
_EPSILON, _DROPOUT = 1e-5, 0.1
_ASSUMED = {
    "layer_norm_epsilon": _EPSILON,
    "tie_word_embeddings": True,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
}
"""Fields that must have this value where they are given: ours has no other."""
_ALIASES = {
    "n_positions": "max_position_embeddings",
    "n_layer": "num_hidden_layers",
    "n_head": "num_attention_heads",
    "n_embd": "hidden_size",
}
"""Other names that transformers has for fields."""
_LAYER = re.compile(r"h\.(\d+)\.")

Weights: TypeAlias = dict[str, Tensor]


def read_hugging_face(directory: Path) -> tuple[ModelConfig, Weights]:
    """Configuration and fp32 weights, under our names.

    Of the three dropouts, which act in training only, the residual's is taken; no field of theirs
    carries ``embedding_dropout`` and ``wpe_std``: they are our defaults. ConfigError when the model
    is another one than ours can be, ProductError when files are missing or broken.
    """
    config = _read_config(_json(directory / CONFIG))
    try:
        weights = dict(_ours(_tensors(directory)))
    except (OSError, SafetensorError) as error:
        raise ProductError(f"{directory} cannot be read ({error}): get it again") from error
    check_weights(directory, config, weights)
    return config, weights


def write_hugging_face(
    directory: Path, config: ModelConfig, weights: Mapping[str, Tensor], *, end_of_text: int
) -> None:
    """Write ``config.json`` and ``model.safetensors`` for ``AutoModelForCausalLM``.

    ConfigError for what transformers' model cannot be: post-norm with the exact GELU.
    """
    theirs = hugging_face_config(config, end_of_text=end_of_text)
    renamed = {ours: name for name, ours in _RENAMED.items()} if config.norm == "post" else {}
    tensors = {
        _PREFIX + renamed.get(name, name): _turned(name, tensor).float().cpu().contiguous()
        for name, tensor in weights.items()
    }
    save_file(tensors, directory / WEIGHTS, metadata={"format": "pt"})
    (directory / CONFIG).write_text(json.dumps(theirs, indent=2) + "\n", encoding="utf-8")


def hugging_face_config(config: ModelConfig, *, end_of_text: int) -> dict[str, Any]:
    """Our configuration in their fields."""
    kind = GPT1 if config.norm == "post" else GPT2
    activation = next((name for name, ours in _GELU[kind].items() if ours == config.gelu), None)
    if activation is None:
        raise ConfigError(
            f"gelu={config.gelu!r} with norm={config.norm!r}: transformers' OpenAI GPT has the "
            "tanh GELU only; train with gelu='tanh' to export it"
        )
    shape = ("vocab_size", "n_embd", "n_layer", "n_head")
    return {
        "model_type": kind,
        "architectures": ["OpenAIGPTLMHeadModel" if kind == GPT1 else "GPT2LMHeadModel"],
        **{name: getattr(config, name) for name in shape},
        "n_positions": config.context_length,
        "afn" if kind == GPT1 else "activation_function": activation,
        **{f"{where}_pdrop": config.dropout for where in ("resid", "embd", "attn")},
        "layer_norm_epsilon": _EPSILON,
        "tie_word_embeddings": True,
        "bos_token_id": end_of_text,
        "eos_token_id": end_of_text,
        "dtype": "float32",
    }


def check_weights(source: Path, config: ModelConfig, weights: Mapping[str, Tensor]) -> None:
    """ProductError when names or shapes are not those of the configuration."""
    layers = {match[1] for name in weights if (match := _LAYER.match(name))}
    if config.n_layer != len(layers):  # first, for the model of a wrong number takes long to make
        raise ProductError(
            f"{source}: n_layer={config.n_layer}, but weights of {len(layers)} layers"
        )
    with torch.device("meta"):
        needed = {name: tuple(p.shape) for name, p in GPT(config).named_parameters()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    for name in sorted(needed.keys() | found.keys()):
        if needed.get(name) != found.get(name):
            raise ProductError(
                f"{source}: {name} has the shape {found.get(name, 'of nothing: it is missing')}, "
                f"a language model of this configuration {needed.get(name, 'has no such weights')}"
            )


def _read_config(raw: dict[str, Any]) -> ModelConfig:
    """A configuration in their fields; ConfigError names the field that does not fit."""
    kind = raw.get("model_type")
    if kind not in tuple(_GELU):
        raise ConfigError(f"{CONFIG}: model_type={kind!r}: use a model of {GPT2} or {GPT1}")
    for name, value in _ASSUMED.items():
        if raw.get(name, value) != value:
            raise ConfigError(f"{CONFIG}: {name}={raw[name]!r}: only {value!r} can be imported")
    name = "afn" if kind == GPT1 else "activation_function"
    activation = raw.get(name, next(iter(_GELU[kind])))
    if activation not in tuple(_GELU[kind]):
        known = ", ".join(_GELU[kind])
        raise ConfigError(f"{CONFIG}: {name}={activation!r}: only {known} can be imported")
    _check_numbers(raw)
    return ModelConfig(
        vocab_size=raw["vocab_size"],
        context_length=raw["n_positions"],
        n_layer=raw["n_layer"],
        n_head=raw["n_head"],
        n_embd=raw["n_embd"],
        norm="post" if kind == GPT1 else "pre",
        gelu=_GELU[kind][activation],  # type: ignore[arg-type]
        dropout=raw.get("resid_pdrop", _DROPOUT),
        scale_residual_init=kind == GPT2,
    )


def _check_numbers(raw: dict[str, Any]) -> None:
    """ConfigError names the field that is no number, or not the one that another says."""
    for name in ("vocab_size", *_ALIASES):
        if type(raw.get(name)) is not int:
            raise ConfigError(f"{CONFIG}: {name}={raw.get(name)!r}: must be a whole number")
    for name, alias in _ALIASES.items():
        if raw.get(alias, raw[name]) != raw[name]:
            raise ConfigError(
                f"{CONFIG}: {alias}={raw[alias]!r} is not {name}={raw[name]}: repair it"
            )
    if raw.get("n_inner") not in (None, 4 * raw["n_embd"]):
        raise ConfigError(f"{CONFIG}: n_inner={raw['n_inner']!r}: only 4 · n_embd can be imported")
    dropout = raw.get("resid_pdrop", _DROPOUT)
    if type(dropout) not in (int, float):
        raise ConfigError(f"{CONFIG}: resid_pdrop={dropout!r}: must be a number")


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProductError(f"{path} cannot be read ({error}): get it again") from error
    if not isinstance(found, dict):
        raise ProductError(f"{path} is no JSON object: get it again")
    return found


def _tensors(directory: Path) -> Weights:
    """All tensors of a directory, under their names."""
    if (directory / INDEX).exists():
        places = _json(directory / INDEX).get("weight_map")
        if not isinstance(places, dict):
            raise ProductError(f"{directory / INDEX}: weight_map is no JSON object: get it again")
        files = sorted({str(name) for name in places.values()})
        strange = next((n for n in files if Path(n).name != n or not n.isprintable()), None)
        if strange is not None:
            raise ProductError(f"{directory / INDEX} names {strange!r}: no file of the directory")
        return {k: v for name in files for k, v in _load(directory / name).items()}
    if not (directory / WEIGHTS).exists() and (pickles := sorted(directory.glob("*.bin"))):
        raise ProductError(
            f"{pickles[0]} is a pickle, which can run code when it is read, and is never read here:"
            " save the model as safetensors (save_pretrained of transformers does)"
        )
    return _load(directory / WEIGHTS)


def _load(path: Path) -> Weights:
    tensors: Weights = load_file(path)
    return tensors


def _ours(tensors: Weights) -> Iterator[tuple[str, Tensor]]:
    """Their tensors under our names; ConfigError when the output layer is a matrix of its own."""
    plain = {name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items()}
    renamed = {_RENAMED.get(name, name): tensor for name, tensor in plain.items()}
    head, tokens = renamed.pop(_HEAD, None), renamed.get(_TOKENS)
    if head is not None and (tokens is None or not torch.equal(head.float(), tokens.float())):
        raise ConfigError(f"{_HEAD} is not the token embedding: only tied models can be imported")
    for name, tensor in renamed.items():
        if not name.endswith(_BUFFERS):
            yield name, _turned(name, tensor).float().contiguous()


def _turned(name: str, tensor: Tensor) -> Tensor:
    """[in, out] ↔ [out, in] for linear layers; what is no matrix is left for ``check_weights``."""
    return tensor.t() if name.endswith(_TURNED) and tensor.ndim == 2 else tensor
