"""The four types that documented parameters most often have, and how authors write them.

Counted over the 24 distributions of the quickstart: str, bool, int and arrays come first, then
float, dict and callables. A type counts only when it is one alone ("int or str" is none of them);
"or None", "optional" and defaults do not make it another.
"""

import re

TYPES = ("array", "bool", "int", "str")
"""The labels. ``array`` stands for arrays, array-likes and tensors."""

_WRITTEN = {
    "array": re.compile(
        r"(?:(?:[1-9n]-?d|bool|complex|float|int|real) )?(?:(?:np|numpy|torch)\.|numpy )?"
        r"(?:(?:nd-?)?arrays?|array[_-]like|tensor|\{(?:array-like|ndarray), sparse matrix\})"
        r"(?:\[.*\]| of .*|,? ?with .*|,? ?shape.*)?"
    ),
    "bool": re.compile(r"bools?|booleans?"),
    "int": re.compile(r"ints?|integers?"),
    "str": re.compile(r"str|strings?"),
}
_ROLE = re.compile(r":[\w:]*class:`[~!.]*([^`]+)`")
_OPTIONAL = re.compile(r"(?:t|typing)?\.?optional\[(.*)\]")
_BRACKETS = re.compile(r"\([^()]*\)")
_QUALIFIER = re.compile(r"[,;]?\s*\b(?:optional|defaults?|required|keyword|positional)\b.*")
_NONE = re.compile(r"\s*(?:\||,? or|,) none\b|\bnone (?:\||or) ")
_ARTICLE = re.compile(r"(?:an?|single|scalar|(?:non-?|strictly )?(?:positive|negative)) ")
_RESTATED = re.compile(
    r"(?<![A-Za-z0-9])(?:bools?|booleans?|u?ints?\d*|integers?|str|strings?|floats?\d*|"
    r"(?:nd-?)?arrays?(?:[-_]likes?)?|tensors?)(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def simple_type(written: str) -> str:
    """Which of ``TYPES`` a type as written is; "" when it is another one or several.

    >>> simple_type("`bool`, *optional*, defaults to `True`"), simple_type("int or str")
    ('bool', '')
    """
    text = _ROLE.sub(r"\1", written).lower().replace("`", "").replace("*", "").strip()
    optional = _OPTIONAL.fullmatch(text)
    text = optional[1] if optional else text
    for _ in range(2):  # one pair of brackets inside another is as deep as it gets
        text = _BRACKETS.sub("", text)
    text = " ".join(_NONE.sub("", _QUALIFIER.sub("", text)).split())
    text = _ARTICLE.sub("", text.removesuffix(" or").strip(" ,;:."), count=1)
    if " or " in text:
        return ""
    return next((name for name, pattern in _WRITTEN.items() if pattern.fullmatch(text)), "")


def mask_types(text: str, mask: str) -> str:
    """Replace words that say the type itself; evidence such as "If True" or "0.5" stays.

    Masked whichever the answer is, else a missing mask would give it away. Parts of names count as
    words: ``int_value``.

    >>> mask_types("If True, an integer is made a string.", "___")
    'If True, an ___ is made a ___.'
    """
    return _RESTATED.sub(mask, text)
