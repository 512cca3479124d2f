"""The vocabularies of the published GPTs: GPT-2's byte-level BPE and GPT-1's BPE of words.

Read from their own files or from those of a Hugging Face directory, written with nothing but the
standard library. Neither makes a special id of any text: ``<|endoftext|>`` is encoded letter by
letter.

- GPT-2: text is split by a pattern (contractions, letters, digits, others, white space), each part
  is taken as bytes, and bytes are merged. Lossless. Letters and digits are those of this Python's
  Unicode version. Source: openai/gpt-2 ``src/encoder.py``, paper §2.2.
- GPT-1: **loses text**: it is lower-cased, accents, control characters and line breaks go, and
  words are split at white space and at every punctuation mark. This is what Hugging Face's
  tokenizer does, with the tables of Unicode 8: some 500 younger marks and punctuation signs of
  rare scripts are others there. OpenAI's own preparation needs ftfy and spaCy
  (openai/finetune-transformer-lm ``text_utils.py``), keeps line breaks as a token, accents and
  words such as "n't" and "...", so it gives other ids for some texts.
"""

import json
import re
import string
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from gptcore.errors import DataError, ProductError
from gptcore.merges import Ranks, merged
from gptcore.unicode_classes import WHITE_SPACE, one_of, some_not_of, some_of
from gptcore.words import Memo

VOCABULARY, MERGES = "vocab.json", "merges.txt"
FILES = (
    (VOCABULARY, MERGES),
    ("encoder.json", "vocab.bpe"),
    ("encoder_bpe_40000.json", "vocab_40000.bpe"),
)
"""Names of the two files: Hugging Face's, GPT-2's, GPT-1's."""
END_OF_TEXT = "<|endoftext|>"
_END_OF_WORD = "</w>"
_NEWLINE, _UNKNOWN = f"\n{_END_OF_WORD}", "<unk>"
_CONTRACTIONS = "'s|'t|'re|'ve|'m|'ll|'d"
_LINES = re.compile("[\t\n\r]")
_CHINESE = re.compile(
    "[\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f"
    "\U0002b920-\U0002ceaf\uf900-\ufaff\U0002f800-\U0002fa1f]"
)
"""Characters that are words, as BERT's tokenizer has them."""

Vocabulary: TypeAlias = Mapping[str, int]


class ByteBPE:
    """GPT-2's: text ↔ ids, nothing lost."""

    def __init__(self, vocabulary: Vocabulary, ranks: Ranks) -> None:
        """ProductError when the vocabulary lacks a byte or the end of a text."""
        self._letters = _byte_letters()
        self._ids, self._ranks = _checked(vocabulary, ranks, [*self._letters, END_OF_TEXT]), ranks
        self.vocab_size, self.end_of_text = len(vocabulary), vocabulary[END_OF_TEXT]
        byte_of = {letter: byte for byte, letter in enumerate(self._letters)}
        self._bytes = {
            i: bytes(byte_of[letter] for letter in token)
            for token, i in vocabulary.items()
            if i != self.end_of_text and byte_of.keys() >= set(token)
        }
        self._split = _gpt2_pattern().findall
        self._memo = Memo(self._word)

    def encode(self, text: str) -> list[int]:
        """Ids of a text; DataError on a lone surrogate, which no UTF-8 can hold."""
        return _encoded(text, self._split, self._memo)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts, in their order."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; specials have none, bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self._bytes.get(i, b"") for i in within(ids, self.vocab_size)).decode(
            errors="replace"
        )

    def _word(self, word: str) -> list[int]:
        letters = [self._letters[byte] for byte in word.encode()]
        return [self._ids[symbol] for symbol in merged(letters, self._ranks)]


class WordBPE:
    """GPT-1's: lower-cased words; what a text was cannot be told from its ids.

    The vocabulary has no end of text. ``end_of_text`` is the newline's token, which stood between
    the paragraphs that GPT-1 was trained on and which this preparation makes of no text: so texts
    are scored as the beginning of a paragraph and written to its end.
    """

    def __init__(self, vocabulary: Vocabulary, ranks: Ranks) -> None:
        """ProductError when the vocabulary lacks the unknown or the newline's token."""
        self._ids, self._ranks = _checked(vocabulary, ranks, [_UNKNOWN, _NEWLINE]), ranks
        self.vocab_size, self.end_of_text = len(vocabulary), vocabulary[_NEWLINE]
        self._tokens = {i: token for token, i in vocabulary.items() if i != self.end_of_text}
        self._memo = Memo(self._word)

    def encode(self, text: str) -> list[int]:
        """Ids of a text, 0 for what is unknown; DataError on a lone surrogate."""
        return _encoded(text, gpt1_words, self._memo)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts, in their order."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Words with one space between them; none after the last."""
        text = "".join(self._tokens.get(i, "") for i in within(ids, self.vocab_size))
        return text.removesuffix(_END_OF_WORD).replace(_END_OF_WORD, " ")

    def _word(self, word: str) -> list[int]:
        letters = [*word[:-1], word[-1] + _END_OF_WORD]
        unknown = self._ids[_UNKNOWN]
        return [self._ids.get(symbol, unknown) for symbol in merged(letters, self._ranks)]


def _encoded(text: str, split: Callable[[str], list[str]], memo: Memo) -> list[int]:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"text holds a lone surrogate ({error}): replace it first") from error
    return list(chain.from_iterable(map(memo.__getitem__, split(text))))


def within(ids: Sequence[int], vocab_size: int) -> list[int]:
    """The ids; DataError when one is none of 0 … vocab_size − 1."""
    strange = next((i for i in ids if not 0 <= i < vocab_size), None)
    if strange is not None:
        raise DataError(f"id {strange} has no text: ids are 0 … {vocab_size - 1}")
    return list(ids)


def _checked(vocabulary: Vocabulary, ranks: Ranks, needed: Sequence[str]) -> Vocabulary:
    made = [left + right for left, right in ranks]
    missing = next((token for token in chain(needed, made) if token not in vocabulary), None)
    if missing is not None:
        raise ProductError(f"the vocabulary lacks {missing!r}: its files belong to no GPT")
    if sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise ProductError(f"the vocabulary's ids are not 0 … {len(vocabulary) - 1}: repair it")
    return vocabulary


def _byte_letters() -> list[str]:
    """The letter that stands for each byte: its own where that is printed, else one from U+0100."""
    printed = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printed]
    return [chr(b if b in printed else 0x100 + others.index(b)) for b in range(256)]


@cache
def _gpt2_pattern() -> re.Pattern[str]:
    space = WHITE_SPACE
    return re.compile(
        f"{_CONTRACTIONS}| ?{some_of('L')}| ?{some_of('N')}| ?{some_not_of('L', 'N', also=space)}"
        f"|[{space}]+(?![^{space}])|[{space}]+"
    )


def gpt1_words(text: str) -> list[str]:
    """The words that GPT-1's vocabulary is applied to.

    >>> gpt1_words("Éclairs, isn't\n\nit?")
    ['eclairs', ',', 'isn', "'", 't', 'it', '?']
    """
    patterns = _gpt1_patterns()
    text = patterns["dropped"].sub("", _LINES.sub(" ", text))
    if not text.isascii():
        text = unicodedata.normalize("NFD", _CHINESE.sub(r" \g<0> ", text))
        text = patterns["accents"].sub("", text).replace("Σ", "σ")  # at the end of words too
    return patterns["word"].findall(text.lower())


@cache
def _gpt1_patterns() -> dict[str, re.Pattern[str]]:
    ascii_marks = re.escape(string.punctuation)
    word = some_not_of("P", also=WHITE_SPACE + ascii_marks)
    return {
        "dropped": re.compile(one_of("Cc", "Cf", "Co", also="\ufffd")),
        "accents": re.compile(one_of("Mn")),
        "word": re.compile(f"{word}|{one_of('P', also=ascii_marks)}"),
    }


def bpe_of(ids: Vocabulary, ranks: Ranks) -> ByteBPE | WordBPE:
    """GPT-1's kind if its words have ends, else GPT-2's; ProductError when it is neither."""
    words = any(token.endswith(_END_OF_WORD) for token in ids)
    return (WordBPE if words else ByteBPE)(ids, ranks)


def bpe_files(directory: Path) -> tuple[Path, Path] | None:
    """Where a directory has its ids and merges; None: it has neither."""
    for names in FILES:
        ids, merges = (directory / name for name in names)
        if ids.exists() or merges.exists():
            return ids, merges
    return None


def load_bpe(directory: Path) -> ByteBPE | WordBPE | None:
    """The vocabulary of a directory, GPT-1's if its words have ends; None: it holds none.

    ProductError when one of the two files is missing or broken.
    """
    files = bpe_files(directory)
    if files is None:
        return None
    try:
        ids, ranks = read_vocabulary(files[0]), read_merges(files[1])
        return bpe_of(ids, ranks)
    except (OSError, ValueError, ProductError) as error:
        raise ProductError(f"{directory} holds no whole vocabulary ({error})") from error


def read_vocabulary(path: Path) -> dict[str, int]:
    """Token → id, from JSON; ValueError when it is something else."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if not (isinstance(found, dict) and all(isinstance(i, int) for i in found.values())):
        raise ValueError(f"{path.name} is no object of ids by token")
    return found


def read_merges(path: Path) -> dict[tuple[str, str], int]:
    """Pair → rank, from lines of two symbols; a first line that tells a version is passed over."""
    lines = path.read_text(encoding="utf-8").split("\n")
    pairs = [line.split(" ") for line in lines if line and not line.startswith("#version")]
    if broken := next((pair for pair in pairs if len(pair) != 2), None):
        raise ValueError(f"{path.name} has the line {' '.join(broken)!r}: give two symbols")
    return {(left, right): rank for rank, (left, right) in enumerate(pairs)}
