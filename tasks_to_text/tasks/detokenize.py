"""Natural text from text that is published in words apart (``It does n't , he said .``).

Published scores depend on it: a model that has read natural text finds such spaces unlikely
(Radford et al. 2019, §3.1). Only white space and the stand-ins for quotes and hyphens change, no
letter. What the published form does not tell (whether a lone ``'`` opens or closes) stays apart.
"""

import re

_CLITIC = re.compile(r" (n't|'(?:s|re|ve|ll|d|m|t))(?![\w])", re.IGNORECASE)
_BEFORE_CLOSING = re.compile(r" ([.,;:!?%)\]}]+)(?=\s|['\"]|$)")
_AFTER_OPENING = re.compile(r"(^|(?<=\s)|(?<=['\"]))([(\[{$£€¥]) (?=\S)", re.MULTILINE)


def penn(text: str) -> str:
    """Words apart as in the Penn Treebank, on one line.

    >>> penn("`` It 's over , '' he said -lrb- twice -rrb- .")
    '"It\\'s over," he said (twice).'
    """
    text = re.sub(r"(?<!\S)-?[lL][rR][bB]-?(?!\S)", "(", text)
    text = re.sub(r"(?<!\S)-?[rR][rR][bB]-?(?!\S)", ")", text)
    text = re.sub(r"`` ?", '"', text)
    text = re.sub(r" ?''", '"', text)
    text = re.sub(r"(?<!\S)` ", "'", text)
    text = re.sub(r" '(?=\s|$)", "'", text)
    return _joined(" ".join(text.split()))


def wikitext(text: str) -> str:
    """A page of WikiText, line by line; quotes open and close in turn within a line.

    >>> wikitext(' = Ann = \\n \\n She read 1 @,@ 000 " well @-@ known " books . \\n')
    '= Ann =\\n\\nShe read 1,000 "well-known" books.\\n'
    """
    return "\n".join(map(_wikitext_line, text.split("\n")))


def _wikitext_line(line: str) -> str:
    line = line.strip(" ")
    line = re.sub(r" @([-,.])@ ", r"\1", line)
    if line.startswith("= "):
        line = re.sub(r"=(?: =)+", lambda run: run[0].replace(" ", ""), line)
    parts = re.split(r'(?<!\S)"(?!\S)', line)
    if len(parts) % 2:  # as many opening as closing ones
        line = parts[0] + "".join(
            f'"{inside.strip(" ")}"{after}'
            for inside, after in zip(parts[1::2], parts[2::2], strict=True)
        )
    return _joined(re.sub(r"(?<=s) '(?=\s|$)", "'", line))


def _joined(text: str) -> str:
    """Closing marks to the word before them, opening ones to the word after them."""
    text = _CLITIC.sub(r"\1", text)
    return _AFTER_OPENING.sub(r"\1\2", _BEFORE_CLOSING.sub(r"\1", text))
