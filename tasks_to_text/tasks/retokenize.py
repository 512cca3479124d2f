"""Words apart again: from natural text to the published form, as far as natural text tells.

The inverses of ``tasks_to_text.tasks.detokenize``. They follow the two tokenizers that published
data sets were made with. The Penn Treebank's has directed quotes and ``ca n't``; that of Moses
(WikiText, 1BW) undirected quotes and ``can 't``. Neither takes a full stop from an abbreviation;
Moses leaves it with its word also before a word of lower case (``tokenizer.perl``).
"""

import re
from collections.abc import Sequence

_TITLES = (
    "Adj Adm Adv Asst Bart Bldg Brig Bros Capt Cmdr Col Comdr Corp Cpl DR Dr Drs Ens Gen Gov Hon "
    "Hosp Hr Insp Lt MM MR MRS MS Maj Messrs Mlle Mme Mr Mrs Ms Msgr Nos Nr Op Ord Pfc Ph Prof Pvt "
    "Rep Reps Res Rev Rt Sen Sens Sfc Sgt Sr St Supt Surg rev v vs"
)
_ABBREVIATIONS = frozenset(_TITLES.split())
_LOWER_ABBREVIATIONS = frozenset(_TITLES.lower().split()) - {"op", "gen", "rep", "reps"}
_BEFORE_NUMBERS = frozenset({"Art", "No", "Nr", "p", "pp"})
"""Abbreviations only where a number follows."""
_INITIAL = re.compile(r"[A-Z]|(?:[^\W_]+\.)+[^\W\d_]+")
_CLOSING = frozenset({"''", '"', "'", ")", "-RRB-"})

_CLITIC = re.compile(r"(?<=[^\s'`])('(?:s|re|ve|ll|d|m))(?!\w)", re.IGNORECASE)
_NOT = re.compile(r"(?<=\S)(n't)(?!\w)", re.IGNORECASE)
_ELIDED = re.compile(
    r"'(?:\d0s|\d\d|em|til|tis|twas|cause|bout|n'?|s|re|ve|ll|d|m)(?!\w)", re.IGNORECASE
)
"""Words that begin with an apostrophe, so that it opens no quote."""
_MARKS = re.compile(r"([;%)\]}(\[{$£€¥]|[!?]+|\.{3,})")
_BETWEEN_NO_DIGITS = re.compile(r"(?<!\d)([,:])|([,:])(?!\d)")


def penn_tokens(text: str, brackets: tuple[str, str] = ("-LRB-", "-RRB-")) -> str:
    """Natural text → words apart as in the Penn Treebank, on one line.

    ``brackets`` are the tokens for round ones.

    >>> penn_tokens('"It\\'s over," he can\\'t say (twice).')
    "`` It 's over , '' he ca n't say -LRB- twice -RRB- ."
    """
    text = re.sub(r"(?:(?<=[\s(\[{])|^)\"", " `` ", text).replace('"', " '' ")
    text = _marks(text)
    text = " ".join(map(_quoted, text.split()))
    text = _NOT.sub(r" \1", _CLITIC.sub(r" \1", text))
    names = {"(": brackets[0], ")": brackets[1]}
    return " ".join(names.get(word, word) for word in _stops(text.split(), ends_sentence=True))


def ptb_tokens(text: str) -> str:
    """Natural text → the Penn Treebank as language models are tested on it (Mikolov et al. 2010):
    no punctuation but within words, so that every full stop belongs to its word.

    >>> ptb_tokens("mr. <unk> says it's up $N and/or isn't")
    "mr. <unk> says it 's up $ N and\\\\/or is n't"
    """
    text = re.sub(r"([/*])", r"\\\1", text).replace("$", " $ ")
    text = " ".join(map(_quoted, text.split()))
    return _NOT.sub(r" \1", _CLITIC.sub(r" \1", text))


def moses_tokens(text: str) -> str:
    """Natural text → words apart as Moses has them, on one line.

    >>> moses_tokens('Mr. Lee can\\'t say "why".')
    'Mr. Lee can \\'t say " why " .'
    """
    text = _marks(text.replace('"', ' " '))
    text = re.sub(r"(?:(?<=[^\W_])|(?<=>))('[^\W\d_])", r" \1", text)
    text = re.sub(r"(?<=[^\s'])'(?=\s|$)", " '", text)
    return " ".join(_stops(text.split(), ends_sentence=False))


def wikitext_tokens(text: str) -> str:
    """Natural text → a page of WikiText, line by line.

    >>> wikitext_tokens('= Ann =\\n\\nShe read 1,000 "well-known" books.\\n')
    ' = Ann = \\n \\n She read 1 @,@ 000 " well @-@ known " books . \\n '
    """
    return "\n".join(map(_wikitext_line, text.split("\n")))


def _wikitext_line(line: str) -> str:
    heading = re.fullmatch(r"(=+) (.*) (=+)", line)
    if heading:
        return (
            f" {' '.join(heading[1])} {_wikitext_line(heading[2]).strip()} {' '.join(heading[3])} "
        )
    line = re.sub(r"(?<=[^\s-])-(?=[^\s-])", " @-@ ", line)
    line = re.sub(r"(?<=[\d>])([.,])(?=[\d<])", r" @\1@ ", line)
    line = moses_tokens(re.sub(r" @,@ ", " @\0@ ", line)).replace("@\0@", "@,@")
    return f" {line} " if line else " "


def _marks(text: str) -> str:
    """Marks between spaces; commas and colons not within numbers."""
    return _BETWEEN_NO_DIGITS.sub(r" \1\2 ", _MARKS.sub(r" \1 ", text))


def _quoted(word: str) -> str:
    """Single quotes at the ends of a word apart from it: ```` ` ```` before, ``'`` after."""
    if word in ("''", "'n'"):
        return word
    if len(word) > 1 and word[0] == "'" and not _ELIDED.match(word):
        word = f"` {word[1:]}"
    if len(word) > 1 and word[-1] == "'" and word[-2] not in " '`" and word != "ol'":
        word = f"{word[:-1]} '"
    return word


def _stops(words: Sequence[str], *, ends_sentence: bool) -> list[str]:
    """Full stops apart from the words that they do not belong to.

    ``ends_sentence``: the last one is never part of its word.
    """
    cased = any(word != word.lower() for word in words)
    found: list[str] = []
    for i, word in enumerate(words):
        stem = word[:-1]
        if not word.endswith(".") or not stem.strip("."):
            found.append(word)
        elif stem.endswith("."):
            found += [stem, "."]
        elif _owns_stop(stem, words[i + 1 :], cased, ends_sentence):
            found.append(word)
        else:
            found += [stem, "."]
    return found


def _owns_stop(stem: str, after: Sequence[str], cased: bool, ends_sentence: bool) -> bool:
    """Whether a word keeps its full stop. Without any upper case the next word's tells nothing."""
    if ends_sentence and all(word in _CLOSING for word in after):
        return False
    following = after[0] if after else ""
    known = _ABBREVIATIONS if cased else _LOWER_ABBREVIATIONS
    return bool(
        _INITIAL.fullmatch(stem)
        or stem in known
        or (stem in _BEFORE_NUMBERS and (following[:1].isdigit() or following == "<unk>"))
        or (cased and following[:1].islower())
    )
