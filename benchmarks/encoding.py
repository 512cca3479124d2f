"""Encoding against SentencePiece itself: the same ids, so many times the text per processor second.

The text is what every installation has: docstrings of installed packages, one document per module.
Every second module trains the vocabulary and fills the table of words; the others are measured:
warm (read before), as a corpus is read (new text after other text of its kind), and cold (an empty
table; reading the vocabulary is in it).
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import sentencepiece

from benchmarks.harness import ROUNDS, Claim, Work, compare, rates, report
from benchmarks.texts import documents_of
from gptcore.config import TokenizerConfig
from gptcore.tokenizer import FILE, load_tokenizer, train_tokenizer

MAX_BYTES = 8_000_000
GOAL = 2.5


def main() -> None:
    """Measure vocabularies of 8,192 and 32,768 pieces."""
    documents = list(documents_of(MAX_BYTES))
    reading, measured = documents[::2], documents[1::2]
    size = sum(len(text.encode()) for text in measured) / 1e6
    claims: list[Claim] = []
    for vocab_size in (8192, 32768):
        with tempfile.TemporaryDirectory() as place:
            train_tokenizer(TokenizerConfig(vocab_size=vocab_size), reading, Path(place))
            claims += _claims(Path(place), vocab_size, reading, measured, size)
    report(__file__, claims)


def _claims(
    place: Path, vocab_size: int, reading: list[str], measured: list[str], size: float
) -> list[Claim]:
    """What is claimed of one vocabulary."""
    raw = sentencepiece.SentencePieceProcessor(model_file=str(place / FILE), num_threads=1)
    warm = load_tokenizer(place)
    if warm.encode_batch(measured) != raw.encode(measured):
        sys.exit("the ids differ: nothing is claimed")
    filled = [load_tokenizer(place) for _ in range(ROUNDS + 1)]
    for tokenizer in filled:
        tokenizer.encode_batch(reading)

    def work(encode: Callable[[list[str]], object]) -> Work:
        def encoded() -> float:
            encode(measured)
            return size

        return encoded

    found = rates(
        {
            "raw": work(raw.encode),
            "warm": work(warm.encode_batch),
            "new": work(lambda texts: filled.pop().encode_batch(texts)),
            "cold": work(lambda texts: load_tokenizer(place).encode_batch(texts)),
        }
    )
    kinds = {"warm": "warm", "new": "new text after other text", "cold": "cold"}
    return [
        compare(
            f"encoding v. SentencePiece, {vocab_size:,} pieces, {what}; MB per CPU-second",
            found[name],
            found["raw"],
            goal=GOAL if name == "warm" else None,
        )
        for name, what in kinds.items()
    ]


if __name__ == "__main__":
    main()
