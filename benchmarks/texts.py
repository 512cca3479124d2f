"""The text that every installation has: docstrings of packages, one document per module."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

from gptcore.corpus.source_text import read_source, source_objects

PACKAGES = ("numpy", "torch", "scipy", "sklearn", "pandas", "sympy", "networkx", "sqlalchemy")


def documents_of(max_bytes: int) -> Iterator[str]:
    """Up to ``max_bytes``, without U+2581, which is a space to SentencePiece."""
    left = max_bytes
    for package in PACKAGES:
        root = Path(sysconfig.get_paths()["purelib"]) / package
        for path in sorted(root.rglob("*.py")):
            text = _docstrings(path)
            if text and left > 0:
                left -= len(text.encode())
                yield text
            if left <= 0:
                return


def _docstrings(path: Path) -> str:
    try:
        objects = source_objects(read_source(path))
    except (SyntaxError, ValueError):
        return ""
    return "\n\n".join(item.text for item in objects).replace("\u2581", " ")
