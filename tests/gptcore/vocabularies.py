"""Tiny vocabularies of the published kinds, and texts that are hard to encode."""

import argparse
import inspect
import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

PAIRS = ["t h", "th e", "Ġ the", "i n", "in g", "s e", "se l", "sel f", "Ġ self", "1 2", "Ã ©"]
WORD_PAIRS = ["t h", "th e</w>", "i n", "in g</w>", "s e", "se l", "sel f</w>", "1 2</w>"]
CODE = inspect.getsource(argparse)
"""Real text with indentation, so that runs of spaces become pieces."""
PIECES = ["the", "self", " ", "  ", "\n", "\t", "\r\n", "'s", "'S", "12", "²", "é", "É", "İ",
          "ΣΑΣ", "日本", "?!", "...", "_", "\x00", "\x1c", "\x85", "\xa0", "\u3000",
          "<|endoftext|>", "</w>", "<unk>", "\ufffd", "😀", "e\u0301", "\u200d", "\u2581",
]  # fmt: skip
anything = st.text(st.characters(exclude_categories=["Cs", "Cn"]))
writings = anything | st.lists(st.sampled_from(PIECES), max_size=20).map("".join)
OLD = [
    chr(point)
    for point in range(0x110000)
    if unicodedata.ucd_3_2_0.category(chr(point)) == unicodedata.category(chr(point))
    and unicodedata.category(chr(point)) not in ("Cs", "Cn", "Co")
]
"""Characters that all versions of Unicode's tables agree about."""
old_writings = st.text(st.sampled_from(OLD)) | st.lists(st.sampled_from(PIECES)).map("".join)


def write(directory: Path, tokens: Sequence[str], pairs: Sequence[str]) -> Path:
    directory.mkdir()
    ids = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    (directory / "vocab.json").write_text(json.dumps(ids))
    (directory / "merges.txt").write_text("\n".join(["#version: 0.2", *pairs, ""]))
    return directory


def write_bytes_vocabulary(directory: Path) -> Path:
    """GPT-2's kind."""
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [*map(chr, printed), *map(chr, range(256, 256 + 68))]
    tokens = [*letters, *(pair.replace(" ", "") for pair in PAIRS), "<|endoftext|>"]
    return write(directory, tokens, PAIRS)


def write_words_vocabulary(directory: Path) -> Path:
    """GPT-1's kind."""
    letters = [*map(chr, range(33, 127)), "é", "日", "σ", "ς"]
    ends = [f"{letter}</w>" for letter in letters]
    made = [pair.replace(" ", "") for pair in WORD_PAIRS]
    tokens = ["<unk>", *letters, *ends, *made, "\n</w>"]
    return write(directory, tokens, WORD_PAIRS)
