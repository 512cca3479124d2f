"""The GPT, in one file: GPT-1 and GPT-2 differ by ``ModelConfig`` alone.

Parameter names are those of the GPT-2 checkpoint (wte, wpe, h.N.attn.c_attn …), so that parity
with a published model is a key-by-key copy; Linear weights are [out, in], where the checkpoints
hold [in, out].

- pre-norm (GPT-2): LayerNorm at the input of each sub-block and one after the last Block;
  post-norm (GPT-1): LayerNorm after each residual addition and none at the end.
- the head is the transposed token embedding; logits are never made for a whole batch: ``loss``
  works through chunks of tokens and needs memory for one chunk.
- attention: ``gptcore.attention`` says by which rule its kernel is chosen.

Shapes: B rows, T positions, H heads, D head width, C = H·D width, V vocabulary, N = B·T.

Sources: openai/finetune-transformer-lm ``train.py`` (block, post-norm, tied matrix),
openai/gpt-2 ``src/model.py`` (pre-norm, tanh GELU, init), GPT-2 paper §2.3 (residual scaling).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from gptcore.attention import causal_attention
from gptcore.config import ModelConfig
from gptcore.documents import Documents
from gptcore.loss import ChunkedLoss


class Attention(nn.Module):
    """Causal self-attention, all heads at once."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_head, self.dropout = config.n_head, config.dropout
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, T, C) and what is hidden, additive (B, 1, T, T), None: what is ahead → (B, T, C)."""
        qkv, dropout = self.c_attn(x), self.dropout if self.training else 0.0
        return F.dropout(self.c_proj(causal_attention(qkv, self.n_head, dropout, mask)), dropout)


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

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, T, C) → (B, T, C)."""
        y = self.attn(self.ln_1(x) if self.pre_norm else x, mask)
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
        self.compiled = False
        self.recompute = False
        """Keep of every Block only what goes in, and compute it anew for the backward pass."""

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

    def compile_parts(self) -> None:
        """Have torch compile every Block, and what the loss does between its products."""
        self.compiled = True
        for block in self.h:
            block.compile()

    def forward(self, ids: Tensor, documents: Documents | None = None) -> Tensor:
        """Ids (B, T), every row a text from its beginning on → last hidden states (B, T, C).

        ``documents``: where rows hold several texts that must not see each other.
        """
        return self._read(ids, documents, *self._rows())

    def _rows(self) -> tuple[Tensor, Tensor]:
        """Token rows (V, C) and position rows as this pass reads them, and its head the first."""
        rows = self.wte.weight, self.wpe.weight
        if self.config.embedding_dropout == "sum":
            return rows
        wte, wpe = (F.dropout(r, self.config.dropout, self.training) for r in rows)
        return wte, wpe

    def _read(self, ids: Tensor, documents: Documents | None, wte: Tensor, wpe: Tensor) -> Tensor:
        if documents is None:
            positions, mask = torch.arange(ids.shape[1], device=ids.device), None
        else:
            positions, mask = documents.positions, documents.mask(wte.dtype)
        x = F.embedding(ids, wte) + F.embedding(positions, wpe)
        if self.config.embedding_dropout == "sum":
            x = F.dropout(x, self.config.dropout, self.training)
        for block in self.h:
            if self.recompute and torch.is_grad_enabled():
                x = checkpoint(block, x, mask, use_reentrant=False)
            else:
                x = block(x, mask)
        hidden: Tensor = self.ln_f(x)
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """Hidden states (…, C) → logits (…, V) in fp32."""
        return F.linear(hidden, self.wte.weight).float()

    def loss(
        self, ids: Tensor, labels: Tensor, weights: Tensor, documents: Documents | None = None
    ) -> Tensor:
        """Σ weights · negative log-likelihood (nats, fp32) of labels (B, T) after ids (B, T).

        A sum, so that the caller divides by the weight of the whole optimizer step, over
        micro-steps and ranks (never a mean of means).
        """
        wte, wpe = self._rows()
        hidden = self._read(ids, documents, wte, wpe).reshape(-1, self.config.n_embd)
        total: Tensor = ChunkedLoss.apply(
            hidden,
            wte,
            labels.reshape(-1),
            weights.reshape(-1),
            self.compiled,
            torch.is_grad_enabled(),
        )  # type: ignore[no-untyped-call]
        return total


def count_parameters(config: ModelConfig) -> int:
    """Parameters of a GPT of this shape; the tied matrix counts once."""
    with torch.device("meta"):
        return sum(p.numel() for p in GPT(config).parameters())
