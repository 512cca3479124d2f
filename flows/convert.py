"""Flow ``convert``: labelled datasets → prompts."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import Progress
from flows.workspace import Product, Workspace
from gptcore.corpus.documentation import collect
from tasks_to_text.convert import convert as convert_tasks


@task(cache_policy=NO_CACHE)
def documentation(profile: Profile) -> Product:
    """The documentation that is already installed: what corpus and tasks are made from."""
    return Workspace.open().product(
        "documentation",
        profile.name,
        config=profile.documentation,
        inputs={},
        entry=("gptcore.corpus.documentation",),
        build=lambda out: collect(profile.documentation, out, Progress("documentation")),
    )


@task(cache_policy=NO_CACHE)
def prompts(profile: Profile, source: Product) -> Product:
    """Every task's examples as prompts and targets, per split."""
    return Workspace.open().product(
        "prompts",
        profile.name,
        config=profile.convert,
        inputs={"documentation": source},
        entry=("tasks_to_text.convert",),
        build=lambda out: convert_tasks(profile.convert, source.path, out, Progress("prompts")),
        content=("*.parquet",),
    )


def converted(profile: Profile) -> tuple[Product, Product]:
    """Documentation and prompts."""
    source = documentation(profile)
    return source, prompts(profile, source)


@flow
def convert(profile: ProfileName = "quickstart", overrides: Overrides | None = None) -> None:
    """Turn the labelled datasets of a profile into prompts.

    Args:
        profile: A shipped configuration.
        overrides: Changes to it for this run.
    """
    converted(load(profile, overrides))
