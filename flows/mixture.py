"""The mixture of a profile with a policy: settled once its examples are counted.

Such a profile says which tasks are mixed and what share of the tokens the corpus gets; until the
examples are there its tasks share the rest alike, for want of anything better. A run is made, and
kept, under the settled rates.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flows.encoding import CORPUS
from flows.profiles import Profile
from tasks_to_text.mixture import rates, token_shares


def settled_mixture(profile: Profile, counts: Mapping[str, Any]) -> Profile:
    """The profile with the rates of its policy; where rates are given, as it is.

    ``counts``: those of the shards, texts and tokens of every ``train/<task>``. The corpus keeps
    its share. A stream gives windows, so a rate is a share of the tokens: the policy's share of the
    examples times their mean length.
    """
    if profile.mixture.policy == "given":
        return profile
    found = {name: counts[f"train/{name}"] for name in profile.mixture_tasks}
    examples = rates({name: one["texts"] for name, one in found.items()}, profile.mixture)
    lengths = {name: one["tokens"] / one["texts"] for name, one in found.items()}
    shares, corpus = token_shares(examples, lengths), profile.corpus_share
    streams = tuple(
        replace(one, rate=corpus if one.name == CORPUS else (1 - corpus) * shares[one.name])
        for one in profile.train.mixture
    )
    return replace(profile, train=replace(profile.train, mixture=streams))


def said(profile: Profile) -> str:
    """What is mixed and how, for a person; before examples are counted a policy has no shares."""
    config, total = profile.mixture, sum(stream.rate for stream in profile.train.mixture)
    if config.policy == "given":
        return ", ".join(f"{one.name} {one.rate / total:.0%}" for one in profile.train.mixture)
    how = "as many examples of each" if config.policy == "equal" else "by their numbers of examples"
    limits = [] if config.cap is None else [f"at most {config.cap:,}"]
    limits += [] if config.temperature == 1 else [f"temperature {config.temperature:g}"]
    named = f" ({', '.join(limits)})" if limits else ""
    tasks = ", ".join(profile.mixture_tasks)
    return (
        f"{CORPUS} {profile.corpus_share:.0%}; the rest for {tasks}, {how}{named}: "
        "their shares are known when the examples are encoded"
    )
