"""Documented objects of one Python source file, read as text.

The file is parsed with ``ast``; it is never imported and nothing in it is executed. Only the
statements of modules and classes are visited (with the blocks of ``if``, ``try``, ``with`` and
loops around definitions), never the bodies of functions nor expressions: that, and a garbage
collector that is off, is what makes two hundred megabytes of source a matter of seconds.

Run as a program it is the worker of ``gptcore.corpus.documentation``: a path as a JSON string per
line of standard input, a JSON object per line of standard output. A worker of its own instead of
``multiprocessing``, because that would import the whole main program again in every process.
"""

import ast
import gc
import inspect
import io
import json
import signal
import sys
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gptcore.corpus.docstring_sections import Documented, documented_parameters

GRAMMAR = (3, 11)
"""Files are read with the grammar of the oldest supported Python, whichever runs."""

Kind = Literal["module", "class", "function", "method", "property"]
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_PROPERTIES = frozenset({"property", "cached_property", "abstractproperty", "cache_readonly"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A parameter of a signature, as written in the source; "" where there is nothing."""

    name: str
    """With its stars: ``*args``, ``**kwargs``."""
    annotation: str
    default: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceObject:
    """A module, class, function, method or property that has a docstring."""

    qualname: str
    """Name inside the module; "" for the module itself."""
    kind: Kind
    parameters: tuple[Parameter, ...]
    """Without self and cls; a class has those of its ``__init__`` (or ``__new__``)."""
    returns: str
    """The return annotation; "" where there is none."""
    documented: tuple[Documented, ...]
    """What the docstring says of its parameters."""
    text: str
    """The docstring, ``inspect.cleandoc``'ed."""


def read_source(path: Path) -> str:
    """Decode a source file as Python would, with its line ends as ``\\n``."""
    raw = path.read_bytes()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
    return raw.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def source_objects(source: str) -> list[SourceObject]:
    """Every documented object of a source text, in its order; SyntaxError where it is none.

    Of several definitions under one name (branches of an ``if``, a property and its setter) the
    first that has a docstring counts.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes: a warning whose kind depends on Python
        tree = ast.parse(source, feature_version=GRAMMAR)
    found: dict[str, SourceObject] = {}
    for item in _Reader(source).module(tree):
        found.setdefault(item.qualname, item)
    return list(found.values())


class _Reader:
    """Visits definitions; keeps the source's lines, because offsets in ``ast`` are in bytes."""

    def __init__(self, source: str) -> None:
        self._lines = source.encode().split(b"\n")

    def module(self, tree: ast.Module) -> Iterator[SourceObject]:
        text = _docstring(tree)
        if text:
            yield self._object("", "module", text, (), "")
        yield from self._block(tree.body, "", inside_class=False)

    def _block(
        self, body: list[ast.stmt], prefix: str, *, inside_class: bool
    ) -> Iterator[SourceObject]:
        for node in body:
            if isinstance(node, _Function):
                yield from self._function(node, prefix, inside_class=inside_class)
            elif isinstance(node, ast.ClassDef):
                yield from self._class(node, prefix)
            else:
                for block in _blocks(node):
                    yield from self._block(block, prefix, inside_class=inside_class)

    def _class(self, node: ast.ClassDef, prefix: str) -> Iterator[SourceObject]:
        text = _docstring(node)
        if text:
            makers = [m for m in node.body if isinstance(m, _Function)]
            named = {m.name: m for m in reversed(makers)}
            maker = named.get("__init__") or named.get("__new__")
            parameters = self._parameters(maker, drop_first=True) if maker else ()
            yield self._object(prefix + node.name, "class", text, parameters, "")
        yield from self._block(node.body, f"{prefix}{node.name}.", inside_class=True)

    def _function(
        self, node: _Function, prefix: str, *, inside_class: bool
    ) -> Iterator[SourceObject]:
        text = _docstring(node)
        if not text:
            return
        decorators = {_last_name(decorator) for decorator in node.decorator_list}
        kind: Kind = "function"
        if inside_class:
            kind = "property" if decorators & _PROPERTIES else "method"
        drop_first = inside_class and "staticmethod" not in decorators
        parameters = self._parameters(node, drop_first=drop_first)
        returns = self._source(node.returns)
        yield self._object(prefix + node.name, kind, text, parameters, returns)

    def _object(
        self, qualname: str, kind: Kind, text: str, parameters: tuple[Parameter, ...], returns: str
    ) -> SourceObject:
        annotations = {p.name.lstrip("*"): p.annotation for p in parameters}
        return SourceObject(
            qualname=qualname,
            kind=kind,
            parameters=parameters,
            returns=returns,
            documented=documented_parameters(text, annotations) if kind != "module" else (),
            text=text,
        )

    def _parameters(self, node: _Function, *, drop_first: bool) -> tuple[Parameter, ...]:
        given = node.args
        plain = [*given.posonlyargs, *given.args]
        missing: list[ast.expr | None] = [None] * (len(plain) - len(given.defaults))
        rows = list(zip(plain, [*missing, *given.defaults], strict=True))[drop_first:]
        parameters = [self._parameter("", arg, default) for arg, default in rows]
        if given.vararg:
            parameters.append(self._parameter("*", given.vararg, None))
        for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
            parameters.append(self._parameter("", arg, default))
        if given.kwarg:
            parameters.append(self._parameter("**", given.kwarg, None))
        return tuple(parameters)

    def _parameter(self, stars: str, arg: ast.arg, default: ast.expr | None) -> Parameter:
        return Parameter(
            name=stars + arg.arg,
            annotation=self._source(arg.annotation),
            default=self._source(default),
        )

    def _source(self, node: ast.expr | None) -> str:
        """The text of an expression as its author wrote it, white space normalised."""
        if node is None or node.end_lineno is None or node.end_col_offset is None:
            return ""
        lines = self._lines[node.lineno - 1 : node.end_lineno]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return " ".join(b"\n".join(lines).decode().split())


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The statement lists inside a compound statement that defines nothing itself."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block
    for handler in getattr(node, "handlers", ()):
        yield handler.body


def _docstring(node: ast.Module | ast.ClassDef | _Function) -> str:
    """The cleaned docstring, "" where there is none."""
    if not node.body or not isinstance(node.body[0], ast.Expr):
        return ""
    value = node.body[0].value
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return ""
    return inspect.cleandoc(value.value).strip()


def _last_name(decorator: ast.expr) -> str:
    """``functools.cached_property`` → ``cached_property``; "" for what is not a plain name."""
    if isinstance(decorator, ast.Attribute):
        return decorator.attr
    return decorator.id if isinstance(decorator, ast.Name) else ""


def _answer(path: str) -> dict[str, object]:
    """What the worker says about one file: its objects, or why it cannot be read."""
    try:
        return {"objects": source_objects(read_source(Path(path)))}
    except OSError:
        return {"dropped": "file is missing"}
    except (SyntaxError, ValueError):  # ValueError: NUL bytes, undecodable bytes
        return {"dropped": "file does not parse"}
    except (RecursionError, MemoryError):
        return {"dropped": "file is nested too deeply"}


def _fields(item: SourceObject | Parameter | Documented) -> dict[str, object]:
    """A dataclass for ``json`` (``asdict`` copies deeply and takes three times as long)."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def main() -> None:
    """Answer paths, one per line, until standard input ends, which is how the parent ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # trees have no cycles; the collector would cost a third of the time
    for line in sys.stdin:
        answer = _answer(json.loads(line))
        sys.stdout.write(json.dumps(answer, default=_fields, check_circular=False) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
