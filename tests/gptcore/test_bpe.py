"""The published vocabularies' ids, against the tokenizers of transformers; and what no peer says.

A tiny vocabulary is made here, so that something is compared everywhere; the published ones are
read where ``GENERALIST_DATA`` names a directory that holds them.
"""

import os
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2Tokenizer, OpenAIGPTTokenizer

from gptcore.bpe import ByteBPE, WordBPE, gpt1_words, read_merges, read_vocabulary
from gptcore.errors import DataError, ProductError
from gptcore.merges import merged
from gptcore.tokenizer import load_tokenizer
from tests.gptcore.vocabularies import CODE, OLD, old_writings, writings


def peer(kind: Any, directory: Path, names: tuple[str, str]) -> Any:
    pairs = [tuple(pair) for pair in read_merges(directory / names[1])]
    return kind(vocab=read_vocabulary(directory / names[0]), merges=pairs)


def compare(ours: ByteBPE | WordBPE, theirs: Any, texts: st.SearchStrategy[str], n: int) -> None:
    @settings(max_examples=n, deadline=None)
    @given(text=texts)
    def same(text: str) -> None:
        ids = ours.encode(text)
        assert ids == theirs.encode(text, split_special_tokens=True)
        assert ours.end_of_text not in ids
        if isinstance(ours, ByteBPE):
            assert ours.decode(ids) == text
        else:
            assert ours.decode(ids) == theirs.decode(ids, clean_up_tokenization_spaces=False)

    same()
    for text in (CODE, "".join(OLD[:2000])):
        assert ours.encode(text) == theirs.encode(text, split_special_tokens=True)


def test_gpt2_on_a_tiny_vocabulary(bytes_directory: Path) -> None:
    ours = load_tokenizer(bytes_directory)
    assert isinstance(ours, ByteBPE) and ours.end_of_text == ours.vocab_size - 1
    names = ("vocab.json", "merges.txt")
    compare(ours, peer(GPT2Tokenizer, bytes_directory, names), writings, 500)
    assert ours.encode_batch(["the self", ""]) == [ours.encode("the self"), []]
    assert ours.decode([ours.end_of_text]) == "" and ours.decode(ours.encode("é")[:1]) == "é"


def test_gpt1_on_a_tiny_vocabulary(words_directory: Path) -> None:
    ours = load_tokenizer(words_directory)
    assert isinstance(ours, WordBPE) and ours.end_of_text == ours.vocab_size - 1
    theirs = peer(OpenAIGPTTokenizer, words_directory, ("vocab.json", "merges.txt"))
    compare(ours, theirs, old_writings, 500)
    assert ours.decode(ours.encode("The\nSELF, é")) == "the self , e"
    assert ours.encode("€") == [0]
    for text in UNASSIGNED:
        assert ours.encode(text) == theirs.encode(text, split_special_tokens=True)


UNASSIGNED = [
    f"a{chr(point)}b {chr(point)}" for point in (0x378, 0xFFFF, 0x2FE00, 0xEFFFF, 0x10FFFF)
]
"""No version of Unicode has them."""


def published(name: str) -> Path:
    root = os.environ.get("GENERALIST_DATA")
    if not root or not (Path(root) / "tokenizers" / name).is_dir():
        pytest.skip("GENERALIST_DATA names no directory with the published vocabularies")
    return Path(root) / "tokenizers" / name


def test_gpt2_on_the_published_vocabulary() -> None:
    directory = published("gpt2")
    ours = load_tokenizer(directory)
    assert isinstance(ours, ByteBPE) and (ours.vocab_size, ours.end_of_text) == (50257, 50256)
    theirs = peer(GPT2Tokenizer, directory, ("encoder.json", "vocab.bpe"))
    compare(ours, theirs, writings, 1000)
    assigned = [chr(i) for i in range(0x110000) if unicodedata.category(chr(i)) not in ("Cs", "Cn")]
    for start in range(0, len(assigned), 500):
        text = "".join(f"a{letter}b {letter}" for letter in assigned[start : start + 500])
        assert ours.encode(text) == theirs.encode(text)
    assert ours.encode("Hello world") == [15496, 995]


def test_gpt1_on_the_published_vocabulary() -> None:
    directory = published("gpt1")
    ours = load_tokenizer(directory)
    assert isinstance(ours, WordBPE) and (ours.vocab_size, ours.end_of_text) == (40478, 40477)
    theirs = peer(OpenAIGPTTokenizer, directory, ("encoder_bpe_40000.json", "vocab_40000.bpe"))
    compare(ours, theirs, old_writings, 1000)
    for start in range(0, len(OLD), 500):
        text = "".join(f"a{letter}b {letter}" for letter in OLD[start : start + 500])
        assert ours.encode(text) == theirs.encode(text)
    assert ours.encode("".join(UNASSIGNED)) == theirs.encode("".join(UNASSIGNED))


def naive(symbols: Sequence[str], ranks: dict[tuple[str, str], int]) -> list[str]:
    """As it is told: the best pair everywhere, from left to right, again and again."""
    word = list(symbols)
    while found := [pair for pair in pairwise(word) if pair in ranks]:
        left, right = min(found, key=lambda pair: ranks[pair])
        after: list[str] = []
        while word:
            if tuple(word[:2]) == (left, right):
                after.append(left + right)
                del word[:2]
            else:
                after.append(word.pop(0))
        word = after
    return word


symbols = st.text("ab", min_size=1, max_size=3)


@settings(max_examples=1000, deadline=None)
@given(word=st.text("ab", max_size=30), pairs=st.lists(st.tuples(symbols, symbols), unique=True))
def test_merging_is_what_the_plain_loop_does(word: str, pairs: list[tuple[str, str]]) -> None:
    ranks = {pair: rank for rank, pair in enumerate(pairs)}
    assert merged(word, ranks) == naive(word, ranks)


@pytest.mark.parametrize("kind", ["bytes_directory", "words_directory"])
def test_ids_of_a_context_begin_the_ids_of_the_whole(
    kind: str, request: pytest.FixtureRequest
) -> None:
    tokenizer = load_tokenizer(request.getfixturevalue(kind))

    @settings(max_examples=300, deadline=None)
    @given(context=writings, space=st.sampled_from(" \n"), continuation=writings)
    def begins(context: str, space: str, continuation: str) -> None:
        ids = tokenizer.encode(context.rstrip())
        assert tokenizer.encode(context.rstrip() + space + continuation)[: len(ids)] == ids

    begins()


def test_a_long_word_takes_seconds(bytes_directory: Path) -> None:
    start = time.process_time()
    ids = load_tokenizer(bytes_directory).encode("theself" * 30_000)
    assert time.process_time() - start < 20 and len(ids) == 60_000


def test_words_of_gpt1_are_as_its_docstring_says() -> None:
    words = gpt1_words("Éclairs, isn't\n\nit? 日本 a\x00b")
    assert words == ["eclairs", ",", "isn", "'", "t", "it", "?", "日", "本", "ab"]
    assert gpt1_words(" \n") == []


def _without(directory: Path, name: str) -> None:
    (directory / name).unlink()


def _with(name: str, text: str) -> Callable[[Path], object]:
    return lambda directory: (directory / name).write_text(text)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: _without(d, "merges.txt"), "merges.txt"),
        (lambda d: _without(d, "vocab.json"), "vocab.json"),
        (_with("vocab.json", "[]"), "no object of ids"),
        (_with("vocab.json", "{"), "no whole vocabulary"),
        (_with("vocab.json", '{"a": 0}'), "lacks"),
        (_with("merges.txt", "a b c"), "'a b c': give two symbols"),
        (_with("merges.txt", "zq qz"), "lacks 'zqqz'"),
    ],
)
def test_a_broken_vocabulary_is_named(
    damage: Callable[[Path], object], message: str, bytes_directory: Path, tmp_path: Path
) -> None:
    for path in bytes_directory.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damage(tmp_path)
    with pytest.raises(ProductError, match=message):
        load_tokenizer(tmp_path)


def test_bad_input_is_named(bytes_directory: Path, words_directory: Path, tmp_path: Path) -> None:
    for directory in (bytes_directory, words_directory):
        with pytest.raises(DataError, match="lone surrogate"):
            load_tokenizer(directory).encode_batch(["a", "a \ud800"])
    with pytest.raises(ProductError, match=r"tokenizer\.model, vocab\.json with merges\.txt"):
        load_tokenizer(tmp_path)
    ids = read_vocabulary(bytes_directory / "vocab.json")
    with pytest.raises(ProductError, match="ids are not 0 … "):
        ByteBPE({**ids, "new": 9999}, {})
    assert max(Counter(ids.values()).values()) == 1
