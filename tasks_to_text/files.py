"""Which files of a directory are which split of a source: by name or pattern, never by a guess.

Hidden files are ignored; links are followed, because it is the user's own disk. Where a directory
could be understood in two ways (the same split in two formats, a ``test.md`` among pages of a
handbook), an error asks for patterns.
"""

import glob
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from tasks_to_text.errors import DataError
from tasks_to_text.records import DOCUMENTS, FORMATS, format_of, uncompressed
from tasks_to_text.source import Source

_READABLE = f"{', '.join(FORMATS)}, also as .gz or .zst"


def layout(source: Source, root: Path) -> Mapping[str, list[Path]]:
    """Split → its files in order of their names; splits without files are left out.

    ``root`` is the file or directory that the source means. A file is the one split for which
    ``splits`` names it; without any, ``train`` (or ``test`` when it is called so). A directory
    without ``splits`` is read by the names of the splits; where no file has such a name, all of it
    is ``train``. DataError when a split that is named has no file, or nothing can be read at all.
    """
    if root.is_file():
        return _of_file(source, root)
    if source.splits:
        found = {split: _matching(root, name) for split, name in source.splits.items()}
        for split, name in source.splits.items():
            if not found[split]:
                raise DataError(
                    f"source {source.name!r}: split {split!r} has no file in {root} that matches "
                    f"{' or '.join(_patterns(name))}; {_contents(root)}"
                )
    else:
        found = {name: _matching(root, name) for name in source.given_splits}
        found = {name: paths for name, paths in found.items() if paths}
        if not found:
            found = {"train": readable_files(root)}
        elif not source.product:
            _check_rest(source, root, found)
    if not any(found.values()):
        raise DataError(f"source {source.name!r}: {root} has no file to read; {_contents(root)}")
    for split, paths in found.items():
        _check_formats(source, root, split, paths)
    return found


def readable_files(root: Path) -> list[Path]:
    """Every file of a directory and those below it that has a format, sorted; hidden ones not."""
    return _readable(_listed(root, "**"))


def _of_file(source: Source, path: Path) -> Mapping[str, list[Path]]:
    stem = Path(uncompressed(path.name)).stem
    named = [*source.splits] or [stem if stem in source.given_splits else "train"]
    if len(named) > 1:
        raise DataError(
            f"source {source.name!r} is one file, and splits {', '.join(named)} are asked of it: "
            "name its directory, or let hold_out draw splits from train"
        )
    if source.splits and not source.hub and not _is_named(path, source.splits[named[0]]):
        raise DataError(
            f"source {source.name!r} is one file, and splits={dict(source.splits)} names another: "
            f"give {path.name!r} for {named[0]!r}, or no splits at all"
        )
    if not format_of(path):
        raise DataError(f"source {source.name!r}: {path} cannot be read; use {_READABLE}")
    return {named[0]: [path]}


def _is_named(path: Path, name: str) -> bool:
    """Whether a name, a split's name or a pattern, of files of a directory means this one."""
    if not name or name == path.name:
        return bool(name)
    return any(path.match(pattern) for pattern in _patterns(name))


def _patterns(name: str) -> list[str]:
    """What a split's name stands for; a pattern stands for itself."""
    if set(name) & set(".*?[") or not name:
        return [name]
    return [f"{place}{name}{end}" for place in ("", "data/") for end in (".*", "-*.*")]


def _matching(root: Path, name: str) -> list[Path]:
    patterns = _patterns(name)
    if patterns == [name] and not Path(name).is_absolute() and (root / name).is_file():
        found = [root / name]  # it is really called so, such as "labels [1].csv"
    else:
        found = sorted({path for pattern in patterns for path in _listed(root, pattern)})
    if patterns != [name]:
        return _readable(found)
    if unknown := [path.name for path in found if not format_of(path)]:
        raise DataError(f"{root}: {name!r} matches {_few(unknown)}; use {_READABLE}")
    return found


def _listed(root: Path, pattern: str) -> list[Path]:
    """Files that match, sorted; each real file once, because links may lead in circles."""
    if not pattern or Path(pattern).is_absolute():
        raise DataError(f"{root}: pattern {pattern!r}: give one relative to this directory")
    real: dict[str, Path] = {}
    # pathlib's own ** goes into hidden directories and, unlike this one, not through links.
    found = glob.glob(pattern, root_dir=root, recursive=True)  # noqa: PTH207
    for name in sorted(found, key=lambda name: (name.count(os.sep), name)):
        target = Path(os.path.realpath(root / name))
        if not target.exists():
            raise DataError(f"{root / name} is a link to nothing: repair or remove it")
        if target.is_file():
            _check_name(root, name)
            real.setdefault(str(target), root / name)
    return sorted(real.values())


def _check_name(root: Path, name: str) -> None:
    """DataError for a name that no record could hold: it is part of ids and checksums."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{root}: the name of file {name!r} is not UTF-8: rename it") from error


def _readable(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if format_of(path)]


def _check_rest(source: Source, root: Path, found: Mapping[str, list[Path]]) -> None:
    """DataError when files beside those of the splits look like more of the same."""
    covered = [path for paths in found.values() for path in paths]
    formats = {_kind(path) for path in covered}
    real = {os.path.realpath(path) for path in covered}
    rest = [
        path.relative_to(root).as_posix()
        for path in _readable([*_listed(root, "*"), *_listed(root, "data/*")])
        if _kind(path) in formats and os.path.realpath(path) not in real
    ]
    if rest:
        raise DataError(
            f"source {source.name!r}: {root} has {_few([path.name for path in covered])}, but also "
            f"{_few(rest)}: say which are meant, such as splits={{'train': '**/*{formats.pop()}'}}"
        )


def _check_formats(source: Source, root: Path, split: str, paths: list[Path]) -> None:
    """DataError when the files of a split cannot all be of one table or collection."""
    if len(formats := sorted({_kind(path) for path in paths})) > 1:
        raise DataError(
            f"source {source.name!r}: split {split!r} in {root} has files of several formats, "
            f"{', '.join(formats)}: name those that are meant, such as "
            f"splits={{{split!r}: '**/*{formats[0]}'}}"
        )
    names = [path.parent / uncompressed(path.name) for path in paths]
    if twice := sorted({name.name for name in names if names.count(name) > 1}):
        raise DataError(
            f"source {source.name!r}: {root} has {_few(twice)} both plain and compressed: "
            "remove one of them"
        )


def _kind(path: Path) -> str:
    """The format; all formats of documents are one."""
    return ".txt" if format_of(path) in DOCUMENTS else format_of(path)


def _contents(root: Path) -> str:
    names = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
    return f"it holds {_few(names)}; formats are {_READABLE}"


def _few(names: list[str]) -> str:
    if not names:
        return "nothing"
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
