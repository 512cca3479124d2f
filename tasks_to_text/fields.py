"""Reading the fields of a raw record for a kind of task: text, or a reason why there is none.

A field is named in one of three ways: a column (``"text"``), a format string over columns
(``"{title}: {text}"``, also ``"{translation[fr]}"``), or a function of the whole record. Nothing
is converted silently: a number where text is needed is a sign of the wrong column.
"""

import re
import string
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from tasks_to_text.errors import ConfigError
from tasks_to_text.task import Row

Field = str | Callable[[Row], str]
"""Text of a record: a column's name, a format string (known by its braces) or a function."""
Texts = str | Callable[[Row], Sequence[str]]
"""Several texts of a record: a column that holds a list of texts, or a function."""
Index = str | Callable[[Row], int | str]
"""A number from 0 on: a column that holds it (as int or digits), or a function."""

_ROOT = re.compile(r"[^.\[]*")


class Unusable(Exception):
    """A record cannot become a labelled row; the message is the reason that is counted.

    ``about`` says what was found, or which column is meant, for a person.
    """

    def __init__(self, reason: str, about: str = "") -> None:
        super().__init__(reason)
        self.about = about


class _Filled(string.Formatter):
    """str.format that takes text only."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return format(_text(value), format_spec)

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        value, root = super().get_field(field_name, args, kwargs)
        return _text(value, field_name), root


_FILLED = _Filled()


def require_text(**arguments: object) -> None:
    """ConfigError unless all of these arguments are text, and more than white space."""
    for argument, value in arguments.items():
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{argument}={value!r:.80}: give the name of a column, as text")


def columns_of(argument: str, field: Any) -> tuple[str, ...]:
    """The columns that a field names; none for a function. ConfigError when it cannot be read.

    >>> columns_of("text", "{title}: {translation[fr]}"), columns_of("text", "sentence")
    (('title', 'translation'), ('sentence',))
    """
    if callable(field):
        return ()
    if not isinstance(field, str) or not field.strip():
        raise ConfigError(
            f"{argument}={field!r}: give a column's name, a format string such as '{{text}}', or a "
            "function of the record"
        )
    return wording_columns(argument, field) if "{" in field else (field,)


def wording_columns(argument: str, wording: str) -> tuple[str, ...]:
    """The columns in the braces of a wording; ConfigError when the braces cannot be read."""
    if not isinstance(wording, str):
        raise ConfigError(f"{argument}={wording!r:.80}: give text")
    try:
        names = [name for _, name, _, _ in _FILLED.parse(wording) if name is not None]
    except ValueError as error:
        raise ConfigError(f"{argument}={wording!r}: {error}; write {{{{ for a brace") from error
    roots = [_ROOT.match(name)[0] for name in names]  # type: ignore[index]
    if not all(roots) or any(root.isdigit() for root in roots):
        raise ConfigError(f"{argument}={wording!r}: name the column in every pair of braces")
    return tuple(dict.fromkeys(roots))


def fill(wording: str, record: Row) -> str:
    """A wording with its braces filled from a record; without braces, the wording itself."""
    if "{" not in wording and "}" not in wording:
        return wording
    return str(_read(lambda row: _filled(wording, row), record))


def _filled(wording: str, record: Row) -> str:
    """As ``str.format`` of text; a wording of columns alone, the usual one, is read only once."""
    parts = _parts(wording)
    if parts is None:
        return str(_FILLED.vformat(wording, (), record))
    return "".join(
        literal if name is None else literal + _text(record[name], name) for literal, name in parts
    )


@lru_cache(maxsize=256)
def _parts(wording: str) -> tuple[tuple[str, str | None], ...] | None:
    """Literal text and the column after it, in turn; None where braces hold more than a name."""
    parsed = list(_FILLED.parse(wording))
    if any(
        name is not None and (spec or how or not name.isidentifier())
        for _, name, spec, how in parsed
    ):
        return None
    return tuple((literal, name) for literal, name, _, _ in parsed)


def text(field: Field, record: Row) -> str:
    """The text of a field as it stands; raises Unusable when it is missing, no text, or blank."""
    if callable(field):
        found = _text(_read(field, record))
    elif "{" in field:
        found = fill(field, record)
    else:
        found = _text(record.get(field), field)
    if not found.strip():
        raise Unusable("field empty", _named(field))
    return found


def line(field: Field, record: Row) -> str:
    """The text of a field on one line: white space, line ends too, becomes single spaces."""
    return " ".join(text(field, record).split())


def texts(field: Texts, record: Row) -> tuple[str, ...]:
    """The texts of a field on one line each, without repeats and blank ones; () is possible.

    One text alone counts as a list of one.
    """
    return tuple(dict.fromkeys(one for one in listed(field, record) if one))


def listed(field: Texts, record: Row) -> tuple[str, ...]:
    """The texts of a field on one line each, all of them and in order."""
    found = _read(field, record) if callable(field) else record.get(field)
    if found is None:
        raise Unusable("field missing", _named(field))
    given = [found] if isinstance(found, str) else found
    if isinstance(given, Mapping) or not isinstance(given, Sequence):
        raise Unusable("field is not text", _named(field))
    return tuple(" ".join(_text(one, _named(field)).split()) for one in given)


def index(field: Index, record: Row, n: int) -> int:
    """The number in a field; raises Unusable when it is not in 0 … n − 1."""
    found = scalar(field, record)
    if not found.isdecimal() or not 0 <= int(found) < n:
        raise Unusable("label out of range", f"{found!r} of {n}")
    return int(found)


def scalar(field: str | Callable[[Row], Any], record: Row) -> str:
    """``str`` of what a field holds: a text, a number, a truth value (``True``)."""
    found = _read(field, record) if callable(field) else record.get(field)
    if found is None:
        raise Unusable("field missing", _named(field))
    if not isinstance(found, str | int | float):
        raise Unusable("field is not text", _named(field))
    return str(found).strip()


def _named(field: Any) -> str:
    return field if isinstance(field, str) else ""


def _text(value: Any, about: str = "") -> str:
    if value is None:
        raise Unusable("field missing", about)
    if not isinstance(value, str):
        raise Unusable("field is not text", about)
    return value


def _read(function: Callable[[Row], Any], record: Row) -> Any:
    """What a function makes of a record; what it stumbles over is the record's fault, and counted.

    A function that is wrong itself fails on the specimens, when the task is made.
    """
    try:
        return function(record)
    except KeyError as error:
        raise Unusable("field missing", f"{error.args[0]}" if error.args else "") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unusable(f"{type(error).__name__} in a function of the task") from error
