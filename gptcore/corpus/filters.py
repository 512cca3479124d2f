"""Filters of text: keep, or a reason.

Cheap rules on one document's text, after Rae et al. 2021 (Gopher, §A1: word counts, share of
letters, repeated lines); huggingface/datatrove's filters showed the manner: whatever shrinks a
corpus says why, and the reasons are tallied.
"""

import re
from collections import Counter
from dataclasses import dataclass

from gptcore.errors import ConfigError

KEEP = ""
"""What ``reason_to_drop`` says of a text that stays."""
FEW_WORDS = "too few words"
FEW_LETTERS = "mostly not letters"
REPEATED_LINES = "repeats its lines"
_ENOUGH_LINES = 4
_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Chinese characters
    "\U00020000-\U0003ffff"  # … and the rarer ones
    "]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FilterConfig:
    """What a text must have to be kept."""

    min_words: int = 6
    """Words, divided by white space; in scripts without spaces, two characters are one."""
    min_letters: float = 0.45
    """Letters as a share of the characters that are not white space: tables and listings have
    fewer."""
    max_repeated_lines: float = 0.5
    """Share of the non-empty lines that stood before; texts of three lines or fewer pass."""

    def __post_init__(self) -> None:
        if self.min_words < 1:
            raise ConfigError(f"filters.min_words={self.min_words}: must be positive")
        for field in ("min_letters", "max_repeated_lines"):
            if not 0 <= getattr(self, field) <= 1:
                raise ConfigError(f"filters.{field}={getattr(self, field)}: must lie in [0, 1]")


def unspaced(text: str) -> int:
    """Characters of scripts that put no spaces between words, such as Chinese and Thai.

    >>> unspaced("two: 二")
    1
    """
    return 0 if text.isascii() else len(_UNSPACED.findall(text))


def reason_to_drop(text: str, config: FilterConfig) -> str:
    """Why a text is dropped, ``KEEP`` when it stays.

    >>> reason_to_drop("12 | 34 | 56 | 78 | 90 | 12", FilterConfig())
    'mostly not letters'
    """
    words = text.split()
    if len(words) < config.min_words and len(words) + unspaced(text) // 2 < config.min_words:
        return FEW_WORDS
    visible = "".join(words)
    if sum(map(str.isalpha, visible)) < config.min_letters * len(visible):
        return FEW_LETTERS
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    repeated = len(lines) - len(Counter(lines))
    if len(lines) >= _ENOUGH_LINES and repeated > config.max_repeated_lines * len(lines):
        return REPEATED_LINES
    return KEEP
