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

from gptcore.attention import attention_kernel, plain_attention
from gptcore.config import ModelConfig
from gptcore.loss import ChunkedLoss


class Attention(nn.Module):
    """Causal self-attention, all heads at once."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_head, self.dropout = config.n_head, config.dropout
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, C) and an additive mask (T, T) → (B, T, C)."""
        b, t, c = x.shape
        qkv = self.c_attn(x).view(b, t, 3, self.n_head, c // self.n_head)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
        dropout = self.dropout if self.training else 0.0
        if attention_kernel(x.device.type, x.dtype, t) == "plain":
            y = plain_attention(q, k, v, mask, dropout)
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

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
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

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (B, T), every row a text from its beginning on → last hidden states (B, T, C)."""
        t = ids.shape[1]
        mask = torch.full((t, t), -math.inf, device=ids.device, dtype=self.wte.weight.dtype).triu(1)
        x = self.wte(ids) + self.wpe(torch.arange(t, device=ids.device))
        x = F.dropout(x, self.config.dropout, self.training)
        for block in self.h:
            x = block(x, mask)
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
        total: Tensor = ChunkedLoss.apply(
            hidden, self.wte.weight, labels.reshape(-1), weights.reshape(-1)
        )  # type: ignore[no-untyped-call]
        return total


def count_parameters(config: ModelConfig) -> int:
    """Parameters of a GPT of this shape; the tied matrix counts once."""
    with torch.device("meta"):
        return sum(p.numel() for p in GPT(config).parameters())
