"""Peers with our weights.

Hugging Face's GPT-2 keeps the matrices of its blocks as [in, out]; ours are [out, in].
lm-evaluation-harness starts no text with end-of-text unless its tokenizer does: here it does, so
that both read the same ids.
"""

import logging
from typing import Any

import torch
import transformers

from gptcore.config import ModelConfig
from gptcore.model import GPT
from gptcore.tokenizer import Tokenizer

_TURNED = ("c_attn.weight", "c_proj.weight", "c_fc.weight")


def small_model(vocab_size: int = 8192) -> GPT:
    """10M: 6 layers, 6 heads, width 384, context 256.

    Drawn wider than for training, so that its predictions differ from place to place.
    """
    config = ModelConfig(vocab_size=vocab_size, context_length=256, n_layer=6, n_head=6, n_embd=384)
    model = GPT(config).initialize(0).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.mul_(1.0 if name == "wte.weight" else 4.0)
    return model


def gpt2_config(config: ModelConfig) -> Any:
    """The same shape for Hugging Face, without dropout and special tokens."""
    return transformers.GPT2Config(
        vocab_size=config.vocab_size,
        n_positions=config.context_length,
        n_embd=config.n_embd,
        n_layer=config.n_layer,
        n_head=config.n_head,
        activation_function="gelu_new" if config.gelu == "tanh" else "gelu",
        resid_pdrop=0,
        embd_pdrop=0,
        attn_pdrop=0,
        bos_token_id=None,
        eos_token_id=None,
    )


def hf_gpt2(model: GPT) -> Any:
    """``GPT2LMHeadModel`` with a copy of the weights of a GPT-2, in eval mode."""
    peer = transformers.GPT2LMHeadModel(gpt2_config(model.config))
    theirs = dict(peer.transformer.named_parameters())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            turned = name.endswith(_TURNED)
            theirs[name].copy_(parameter.t() if turned else parameter)
    return peer.to(model.wte.weight.dtype).eval()


def harness_model(model: GPT, tokenizer: Tokenizer, *, batch_size: int, starts: bool = True) -> Any:
    """lm-evaluation-harness' ``HFLM`` on a copy of the weights, with our tokenizer.

    ``starts``: end-of-text stands before every text, as with us. Its rolling windows put it there
    themselves: for them ``starts=False``.
    """
    from lm_eval.models.huggingface import HFLM

    logging.getLogger("lm_eval").setLevel(logging.ERROR)

    class Peer(HFLM):  # type: ignore[misc]
        def tok_encode(
            self, string: str, add_special_tokens: bool | None = None, **_: Any
        ) -> list[int]:
            first = [tokenizer.end_of_text] if starts and add_special_tokens is not False else []
            return [*first, *tokenizer.encode(string)]

    return Peer(
        pretrained=hf_gpt2(model),
        tokenizer=_shell(tokenizer),
        batch_size=batch_size,
        prefix_token_id=tokenizer.end_of_text,
    )


def _shell(tokenizer: Tokenizer) -> Any:
    """A tokenizer of the library's own type with the size and the end-of-text of ours."""
    from tokenizers import Tokenizer as Raw
    from tokenizers.models import WordLevel

    names = {f"<{i}>": i for i in range(tokenizer.vocab_size)}
    end = f"<{tokenizer.end_of_text}>"
    raw = Raw(WordLevel(names, unk_token=end))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token=end, bos_token=end, pad_token=end
    )
