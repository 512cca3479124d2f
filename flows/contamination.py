"""Flow ``contamination``: token shards and prompts → what of the evaluation the model has read."""

from prefect import flow

from flows.checking import CheckingConfig, check
from flows.encoding import CORPUS
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import Progress
from flows.stages import stage
from flows.tokenize import Text, tokenized
from flows.workspace import Product, Workspace


@stage("contamination of {profile.name}")
def contaminated(profile: Profile, text: Text) -> Product:
    """Every evaluated item, looked for in all text that the profile's models are trained on."""
    return checked(profile.name, checking(profile), text.prompts, text.shards, text.tokenizer)


def checking(profile: Profile) -> CheckingConfig:
    """What is looked for and through tonight."""
    evaluation = profile.evaluation
    return CheckingConfig(
        tasks=evaluation.tasks,
        streams=(CORPUS, *profile.mixture_tasks),
        splits=evaluation.splits,
        seed=evaluation.seed,
    )


def checked(
    name: str, config: CheckingConfig, prompts: Product, shards: Product, tokenizer: Product
) -> Product:
    """The items of prompts, looked for in the text of shards."""
    return Workspace.open().product(
        "contamination",
        name,
        config=config,
        inputs={"prompts": prompts, "shards": shards, "tokenizer": tokenizer},
        entry=("flows.checking",),
        build=lambda out: check(
            config, prompts.path, shards.path, tokenizer.path, out, Progress("contamination")
        ),
    )


@flow
def contamination(profile: ProfileName = "quickstart", overrides: Overrides | None = None) -> None:
    """Look for the evaluation of a profile in its training text.

    Args:
        profile: A complete configuration, shipped or of the project.
        overrides: Changes to it for this run.
    """
    chosen = load(profile, overrides)
    contaminated(chosen, tokenized(chosen))
