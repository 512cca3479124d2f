"""Published weights and ours: the same logits on both sides, the same bits after a round trip."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

from gptcore.checkpoint import load_weights
from gptcore.config import ModelConfig
from gptcore.errors import ConfigError, GptcoreError, ProductError
from gptcore.hugging_face import import_published
from gptcore.interop import read_hugging_face, write_hugging_face
from gptcore.model import GPT
from gptcore.openai_release import read_openai_release
from gptcore.tokenizer import load_tokenizer

SHAPE = ModelConfig(vocab_size=211, context_length=48, n_layer=3, n_head=4, n_embd=32, dropout=0.1)
SHAPES = {
    "GPT-2": SHAPE,
    "GPT-2 with the exact GELU": replace(SHAPE, gelu="erf"),
    "GPT-1": replace(SHAPE, norm="post", scale_residual_init=False),
}
IDS = torch.randint(0, 211, (2, 48), generator=torch.Generator().manual_seed(0))


def drawn(config: ModelConfig) -> dict[str, Tensor]:
    """Weights that are all different, gains and biases too."""
    generator = torch.Generator().manual_seed(1)
    named = GPT(config).initialize(0).named_parameters()
    return {n: p.detach() + 0.1 * torch.randn(p.shape, generator=generator) for n, p in named}


@torch.no_grad()
def logits(config: ModelConfig, weights: dict[str, Tensor]) -> Tensor:
    model = GPT(config).eval()
    model.load_state_dict(weights)
    return model.logits(model(IDS))


@torch.no_grad()
def their_logits(directory: Path) -> Tensor:
    model = transformers.AutoModelForCausalLM.from_pretrained(directory).eval()
    found: Tensor = model(IDS).logits
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_what_we_write_gives_the_same_logits_in_transformers(name: str, tmp_path: Path) -> None:
    config, weights = SHAPES[name], drawn(SHAPES[name])
    write_hugging_face(tmp_path, config, weights, end_of_text=1)
    assert (their_logits(tmp_path) - logits(config, weights)).abs().max() < 1e-5
    again, read = read_hugging_face(tmp_path)
    assert again == config
    assert read.keys() == weights.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in weights.items())


PEERS: dict[str, Any] = {
    "gpt2": transformers.GPT2Config,
    "openai-gpt": transformers.OpenAIGPTConfig,
}


def published(kind: str, directory: Path, **more: Any) -> Path:
    """A random model as transformers writes it."""
    torch.manual_seed(0)
    shape = {"vocab_size": 211, "n_positions": 48, "n_layer": 2, "n_head": 4, "n_embd": 32}
    config = PEERS[kind](**shape, bos_token_id=1, eos_token_id=1, initializer_range=0.2)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(directory, **more)
    return directory


@pytest.mark.parametrize("shard", ["1GB", "20KB"])
@pytest.mark.parametrize("kind", PEERS)
def test_what_transformers_writes_gives_the_same_logits_here(
    kind: str, shard: str, tmp_path: Path
) -> None:
    published(kind, tmp_path, max_shard_size=shard)
    assert (tmp_path / "model.safetensors.index.json").exists() == (shard == "20KB")
    assert (logits(*read_hugging_face(tmp_path)) - their_logits(tmp_path)).abs().max() < 1e-5


def test_old_files_without_prefix_with_masks_and_in_half_precision_are_read(tmp_path: Path) -> None:
    published("gpt2", tmp_path)
    plain = read_hugging_face(tmp_path)[1]
    old = load_file(tmp_path / "model.safetensors")
    old = {name.removeprefix("transformer."): tensor.half() for name, tensor in old.items()}
    old["lm_head.weight"] = old["wte.weight"].clone()
    old["h.0.attn.bias"] = torch.ones(1, 1, 48, 48)
    old["h.0.attn.masked_bias"] = torch.tensor(-1e4)
    old["position_ids"] = torch.arange(48)
    save_file(old, tmp_path / "model.safetensors")
    found = read_hugging_face(tmp_path)[1]
    assert all(torch.equal(found[name], tensor.half().float()) for name, tensor in plain.items())


def _change(**fields: Any) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        path = directory / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    return damage


def _tensor(name: str, tensor: Tensor | None) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        tensors = load_file(directory / "model.safetensors")
        tensors.pop(name, None)
        save_file(
            tensors if tensor is None else {**tensors, name: tensor},
            directory / "model.safetensors",
        )

    return damage


def _pickle(directory: Path) -> None:
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")


def _index(index: dict[str, Any]) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        (directory / "model.safetensors.index.json").write_text(json.dumps(index))

    return damage


DAMAGE: dict[str, Any] = {
    "model_type='llama': use a model of gpt2 or openai-gpt": _change(model_type="llama"),
    "activation_function='relu': only gelu_new": _change(activation_function="relu"),
    "n_inner=64": _change(n_inner=64),
    "layer_norm_epsilon=1e-06": _change(layer_norm_epsilon=1e-6),
    "tie_word_embeddings=False": _change(tie_word_embeddings=False),
    "scale_attn_by_inverse_layer_idx=True": _change(scale_attn_by_inverse_layer_idx=True),
    "n_layer='two': must be a whole number": _change(n_layer="two"),
    "n_layer=3, but weights of 2 layers": _change(n_layer=3),
    "n_layer=100000000, but": _change(n_layer=10**8),
    "n_head=True: must be a whole": _change(n_head=True),
    "hidden_size=64 is not n_embd=32": _change(hidden_size=64),
    "num_attention_heads=2 is not n_head=4": _change(num_attention_heads=2),
    "resid_pdrop=None: must be a number": _change(resid_pdrop=None),
    "resid_pdrop='0.1': must be a number": _change(resid_pdrop="0.1"),
    r"model_type=\['gpt2'\]": _change(model_type=["gpt2"]),
    r"activation_function=\['gelu'\]": _change(activation_function=["gelu"]),
    r"c_fc\.weight has the shape \(1, 32, 128\)": _tensor(
        "transformer.h.0.mlp.c_fc.weight", torch.zeros(1, 32, 128)
    ),
    "weight_map is no JSON object.*again": _index({}),
    "weight_map is no JSON object: get": _index({"weight_map": []}),
    "names 'a.x00b'": _index({"weight_map": {"a": "a\0b"}}),
    r"wte\.weight has the shape": _change(vocab_size=212),
    r"h\.0\.ln_1\.bias has .* missing": _tensor("transformer.h.0.ln_1.bias", None),
    r"score\.weight .*has no such weights": _tensor("score.weight", torch.zeros(2, 32)),
    r"lm_head\.weight is not the token embedding": _tensor("lm_head.weight", torch.zeros(211, 32)),
    "pytorch_model.bin is a pickle.*safetensors": _pickle,
    "names '../model.safetensors'": _index({"weight_map": {"wte": "../model.safetensors"}}),
    "config.json is no JSON object": lambda d: (d / "config.json").write_text("[]"),
    "model.safetensors": lambda d: (d / "model.safetensors").unlink(),
    "get it again": lambda d: (d / "model.safetensors").write_bytes(b"cut off"),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_what_cannot_be_read_is_refused_by_name(message: str, tmp_path: Path) -> None:
    DAMAGE[message](published("gpt2", tmp_path))
    with pytest.raises(GptcoreError, match=message):
        read_hugging_face(tmp_path)


def test_what_transformers_does_not_have_is_not_written(tmp_path: Path) -> None:
    config = replace(SHAPES["GPT-1"], gelu="erf")
    with pytest.raises(ConfigError, match="gelu='erf'"):
        write_hugging_face(tmp_path, config, drawn(config), end_of_text=1)
    assert not list(tmp_path.iterdir())


Array = npt.NDArray[np.float32]
TOKENS, POSITIONS, WIDTH, HEADS, LAYERS = 37, 16, 24, 3, 2


def release(directory: Path, tokens: int = TOKENS, width: int = WIDTH) -> list[Array]:
    """An invented miniature in the layout of OpenAI's files, cut into ten at odd places."""
    shapes: list[list[int]] = [[POSITIONS, width], [tokens, width]]
    for _ in range(LAYERS):
        for rows, columns in ((width, 3 * width), (width, width)):
            shapes += [[1, rows, columns], [columns]]
        shapes += [[width], [width], [1, width, 4 * width], [4 * width]]
        shapes += [[1, 4 * width, width], [width], [width], [width]]
    rng = np.random.default_rng(0)
    arrays = [rng.normal(0, 0.3, shape).astype(np.float32) for shape in shapes]
    flat = np.concatenate([array.ravel() for array in arrays])
    for number, part in enumerate(np.array_split(flat, 10)):
        np.save(directory / f"params_{number}.npy", part)
    (directory / "params_shapes.json").write_text(json.dumps(shapes))
    return arrays


def _one_array(directory: Path) -> None:
    (directory / "params_1.npy").unlink()
    np.save(directory / "params_0.npy", np.zeros(4, np.float32))
    (directory / "params_shapes.json").write_text("[[4]]")


def norm(x: Array, gain: Array, bias: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    found: Array = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * gain + bias
    return found


def forward(arrays: list[Array], ids: Array) -> Array:
    """GPT-1 in numpy, from its paper: joint matrix, post-norm blocks, tanh GELU."""
    matrix = np.concatenate([arrays[1], np.zeros((3, WIDTH), np.float32), arrays[0]])
    x = matrix[ids] + matrix[TOKENS + 3 + np.arange(len(ids))]
    for at in range(2, len(arrays), 12):
        qkv_w, qkv_b, out_w, out_b, g1, b1, in_w, in_b, back_w, back_b, g2, b2 = arrays[
            at : at + 12
        ]
        mixed = []
        for q, k, v in zip(
            *(np.split(part, HEADS, 1) for part in np.split(x @ qkv_w[0] + qkv_b, 3, 1)),
            strict=True,
        ):
            scores = np.where(np.tri(len(ids)) > 0, q @ k.T / np.sqrt(WIDTH / HEADS), -1e9)
            p = np.exp(scores - scores.max(1, keepdims=True))
            mixed.append(p / p.sum(1, keepdims=True) @ v)
        n = norm(x + np.concatenate(mixed, 1) @ out_w[0] + out_b, g1, b1)
        u = n @ in_w[0] + in_b
        u = 0.5 * u * (1 + np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3)))
        x = norm(n + u @ back_w[0] + back_b, g2, b2)
    logits: Array = x @ matrix[:TOKENS].T
    return logits


def test_openais_release_gives_the_logits_of_its_forward_pass(tmp_path: Path) -> None:
    arrays = release(tmp_path)
    config, weights = read_openai_release(tmp_path, n_head=HEADS)
    assert config.norm == "post" and config.gelu == "tanh" and config.n_layer == LAYERS
    ids = np.arange(POSITIONS) * 5 % TOKENS
    model = GPT(config).eval()
    model.load_state_dict(weights)
    with torch.no_grad():
        found = model.logits(model(torch.from_numpy(ids)[None]))[0].numpy()
    assert np.abs(found - forward(arrays, ids)).max() < 1e-4 < np.abs(found).max()
    with pytest.raises(ConfigError, match="rows of 24 make no heads of 64: give n_head"):
        read_openai_release(tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: (d / "params_9.npy").unlink(), "numbers where the shapes need"),
        (lambda d: (d / "params_0.npy").unlink(), "no release of GPT-1"),
        (lambda d: (d / "params_3.npy").write_bytes(b""), "no release of GPT-1"),
        (lambda d: _one_array(d), "has 1 arrays: not GPT-1"),
        (lambda d: (d / "params_shapes.json").unlink(), "no release of GPT-1"),
        (lambda d: np.save(d / "params_3.npy", np.array([{}])), "allow_pickle=False"),
    ],
)
def test_a_broken_release_is_named(damage: Any, message: str, tmp_path: Path) -> None:
    release(tmp_path)
    damage(tmp_path)
    with pytest.raises(ProductError, match=message):
        read_openai_release(tmp_path)


def test_openais_release_is_imported_with_its_vocabulary(
    words_directory: Path, tmp_path: Path
) -> None:
    ours = load_tokenizer(words_directory)
    (tmp_path / "model").mkdir()
    arrays = release(tmp_path / "model", ours.vocab_size, 64)
    with pytest.raises(ProductError, match=r"model holds no tokenizer .*encoder_bpe_40000\.json"):
        import_published(tmp_path / "model", tmp_path / "out")
    for name, theirs in (
        ("vocab.json", "encoder_bpe_40000.json"),
        ("merges.txt", "vocab_40000.bpe"),
    ):
        (tmp_path / "model" / theirs).write_bytes((words_directory / name).read_bytes())
    import_published(tmp_path / "model", tmp_path / "out")
    config, weights = load_weights(tmp_path / "out/weights")
    assert (config.norm, config.n_head, config.n_layer) == ("post", 1, LAYERS)
    assert np.array_equal(weights["wte.weight"].numpy(), arrays[1])
    assert load_tokenizer(tmp_path / "out/tokenizer").encode("the self") == ours.encode("the self")
