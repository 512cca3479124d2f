"""What makes prompts, in the words of the workspace: for the stage that builds them, and for
commands that only look whether they are there, without Prefect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypedDict

from flows.places import definitions, fingerprints
from flows.profiles import Profile
from flows.workspace import Product, Workspace
from gptcore.corpus.catalogues import CatalogueConfig
from gptcore.corpus.documentation import DocumentationConfig
from tasks_to_text.convert import ConvertConfig
from tasks_to_text.task import Task


class Wanted(TypedDict):
    """All that a product's key is made from: arguments of ``Workspace.product`` and ``find``."""

    kind: str
    name: str
    config: Any
    inputs: Mapping[str, Product]
    entry: tuple[str, ...]


def documentation(config: DocumentationConfig) -> Wanted:
    """The documentation that is already installed."""
    return Wanted(
        kind="documentation",
        name="installed",
        config=config,
        inputs={},
        entry=("gptcore.corpus.documentation",),
    )


def catalogues(config: CatalogueConfig) -> Wanted:
    """Messages of installed packages with their translations."""
    return Wanted(
        kind="catalogues",
        name="installed",
        config=config,
        inputs={},
        entry=("gptcore.corpus.catalogues",),
    )


def prompts(profile: Profile, made: Mapping[str, Product]) -> Wanted:
    """Examples of every task of a profile."""
    return prompts_of(profile.name, profile.convert, profile.tasks, made)


def prompts_of(
    name: str, convert: ConvertConfig, tasks: Sequence[Task], made: Mapping[str, Product]
) -> Wanted:
    """Every task's examples, from what is installed and from the sources as they are now."""
    config = {
        **asdict(convert),
        "definitions": definitions(tasks),
        "sources": [asdict(task.source) for task in tasks],
        "files": fingerprints(task.source for task in tasks),
    }
    return Wanted(
        kind="prompts",
        name=name,
        config=config,
        inputs=made,
        entry=("tasks_to_text.convert", "tasks_to_text.registry"),
    )


def find_prompts(workspace: Workspace, profile: Profile) -> Product | None:
    """The prompts that a run of the profile would use now; None: they must be made first."""
    made: dict[str, Product] = {}
    wanted = []
    if profile.documentation is not None:
        wanted.append(documentation(profile.documentation))
    if profile.catalogues is not None:
        wanted.append(catalogues(profile.catalogues))
    for one in wanted:
        found = workspace.find(**one)
        if found is None:
            return None
        made[one["kind"]] = found
    return workspace.find(**prompts(profile, made))
