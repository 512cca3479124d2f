"""Tokenizers as Hugging Face directories hold them, and out of those directories.

A SentencePiece BPE becomes a ``tokenizer.json``. Both merge the best pair first; SentencePiece
knows the pair by what it makes, the other by a list of pairs, so every way to make a piece is
listed, in the order of the pieces; of one piece's ways the one with the longest left part first,
which is how equal pairs meet when runs are merged from the left. Spaces are written as spaces, so
that U+2581 stays a character without a piece, as it is here. GPT-2's and GPT-1's vocabularies keep
their two files.

transformers finds specials that a text spells; ``split_special_tokens`` makes it encode them as
text, as we do.

Source: huggingface/tokenizers, ``tokenizer.json`` of a byte-fallback BPE.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gptcore.bpe import MERGES, VOCABULARY, WordBPE, bpe_files
from gptcore.errors import ProductError
from gptcore.pieces import SPACE_MARK, Kind, Piece, read_model
from gptcore.tokenizer import END_OF_TEXT, FILE, load_tokenizer

TOKENIZER, SETTINGS = "tokenizer.json", "tokenizer_config.json"


def write_tokenizer(source: Path, directory: Path, *, context_length: int) -> None:
    """Write a tokenizer product for ``AutoTokenizer``, its own files with it.

    Of a SentencePiece model that is no BPE only its file: it has no equal there. ProductError when
    ``source`` holds no tokenizer.
    """
    tokenizer = load_tokenizer(source)
    kind, special = "GPT2Tokenizer", {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT}
    if (source / FILE).exists():
        shutil.copyfile(source / FILE, directory / FILE)
        model = read_model((source / FILE).read_bytes())
        if not model.is_bpe:
            return
        _write(directory / TOKENIZER, _tokenizer_json(model.pieces))
        kind = "PreTrainedTokenizerFast"
    else:
        _copy_bpe(source, directory)
        if isinstance(tokenizer, WordBPE):
            kind, special = "OpenAIGPTTokenizer", {}
    settings = {
        "tokenizer_class": kind,
        **special,
        "split_special_tokens": True,
        "clean_up_tokenization_spaces": False,
        "model_max_length": context_length,
    }
    _write(directory / SETTINGS, settings)


def _copy_bpe(source: Path, directory: Path) -> bool:
    """Copy the two files of a BPE under Hugging Face's names; False: there are none."""
    files = bpe_files(source)
    for path, name in zip(files or (), (VOCABULARY, MERGES), strict=False):
        if path.exists():
            shutil.copyfile(path, directory / name)
    return files is not None


def read_tokenizer(source: Path, directory: Path) -> None:
    """Write the tokenizer of a Hugging Face directory as ``load_tokenizer`` reads it.

    ``tokenizer.model`` is taken if it is one of ours, else the two files of a BPE, else those are
    taken out of ``tokenizer.json``. ProductError when it is none of these.
    """
    if (source / FILE).exists():
        shutil.copyfile(source / FILE, directory / FILE)
    elif not _copy_bpe(source, directory):
        ids, pairs = _vocabulary(source / TOKENIZER)
        _write(directory / VOCABULARY, ids)
        (directory / MERGES).write_text("".join(f"{pair}\n" for pair in pairs), encoding="utf-8")
    load_tokenizer(directory)


def _tokenizer_json(pieces: Sequence[Piece]) -> dict[str, Any]:
    """The whole file."""
    texts = [piece.text.replace(SPACE_MARK, " ") for piece in pieces]
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    end = {"id": texts.index(END_OF_TEXT), "content": END_OF_TEXT, **special, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [end],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {text: i for i, text in enumerate(texts)},
            "merges": list(_pairs(pieces)),
        },
    }


def _pairs(pieces: Sequence[Piece]) -> Iterator[tuple[str, str]]:
    """Every pair of pieces that makes a piece, best piece first."""
    score = {p.text.replace(SPACE_MARK, " "): p.score for p in pieces if p.kind is Kind.NORMAL}
    for text in sorted(score, key=lambda text: -score[text]):
        for at in range(len(text) - 1, 0, -1):
            if text[:at] in score and text[at:] in score:
                yield text[:at], text[at:]


def _vocabulary(path: Path) -> tuple[dict[str, int], list[str]]:
    """Ids and merges of a ``tokenizer.json``; ProductError if it is no BPE of GPT-2 or GPT-1."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        model, split = raw["model"], (raw.get("pre_tokenizer") or {}).get("type")
        if model.get("type") != "BPE" or split not in ("ByteLevel", "BertPreTokenizer"):
            raise ValueError(
                f"model {model.get('type')!r} after {split!r} is not GPT-2's or GPT-1's"
            )
        added = {token["content"]: token["id"] for token in raw.get("added_tokens", ())}
        pairs = [p if isinstance(p, str) else " ".join(p) for p in model["merges"]]
        return {**model["vocab"], **added}, pairs
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProductError(f"{path.parent} holds no tokenizer for us ({error})") from error


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
