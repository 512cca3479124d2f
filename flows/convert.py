"""Flow ``convert``: labelled datasets → prompts."""

from collections.abc import Mapping

from prefect import flow

from flows import wanted
from flows.places import places
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import Progress
from flows.run_page import run_name, show_progress
from flows.stages import stage
from flows.workspace import Product, Workspace
from gptcore.corpus.catalogues import CatalogueConfig, collect_catalogues
from gptcore.corpus.documentation import DocumentationConfig, collect
from tasks_to_text.convert import convert as convert_tasks


@stage("documentation")
def documentation(config: DocumentationConfig) -> Product:
    """The documentation that is already installed: what corpus and tasks are made from.

    Profiles that read the same share it.
    """
    return Workspace.open().product(
        **wanted.documentation(config),
        build=lambda out: collect(config, out, Progress("documentation")),
    )


@stage("catalogues")
def catalogues(config: CatalogueConfig) -> Product:
    """Messages of installed packages with their translations."""
    return Workspace.open().product(
        **wanted.catalogues(config),
        build=lambda out: collect_catalogues(config, out, Progress("catalogues")),
    )


def installed(profile: Profile) -> dict[str, Product]:
    """What the environment itself offers, by the name that sources call it."""
    found = {}
    if profile.documentation is not None:
        found["documentation"] = documentation(profile.documentation)
    if profile.catalogues is not None:
        found["catalogues"] = catalogues(profile.catalogues)
    return found


@stage("prompts of {profile.name}")
def prompts(profile: Profile, made: Mapping[str, Product]) -> Product:
    """Every task's examples as prompts and targets, per split."""
    return Workspace.open().product(
        **wanted.prompts(profile, made),
        build=lambda out: convert_tasks(
            profile.convert, profile.tasks, places(made), out, Progress("prompts")
        ),
        content=("*.parquet",),
    )


def converted(profile: Profile) -> tuple[dict[str, Product], Product]:
    """What is installed, and the prompts."""
    made = installed(profile)
    return made, prompts(profile, made)


@flow(flow_run_name=run_name, on_running=[show_progress])
def convert(profile: ProfileName = "quickstart", overrides: Overrides | None = None) -> None:
    """Turn the labelled datasets of a profile into prompts.

    Args:
        profile: What to train on, the model's size, the budget, the tasks: a configuration by name.
            `quickstart` takes minutes on a laptop, `tiny` seconds and is for trying out;
            `generalist profiles` tells of all, your own too.
        overrides: Changes to the profile for this run only; None: as it is.
    """
    converted(load(profile, overrides))
