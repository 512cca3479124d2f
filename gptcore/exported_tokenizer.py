"""Tokenizers as Hugging Face directories hold them, and out of those directories.

A SentencePiece BPE becomes a ``tokenizer.json``. Both merge the best pair first; SentencePiece
knows the pair by what it makes, the other by a list of pairs, so every way to make a piece is
listed, in the order of the pieces; of one piece's ways the one with the longest left part first,
which is how equal pairs meet when runs are merged from the left. Spaces are written as spaces, so
that U+2581 stays a character without a piece, as it is here. GPT-2's and GPT-1's vocabularies keep
their two files.

transformers finds specials that a text spells; ``split_special_tokens`` makes it encode them as
text, as we do. It decodes a run of byte pieces that is not UTF-8 as a whole to one U+FFFD for each
byte; we keep the characters in it that are whole.

Source: huggingface/tokenizers, ``tokenizer.json`` of a byte-fallback BPE.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gptcore.bpe import FILES, MERGES, VOCABULARY, WordBPE, bpe_files, bpe_of, load_bpe
from gptcore.errors import ConfigError, ProductError
from gptcore.pieces import SPACE_MARK, Kind, Piece, read_model
from gptcore.tokenizer import END_OF_TEXT, FILE, SentencePieceTokenizer, load_tokenizer

TOKENIZER, SETTINGS = "tokenizer.json", "tokenizer_config.json"
_ALWAYS: dict[str, tuple[Any, ...]] = {
    "model.type": ("BPE",),
    "model.dropout": (None, 0),
    "model.ignore_merges": (False, None),
    "model.continuing_subword_prefix": (None, ""),
}
"""Options of ``tokenizer.json`` and the values with which it makes our ids."""
_NEEDED: dict[str, dict[str, tuple[Any, ...]]] = {
    "ByteLevel": {
        "normalizer": (None,),
        "pre_tokenizer.add_prefix_space": (False,),
        "pre_tokenizer.use_regex": (True, None),
        "model.end_of_word_suffix": (None, ""),
    },
    "BertPreTokenizer": {
        "normalizer.type": ("BertNormalizer",),
        "normalizer.clean_text": (True,),
        "normalizer.handle_chinese_chars": (True,),
        "normalizer.strip_accents": (None, True),
        "normalizer.lowercase": (True,),
        "model.end_of_word_suffix": ("</w>",),
    },
}
"""The same for GPT-2's kind and for GPT-1's."""
_SPECIAL = {"ByteLevel": END_OF_TEXT, "BertPreTokenizer": "<unk>"}
"""The special that ours has too; another would be decoded as text."""


def write_tokenizer(source: Path, directory: Path, *, context_length: int) -> None:
    """Write a tokenizer product for ``AutoTokenizer``, its own files with it.

    ConfigError for a SentencePiece model that has no equal there, ProductError when ``source``
    holds no tokenizer.
    """
    tokenizer = load_tokenizer(source)
    kind, special = "GPT2Tokenizer", {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT}
    if (source / FILE).exists():
        pieces = _merged_pieces(source / FILE)
        shutil.copyfile(source / FILE, directory / FILE)
        _write(directory / TOKENIZER, _tokenizer_json(pieces))
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


def _merged_pieces(path: Path) -> Sequence[Piece]:
    """Pieces of a model; ConfigError where a ``tokenizer.json`` would give other ids."""
    model = read_model(path.read_bytes())
    if not model.is_bpe:
        raise ConfigError(f"{path} is no BPE: transformers has no equal, train with model_type=bpe")
    for piece in model.pieces:
        if piece.kind is Kind.USER_DEFINED and len(piece.text) > 1:
            raise ConfigError(
                f"{path} has the user-defined symbol {piece.text!r}: transformers would give other"
                " ids, train with symbols of one character"
            )
    return model.pieces


def _copy_bpe(source: Path, directory: Path) -> None:
    """Copy the two files of a BPE under Hugging Face's names; ProductError when there are none."""
    files = bpe_files(source)
    if files is None:
        raise ProductError("no " + " or ".join(f"{ids} with {merges}" for ids, merges in FILES))
    for path, name in zip(files, (VOCABULARY, MERGES), strict=True):
        shutil.copyfile(path, directory / name)


def read_tokenizer(source: Path, directory: Path) -> None:
    """Write the tokenizer of a published directory as ``load_tokenizer`` reads it.

    The first that is one of ours: ``tokenizer.model``, the two files of a BPE, those taken out of
    ``tokenizer.json``. ProductError says of each why it is none.
    """
    problems = []
    for read in (_from_model, _from_files, _from_json):
        try:
            read(source, directory)
            return
        except (OSError, ProductError) as error:
            problems.append(str(error))
    raise ProductError(f"{source} holds no tokenizer for us ({'; '.join(problems)})")


def _from_model(source: Path, directory: Path) -> None:
    SentencePieceTokenizer((source / FILE).read_bytes())
    shutil.copyfile(source / FILE, directory / FILE)


def _from_files(source: Path, directory: Path) -> None:
    _check_settings(source / SETTINGS)
    load_bpe(source)
    _copy_bpe(source, directory)


def _from_json(source: Path, directory: Path) -> None:
    _check_settings(source / SETTINGS)
    ids, pairs = _vocabulary(source / TOKENIZER)
    _write(directory / VOCABULARY, ids)
    lines = (f"{left} {right}\n" for left, right in pairs)
    (directory / MERGES).write_text("".join(lines), encoding="utf-8")


def _check_settings(path: Path) -> None:
    """ProductError when a space is put before every text."""
    try:
        prefixed = path.exists() and json.loads(path.read_bytes()).get("add_prefix_space")
    except (ValueError, AttributeError) as error:
        raise ProductError(f"{path} is no JSON object ({error})") from error
    if prefixed:
        raise ProductError(f"{path}: add_prefix_space={prefixed!r}: ours puts nothing before texts")


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


def _vocabulary(path: Path) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Ids and merges of a ``tokenizer.json``; ProductError if it is no BPE of GPT-2 or GPT-1."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        _check_options(raw)
        added = {token["content"]: token["id"] for token in raw.get("added_tokens", ())}
        ids = {**raw["model"]["vocab"], **added}
        merges = raw["model"]["merges"]
        pairs = [(a, b) for a, b in (p.split(" ") if isinstance(p, str) else p for p in merges)]
        bpe_of(ids, {pair: rank for rank, pair in enumerate(pairs)})
        return ids, pairs
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProductError(f"{path} is no BPE of ours ({error})") from error


def _check_options(raw: dict[str, Any]) -> None:
    """ValueError names what makes other ids than ours."""
    kind = _option(raw, "pre_tokenizer.type")
    if kind not in tuple(_NEEDED):
        raise ValueError(f"pre_tokenizer.type={kind!r}: only {' and '.join(_NEEDED)} are ours")
    for name, values in {**_ALWAYS, **_NEEDED[kind]}.items():
        if (value := _option(raw, name)) not in values:
            raise ValueError(f"{name}={value!r}: ours has {values[0]!r}")
    for token in raw.get("added_tokens", ()):
        if token["content"] != _SPECIAL[kind]:
            raise ValueError(f"the added token {token['content']!r}: ours has {_SPECIAL[kind]!r}")


def _option(raw: dict[str, Any], name: str) -> Any:
    """The value at a dotted name; None: there is none."""
    value: Any = raw
    for key in name.split("."):
        value = (value or {}).get(key)
    return value


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
