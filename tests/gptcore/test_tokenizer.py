"""Losslessness is a law: whatever goes in comes out, and no text makes a special id."""

import io
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from gptcore.config import TokenizerConfig
from gptcore.errors import ConfigError, DataError, ProductError
from gptcore.tokenizer import END_OF_TEXT, Tokenizer, load_tokenizer, train_tokenizer
from tests.gptcore.conftest import texts

anything = st.text(st.characters(exclude_categories=["Cs"]))
awkward = st.lists(
    st.sampled_from(
        ["\u2581", " ", "\n", "\t", "\r\n", "\x00", "\x85", END_OF_TEXT, "<unk>", "<0x41>",
         "<0xE2>", "<s>", "\ufffd", "\ufeff", "\U0010ffff", "a", "é", "word"]
    )
).map("".join)  # fmt: skip

_UNKNOWN = 0
"""Its id; nothing is unknown."""


@settings(max_examples=300, deadline=None)
@given(text=anything | awkward)
def test_every_text_comes_back(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.end_of_text not in ids and _UNKNOWN not in ids
    assert all(0 <= i < tokenizer.vocab_size for i in ids)


@settings(max_examples=200, deadline=None)
@given(context=anything, space=st.sampled_from(" \n"), continuation=anything)
def test_ids_of_a_context_begin_the_ids_of_the_whole(
    tokenizer: Tokenizer, context: str, space: str, continuation: str
) -> None:
    context = context.rstrip()
    whole = tokenizer.encode(context + space + continuation)
    assert whole[: len(tokenizer.encode(context))] == tokenizer.encode(context)


def test_a_batch_equals_one_by_one(tokenizer: Tokenizer) -> None:
    some = [*texts(20, 9), "with \u2581 inside", ""]
    assert tokenizer.encode_batch(some) == [tokenizer.encode(text) for text in some]


def test_the_same_texts_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        train_tokenizer(TokenizerConfig(vocab_size=512), texts(300, 5), tmp_path / name)
    first, second = (tmp_path / name / "tokenizer.model" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_training_text_is_bounded_and_taken_evenly(tmp_path: Path) -> None:
    config = TokenizerConfig(vocab_size=512, max_training_bytes=10_000)
    counts = train_tokenizer(config, texts(300, 5), tmp_path)
    assert 5_000 < counts["bytes"] <= 10_000


def test_one_book_alone_trains_a_tokenizer_by_all_of_it(tmp_path: Path) -> None:
    book = "\n".join(texts(400, 5)) * 5 + "zyzzyva " * 100_000
    assert len(book) > 1 << 20
    counts = train_tokenizer(TokenizerConfig(vocab_size=512), [book], tmp_path)
    assert counts == {"texts": 1, "bytes": len(book), "vocab_size": 512}
    assert len(load_tokenizer(tmp_path).encode("zyzzyva " * 10)) < 20
    for long in (book, book.replace("\n", "").replace(" ", "")):
        small = TokenizerConfig(vocab_size=512, max_training_bytes=50_000)
        counts = train_tokenizer(small, [long], tmp_path)
        assert counts["texts"] == 1 and 25_000 < counts["bytes"] <= 50_000


def test_texts_within_the_limit_are_read_as_they_are(tmp_path: Path) -> None:
    """Whole, in their order: the bytes are those of the plain call."""
    some = [*texts(300, 5), "\n\n".join(texts(300, 6))]
    train_tokenizer(TokenizerConfig(vocab_size=512), some, tmp_path)
    plain = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(some),
        model_writer=plain,
        model_type="bpe",
        vocab_size=512,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        allow_whitespace_only_pieces=True,
        byte_fallback=True,
        user_defined_symbols=["\n", "\t"],
        control_symbols=[END_OF_TEXT],
        bos_id=-1,
        eos_id=-1,
        pad_id=-1,
        max_sentence_length=1 << 20,
        num_threads=1,
        minloglevel=2,
    )
    assert (tmp_path / "tokenizer.model").read_bytes() == plain.getvalue()


@pytest.mark.parametrize("kind", ["tokenizer_directory", "bytes_directory", "words_directory"])
def test_an_id_out_of_range_is_named(kind: str, request: pytest.FixtureRequest) -> None:
    found = load_tokenizer(request.getfixturevalue(kind))
    assert found.decode([found.end_of_text]) == ""
    for i in (-1, found.vocab_size, 10**12):
        with pytest.raises(
            DataError, match=f"id {i} has no text: ids are 0 … {found.vocab_size - 1}"
        ):
            found.decode([0, i])


def test_bad_input_is_named(tokenizer: Tokenizer, tmp_path: Path) -> None:
    for text in ("\ud800", "word \udfff \u2581 word", "\u2581\ud83d"):
        with pytest.raises(DataError, match="lone surrogate"):
            tokenizer.encode_batch(["word", text])
    with pytest.raises(ConfigError, match="vocab_size=30000.*lower it"):
        train_tokenizer(TokenizerConfig(vocab_size=30_000), texts(50, 5), tmp_path)
    with pytest.raises(ProductError, match="tokenizer"):
        load_tokenizer(tmp_path / "nowhere")
    (tmp_path / "tokenizer.model").write_bytes(b"not a model")
    with pytest.raises(ProductError, match="tokenizer"):
        load_tokenizer(tmp_path)
