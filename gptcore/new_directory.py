"""A new directory that a person named: it is there as a whole, or it is not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gptcore.errors import ConfigError

_NAME = 40
"""Characters of the name of ``target`` that the directory beside it begins with."""


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A new directory to write, which becomes ``target`` if all goes well and else disappears.

    It has a name of its own beside ``target``, so nothing else is touched and two writers never
    meet; the one that comes second finds ``target`` taken. ConfigError when it cannot be written.
    """
    try:
        place = free(target)
        prefix = f".{place.name[:_NAME]}-"
        with TemporaryDirectory(prefix=prefix, dir=place.parent, ignore_cleanup_errors=True) as own:
            aside = Path(own, "made")  # a temporary directory is its owner's only, this one is not
            aside.mkdir()
            yield aside
            aside.rename(place)  # replaces an empty directory, nothing else
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"{target} cannot be written ({error}): name another place") from error


def free(target: Path) -> Path:
    """``target`` without links; ConfigError when it is taken."""
    place = target.resolve()
    if target.is_symlink() or place == Path.cwd():
        raise ConfigError(f"{target} is a link or the current directory: name a new directory")
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ConfigError(f"{target} is there already: name a new directory, or an empty one")
    if not place.parent.is_dir():
        raise ConfigError(f"{place.parent} is no directory: make it first")
    return place
