"""The GPT, in one file: GPT-1 and GPT-2 differ by ``ModelConfig`` alone.

Parameter names are those of the GPT-2 checkpoint (wte, wpe, h.N.attn.c_attn …), so that parity
with a published model is a key-by-key copy; Linear weights are [out, in], where the checkpoints
hold [in, out].

- pre-norm (GPT-2): LayerNorm at the input of each sub-block and one after the last Block;
  post-norm (GPT-1): LayerNorm after each residual addition and none at the end.
- the head is the transposed token embedding; logits are never made for a whole batch: ``loss``
  works through chunks of tokens and needs memory for one chunk.
- attention: a stated rule (``attention_kernel``) chooses between torch's fused kernel and the
  plain products, which are about twice as fast on a processor in bf16 at short context
  (docs/experiments.md). The rule depends on device, dtype and length only, never on a timing.

Shapes: B rows, T positions, H heads, D head width, C = H·D width, V vocabulary, N = B·T.

Sources: openai/finetune-transformer-lm ``train.py`` (block, post-norm, tied matrix),
openai/gpt-2 ``src/model.py`` (pre-norm, tanh GELU, init), GPT-2 paper §2.3 (residual scaling).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gptcore.config import ModelConfig

LOSS_CHUNK = {"cpu": 256, "cuda": 8192}
"""Tokens whose logits exist at one time in the loss; on a processor they fit its cache."""
PLAIN_ATTENTION_MAX = 512
"""Longest context at which plain products beat the fused kernel on a processor in bf16."""


def attention_kernel(device: str, dtype: torch.dtype, length: int) -> Literal["plain", "fused"]:
    """The rule that chooses the attention kernel; what it chose is in a run's summary."""
    plain = device == "cpu" and dtype is torch.bfloat16 and length <= PLAIN_ATTENTION_MAX
    return "plain" if plain else "fused"


def _plain_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, dropout: float) -> Tensor:
    """(B, H, T, D), (B, H, S, D) ×2 and an additive mask (T, S) → (B, H, T, D)."""
    b, h, t, d = q.shape
    q, k, v = (x.reshape(b * h, -1, d) for x in (q, k, v))
    scores = torch.baddbmm(mask.expand(b * h, t, -1), q, k.transpose(1, 2), alpha=d**-0.5)
    weights = F.dropout(scores.softmax(-1), dropout)
    return torch.bmm(weights, v).view(b, h, t, d)


Past = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Keys and values (B, H, T, D) of a Block → them and all before them (B, H, S, D)."""


class Layout(Protocol):
    """How ids are read where they are not one text per row from its beginning on."""

    def positions(self, t: int) -> Tensor:
        """(B, T) positions of the next T columns."""

    def mask(self, t: int, dtype: torch.dtype) -> Tensor | None:
        """(B or 1, 1, T, S) additive, what is hidden from the next T columns; None: nothing."""

    def extend(self, block: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values (B, H, T, D) of a Block → with those before them (B, H, S, D)."""

    def read(self, t: int) -> None:
        """T columns went through all Blocks."""


class Cache:
    """Keys and values of what was read, for texts that are read on together.

    Buffers of their full length from the start, (B, H, length, D) per Block, because appending
    would copy all that is there at every token. Texts of unequal length end together: ``starts``
    says at which column each begins, what stands before is padding that nothing looks at.
    """

    def __init__(self, length: int, starts: Tensor) -> None:
        """``length``: columns to come, padding included; ``starts`` (B,)."""
        self.length, self.starts, self.seen = length, starts, 0
        self._padded = bool(starts.any())
        self._buffers: dict[int, tuple[Tensor, Tensor]] = {}

    def extend(self, block: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write (B, H, T, D) of a Block after what was seen; all of it so far (B, H, S, D)."""
        if block not in self._buffers:
            whole = (*k.shape[:2], self.length, k.shape[3])
            self._buffers[block] = k.new_empty(whole), v.new_empty(whole)
        end = self.seen + k.shape[2]
        for buffer, new in zip(self._buffers[block], (k, v), strict=True):
            buffer[:, :, self.seen : end] = new
        keys, values = self._buffers[block]
        return keys[:, :, :end], values[:, :, :end]

    def read(self, t: int) -> None:
        """What follows stands after these columns."""
        self.seen += t

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the texts."""
        self.starts = self.starts[rows]
        self._buffers = {i: (k[rows], v[rows]) for i, (k, v) in self._buffers.items()}

    def positions(self, t: int) -> Tensor:
        """(B, T) positions of the next columns; padding counts as 0."""
        columns = torch.arange(self.seen, self.seen + t, device=self.starts.device)
        return (columns - self.starts[:, None]).clamp_min(0)

    def mask(self, t: int, dtype: torch.dtype) -> Tensor | None:
        """(B or 1, 1, T, S) additive: nobody looks ahead or at padding, but padding at itself.

        None: there is nothing to hide.
        """
        if t == 1 and not self._padded:
            return None
        columns = torch.arange(self.seen + t, device=self.starts.device)
        queries = columns[self.seen :, None]
        visible = columns <= queries
        if self._padded:
            visible = visible & (columns >= self.starts[:, None, None]) | (columns == queries)
        blank = torch.zeros(visible.shape, dtype=dtype, device=columns.device)
        return blank.masked_fill(~visible, -math.inf).view(-1, 1, t, self.seen + t)


class Attention(nn.Module):
    """Causal self-attention, all heads at once."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_head, self.dropout = config.n_head, config.dropout
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd)

    def forward(self, x: Tensor, mask: Tensor | None, past: Past | None) -> Tensor:
        """(B, T, C), additive mask (T, S), None: nothing to hide; what was read → (B, T, C)."""
        b, t, c = x.shape
        qkv = self.c_attn(x).view(b, t, 3, self.n_head, c // self.n_head)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
        dropout = self.dropout if self.training else 0.0
        if past is not None:
            k, v = past(k, v)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        elif mask is not None and attention_kernel(x.device.type, x.dtype, t) == "plain":
            y = _plain_attention(q, k, v, mask, dropout)
        else:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=dropout)
        return F.dropout(self.c_proj(y.transpose(1, 2).reshape(b, t, c)), dropout)


class MLP(nn.Module):
    """Two linear layers, four times as wide between them."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd)
        self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd)
        self.approximate = "tanh" if config.gelu == "tanh" else "none"
        self.dropout = config.dropout

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) → (B, T, C)."""
        x = self.c_proj(F.gelu(self.c_fc(x), approximate=self.approximate))
        return F.dropout(x, self.dropout, self.training)


class Block(nn.Module):
    """Attention and MLP, each with its residual addition."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.pre_norm = config.norm == "pre"
        self.ln_1 = nn.LayerNorm(config.n_embd)
        self.attn = Attention(config)
        self.ln_2 = nn.LayerNorm(config.n_embd)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, mask: Tensor | None, past: Past | None) -> Tensor:
        """(B, T, C) → (B, T, C)."""
        y = self.attn(self.ln_1(x) if self.pre_norm else x, mask, past)
        if self.pre_norm:
            x = x + y
            x = x + self.mlp(self.ln_2(x))
        else:
            x = self.ln_1(x + y)
            x = self.ln_2(x + self.mlp(x))
        return x


class GPT(nn.Module):
    """A decoder with tied input and output embeddings."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.context_length, config.n_embd)
        self.h = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd) if config.norm == "pre" else nn.Identity()

    @torch.no_grad()
    def initialize(self, seed: int) -> "GPT":
        """Draw all weights from N(0, 0.02) with the stated exceptions; biases 0, gains 1."""
        generator = torch.Generator().manual_seed(seed)
        residual = 1 / math.sqrt(2 * self.config.n_layer) if self.config.scale_residual_init else 1
        for name, parameter in self.named_parameters():
            if parameter.ndim == 1:
                parameter.fill_(1.0 if ".weight" in name else 0.0)
                continue
            scale = residual if name.endswith("c_proj.weight") else 1.0
            std = self.config.wpe_std if name == "wpe.weight" else 0.02
            parameter.copy_(
                torch.empty(parameter.shape).normal_(0, std * scale, generator=generator)
            )
        return self

    def forward(self, ids: Tensor, layout: Layout | None = None) -> Tensor:
        """Ids (B, T) → last hidden states (B, T, C).

        ``layout``: a ``Cache``, whose texts the ids continue and into which they are written, or
        rows that branch; without it every row is a text from its beginning on.
        """
        t, dtype = ids.shape[1], self.wte.weight.dtype
        mask: Tensor | None
        if layout is None:
            positions = torch.arange(t, device=ids.device)
            mask = torch.full((t, t), -math.inf, device=ids.device, dtype=dtype).triu(1)
        else:
            positions, mask = layout.positions(t), layout.mask(t, dtype)
        x = self.wte(ids) + self.wpe(positions)
        x = F.dropout(x, self.config.dropout, self.training)
        for i, block in enumerate(self.h):
            x = block(x, mask, partial(layout.extend, i) if layout is not None else None)
        if layout is not None:
            layout.read(t)
        hidden: Tensor = self.ln_f(x)
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """Hidden states (…, C) → logits (…, V) in fp32."""
        return F.linear(hidden, self.wte.weight).float()

    def loss(self, ids: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        """Σ weights · negative log-likelihood (nats, fp32) of labels (B, T) after ids (B, T).

        A sum, so that the caller divides by the weight of the whole optimizer step, over
        micro-steps and ranks (never a mean of means).
        """
        hidden = self(ids).reshape(-1, self.config.n_embd)
        total: Tensor = _ChunkedLoss.apply(
            hidden, self.wte.weight, labels.reshape(-1), weights.reshape(-1)
        )  # type: ignore[no-untyped-call]
        return total


class _ChunkedLoss(torch.autograd.Function):
    """Linear layer and weighted cross-entropy, chunk by chunk.

    The gradient is known as soon as a chunk's logits are, so it is made in the forward pass and
    the logits of one chunk are all that ever exist.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, labels: Tensor, weights: Tensor
    ) -> Tensor:
        """hidden (N, C), weight (V, C), labels (N,), weights (N,) → scalar."""
        total = torch.zeros((), device=hidden.device)
        needs_gradient = hidden.requires_grad or weight.requires_grad
        d_hidden = torch.empty_like(hidden)
        d_weight = torch.zeros(weight.shape, device=weight.device)
        chunk = LOSS_CHUNK.get(hidden.device.type, 4096)
        for i in range(0, hidden.shape[0], chunk):
            part = slice(i, i + chunk)
            h, y, w = hidden[part], labels[part, None], weights[part, None]
            logits = F.linear(h, weight).float()
            logits -= logits.amax(1, keepdim=True)
            at_label = logits.gather(1, y)
            normalizer = logits.exp_().sum(1, keepdim=True)
            total += ((normalizer.log() - at_label) * w).sum()
            if needs_gradient:
                d_logits = logits.mul_(w / normalizer).scatter_add_(1, y, -w).to(h.dtype)
                torch.mm(d_logits, weight, out=d_hidden[part])
                d_weight += torch.mm(d_logits.t(), h)
        ctx.save_for_backward(d_hidden, d_weight.to(weight.dtype))
        return total

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> Any:
        """Scale what the forward pass kept."""
        d_hidden, d_weight = ctx.saved_tensors
        scale = grad[0].to(d_hidden.dtype)
        return d_hidden * scale, d_weight * scale, None, None


def count_parameters(config: ModelConfig) -> int:
    """Parameters of a GPT of this shape; the tied matrix counts once."""
    with torch.device("meta"):
        return sum(p.numel() for p in GPT(config).parameters())
