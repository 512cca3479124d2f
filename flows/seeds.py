"""Flow ``seeds``: how much scores swing between seeds, measured by training the same again (A/A).

It trains what is missing of the configuration's seeds and scores the validation split; what the
gate adds to its intervals is read from the workspace (``flows.spread``), tonight and later.
"""

from dataclasses import asdict, replace
from typing import Any

from prefect import flow

from flows.errors import ConfigError
from flows.evaluate import champion_evaluation
from flows.mixture import settled_mixture
from flows.pretrain import train
from flows.profiles import Overrides, ProfileName, load
from flows.spread import ENOUGH, measured
from flows.tokenize import tokenized
from flows.workspace import Workspace

LEAST = ENOUGH + 1
"""Seeds of one configuration."""


@flow
def seeds(
    profile: ProfileName = "quickstart", runs: int = LEAST, overrides: Overrides | None = None
) -> dict[str, Any]:
    """Measure how much the scores of a profile swing between seeds.

    Args:
        profile: A complete configuration, shipped or of the project.
        runs: Seeds, from the profile's own on; those that are trained already are reused.
        overrides: Changes to the profile for this run.
    """
    if runs < LEAST:
        raise ConfigError(f"runs={runs}: use at least {LEAST}, fewer seeds say too little")
    chosen = load(profile, overrides)
    text = tokenized(chosen)
    settled = settled_mixture(chosen, text.shards.manifest.counts)
    trained = []
    for seed in range(settled.train.seed, settled.train.seed + runs):
        config = replace(settled.train, seed=seed)
        trained.append(train(settled, text, "generalist", config))
        champion_evaluation(chosen, text, trained[-1])
    found = measured(Workspace.open(), trained[-1])
    return asdict(found) if found else {}
