"""Where the rows of a profile's sources are, and digests of what lies outside the workspace.

A mirror of datasets is the directory that ``GENERALIST_DATA`` names (``--data DIR``); relative
paths belong to the folder of the project.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flows.errors import ConfigError
from flows.project import project_folder, task_digest
from flows.workspace import Product
from tasks_to_text.source import Source
from tasks_to_text.sources import Places, fingerprint
from tasks_to_text.task import Task

VARIABLE = "GENERALIST_DATA"


def places(products: Mapping[str, Product]) -> Places:
    """The project's folder, the mirror, and the given products by name."""
    return Places(
        project=project_folder(),
        mirror=mirror(),
        products={name: product.path for name, product in products.items()},
    )


def mirror() -> Path | None:
    """The directory that holds a mirror of datasets; None: no one named any."""
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = Path(named)
    if not path.is_absolute() or not path.is_dir():
        raise ConfigError(
            f"{VARIABLE}={named!r}: must be the absolute path of a directory; give it with --data"
        )
    return path


def fingerprints(sources: Iterable[Source]) -> list[dict[str, str]]:
    """Per source, in their order: file → its checksum, or the commit of a Hub dataset.

    A part of what is built. A list, because sources may share their name and still mean other
    files: another configuration, mirror or pattern. Products have keys of their own: {}.
    """
    found = places({})
    return [fingerprint(source, found) for source in sources]


def definitions(tasks: Iterable[Task]) -> dict[str, Any]:
    """Task → digest of the project's file that defines it, and the versions of its templates."""
    return {
        task.name: [task_digest(task), {name: task.hash_of(name) for name in task.templates}]
        for task in tasks
    }
