"""Configurations of the model and of training, and the published model sizes.

Frozen, keyword-only, checked when they are made; every field says its unit. Sources: GPT-1
(Radford et al. 2018, §4.1), GPT-2 (Radford et al. 2019, §2.3, Table 2), openai/gpt-2
``src/model.py`` and openai/finetune-transformer-lm ``train.py``.
"""

import difflib
import math
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, is_dataclass, replace
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from gptcore.errors import ConfigError

T = TypeVar("T")
MAX_THREADS = 1024
"""More are a slip of the pen, and starting them could exhaust the machine."""


def _need(condition: bool, field: str, value: object, remedy: str) -> None:
    if not condition:
        raise ConfigError(f"{field}={value!r}: {remedy}")


def _finite(field: str, value: float) -> None:
    _need(math.isfinite(value), field, value, "must be a finite number")


def _one_of(field: str, value: str, allowed: Collection[str]) -> None:
    _need(value in allowed, field, value, f"use one of {', '.join(sorted(allowed))}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig:
    """Shape of a GPT. GPT-1 and GPT-2 differ by these fields alone."""

    vocab_size: int
    """Token ids, specials included."""
    context_length: int
    """Maximum positions, in tokens."""
    n_layer: int
    """Number of Blocks."""
    n_head: int
    """Attention heads per Block; divides n_embd."""
    n_embd: int
    """Width of the residual stream."""
    norm: Literal["pre", "post"] = "pre"
    """pre: LayerNorm at the input of each sub-block and one at the end (GPT-2); post: after each
    residual addition and none at the end (GPT-1)."""
    gelu: Literal["tanh", "erf"] = "tanh"
    """tanh is what both papers' code uses; erf is torch's default."""
    dropout: float = 0.0
    """Probability, at the embeddings, attention weights and both residual branches."""
    embedding_dropout: Literal["sum", "matrix"] = "sum"
    """sum: what token and position rows add up to (GPT-2); matrix: the rows themselves, one draw
    for the whole pass, so that the tied head sees it too (GPT-1's code)."""
    wpe_std: float = 0.02
    """Standard deviation of the position rows at the start (OpenAI's GPT-2 code: 0.01)."""
    scale_residual_init: bool = True
    """Scale c_proj by 1/√(2·n_layer) at the start (GPT-2 §2.3)."""

    def __post_init__(self) -> None:
        for name in ("vocab_size", "context_length", "n_layer", "n_head", "n_embd"):
            _need(getattr(self, name) > 0, name, getattr(self, name), "must be positive")
        length = self.context_length
        _need(length >= 8, "context_length", length, "use at least 8 tokens")
        _need(
            self.n_embd % self.n_head == 0,
            "n_head",
            self.n_head,
            f"must divide n_embd={self.n_embd}",
        )
        _one_of("norm", self.norm, ("pre", "post"))
        _one_of("gelu", self.gelu, ("tanh", "erf"))
        _one_of("embedding_dropout", self.embedding_dropout, ("sum", "matrix"))
        _need(0.0 <= self.dropout < 1.0, "dropout", self.dropout, "must lie in [0, 1)")
        _need(0.0 <= self.wpe_std < 10.0, "wpe_std", self.wpe_std, "must lie in [0, 10)")


def gpt1(*, dropout: float = 0.1) -> ModelConfig:
    """GPT-1: 116,534,784 parameters, 40,478 tokens, 512 positions (paper §4.1)."""
    return ModelConfig(
        vocab_size=40478,
        context_length=512,
        n_layer=12,
        n_head=12,
        n_embd=768,
        norm="post",
        dropout=dropout,
        embedding_dropout="matrix",
        scale_residual_init=False,
    )


def gpt2_small(*, dropout: float = 0.0) -> ModelConfig:
    """GPT-2 "117M": 124,439,808 parameters."""
    return ModelConfig(
        vocab_size=50257,
        context_length=1024,
        n_layer=12,
        n_head=12,
        n_embd=768,
        dropout=dropout,
        wpe_std=0.01,
    )


def gpt2_medium(*, dropout: float = 0.0) -> ModelConfig:
    """GPT-2 "345M": 354,823,168 parameters."""
    return replace(gpt2_small(dropout=dropout), n_layer=24, n_head=16, n_embd=1024)


def gpt2_large(*, dropout: float = 0.0) -> ModelConfig:
    """GPT-2 "762M": 774,030,080 parameters."""
    return replace(gpt2_small(dropout=dropout), n_layer=36, n_head=20, n_embd=1280)


def gpt2_xl(*, dropout: float = 0.0) -> ModelConfig:
    """GPT-2 "1542M": 1,557,611,200 parameters."""
    return replace(gpt2_small(dropout=dropout), n_layer=48, n_head=25, n_embd=1600)


def tiny(
    *, vocab_size: int, context_length: int = 256, n_layer: int = 4, n_embd: int = 128
) -> ModelConfig:
    """A GPT-2 that trains in minutes on a laptop's processor; heads are 32 wide."""
    return ModelConfig(
        vocab_size=vocab_size,
        context_length=context_length,
        n_layer=n_layer,
        n_head=max(1, n_embd // 32),
        n_embd=n_embd,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenizerConfig:
    """A SentencePiece byte-fallback BPE; lossless by construction."""

    vocab_size: int = 4096
    """Pieces, specials and 256 bytes included."""
    max_training_bytes: int = 20_000_000
    """Training text beyond this many bytes of UTF-8 is not read; documents are taken evenly."""

    def __post_init__(self) -> None:
        _need(
            512 <= self.vocab_size <= 65536,
            "tokenizer.vocab_size",
            self.vocab_size,
            "use 512 … 65536 (ids are stored in 16 bits)",
        )
        _need(
            self.max_training_bytes >= 10_000,
            "tokenizer.max_training_bytes",
            self.max_training_bytes,
            "give at least 10000",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamConfig:
    """One stream of the mixture: token shards and how often they are drawn."""

    name: str
    """Name of the shard: ``corpus`` or a task's name."""
    rate: float
    """Relative weight; rates are normalised over the mixture."""
    target_weight: float = 1.0
    """Loss weight of target tokens; those of corpora, and the end of every text, weigh 1."""
    prompt_weight: float = 1.0
    """Loss weight of prompt tokens; 0: the loss is that of targets and of where they end."""

    def __post_init__(self) -> None:
        inside = bool(self.name) and not {"/", "\\"} & set(self.name)
        _need(inside, "stream.name", self.name, "name a shard")
        _finite(f"stream {self.name!r}: rate", self.rate)
        _need(self.rate > 0, f"stream {self.name!r}: rate", self.rate, "must be positive")
        for name in ("target_weight", "prompt_weight"):
            field, value = f"stream {self.name!r}: {name}", getattr(self, name)
            _finite(field, value)
            _need(value >= 0, field, value, "must not be negative")
        _need(
            self.target_weight > 0 or self.prompt_weight > 0,
            f"stream {self.name!r}: target_weight",
            self.target_weight,
            "where prompts weigh nothing, targets must",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """One pre-training run: its mixture, budget, optimizer and schedule."""

    mixture: tuple[StreamConfig, ...]
    """What is read; at least one stream."""
    tokens: int
    """Budget: tokens seen over the whole run."""
    batch_size: int = 16
    """Windows per micro-step over all ranks, whose number must divide it."""
    accumulation: int = 1
    """Micro-steps per optimizer step."""
    optimizer: Literal["adamw", "muon"] = "adamw"
    """muon: Muon on the matrices of the Blocks, AdamW on the rest."""
    learning_rate: float = 1e-3
    """Peak rate of AdamW."""
    muon_learning_rate: float = 0.02
    """Peak rate of Muon; unused with adamw."""
    weight_decay: float = 0.01
    """Decoupled, on matrices and embeddings only."""
    beta1: float = 0.9
    beta2: float = 0.95
    clip: float = 1.0
    """Maximum global norm of the gradient."""
    spike_factor: float = 20.0
    """A step is skipped whose gradient is more than this many times as long as the median of the
    last 64; 0: never for its length. Runs that learn were seen to reach 3, hot ones 10."""
    max_skipped: int = 20
    """Steps that may be skipped one after another; at the next the run ends."""
    warmup_tokens: int = 0
    """Linear warm-up from 0, in tokens."""
    schedule: Literal["cosine", "linear", "wsd"] = "cosine"
    """After the warm-up: cosine or linear to the final fraction, or stable and then linear decay
    (warm-up–stable–decay) over the last ``decay_fraction``."""
    final_fraction: float = 0.1
    """Learning rate at the end, as a fraction of the peak."""
    decay_fraction: float = 0.6
    """Share of what follows the warm-up that wsd decays over."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """bf16: bf16 weights and activations, fp32 master weights and loss; auto: bf16 where the
    hardware is fast in it, by the rule of ``gptcore.cores.settled``."""
    seed: int = 0
    """Of the initial weights, dropout and the order of the data."""
    separate_documents: bool = False
    """Read the documents of a window as if each stood alone (``gptcore.documents``)."""
    recompute_activations: bool = False
    """Keep less for the backward pass and compute it again: about a third more work for a fraction
    of the memory that grows with batch_size."""
    compile: bool | None = None
    """Compile the Blocks (torch.compile); None: on a GPU."""
    threads: int = 0
    """Processor threads of each rank; 0: its share of the cores."""
    parallel: Literal["ddp", "fsdp"] = "ddp"
    """How ranks share a model: each has all of it (ddp) or a part (fsdp); nothing with one rank."""
    checkpoint_every: int = 200
    """Optimizer steps between checkpoints."""
    keep_checkpoints: int = 2
    """Last checkpoints kept."""
    log_every: int = 10
    """Optimizer steps between logged metrics."""
    validate_every: int = 200
    """Optimizer steps between validation losses."""
    validation_windows: int = 64
    """Windows of held-out corpus text in one validation loss."""

    def __post_init__(self) -> None:
        _need(len(self.mixture) > 0, "mixture", self.mixture, "name at least one stream")
        names = [stream.name for stream in self.mixture]
        _need(len(set(names)) == len(names), "mixture", names, "name each stream once")
        for name in ("learning_rate", "muon_learning_rate", "weight_decay", "clip", "spike_factor"):
            _finite(name, getattr(self, name))
        for name in (
            "tokens", "batch_size", "accumulation", "learning_rate", "muon_learning_rate", "clip",
            "checkpoint_every", "keep_checkpoints", "log_every", "validate_every",
            "validation_windows",
        ):  # fmt: skip
            _need(getattr(self, name) > 0, name, getattr(self, name), "must be positive")
        for name in ("weight_decay", "warmup_tokens", "threads", "seed", "max_skipped"):
            _need(getattr(self, name) >= 0, name, getattr(self, name), "must not be negative")
        _need(
            self.spike_factor == 0 or self.spike_factor > 1,
            "spike_factor",
            self.spike_factor,
            "use more than 1, or 0 to skip no step for its gradient's length",
        )
        _need(
            self.threads <= MAX_THREADS,
            "threads",
            self.threads,
            f"use at most {MAX_THREADS}; 0: all cores",
        )
        _need(self.seed < 2**63, "seed", self.seed, "must be less than 2^63")
        for name in ("final_fraction", "decay_fraction"):
            _need(0 <= getattr(self, name) <= 1, name, getattr(self, name), "must lie in [0, 1]")
        for name in ("beta1", "beta2"):
            _need(0 <= getattr(self, name) < 1, name, getattr(self, name), "must lie in [0, 1)")
        _one_of("optimizer", self.optimizer, ("adamw", "muon"))
        _one_of("schedule", self.schedule, ("cosine", "linear", "wsd"))
        _one_of("precision", self.precision, ("auto", "fp32", "bf16"))
        _one_of("parallel", self.parallel, ("ddp", "fsdp"))
        for name in ("separate_documents", "recompute_activations", "compile"):
            value = getattr(self, name)
            unset = name == "compile" and value is None
            _need(unset or isinstance(value, bool), name, value, "use true or false")
        _need(
            self.warmup_tokens < self.tokens,
            "warmup_tokens",
            self.warmup_tokens,
            f"must be less than tokens={self.tokens}",
        )


def from_plain(cls: type[T], value: Any, path: str = "") -> T:
    """Build a configuration, nested ones too, from plain JSON values.

    ConfigError names an unknown or missing key by its dotted path.
    """
    where = path or cls.__name__
    _need(isinstance(value, Mapping), where, value, f"must be the fields of a {cls.__name__}")
    types = get_type_hints(cls)
    for key in value:
        near = difflib.get_close_matches(str(key), list(types), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(types)}"
        _need(key in types, f"{where}.{key}", value[key], f"no such field; {hint}")
    try:
        return cls(**{k: _convert(types[k], v, f"{where}.{k}") for k, v in value.items()})
    except TypeError as error:
        raise ConfigError(f"{where}: {error}") from error


def _convert(kind: Any, value: Any, path: str) -> Any:
    """A JSON value as what a field's type asks for; ConfigError when it is of another type."""
    if get_origin(kind) in (Union, UnionType):
        return value if value is None else _convert(get_args(kind)[0], value, path)
    if get_origin(kind) is tuple:
        _need(isinstance(value, list | tuple), path, value, "must be a list")
        return tuple(_convert(get_args(kind)[0], v, f"{path}.{i}") for i, v in enumerate(value))
    if isinstance(kind, type) and is_dataclass(kind):
        return from_plain(kind, value, path)
    if kind is bool:
        _need(isinstance(value, bool), path, value, "must be true or false")
    elif kind in (int, float):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        _need(number and abs(value) <= sys.float_info.max, path, value, "must be a finite number")
        _need(kind is float or value == int(value), path, value, "must be a whole number")
        return kind(value)
    else:
        _need(isinstance(value, str), path, value, "must be a text")
    return value
