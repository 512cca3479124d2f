"""What a docstring says of its parameters: name, type and description.

Three styles are read: NumPy's (numpydoc, "Parameters" underlined), Google's ("Args:" and an
indented block; Hugging Face's back-quoted variant too) and Sphinx's fields (``:param int x: …``,
``:type x: int``). Sources: numpydoc's format guide §Parameters; the Google Python Style Guide §3.8;
Sphinx, "Info field lists". Pure functions of text.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class Documented:
    """A parameter as its docstring describes it."""

    name: str
    """Without stars, quotes and back-quotes."""
    type: str
    """As written, white space normalised; "" when unknown."""
    description: str
    """Dedented lines; "" when there is none."""


_NUMPY_HEADERS = frozenset({"parameters", "other parameters", "keyword arguments", "arguments"})
_UNDERLINE = re.compile(r"\s*(-{3,}|={3,})\s*$")
_NUMPY_ENTRY = re.compile(r"(?P<names>[*\w`\\.]+(?:\s*,\s*[*\w`\\.]+)*)(?:\s*:(?P<type>.*))?$")
_GOOGLE_HEADER = re.compile(
    r"\s*(args|arguments|parameters|params|keyword args|keyword arguments|other parameters)\s*:$",
    re.IGNORECASE,
)
_GOOGLE_ENTRY = re.compile(
    r"(?:[-*]\s+)?(?P<name>\*{0,2}`{0,2}\w+`{0,2})\s*"
    r"(?:\((?P<type>(?:[^()]|\([^()]*\))*)\))?\s*:(?P<rest>(?:\s.*)?)$"
)
_FIELD = re.compile(
    r"\s*:(?P<field>param|parameter|arg|argument|keyword|kwarg|type)\s+(?P<rest>.*)$"
)
_FIELD_BODY = re.compile(r"(?P<head>[^:]*):(?P<text>.*)$")


def documented_parameters(text: str, annotations: Mapping[str, str]) -> tuple[Documented, ...]:
    """Documented parameters of a cleaned docstring, in its order, each name once.

    A type that the docstring does not give is taken from ``annotations`` (name → source text).

    >>> documented_parameters("Args:\\n    n (int): How many.", {})
    (Documented(name='n', type='int', description='How many.'),)
    """
    found: dict[str, Documented] = {}
    lines = text.splitlines()
    for item in (*_numpy(lines), *_google(lines), *_sphinx(lines)):
        found.setdefault(item.name, item)
    return tuple(
        item if item.type else replace(item, type=annotations.get(item.name, ""))
        for item in found.values()
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block(lines: list[str], start: int, above: int) -> list[str]:
    """Lines from ``start`` on that are blank or indented by more than ``above``."""
    end = start
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > above):
        end += 1
    return lines[start:end]


def _clean(lines: list[str]) -> str:
    return inspect.cleandoc("\n" + "\n".join(lines)).strip()


def _make(name: str, kind: str, description: list[str]) -> Documented:
    return Documented(
        name=name.split("=")[0].strip("*`\\ "),
        type=" ".join(kind.split()),
        description=_clean(description),
    )


def _numpy(lines: list[str]) -> Iterator[Documented]:
    for i in range(len(lines) - 1):
        header = lines[i].strip().rstrip(":").lower()
        if header in _NUMPY_HEADERS and _UNDERLINE.match(lines[i + 1]):
            yield from _numpy_entries(lines, i + 2, _indent(lines[i]))


def _numpy_entries(lines: list[str], start: int, above: int) -> Iterator[Documented]:
    """Entries down to the next section, or to prose; a line that is no entry (a placeholder such
    as ``%(params)s``) is passed over."""
    indent = next((_indent(line) for line in lines[start:] if line.strip()), above)
    i = start if indent >= above else len(lines)
    while i < len(lines):
        if not lines[i].strip():
            i += 1
            continue
        underlined = i + 1 < len(lines) and _UNDERLINE.match(lines[i + 1])
        entry = _NUMPY_ENTRY.match(lines[i].strip())
        after_blank = i > start and not lines[i - 1].strip()
        if underlined or _indent(lines[i]) != indent or (after_blank and not entry):
            return
        description = _block(lines, i + 1, indent)
        if entry:
            for name in entry["names"].split(","):
                yield _make(name, entry["type"] or "", description)
        i += 1 + len(description)


def _google(lines: list[str]) -> Iterator[Documented]:
    for i, line in enumerate(lines):
        if not _GOOGLE_HEADER.match(line):
            continue
        block = _block(lines, i + 1, _indent(line))
        indents = [_indent(entry) for entry in block if entry.strip()]
        if indents:
            yield from _google_entries(block, min(indents))


def _google_entries(block: list[str], indent: int) -> Iterator[Documented]:
    for i, line in enumerate(block):
        entry = _GOOGLE_ENTRY.match(line.strip())
        if entry and _indent(line) == indent:
            description = [entry["rest"].strip(), *_block(block, i + 1, indent)]
            first, *others = description
            body = _clean(others)
            kind = entry["type"] or ""
            yield _make(entry["name"], kind, [first, *body.splitlines()] if first else [body])


def _sphinx(lines: list[str]) -> Iterator[Documented]:
    types: dict[str, str] = {}
    items: list[Documented] = []
    for i, line in enumerate(lines):
        field = _FIELD.match(line)
        body = _FIELD_BODY.match(field["rest"]) if field else None
        if not field or not body or not body["head"].split():
            continue
        *kind, name = body["head"].split()
        more = _clean(_block(lines, i + 1, _indent(line))).splitlines()
        item = _make(name, " ".join(kind), [body["text"].strip(), *more])
        if field["field"] == "type":
            types[item.name] = " ".join(item.description.split())
        else:
            items.append(item)
    for item in items:
        yield item if item.type else replace(item, type=types.get(item.name, ""))
