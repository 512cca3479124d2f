"""One thing that ``generalist doctor`` looked at, and what is to be done about it."""

from dataclasses import dataclass
from typing import Literal

Grade = Literal["good", "told", "odd", "wrong"]
"""told: neither good nor bad; odd: works, but look at it; wrong: the exit code is 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A line of the doctor's table."""

    about: str
    grade: Grade
    said: str
    remedy: str = ""
    """Never empty where something is odd or wrong."""

    def __post_init__(self) -> None:
        assert self.remedy or self.grade in ("good", "told"), f"{self.about} has no remedy"


def good(about: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(about=about, grade="good", said=said)


def told(about: str, said: str) -> Finding:
    """Worth knowing."""
    return Finding(about=about, grade="told", said=said)


def odd(about: str, said: str, remedy: str) -> Finding:
    """It works, but should be looked at."""
    return Finding(about=about, grade="odd", said=said, remedy=remedy)


def wrong(about: str, said: str, remedy: str) -> Finding:
    """It does not work, or will not."""
    return Finding(about=about, grade="wrong", said=said, remedy=remedy)
