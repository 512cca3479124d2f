"""``generalist.toml``: what may stand in it, and what is wrong with what does.

    [profiles.NAME]            base, about, corpora, tasks, mixture, answer_weight, prompt_weight,
                               template_weights
    [profiles.NAME.mixture]    stream = rate; or policy, corpus, tasks, cap, temperature
    [profiles.NAME.overrides]  fields of the base's configurations, see OVERRIDES
    [corpora.NAME]             path (with files), hub or mirror, and the columns

Every message names the file, the key, its value and a remedy; a key that is not known is refused
with the nearest one that is. Nothing is read but this file: whether the data is there shows later.
"""

import re
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from flows.corpora import Corpus
from flows.encoding import CORPUS
from flows.errors import ConfigError
from tasks_to_text.errors import TasksToTextError
from tasks_to_text.mixture import MixtureConfig
from tasks_to_text.source import Source

INSTALLED = "documentation"
"""The corpus that every environment has."""
_PROFILE_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX_NAME = 40
"""Characters: with what products append, a name must fit into that of a file."""
_CORPUS_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ROLES = frozenset({"generalist", "champion"})
"""Words that names of products append to that of a profile."""

_TEXT, _TEXTS = "a text in quotes", "a list of texts"
_NUMBER, _WHOLE = "a finite number", "a whole number"
_SWITCH = "true or false"
_TABLE, _RATES = "a table", "a table of names and rates above 0, or one with a policy"
_WEIGHTS = "a table of tasks, each with its templates and their weights"

_PROFILE = {
    "base": _TEXT,
    "about": _TEXT,
    "corpora": _TEXTS,
    "tasks": _TEXTS,
    "mixture": _RATES,
    "answer_weight": _NUMBER,
    "prompt_weight": _NUMBER,
    "template_weights": _WEIGHTS,
    "overrides": _TABLE,
}
_POLICY = {
    "policy": _TEXT,
    "corpus": _NUMBER,
    "tasks": _TEXTS,
    "cap": _WHOLE,
    "temperature": _NUMBER,
}
_SOURCE = {
    "path": _TEXT,
    "hub": _TEXT,
    "mirror": _TEXT,
    "revision": _TEXT,
    "config": _TEXT,
    "limit": _WHOLE,
    "max_bad_share": _NUMBER,
    "licence": _TEXT,
}
_COLUMNS = {"text": _TEXT, "id": _TEXT, "group": _TEXT}
_CORPUS = {**_SOURCE, **_COLUMNS, "files": _TEXT, "splits": _TABLE}
OVERRIDES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("tokens", "seed", "threads", "batch_size", "accumulation"), _WHOLE),
        **dict.fromkeys(("vocab_size", "n_layer", "n_head", "n_embd", "context_length"), _WHOLE),
        **dict.fromkeys(("max_train", "max_validation", "max_test", "documents"), _WHOLE),
        **dict.fromkeys(("learning_rate", "muon_learning_rate", "weight_decay"), _NUMBER),
        **dict.fromkeys(("optimizer", "schedule", "precision", "parallel"), _TEXT),
        **dict.fromkeys(("separate_documents", "recompute_activations", "compile"), _SWITCH),
    }
)
"""Field → what its value must be."""
_MAX_DOCUMENTS = 10**6
"""Held-out documents that are scored, at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileSpec:
    """A profile of a project: a shipped one, and what differs."""

    name: str
    """Lower-case words and digits joined by ``-``."""
    base: str
    """A shipped profile: model, tokenizer, training, evaluation and gate come from it."""
    about: str
    """One line for a person who chooses."""
    corpora: tuple[str, ...]
    """Corpora of the project; ``documentation`` is the installed one."""
    tasks: tuple[str, ...]
    """The project's own and shipped ones; all are evaluated."""
    mixture: Mapping[str, float]
    """``corpus`` and tasks → rate; tasks that are not named stay unseen. With a policy, tasks have
    the same rate until their examples are counted."""
    policy: MixtureConfig = field(default_factory=MixtureConfig)
    """How often tasks and templates are read; by default at the rates of ``mixture``."""
    answer_weight: float | None = None
    """Loss weight of answers; None: that of the base."""
    prompt_weight: float | None = None
    """Loss weight of prompts; None: that of the base."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the base's configurations → values, of those in OVERRIDES."""


def read_project_file(
    path: Path, *, tasks: Collection[str] | None
) -> tuple[dict[str, ProfileSpec], dict[str, Corpus]]:
    """Profiles and corpora of a file.

    ``tasks`` are the names that a profile may use; None: they are not known, so any.
    """
    from flows.profiles import SHIPPED

    tables = _checked(str(path), _parsed(path), {"profiles": _TABLE, "corpora": _TABLE})
    corpora = {
        name: _corpus(f"{path}: [corpora.{name}]", name, table)
        for name, table in tables.get("corpora", {}).items()
    }
    profiles = {
        name: _profile(f"{path}: [profiles.{name}]", name, table, SHIPPED, corpora, tasks)
        for name, table in tables.get("profiles", {}).items()
    }
    return profiles, corpora


def named_profiles(path: Path) -> tuple[str, ...]:
    """Names of the profiles of a file, whatever is wrong with what they say."""
    profiles = _parsed(path).get("profiles")
    return tuple(filter(_fits, profiles)) if isinstance(profiles, dict) else ()


def _fits(name: str) -> bool:
    """Whether a profile of a project may be called so."""
    from flows.profiles import SHIPPED

    words = _PROFILE_NAME.fullmatch(name) and not _ROLES & set(name.split("-"))
    return bool(words) and len(name) <= _MAX_NAME and name not in SHIPPED


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error


def _profile(
    where: str,
    name: str,
    table: Any,
    shipped: Collection[str],
    corpora: Collection[str],
    tasks: Collection[str] | None,
) -> ProfileSpec:
    if name in shipped:
        raise ConfigError(f"{where}: the name is that of a shipped profile; choose another")
    if not _fits(name):
        raise ConfigError(
            f"{where}: name it by lower-case words and digits joined by '-', none of them "
            f"{' or '.join(sorted(_ROLES))}, in at most {_MAX_NAME} characters"
        )
    given = _checked(where, table, _PROFILE, need=("base", "corpora", "tasks", "mixture"))
    if given["base"] not in shipped:
        _refuse(where, "base", given["base"], nearest(given["base"], shipped))
    _known(where, "corpora", given["corpora"], (*corpora, INSTALLED))
    _known(where, "tasks", given["tasks"], given["tasks"] if tasks is None else tasks)
    rates, policy = _mixture(where, given)
    overrides = _checked(f"{where[:-1]}.overrides]", given.get("overrides", {}), OVERRIDES)
    if overrides.get("documents", 0) > _MAX_DOCUMENTS:
        _refuse(where, "documents", overrides["documents"], f"use at most {_MAX_DOCUMENTS:,}")
    return ProfileSpec(
        name=name,
        base=given["base"],
        about=given.get("about", f"{given['base']} with data of one's own.").strip(),
        corpora=tuple(given["corpora"]),
        tasks=tuple(given["tasks"]),
        mixture=rates,
        policy=policy,
        answer_weight=given.get("answer_weight"),
        prompt_weight=given.get("prompt_weight"),
        overrides=overrides,
    )


def _mixture(where: str, given: Mapping[str, Any]) -> tuple[dict[str, float], MixtureConfig]:
    """Rates of all streams and, where a policy settles those of tasks, that policy."""
    rates, tasks = given["mixture"], given["tasks"]
    fields = {"template_weights": given.get("template_weights", {})}
    if isinstance(rates.get("policy"), str):
        inside = f"{where} mixture"
        table = _checked(inside, rates, _POLICY, need=("policy", "tasks"))
        if table["policy"] == "given":
            _refuse(inside, "policy", "given", "use equal or proportional, or give rates alone")
        if not 0 < table.get("corpus", 0) < 1:
            _refuse(inside, "corpus", table.get("corpus"), "give its share, between 0 and 1")
        _known(inside, "tasks", table["tasks"], tasks)
        fields |= {key: table[key] for key in ("policy", "cap", "temperature") if key in table}
        share = (1 - table["corpus"]) / len(table["tasks"])
        rates = {CORPUS: table["corpus"], **dict.fromkeys(table["tasks"], share)}
    _known(where, "mixture", rates, (CORPUS, *tasks))
    if CORPUS not in rates:
        _refuse(where, "mixture", rates, f"give {CORPUS!r} a rate too")
    try:
        return rates, MixtureConfig(**fields)
    except TasksToTextError as error:
        raise ConfigError(f"{where} {error}") from error


def _corpus(where: str, name: str, table: Any) -> Corpus:
    if not _CORPUS_NAME.fullmatch(name) or name in (INSTALLED, CORPUS):
        raise ConfigError(
            f"{where}: name it by lower-case words joined by '_', and neither {INSTALLED!r} nor "
            f"{CORPUS!r}"
        )
    given = _checked(where, table, _CORPUS)
    if "files" in given and "splits" in given:
        _refuse(where, "files", given["files"], "leave it out, or splits")
    on_hub = "hub" in given and "path" not in given
    splits = given.get("splits", {"train": given.get("files", "train" if on_hub else "**/*")})
    if not splits or not all(isinstance(name, str) for name in splits.values()):
        remedy = 'give { train = "…" }: a name or pattern in quotes'
        _refuse(where, "splits", splits, remedy)
    try:
        source = Source(splits=splits, **{key: given[key] for key in _SOURCE if key in given})
    except TasksToTextError as error:
        raise ConfigError(f"{where}: {error}") from error
    return Corpus(source=source, **{key: given[key] for key in _COLUMNS if key in given})


def _checked(
    where: str, table: Any, schema: Mapping[str, str], need: Iterable[str] = ()
) -> dict[str, Any]:
    """A table whose keys are known and whose values are what they must be."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: {table!r}: must be a table")
    for key, value in table.items():
        if key not in schema:
            _refuse(where, key, value, f"no such key; {nearest(key, schema)}")
        if not _is(schema[key], value):
            _refuse(where, key, value, f"must be {schema[key]}")
    if missing := [key for key in need if not table.get(key)]:
        raise ConfigError(f"{where}: {missing[0]} is missing; give {schema[missing[0]]}")
    return table


def _is(kind: str, value: Any) -> bool:
    if kind == _TEXT:
        return isinstance(value, str)
    if kind == _TEXTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if kind == _SWITCH:
        return isinstance(value, bool)
    if kind == _WHOLE:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == _NUMBER:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and abs(value) <= sys.float_info.max  # nor is nan less than that
    if kind == _WEIGHTS and isinstance(value, dict):
        tables = value.values()
        return all(isinstance(one, dict) and _are_numbers(one.values()) for one in tables)
    if kind == _RATES and isinstance(value, dict) and not isinstance(value.get("policy"), str):
        return all(_is(_NUMBER, rate) and rate > 0 for rate in value.values())
    return isinstance(value, dict)


def _are_numbers(values: Iterable[Any]) -> bool:
    return all(_is(_NUMBER, value) for value in values)


def _known(where: str, key: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            _refuse(where, key, list(names), f"{name!r} is not known; {nearest(name, known)}")
    if len(set(names)) < len(names):
        _refuse(where, key, list(names), "name each once")


def _refuse(where: str, key: str, value: Any, remedy: str) -> NoReturn:
    raise ConfigError(f"{where} {key}={value!r}: {remedy}")


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known: the nearest one, or all."""
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
