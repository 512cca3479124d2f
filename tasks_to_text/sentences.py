"""Sentences of running text, as they are counted in summaries: lead baselines and GPT-2's rule.

A sentence ends at a full stop, question or exclamation mark, with what closes a quotation, before
white space. Abbreviations are not known, so ``Dr. Who`` ends one too soon.
"""

import re

_SENTENCE = re.compile(r".+?[.!?][\"'”’)\]]*(?=\s|$)", re.DOTALL)


def first_sentence(text: str) -> str:
    """The text up to the end of its first sentence, white space normalised.

    >>> first_sentence("It rains 1.5 mm. Then it stops.")
    'It rains 1.5 mm.'
    """
    return " ".join(first_sentences(text, 1).split())


def first_sentences(text: str, n: int) -> str:
    """The first so many sentences, as they stand; all of a text that has fewer.

    >>> first_sentences("One. Two!\\nThree? Fo", 3)
    'One. Two!\\nThree?'
    """
    end = 0
    for _ in range(n):
        found = _SENTENCE.match(text, end)
        if found is None:
            return text
        end = found.end()
    return text[:end]
