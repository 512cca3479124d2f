"""A tokenizer and shards made from text written here, shared by the tests of gptcore."""

import random
from pathlib import Path

import pytest

from gptcore.config import TokenizerConfig
from gptcore.shards import encode_documents, encode_examples
from gptcore.tokenizer import Tokenizer, load_tokenizer, train_tokenizer
from tests.gptcore.vocabularies import write_bytes_vocabulary, write_words_vocabulary

SYLLABLES = ["ma", "trix", "re", "turn", "va", "lue", "ar", "ray", "sum", "ax", "is", "in", "put"]
WORDS = ["the", "a", "of", *(x + y for x in SYLLABLES for y in SYLLABLES if x != y)]


def texts(n: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(5, 60))) + ".\n\tEnd." for _ in range(n)]


@pytest.fixture(scope="session")
def tokenizer_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(TokenizerConfig(vocab_size=512), texts(400, 1), out)
    return out


@pytest.fixture(scope="session")
def tokenizer(tokenizer_directory: Path) -> Tokenizer:
    return load_tokenizer(tokenizer_directory)


@pytest.fixture(scope="session")
def shards(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shards")
    encode_documents(tokenizer, texts(200, 2), out, split="train", name="corpus")
    encode_documents(tokenizer, texts(40, 3), out, split="validation", name="corpus")
    pairs = [
        (text[:40].rstrip(), " yes" if i % 3 else " no") for i, text in enumerate(texts(300, 4))
    ]
    encode_examples(tokenizer, pairs, out, split="train", name="answer")
    return out


@pytest.fixture(scope="session")
def bytes_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bytes_vocabulary(tmp_path_factory.mktemp("vocabulary") / "gpt2")


@pytest.fixture(scope="session")
def words_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_words_vocabulary(tmp_path_factory.mktemp("vocabulary") / "gpt1")
