"""Weights of Hugging Face directories: read into our names, and written so that they load there.

GPT-2 (``gpt2``) and OpenAI GPT (``openai-gpt``), as ``config.json`` says. Their linear layers hold
[in, out] where ours hold [out, in]; the output layer is the token embedding. A model that needs
what ours lacks is refused by the name of the field. Only safetensors are read: ``.bin`` files are
pickles, which can run code.

Source: huggingface/transformers ``models/gpt2``, ``models/openai``.
"""

import json
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
_MASKS = (".attn.bias", ".attn.masked_bias")
"""Buffers in some published files; no parameters."""
_GELU = {
    GPT2: {"gelu_new": "tanh", "gelu_pytorch_tanh": "tanh", "gelu": "erf"},
    GPT1: {"gelu": "tanh"},
}
"""Their names of what we call tanh and erf."""
_EPSILON = 1e-5
_ASSUMED = {
    "layer_norm_epsilon": _EPSILON,
    "tie_word_embeddings": True,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
}
"""Fields that must have this value where they are given: ours has no other."""

Weights: TypeAlias = dict[str, Tensor]


def read_hugging_face(directory: Path) -> tuple[ModelConfig, Weights]:
    """Configuration and fp32 weights, under our names.

    Of the three dropouts, which act in training only, the residual's is taken. ConfigError when the
    model is another one than ours can be, ProductError when files are missing or broken.
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
    if kind not in _GELU:
        raise ConfigError(f"{CONFIG}: model_type={kind!r}: use a model of {GPT2} or {GPT1}")
    for name, value in _ASSUMED.items():
        if raw.get(name, value) != value:
            raise ConfigError(f"{CONFIG}: {name}={raw[name]!r}: only {value!r} can be imported")
    name = "afn" if kind == GPT1 else "activation_function"
    activation = raw.get(name, next(iter(_GELU[kind])))
    if activation not in _GELU[kind]:
        known = ", ".join(_GELU[kind])
        raise ConfigError(f"{CONFIG}: {name}={activation!r}: only {known} can be imported")
    fields = ("vocab_size", "n_positions", "n_layer", "n_head", "n_embd")
    missing = next((field for field in fields if not isinstance(raw.get(field), int)), None)
    if missing is not None:
        raise ConfigError(f"{CONFIG}: {missing}={raw.get(missing)!r}: must be a whole number")
    if raw.get("n_inner") not in (None, 4 * raw["n_embd"]):
        raise ConfigError(f"{CONFIG}: n_inner={raw['n_inner']!r}: only 4 · n_embd can be imported")
    return ModelConfig(
        vocab_size=raw["vocab_size"],
        context_length=raw["n_positions"],
        n_layer=raw["n_layer"],
        n_head=raw["n_head"],
        n_embd=raw["n_embd"],
        norm="post" if kind == GPT1 else "pre",
        gelu=_GELU[kind][activation],  # type: ignore[arg-type]
        dropout=raw.get("resid_pdrop", 0.1),
        scale_residual_init=kind == GPT2,
    )


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
        files = sorted({str(name) for name in _json(directory / INDEX)["weight_map"].values()})
        strange = next((name for name in files if Path(name).name != name), None)
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
    head = renamed.pop(_HEAD, None)
    if head is not None and not torch.equal(head, renamed.get(_TOKENS, head[:0])):
        raise ConfigError(f"{_HEAD} is not the token embedding: only tied models can be imported")
    for name, tensor in renamed.items():
        if not name.endswith(_MASKS):
            yield name, _turned(name, tensor).float().contiguous()


def _turned(name: str, tensor: Tensor) -> Tensor:
    """[in, out] ↔ [out, in] for linear layers."""
    return tensor.t() if name.endswith(_TURNED) else tensor
