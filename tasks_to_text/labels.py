"""Which labels a table has, for those who would rather not write them down."""

from itertools import islice
from pathlib import Path

from tasks_to_text.errors import ConfigError
from tasks_to_text.fields import Unusable, scalar

MOST = 50
"""Labels, at most: all of them are choices of every row, so more are no classification."""
_BY_HAND = "write the dictionary by hand, such as {'0': 'negative', '1': 'positive'}"


def labels_of(path: Path, column: str) -> dict[str, str]:
    """Every value of a column of a file → itself, the word that stands for it; in sorted order.

    Rows that cannot be read are passed over here: they are counted when the task is converted.
    ConfigError when the file is missing, or has fewer than two or more than 50 values; DataError
    when it has no such column, or is of no format that can be read.
    """
    from tasks_to_text.records import Bad, read_file  # they take long to import

    if not path.is_file():
        raise ConfigError(f"{path}: put your rows there, with the labels in column {column!r}")
    values, first_bad = set(), ""
    for record in read_file(path, path.name, [column]):
        if isinstance(record, Bad):
            first_bad = first_bad or f" ({record.reason}: {record.where})"
            continue
        try:
            values.add(scalar(column, record))
        except Unusable:
            continue
        if len(values - {""}) > MOST:
            shown = ", ".join(repr(value)[:20] for value in islice(sorted(values - {""}), 3))
            raise ConfigError(
                f"{path}: column {column!r} has more than {MOST} values ({shown} …), too many for "
                f"labels: name another column, or {_BY_HAND}"
            )
    found = sorted(values - {""})
    if len(found) < 2:
        raise ConfigError(
            f"{path}: column {column!r} has {len(found)} values, {', '.join(found) or 'none'}"
            f"{first_bad}; a choice needs two: add rows, or {_BY_HAND}"
        )
    return {value: value for value in found}
