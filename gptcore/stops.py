"""Where a text that is being written ends: at the first stop string.

Not the whole text is decoded for every token, but a tail: a stop string of n bytes that has just
become complete lies in the last n tokens, because each holds a byte at least, and three tokens more
because a tail may begin inside a character, whose bytes then decode to U+FFFD. What is found there
is looked for again in the whole text.
"""

from collections.abc import Sequence

from gptcore.errors import ConfigError
from gptcore.tokenizer import Tokenizer

_INSIDE_CHARACTER = 3
"""Bytes of a character of UTF-8 that may be left of it, at most."""


class Stops:
    """Stop strings of texts made of tokens."""

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str]) -> None:
        """ConfigError for an empty string among ``stop``."""
        if "" in stop:
            raise ConfigError("stop='': give strings of at least one character, or none")
        self._tokenizer, self._stop = tokenizer, tuple(stop)
        self._tail = max((len(mark.encode()) for mark in stop), default=0) + _INSIDE_CHARACTER

    def reached(self, tokens: Sequence[int]) -> bool:
        """Whether the text holds a stop string now; asked after every token."""
        if not self._stop or self._end(self._tokenizer.decode(tokens[-self._tail :])) is None:
            return False
        return self._end(self._tokenizer.decode(tokens)) is not None

    def text(self, tokens: Sequence[int]) -> str:
        """The text up to the first stop string."""
        text = self._tokenizer.decode(tokens)
        return text[: self._end(text)]

    def _end(self, text: str) -> int | None:
        """Where the first stop string begins; None where there is none."""
        return min((text.find(mark) for mark in self._stop if mark in text), default=None)
