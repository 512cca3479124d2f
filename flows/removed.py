"""What ``generalist gc`` has removed: ``removed.jsonl`` in the workspace, a line per product.

So whoever looks for a product that is gone can be told when it went, and why it was not kept.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from flows.json_lines import json_lines
from flows.workspace import Workspace

FILE = "removed.jsonl"


def note(workspace: Workspace, lines: Sequence[Mapping[str, Any]]) -> None:
    """Append lines with ``place`` (relative to the workspace) and ``date``, on the disk before
    this returns.
    """
    with (workspace.root / FILE).open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


def removed_on(workspace: Workspace, place: str) -> str:
    """The date on which a product was removed last; "": it never was.

    ``place``: its directory, relative to the workspace, or the start of the directory's name.
    """
    found = ""
    for line in json_lines(workspace.root / FILE):
        try:
            told = json.loads(line)
            same = told["place"] == place or told["place"].partition("/")[2].startswith(place)
            found = told["date"] if same else found
        except (ValueError, KeyError, TypeError, AttributeError):  # a line that a crash cut off
            continue
    return str(found)
