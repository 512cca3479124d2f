"""What a stage's code is: the source it can reach, and the packages that source uses.

The source digest covers the import closure of a stage's entry modules inside our three packages,
found by reading the source text, so that a module imported inside a function counts, as does one
whose dotted name stands in a string (``python -m``), and nothing heavy is imported to find it.
Comments, formatting and docstrings are left out: they build nothing anew. Prefect's own task hash
sees one function's source only, which is why it is not used.
"""

import ast
import hashlib
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from gptcore.manifest import object_digest

PACKAGES = ("flows", "gptcore", "tasks_to_text")
"""The packages whose source counts; everything else counts by its version."""


@lru_cache
def package_roots() -> dict[str, Path]:
    """Our packages → their directories; found, not imported."""
    roots = {}
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None and spec.origin is not None
        roots[package] = Path(spec.origin).parent
    return roots


def source_digest(entries: Iterable[str]) -> str:
    """SHA-256 over the code of every module that the entry modules can import, in hex."""
    modules = _closure(tuple(entries))
    return object_digest({name: _read(path).code for name, path in modules.items()})


def lock(entries: Iterable[str]) -> dict[str, str]:
    """Python's version and that of every distribution that the entry modules' closure imports."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for path in _closure(tuple(entries)).values():
        for name in _read(path).imports:
            top = name.partition(".")[0]
            if top not in PACKAGES and top not in sys.stdlib_module_names:
                found[top] = _version(top)
    return dict(sorted(found.items()))


def _closure(entries: tuple[str, ...]) -> dict[str, Path]:
    """Module name → file, for all that the entries reach inside our packages, sorted by name."""
    found: dict[str, Path] = {}
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        path = _locate(name)
        if name in found or path is None:
            continue
        found[name] = path
        waiting += _read(path).imports
        waiting += [".".join(name.split(".")[:depth]) for depth in range(1, name.count(".") + 1)]
    return dict(sorted(found.items()))


def _locate(module: str) -> Path | None:
    """The file of one of our modules; None for anything else (a class, another package)."""
    top, *rest = module.split(".")
    if top not in PACKAGES:
        return None
    base = package_roots()[top].joinpath(*rest)
    candidates = (base / "__init__.py", base.with_name(f"{base.name}.py"))
    return next((path for path in candidates if path.is_file()), None)


class _Source:
    """One module as read: its imports and its code as text without comments and docstrings."""

    def __init__(self, path: Path) -> None:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        package = _package_of(path)
        self.imports = sorted(set(_imports(tree, package)))
        self.code = ast.dump(_Bare().visit(tree)) + "".join(_data_files(tree, path.parent))


class _Bare(ast.NodeTransformer):
    """Drops strings that stand as statements: docstrings of modules, classes, functions, fields."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        bare = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if bare else node


def _read(path: Path) -> _Source:
    status = path.stat()
    return _read_version(path, status.st_mtime_ns, status.st_size)


@cache
def _read_version(path: Path, mtime_ns: int, size: int) -> _Source:
    return _Source(path)


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Dotted names that might be modules: ``from a import b`` gives both a and a.b."""
    yield from (text for text in _strings(tree) if text.partition(".")[0] in PACKAGES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _package_of(path: Path) -> str:
    for name, root in package_roots().items():
        if path.is_relative_to(root):
            return ".".join([name, *path.parent.relative_to(root).parts])
    raise AssertionError(f"{path} is in none of {PACKAGES}")


def _data_files(tree: ast.AST, directory: Path) -> Iterator[str]:
    """Digests of files beside the module that it names in a string (``schema.sql``)."""
    for name in sorted(_strings(tree)):
        if "/" not in name and (directory / name).is_file():
            yield hashlib.sha256((directory / name).read_bytes()).hexdigest()


def _strings(tree: ast.AST) -> set[str]:
    """Short printable strings with a dot: what could be a file's or a module's name."""
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    texts = {value for value in constants if isinstance(value, str)}
    return {text for text in texts if "." in text and len(text) < 64 and text.isprintable()}


@cache
def _version(top: str) -> str:
    """Version of the distribution that holds a top-level module; "absent" when none does."""
    try:
        return version(top)
    except PackageNotFoundError:
        pass
    holders: Mapping[str, list[str]] = packages_distributions()
    return ",".join(f"{name} {version(name)}" for name in sorted(set(holders.get(top, [])))) or (
        "absent"
    )
