"""Masking what names a package outright, so that its documentation has to be known by its content.

Masked are: import lines (left out), every word that holds the name of one of the packages
(``PyTorch``, ``numpy``), with the whole dotted path that it stands in (``numpy.linalg.norm``), and
the customary aliases (``np.``, ``plt.``). The names of all packages go, not only that of the right
one: a candidate that is mentioned would otherwise never be the answer.
"""

import re
from functools import lru_cache

ALIASES = frozenset(
    {"hf", "hub", "hugging", "huggingface", "mpl", "np", "nw", "nx", "pa", "pd", "pil", "plt", "pq"}
    | {"pt", "sa", "scikit", "sns", "sp", "tf"}
)
"""Customary names that are neither a distribution's nor a module's."""

_IMPORT = re.compile(
    r"^[ \t]*(?:>>>|\.\.\.)?[ \t]*"
    r"(?:from[ \t]+[\w.]+[ \t]+import\b.*|import[ \t]+[\w.]+(?:[ \t]+as[ \t]+\w+)?[ \t]*)(?:\n|$)",
    re.MULTILINE,
)
_WORD = re.compile(r"\w+(?:[.-]\w+)*")
_CONTAINED = 4
"""Names of at least this many letters are masked inside longer words too."""


def names_of(distribution: str, module: str) -> frozenset[str]:
    """Lower-case names of a distribution and of the module that it is imported by.

    >>> sorted(names_of("scikit-learn", "sklearn.svm"))
    ['scikit-learn', 'sklearn']
    """
    return frozenset({distribution.lower(), module.split(".")[0].lower()}) - {""}


def mask_names(text: str, names: frozenset[str], mask: str) -> str:
    """Leave import lines out and replace names (lower case), their paths and aliases by ``mask``.

    >>> mask_names("import numpy as np\\nSee PyTorch's np.dot.", frozenset({"torch"}), "___")
    "See ___'s ___."
    """
    known = _Names(names)
    return _WORD.sub(lambda word: mask if known.named(word[0]) else word[0], _IMPORT.sub("", text))


@lru_cache(maxsize=4)
class _Names:
    """Remembers for every word whether it names a package: texts repeat theirs."""

    def __init__(self, names: frozenset[str]) -> None:
        given = names | ALIASES
        self._whole = frozenset(name for name in given if len(name) < _CONTAINED)
        inside = sorted(name for name in given if len(name) >= _CONTAINED)
        self._inside = re.compile("|".join(map(re.escape, inside)) or r"(?!)")
        self._seen: dict[str, bool] = {}

    def named(self, word: str) -> bool:
        found = self._seen.get(word)
        if found is None:
            lower = word.lower()
            parts = self._whole.intersection(re.split("[._-]", lower))
            found = self._seen[word] = bool(parts or self._inside.search(lower))
        return found
