"""Where rows come from, declared: nothing about splits, columns, limits or licences is guessed.

The same declaration serves labelled datasets and corpora. Reading is in ``tasks_to_text.sources``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tasks_to_text.errors import ConfigError

SPLIT_NAMES = ("train", "validation", "test")
COMMIT = re.compile(r"[0-9a-f]{40}")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _by_split(value: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(value, Mapping) and all(map(fits, value.values()))


_FITS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "path": (_is_text, "text, such as 'data/labels.csv'"),
    "hub": (_is_text, "text, such as 'stanfordnlp/snli'"),
    "revision": (_is_text, "text, the digits of a commit"),
    "config": (_is_text, "text, such as 'fr-en'"),
    "mirror": (_is_text, "text, a place inside the mirror"),
    "product": (_is_text, "text, 'documentation' or 'catalogues'"),
    "splits": (
        lambda value: _by_split(value, _is_text),
        "a dictionary, split → file or pattern, such as {'train': 'labels.csv'}",
    ),
    "hold_out": (
        lambda value: _by_split(value, _is_number),
        "a dictionary, split → share, such as {'validation': 0.1, 'test': 0.2}",
    ),
    "limit": (lambda value: _is_number(value) and isinstance(value, int), "a whole number"),
    "max_bad_share": (_is_number, "a number, such as 0.01"),
    "licence": (_is_text, "text, such as 'CC0-1.0'"),
}
"""Field → what it must be, and how to say so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One labelled dataset or one corpus: a ``path``, a ``hub`` id (perhaps with its ``mirror``), a
    ``mirror`` alone, or a ``product``; exactly one of them.

    Raises ConfigError when it contradicts itself.
    """

    path: str = ""
    """A file or directory, relative to the folder of the project (or absolute)."""
    hub: str = ""
    """A dataset's id on the Hugging Face Hub, such as ``stanfordnlp/snli``."""
    revision: str = ""
    """The commit that a Hub id is pinned to, 40 hexadecimal digits; "": nobody has resolved it yet,
    recorded as *unverified* and refused where the Hub is really read."""
    config: str = ""
    """The configuration of a Hub dataset that has several, such as ``fr-en``."""
    mirror: str = ""
    """A place inside a mirror directory (``--data DIR``): of the rows of ``hub``, or, alone, of
    what no Hub has."""
    product: str = ""
    """Made by the pipeline itself: ``documentation`` or ``catalogues``."""
    splits: Mapping[str, str] = field(default_factory=dict)
    """Our split → the source's. For files: a name (``train`` means ``train.*``, ``train-*.*`` and
    the same inside ``data/``) or, with a dot or a star in it, a pattern (``2024/*.csv``). Splits
    that are not named do not exist; {} means train, validation and test under their own names."""
    hold_out: Mapping[str, float] = field(default_factory=dict)
    """Split → share of the groups of ``train`` that it gets, for a source that lacks it."""
    limit: int = 0
    """Rows read per split, at most; 0: all."""
    max_bad_share: float = 0.01
    """Share of bad rows above which reading fails; below it they are counted and skipped."""
    licence: str = ""
    """As the source states it; "": not stated."""

    def __post_init__(self) -> None:
        self._check_types()
        named = [name for name in ("path", "hub", "product", "mirror") if getattr(self, name)]
        if len(named) != 1 and named != ["hub", "mirror"]:
            raise ConfigError(
                f"source: {', '.join(named) or 'nothing'} given; name one of path, hub, product, "
                "mirror (only hub and mirror go together)"
            )
        if self.revision and not COMMIT.fullmatch(self.revision):
            raise ConfigError(
                f"source.revision={self.revision!r}: give the 40 hexadecimal digits of a commit, "
                'or "" while nobody has resolved it'
            )
        for name in (*self.splits, *self.hold_out):
            if name not in SPLIT_NAMES:
                raise ConfigError(f"source: split {name!r}; use one of {', '.join(SPLIT_NAMES)}")
        if both := sorted(set(self.hold_out) & set(self.splits)):
            raise ConfigError(f"source: {both} both in splits and in hold_out; choose one")
        if "train" in self.hold_out or (self.hold_out and "train" not in self.splits):
            raise ConfigError("source.hold_out: is taken from train; name train in splits")
        if not 0 <= sum(self.hold_out.values()) < 1 or any(
            not 0 < share < 1 for share in self.hold_out.values()
        ):
            raise ConfigError(f"source.hold_out={dict(self.hold_out)}: shares lie in (0, 1)")
        if self.limit < 0 or not 0 <= self.max_bad_share < 1:
            raise ConfigError(
                f"source.limit={self.limit}, max_bad_share={self.max_bad_share}: the limit is not "
                "negative, the share lies in [0, 1)"
            )

    def _check_types(self) -> None:
        for name, (fits, wanted) in _FITS.items():
            if not fits(value := getattr(self, name)):
                raise ConfigError(f"source.{name}={value!r:.80}: give {wanted}")

    @property
    def name(self) -> str:
        """What people and records call it: the Hub id, the path or the product."""
        return self.hub or self.path or self.product or self.mirror

    @property
    def given_splits(self) -> Mapping[str, str]:
        """``splits``, spelled out."""
        return self.splits or {name: name for name in SPLIT_NAMES}

    @property
    def all_splits(self) -> tuple[str, ...]:
        """Splits that there will be, train first: those of the source and those held out."""
        known = {*self.given_splits, *self.hold_out}
        return tuple(name for name in SPLIT_NAMES if name in known)
