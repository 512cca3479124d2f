"""Ids from the table of words are those of the library, or the table is not used."""

import io
from typing import Any

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from gptcore import words
from gptcore.errors import ProductError
from gptcore.pieces import read_model
from gptcore.tokenizer import END_OF_TEXT, SentencePieceTokenizer
from gptcore.words import WordEncoder, cuts_are_exact
from tests.gptcore.vocabularies import CODE

OURS = {
    "model_type": "bpe",
    "vocab_size": 1000,
    "normalization_rule_name": "identity",
    "remove_extra_whitespaces": False,
    "add_dummy_prefix": False,
    "allow_whitespace_only_pieces": True,
    "byte_fallback": True,
    "user_defined_symbols": ["\n", "\t"],
    "control_symbols": [END_OF_TEXT],
    "bos_id": -1,
    "eos_id": -1,
    "minloglevel": 2,
    "max_sentence_length": 1 << 20,
}
pieces_of_text = st.sampled_from(
    [" ", "  ", "   ", "\n", "\n    ", "\t", "\r\n", "\x00", "a", "e", "the", "self.", "(", ")",
     "é", "日本", "<0x41>", "<unk>", END_OF_TEXT, "e ", " e", "\u00a0", "\u3000", "_", "----", "😀"]
)  # fmt: skip
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\u2581"))
writings = anything | st.lists(pieces_of_text, max_size=30).map("".join)


def trained(**changes: Any) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([CODE]), model_writer=model, **{**OURS, **changes}
    )
    return model.getvalue()


@pytest.fixture(scope="module")
def model() -> bytes:
    return trained()


def library(model: bytes) -> Any:
    return sentencepiece.SentencePieceProcessor(model_proto=model, num_threads=1)


def test_the_file_is_read_as_the_library_reads_it(model: bytes) -> None:
    raw, found = library(model), read_model(model)
    assert len(found.pieces) == raw.get_piece_size()
    for i, piece in enumerate(found.pieces):
        assert piece.text == raw.id_to_piece(i) and piece.score == raw.get_score(i)
        kinds = (raw.is_unknown(i), raw.is_control(i), raw.is_unused(i), raw.is_byte(i))
        assert kinds == tuple(piece.kind == kind for kind in (2, 3, 5, 6))
    assert found.is_bpe and found.byte_fallback and found.verbatim
    assert any(set(text) == {"\u2581"} and len(text) > 1 for text in found.written)


def test_ids_are_those_of_the_whole_text(model: bytes) -> None:
    raw, ours = library(model), SentencePieceTokenizer(model)
    assert cuts_are_exact(read_model(model))

    @settings(max_examples=1000, deadline=None)
    @given(text=writings)
    def same(text: str) -> None:
        assert ours.encode(text) == raw.encode(text)

    same()
    for _ in range(2):  # cold, warm
        assert ours.encode(CODE) == raw.encode(CODE)


OTHERS: dict[str, dict[str, Any]] = {
    "unigram": {"model_type": "unigram"},
    "pieces across words": {"split_by_whitespace": False},
    "newline is no symbol": {"user_defined_symbols": [":\n"]},
}


@pytest.mark.parametrize("name", OTHERS)
def test_where_a_cut_would_change_ids_nothing_is_cut(name: str) -> None:
    model = trained(**OTHERS[name])
    raw, ours = library(model), SentencePieceTokenizer(model)
    assert not cuts_are_exact(read_model(model))
    assert ours.encode(CODE) == raw.encode(CODE)
    assert ours.decode(ours.encode(CODE)) == CODE
    assert WordEncoder(raw.encode)(CODE) != raw.encode(CODE)  # the rule is needed


def test_the_table_is_bounded(model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, made = library(model), []
    monkeypatch.setattr(words, "MOST_WORDS", 50)

    def encode(text: str) -> list[int]:
        made.append(text)
        ids: list[int] = raw.encode(text)
        return ids

    memo = words.Memo(encode)
    for word in CODE.split():
        assert memo[word] == tuple(raw.encode(word))
        assert len(memo) <= 50
    long = "é" * words.MOST_IDS
    assert memo[long] == memo[long] and long not in memo
    assert made.count(long) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"byte_fallback": False},
        {"control_symbols": []},
        {"control_symbols": [], "user_defined_symbols": ["\n", "\t", END_OF_TEXT]},
        {"model_type": "word", "hard_vocab_limit": False},
        {"add_dummy_prefix": True},
        {"remove_extra_whitespaces": True},
        {"normalization_rule_name": "nmt_nfkc"},
    ],
)
def test_a_vocabulary_that_loses_text_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ProductError, match=r"tokenizer\.model loses text or lacks"):
        SentencePieceTokenizer(trained(**changes))
