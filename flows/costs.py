"""What a model of a shape costs: parameters, floating-point operations, bytes. Arithmetic only.

Letters: L Blocks, d width, H heads, T context length, V vocabulary, n = batch_size · T tokens of a
micro-step, N parameters without the embeddings.

Operations of training: per token 6·(N + V·d) for the products with weights, forward (2) and
backward (4), and 12·L·d·T for those of attention (PaLM, Chowdhery et al. 2022, appendix B; the same
6·N as Kaplan et al. 2020, §2.1). The tied matrix V·d counts once, as the head; looking a row up is
free. Causality is not subtracted. Muon adds its orthogonalisation: five iterations of three
products per matrix and step.

Bytes of training: weights, gradients and the states of the optimizers, exactly; activations by
counting what the Blocks keep for the backward pass, 17·d values per token and Block (and H·T/2
where attention is made in tiles of queries; where activations are recomputed, that for one Block
and d for each), and about 12·d for what is alive meanwhile. All on one device: ranks share the
batch. Measured on eight shapes from 0.25 to 60 million parameters in fp32 with Muon and bf16 with
AdamW: the peak of the process was within 10 % of the formula, with 350 MB for the process itself;
writing a checkpoint adds nothing. Not measured on a GPU.
"""

from gptcore.config import ModelConfig, TrainConfig

PROCESS = 350_000_000
"""Bytes of a process that has loaded torch and trained one step of nothing."""
DEVICE_CONTEXT = 600_000_000
"""Bytes that CUDA takes for itself."""
_TILES_MAX, _TILE = 1024, 128
"""Longest context with attention in tiles on a processor, and their size (gptcore.attention)."""
_CHUNK = {"cpu": 512, "cuda": 8192}
"""Tokens whose logits exist at one time (``gptcore.loss``)."""
_MUON_ITERATIONS = 5


def without_embeddings(model: ModelConfig) -> int:
    """Parameters of the Blocks and the last LayerNorm: all but ``wte`` and ``wpe``."""
    d = model.n_embd
    return model.n_layer * (12 * d * d + 13 * d) + (2 * d if model.norm == "pre" else 0)


def parameters(model: ModelConfig) -> int:
    """All parameters; the tied matrix counts once."""
    return without_embeddings(model) + (model.vocab_size + model.context_length) * model.n_embd


def forward_flops_per_token(model: ModelConfig) -> int:
    """Operations to read one token in a full window."""
    weights = without_embeddings(model) + model.vocab_size * model.n_embd
    return 2 * weights + 4 * model.n_layer * model.n_embd * model.context_length


def tokens_per_step(model: ModelConfig, train: TrainConfig) -> int:
    """Tokens of one optimizer step."""
    return train.batch_size * train.accumulation * model.context_length


def steps(model: ModelConfig, train: TrainConfig) -> int:
    """Optimizer steps of a run."""
    return -(-train.tokens // tokens_per_step(model, train))


def training_flops(model: ModelConfig, train: TrainConfig) -> int:
    """Operations of a whole run."""
    per_step = 3 * forward_flops_per_token(model) * tokens_per_step(model, train)
    if train.optimizer == "muon":
        per_step += _muon_flops(model)
    return steps(model, train) * per_step


def checkpoint_bytes(model: ModelConfig, train: TrainConfig) -> int:
    """fp32 weights and the states of the optimizers."""
    return weights_bytes(model) + _state_bytes(model, train)


def weights_bytes(model: ModelConfig) -> int:
    """fp32 weights alone."""
    return 4 * parameters(model)


def training_bytes(model: ModelConfig, train: TrainConfig, device: str) -> int:
    """Peak memory of a training, on its device; on a processor the process included."""
    exact, working = weights_bytes(model), 0 if train.precision == "fp32" else 2 * parameters(model)
    state = _state_bytes(model, train)
    step = 2 * exact + working + state + _activation_bytes(model, train, device)
    return step + (PROCESS if device == "cpu" else DEVICE_CONTEXT)


def _state_bytes(model: ModelConfig, train: TrainConfig) -> int:
    """AdamW keeps two fp32 values per parameter, Muon one."""
    matrices = 12 * model.n_layer * model.n_embd**2 if train.optimizer == "muon" else 0
    return 8 * (parameters(model) - matrices) + 4 * matrices


def _activation_bytes(model: ModelConfig, train: TrainConfig, device: str) -> int:
    d, length = model.n_embd, model.context_length
    width = 4 if train.precision == "fp32" else 2
    tiles = device == "cpu" and length <= _TILES_MAX
    per_block = 17 * d + (model.n_head * (length + min(_TILE, length)) // 2 if tiles else 0)
    tokens = train.batch_size * length
    kept = model.n_layer * per_block
    if train.recompute_activations:
        kept = model.n_layer * d + per_block
    logits = 2 * 4 * model.vocab_size * min(tokens, _CHUNK[device])
    head_gradient = 4 * model.vocab_size * d
    return tokens * width * (kept + 12 * d) + logits + head_gradient


def _muon_flops(model: ModelConfig) -> int:
    """Newton–Schulz on the four matrices of every Block: X·Xᵀ, its square, and times X."""
    d = model.n_embd
    total = 0
    for rows, columns in ((3 * d, d), (d, d), (4 * d, d), (4 * d, d)):
        short, long = min(rows, columns), max(rows, columns)
        total += 2 * short * short * (2 * long + short)
    return model.n_layer * _MUON_ITERATIONS * total
