"""Exported directories: transformers makes the same ids and logits; imports are bit-equal."""

import inspect
import io
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
import transformers
from hypothesis import given, settings
from safetensors.torch import load_file

from gptcore import hugging_face
from gptcore.bpe import read_merges, read_vocabulary
from gptcore.checkpoint import save_weights
from gptcore.config import ModelConfig
from gptcore.errors import ConfigError, GptcoreError, ProductError
from gptcore.exported_tokenizer import read_tokenizer, write_tokenizer
from gptcore.hugging_face import export_hugging_face, import_published
from gptcore.model import GPT
from gptcore.scoring import Scorer
from gptcore.tokenizer import END_OF_TEXT, load_tokenizer
from tests.gptcore.conftest import texts
from tests.gptcore.test_words import OURS, trained
from tests.gptcore.vocabularies import CODE, old_writings, writings

SHAPE = ModelConfig(vocab_size=512, context_length=64, n_layer=2, n_head=2, n_embd=32)


def run(directory: Path, config: ModelConfig) -> Path:
    model = GPT(config).initialize(5)
    save_weights(directory, config, dict(model.named_parameters()))
    return directory


def theirs(directory: Path) -> Any:
    return transformers.AutoTokenizer.from_pretrained(directory)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_an_exported_run_does_the_same_in_transformers(
    norm: Any, tokenizer_directory: Path, tmp_path: Path
) -> None:
    config = replace(SHAPE, norm=norm)
    weights = run(tmp_path / "weights", config)
    export_hugging_face(weights, tokenizer_directory, tmp_path / "out", card="# A card\n")
    assert (tmp_path / "out/README.md").read_text() == "# A card\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "weights"]
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    tokenizer, ours = theirs(tmp_path / "out"), load_tokenizer(tokenizer_directory)
    assert tokenizer.eos_token_id == model.config.eos_token_id == ours.end_of_text
    assert tokenizer.model_max_length == 64
    scorer = Scorer.load(weights, tokenizer_directory, threads=1)
    for text in texts(5, 7):
        ids = torch.tensor([[ours.end_of_text, *tokenizer(text)["input_ids"]]])[:, :64]
        log_p = model(ids).logits.log_softmax(-1)[0, :-1].gather(1, ids[0, 1:, None])[:, 0]
        found = scorer.rolling([ours.decode(ids[0].tolist())])[0]
        torch.testing.assert_close(log_p, torch.tensor(found.token_logprobs), atol=1e-5, rtol=1e-5)
    import_published(tmp_path / "out", tmp_path / "back")
    first, second = (
        load_file(p / "model.safetensors") for p in (weights, tmp_path / "back/weights")
    )
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    again = Scorer.load(tmp_path / "back/weights", tmp_path / "back/tokenizer", threads=1)
    assert again.rolling(texts(2, 8)) == scorer.rolling(texts(2, 8))


def test_ids_of_our_vocabulary_are_the_same_in_transformers(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours/tokenizer.model").write_bytes(trained())
    write_tokenizer(tmp_path / "ours", tmp_path / "theirs", context_length=64)
    ours, peer = load_tokenizer(tmp_path / "ours"), theirs(tmp_path / "theirs")
    assert len(peer) == ours.vocab_size

    @settings(max_examples=500, deadline=None)
    @given(text=writings)
    def same(text: str) -> None:
        assert peer(text)["input_ids"] == ours.encode(text)
        assert peer.decode(ours.encode(text)) == text

    same()
    for text in (CODE, inspect.getsource(json), f"{END_OF_TEXT}\u2581 <0x41>"):
        assert peer(text)["input_ids"] == ours.encode(text)
    assert peer.decode([ours.end_of_text], skip_special_tokens=True) == ""


@pytest.mark.parametrize("letters", ["ab", "a ", "aab  ", "abc"])
def test_ids_are_the_same_where_pieces_repeat_themselves(letters: str, tmp_path: Path) -> None:
    """The order in which equal pairs are merged matters for runs, if it matters at all."""
    rng, model = random.Random(0), io.BytesIO()
    some = ["".join(rng.choices(letters, k=rng.randint(5, 200))) for _ in range(60)]
    changes = {"vocab_size": 320, "hard_vocab_limit": False, "split_by_whitespace": False}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(some), model_writer=model, **{**OURS, **changes}
    )
    (tmp_path / "tokenizer.model").write_bytes(model.getvalue())
    (tmp_path / "theirs").mkdir()
    write_tokenizer(tmp_path, tmp_path / "theirs", context_length=64)
    ours, peer = load_tokenizer(tmp_path), theirs(tmp_path / "theirs")
    for _ in range(500):
        text = "".join(rng.choices(letters, k=rng.randint(0, 60)))
        text = rng.choice([text, rng.choice(letters) * len(text)])
        assert peer(text)["input_ids"] == ours.encode(text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "unigram"}, "is no BPE"),
        ({"model_type": "char"}, "is no BPE"),
        ({"user_defined_symbols": ["\n", "\t", "::"]}, "user-defined symbol '::'"),
    ],
)
def test_what_has_no_equal_there_is_not_written(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    (tmp_path / "tokenizer.model").write_bytes(trained(**{"hard_vocab_limit": False, **changes}))
    load_tokenizer(tmp_path)
    (tmp_path / "theirs").mkdir()
    with pytest.raises(ConfigError, match=message):
        write_tokenizer(tmp_path, tmp_path / "theirs", context_length=64)
    assert not list((tmp_path / "theirs").iterdir())


def saved(source: Path, directory: Path) -> Path:
    """A published vocabulary as transformers saves it: a tokenizer.json."""
    write_tokenizer(source, directory, context_length=64)
    theirs(directory).save_pretrained(directory)
    for name in ("vocab.json", "merges.txt"):
        (directory / name).unlink()
    return directory


def _set(value: dict[str, Any], name: str, new: Any) -> None:
    *way, last = name.split(".")
    for key in way:
        value = value[key]
    value[last] = new


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("bytes", "normalizer", {"type": "NFC"}),
        ("bytes", "pre_tokenizer.add_prefix_space", True),
        ("bytes", "pre_tokenizer.use_regex", False),
        ("bytes", "pre_tokenizer.type", "Whitespace"),
        ("bytes", "model.type", "Unigram"),
        ("bytes", "model.ignore_merges", True),
        ("bytes", "model.dropout", 0.1),
        ("bytes", "model.continuing_subword_prefix", "##"),
        ("bytes", "model.end_of_word_suffix", "</w>"),
        ("words", "normalizer.lowercase", False),
        ("words", "normalizer.strip_accents", False),
        ("words", "model.end_of_word_suffix", None),
    ],
)
def test_an_option_that_makes_other_ids_is_refused_by_name(
    kind: str, name: str, value: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "read").mkdir()
    (tmp_path / "saved").mkdir()
    source = saved(request.getfixturevalue(f"{kind}_directory"), tmp_path / "saved")
    read_tokenizer(source, tmp_path / "read")
    raw = json.loads((source / "tokenizer.json").read_text())
    _set(raw, name, value)
    (source / "tokenizer.json").write_text(json.dumps(raw))
    (tmp_path / "new").mkdir()
    with pytest.raises(ProductError, match=f"saved holds no tokenizer.*{name}="):
        read_tokenizer(source, tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_other_specials_and_a_space_before_texts_are_refused(
    bytes_directory: Path, tmp_path: Path
) -> None:
    for name in ("saved", "two", "new"):
        (tmp_path / name).mkdir()
    raw = json.loads((saved(bytes_directory, tmp_path / "saved") / "tokenizer.json").read_text())
    raw["added_tokens"].append({**raw["added_tokens"][0], "id": 268, "content": "<|pad|>"})
    (tmp_path / "saved/tokenizer.json").write_text(json.dumps(raw))
    with pytest.raises(ProductError, match=r"added token '<\|pad\|>'"):
        read_tokenizer(tmp_path / "saved", tmp_path / "new")
    write_tokenizer(bytes_directory, tmp_path / "two", context_length=64)
    for config, message in (
        ('{"add_prefix_space": true}', "add_prefix_space=True"),
        ("[]", "no J"),
    ):
        (tmp_path / "two/tokenizer_config.json").write_text(config)
        with pytest.raises(ProductError, match=message):
            read_tokenizer(tmp_path / "two", tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_the_first_tokenizer_that_is_ours_is_taken(bytes_directory: Path, tmp_path: Path) -> None:
    for name in ("both", "half", "one", "two"):
        (tmp_path / name).mkdir()
    write_tokenizer(bytes_directory, tmp_path / "both", context_length=64)
    (tmp_path / "both/tokenizer.model").write_bytes(trained(add_dummy_prefix=True))
    saved(bytes_directory, tmp_path / "half")
    (tmp_path / "half/vocab.json").write_bytes((bytes_directory / "vocab.json").read_bytes())
    ours = load_tokenizer(bytes_directory)
    for source, target in (("both", "one"), ("half", "two")):
        read_tokenizer(tmp_path / source, tmp_path / target)
        assert load_tokenizer(tmp_path / target).encode("the self") == ours.encode("the self")


def test_weights_that_are_not_the_configurations_are_not_exported(
    tokenizer_directory: Path, tmp_path: Path
) -> None:
    weights = dict(GPT(SHAPE).initialize(5).named_parameters())
    del weights["ln_f.bias"]
    save_weights(tmp_path / "weights", SHAPE, weights)
    with pytest.raises(ProductError, match=r"weights: ln_f\.bias .* missing"):
        export_hugging_face(tmp_path / "weights", tokenizer_directory, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


@pytest.mark.parametrize("kind", ["bytes_directory", "words_directory"])
def test_published_vocabularies_are_the_same_in_transformers(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source: Path = request.getfixturevalue(kind)
    ours = load_tokenizer(source)
    norm: Any = "pre" if kind == "bytes_directory" else "post"
    weights = run(tmp_path / "w", replace(SHAPE, vocab_size=ours.vocab_size, norm=norm))
    export_hugging_face(weights, source, tmp_path / "out")
    peer = theirs(tmp_path / "out")

    @settings(max_examples=300, deadline=None)
    @given(text=old_writings)
    def same(text: str) -> None:
        assert peer(text)["input_ids"] == ours.encode(text)

    same()
    import_published(tmp_path / "out", tmp_path / "back")
    for name in ("vocab.json", "merges.txt"):
        assert (tmp_path / "back/tokenizer" / name).read_bytes() == (source / name).read_bytes()
    peer.save_pretrained(tmp_path / "saved")  # a tokenizer.json alone
    assert not (tmp_path / "saved/merges.txt").exists()
    (tmp_path / "read").mkdir()
    read_tokenizer(tmp_path / "saved", tmp_path / "read")
    assert read_vocabulary(tmp_path / "read/vocab.json") == read_vocabulary(source / "vocab.json")
    assert read_merges(tmp_path / "read/merges.txt") == read_merges(source / "merges.txt")


def test_a_taken_or_impossible_target_is_one_error_and_nothing_is_left(
    tokenizer_directory: Path, tmp_path: Path
) -> None:
    weights = run(tmp_path / "weights", SHAPE)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/mine").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name, message in (
        ("taken", "there already"),
        ("file", "there already"),
        ("a/b", "make it"),
    ):
        with pytest.raises(ConfigError, match=message):
            export_hugging_face(weights, tokenizer_directory, tmp_path / name)
    other = run(tmp_path / "other", replace(SHAPE, vocab_size=600))
    exact = run(tmp_path / "exact", replace(SHAPE, norm="post", gelu="erf"))
    for broken in (other, exact, tmp_path / "nowhere"):
        with pytest.raises(GptcoreError, match="vocab_size=600|gelu='erf'|holds no weights"):
            export_hugging_face(broken, tokenizer_directory, tmp_path / "new")
    with pytest.raises(ProductError, match="cannot be read"):
        import_published(tmp_path / "empty", tmp_path / "new")
    there = {"weights", "taken", "empty", "file", "other", "exact"}
    assert {path.name for path in tmp_path.iterdir()} == there
    export_hugging_face(weights, tokenizer_directory, tmp_path / "empty")
    with pytest.raises(ProductError, match="no tokenizer for us"):
        (tmp_path / "empty/tokenizer.model").unlink()
        import_published(tmp_path / "empty", tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} == there


def test_what_stands_beside_the_target_is_left_alone(
    tokenizer_directory: Path, tmp_path: Path
) -> None:
    weights = run(tmp_path / "weights", SHAPE)
    for name in (".git", ".new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").touch()
    export_hugging_face(weights, tokenizer_directory, tmp_path / "git")
    with pytest.raises(ProductError, match="cannot be read"):
        import_published(tmp_path / ".git", tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} == {"weights", ".git", ".new", "git"}
    assert (tmp_path / ".git/mine").exists() and (tmp_path / ".new/mine").exists()
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "git").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_of_two_writers_to_one_target_one_is_refused(
    tokenizer_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (run(tmp_path / f"w{n}", replace(SHAPE, n_layer=n)) for n in (1, 2))
    target, write = tmp_path / "out", hugging_face.write_tokenizer

    def overtaken(*arguments: Any, **named: Any) -> None:
        monkeypatch.setattr(hugging_face, "write_tokenizer", write)
        export_hugging_face(second, tokenizer_directory, target)
        write(*arguments, **named)

    monkeypatch.setattr(hugging_face, "write_tokenizer", overtaken)
    with pytest.raises(ConfigError, match="out cannot be written .*not empty"):
        export_hugging_face(first, tokenizer_directory, target)
    assert json.loads((target / "config.json").read_text())["n_layer"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {"w1", "w2", "out"}


def test_a_target_that_cannot_be_written_is_one_error(
    tokenizer_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = run(tmp_path / "weights", SHAPE)
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "here")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.chdir(tmp_path / "here")
    before = sorted(tmp_path.rglob("*"))
    for name in ("here", ".", "link", "dangling", "loop", "loop/x", "n" * 300):
        target = Path(name) if name == "." else tmp_path / name
        with pytest.raises(ConfigError, match="is a link or the current|cannot be written|make it"):
            export_hugging_face(weights, tokenizer_directory, target)
    assert sorted(tmp_path.rglob("*")) == before
    export_hugging_face(weights, tokenizer_directory, tmp_path / ("n" * 255))
