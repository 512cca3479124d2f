"""The model that both sides score: small, and trained for a few seconds on the texts whose ends are
to be written.

Trained so that its last words are neither all right nor all wrong, and that what it writes is text;
how well it does says nothing. Equal texts make an equal model on one machine.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from gptcore.checkpoint import save_weights
from gptcore.config import ModelConfig, TokenizerConfig
from gptcore.hugging_face import export_hugging_face
from gptcore.model import GPT
from gptcore.scoring import Scorer
from gptcore.tokenizer import Tokenizer, load_tokenizer, train_tokenizer

VOCABULARY, CONTEXT = 640, 256
_STEPS, _BATCH, _LENGTH = 150, 16, 48
_IGNORED = -100


def make_model(texts: Sequence[str], learned: Sequence[str], directory: Path) -> Scorer:
    """Write ``weights``, ``tokenizer`` (of ``texts``) and ``exported`` into ``directory``.

    Returns the scorer of what has ``learned`` the others.
    """
    torch.set_num_threads(1)  # as the scorer does: another number would train another model
    (directory / "tokenizer").mkdir()
    train_tokenizer(TokenizerConfig(vocab_size=VOCABULARY), texts, directory / "tokenizer")
    tokenizer = load_tokenizer(directory / "tokenizer")
    config = ModelConfig(
        vocab_size=tokenizer.vocab_size, context_length=CONTEXT, n_layer=2, n_head=4, n_embd=48
    )
    model = GPT(config).initialize(0)
    _train(model, tokenizer, learned)
    save_weights(directory / "weights", config, model.state_dict())
    weights, exported = directory / "weights", directory / "exported"
    export_hugging_face(weights, directory / "tokenizer", exported)
    return Scorer.load(weights, directory / "tokenizer", threads=1)


def _train(model: GPT, tokenizer: Tokenizer, texts: Sequence[str]) -> None:
    """A few steps on the ends of texts, where the answers are."""
    end = tokenizer.end_of_text
    rows = [[end, *ids, end][-_LENGTH - 1 :] for ids in tokenizer.encode_batch(texts)]
    rng = random.Random(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    for _ in range(_STEPS):
        ids, labels = _padded(rng.sample(rows, _BATCH), end)
        logits = model.logits(model(ids))
        loss = cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=_IGNORED)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def _padded(rows: Sequence[Sequence[int]], end: int) -> tuple[Tensor, Tensor]:
    """Inputs and labels (B, T)."""
    longest = max(map(len, rows))
    pads = [longest - len(row) for row in rows]
    ids = torch.tensor([[*row, *[end] * pad] for row, pad in zip(rows, pads, strict=True)])
    labels = torch.tensor([[*row, *[_IGNORED] * pad] for row, pad in zip(rows, pads, strict=True)])
    return ids[:, :-1], labels[:, 1:]
