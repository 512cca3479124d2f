"""A model of the workspace as a Hugging Face directory: weights, tokenizer, model card."""

from pathlib import Path

from flows.card import card
from flows.champion import judged_run, model_of
from flows.workspace import Product, Workspace
from gptcore.hugging_face import export_hugging_face

_LOADING = """## How to load it

```python
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

place = "this directory"
model = AutoModelForCausalLM.from_pretrained(place)
tokenizer = AutoTokenizer.from_pretrained(place)
ids = [tokenizer.bos_token_id, *tokenizer("The beginning of a text")["input_ids"]]
written = model.generate(torch.tensor([ids]), max_new_tokens=40)[0]
print(tokenizer.decode(written[1:]))
```

Every text starts after `<|endoftext|>`, as in training. The tokenizer encodes specials that a text
spells as text (`split_special_tokens`). `tokenizer.model` is the same vocabulary for SentencePiece.
"""


def export(workspace: Workspace, profile: str, target: Path, *, run: str | None = None) -> Product:
    """Write ``target`` and return the run that is in it: the champion, or the one named.

    Where there is no champion it is the last challenger. FlowsError when there is no such run,
    ConfigError when ``target`` is taken.
    """
    found = (
        judged_run(workspace, profile, run) if run is not None else model_of(workspace, profile)[0]
    )
    text = card(workspace, profile, run=found, loading=_LOADING)
    export_hugging_face(found.path / "weights", found.path / "tokenizer", target, card=text)
    return found
