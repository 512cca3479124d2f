"""A person's own project: a folder with ``generalist.toml`` and ``tasks/*.py``, no fork of ours.

The TOML file names profiles (a shipped one as base, and what differs) and corpora; every file of
``tasks`` that does not begin with ``_`` (or ``.``) defines ``TASK`` or ``TASKS``. Task files are
executed from their text under private module names: nothing is put on ``sys.path`` and no bytecode
is written beside them, so an edit always counts. Each task keeps the digest of that text, which
belongs to the keys of all that is made with it; what such a file imports from elsewhere is not
seen. Files that it reads by itself it should name, relative to the folder of the project, as in
``READS = ("data/names.json",)``: their bytes then belong to that digest too.

A project that is broken spoils nothing but itself: its folder and the names of its profiles are
known without executing a task file, and shipped profiles need no more.
"""

import hashlib
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from flows.corpora import Corpus
from flows.costs import tokens_per_step
from flows.encoding import CORPUS
from flows.errors import ConfigError, FlowsError
from flows.project_file import INSTALLED, ProfileSpec, named_profiles, read_project_file
from flows.scores import DOCUMENTS
from gptcore.errors import GptcoreError
from tasks_to_text import registry
from tasks_to_text.errors import TasksToTextError
from tasks_to_text.task import Task

if TYPE_CHECKING:  # flows.profiles asks for the project's names while it is imported
    from flows.profiles import Profile

FILE = "generalist.toml"
VARIABLE = "GENERALIST_PROJECT"
RESERVED = (CORPUS, DOCUMENTS)
"""Names that tables and streams already use for something else than a task."""

_Stamps = tuple[tuple[str, int, int], ...]
"""Path, time and size of every file of a project."""
_loaded: dict[Path, tuple[_Stamps, "Project"]] = {}
"""Projects by folder, with the stamps of their files when they were read."""
_digests: dict[int, tuple[Task, str]] = {}
"""Tasks of projects by identity, with the digest of the very text that made them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """What a project's folder defines."""

    root: Path
    """The folder, absolute; relative paths of sources start here."""
    profiles: Mapping[str, ProfileSpec]
    corpora: Mapping[str, Corpus]
    tasks: Mapping[str, Task]
    """The project's own; shipped ones are in ``tasks_to_text.registry``."""
    reads: tuple[Path, ...] = ()
    """Files that task files name in ``READS``."""


def find_project(*, tasks: bool = True) -> Project | None:
    """The project of ``project_folder``, if there is one; without its ``tasks`` if so asked."""
    folder = project_folder()
    return None if folder is None else load_project(folder, tasks=tasks)


def project_folder() -> Path | None:
    """The folder that ``GENERALIST_PROJECT`` names, else the current one if it is a project's.

    A Prefect worker starts every flow run in an empty temporary directory, so there the variable
    must say it, absolutely. Nothing of the project is read.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return Path().absolute() if Path(FILE).is_file() else None
    if "PREFECT__FLOW_RUN_ID" in os.environ and not Path(named).is_absolute():
        raise ConfigError(
            f"{VARIABLE}={named!r}: a worker needs an absolute path; set it where the worker starts"
        )
    if not (Path(named) / FILE).is_file():
        raise ConfigError(
            f"{VARIABLE}={named!r}: there is no {FILE} in it; name the folder of a project, or "
            "make one with `generalist init`"
        )
    return Path(named).absolute()


def profile_names() -> tuple[str, ...]:
    """Profiles of the project by its TOML file alone; () when there is none that can be read."""
    try:
        folder = project_folder()
        return () if folder is None else named_profiles(folder / FILE)
    except ConfigError:
        return ()


def load_project(root: Path, *, tasks: bool = True) -> Project:
    """The project in a folder; ConfigError says what in which file cannot be used.

    Read again only when one of its files has changed. Without ``tasks`` no task file is executed,
    and names of tasks in the profiles are not checked.
    """
    root = root.absolute()
    if not tasks:
        profiles, corpora = read_project_file(root / FILE, tasks=None)
        return Project(root=root, profiles=profiles, corpora=corpora, tasks={})
    stamps, known = tuple(_stamps(root)), _loaded.get(root)
    whole = known is not None and all(map(Path.is_file, known[1].reads))
    if known and whole and known[0] == (*stamps, *_stamps_of(known[1].reads)):
        return known[1]
    project = _load(root)
    _loaded[root] = (*stamps, *_stamps_of(project.reads)), project
    return project


def task_digest(task: Task) -> str:
    """SHA-256 of the project's file that defines a task and of its READS; "" for a shipped one."""
    known = _digests.get(id(task))
    return known[1] if known else ""


def apply_spec(spec: ProfileSpec, base: "Profile", project: Project) -> "Profile":
    """The base with a project's corpora, tasks, mixture and overrides."""
    try:
        return _applied(spec, base, project)
    except (FlowsError, GptcoreError, TasksToTextError) as error:
        raise ConfigError(f"{project.root / FILE}: [profiles.{spec.name}] {error}") from error


def _stamps(root: Path) -> Iterator[tuple[str, int, int]]:
    yield from _stamps_of((root / FILE, *_task_files(root)))


def _stamps_of(paths: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    for path in paths:
        try:
            status = path.stat()
        except OSError as error:
            raise ConfigError(f"{path} cannot be read ({error.strerror})") from error
        yield str(path), status.st_mtime_ns, status.st_size


def _task_files(root: Path) -> list[Path]:
    """Files that define tasks: neither helpers nor what editors and systems leave there."""
    found = (root / "tasks").glob("*.py")
    return sorted(path for path in found if path.name[0] not in "_." and not path.is_dir())


def _load(root: Path) -> Project:
    tasks: dict[str, Task] = {}
    owner: dict[str, Path] = {}
    reads: list[Path] = []
    for path in _task_files(root):
        text = path.read_bytes()
        module = _executed(path, text)
        found = _tasks_of(module, path)
        files = _reads(module, path, root)
        reads += files
        digest = _digest(text, files)
        _digests.update({id(task): (task, digest) for task in found})
        for task in found:
            _check_name(task.name, path, owner)
            tasks[task.name], owner[task.name] = task, path
    known = (*registry.names(), *tasks)
    profiles, corpora = read_project_file(root / FILE, tasks=known)
    return Project(root=root, profiles=profiles, corpora=corpora, tasks=tasks, reads=tuple(reads))


def _reads(module: ModuleType, path: Path, root: Path) -> list[Path]:
    """The files that a task file says it reads."""
    named = getattr(module, "READS", ())
    if not isinstance(named, list | tuple) or not all(isinstance(one, str) for one in named):
        raise ConfigError(f'{path}: READS={named!r}: give a list of paths, ("data/names.json",)')
    files = [root / one for one in named]
    for one, file in zip(named, files, strict=True):
        if not file.is_file():
            raise ConfigError(f"{path}: READS names {one!r}: there is no file {file}")
    return files


def _digest(text: bytes, reads: list[Path]) -> str:
    """Of a task file alone, or with what it reads."""
    whole = hashlib.sha256(text)
    for path in reads:
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _tasks_of(module: ModuleType, path: Path) -> list[Task]:
    """The tasks that a file defines."""
    found = [getattr(module, name) for name in ("TASK", "TASKS") if hasattr(module, name)]
    if len(found) != 1:
        raise ConfigError(f"{path}: define TASK = … (one task) or TASKS = [ … ], one of the two")
    tasks = [found[0]] if isinstance(found[0], Task) else found[0]
    if not isinstance(tasks, list | tuple) or not tasks:
        raise ConfigError(f"{path}: TASKS={tasks!r}; give a list of tasks")
    if strange := [one for one in tasks if not isinstance(one, Task)]:
        raise ConfigError(
            f"{path}: {strange[0]!r} is no task; make one with tasks_to_text.kinds, such as "
            "classification(…)"
        )
    return list(tasks)


def _executed(path: Path, text: bytes) -> ModuleType:
    """The module that a file makes; all that goes wrong in it is one error with its line."""
    name = f"_generalist_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{path.stem}"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles of the file look themselves up there
    try:
        exec(compile(text, str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        said = f"{type(error).__name__}: {error}"
        if isinstance(error, TasksToTextError):
            said = str(error)
        raise ConfigError(f"{path}, line {_line(error, path)}: {said}") from error
    return module


def _line(error: BaseException, path: Path) -> int:
    """The last line of a file that an error went through; 1 when it never got there."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path) and frame.lineno]
    return lines[-1] if lines else 1


def _check_name(name: str, path: Path, owner: Mapping[str, Path]) -> None:
    if name in registry.names():
        raise ConfigError(f"{path}: task {name!r} is shipped; give yours another name")
    if name in RESERVED:
        raise ConfigError(f"{path}: task {name!r}: the name is taken; give it another")
    if name in owner:
        raise ConfigError(f"{path}: task {name!r} is defined in {owner[name]} too; rename one")


def _applied(spec: ProfileSpec, base: "Profile", project: Project) -> "Profile":
    from flows.profiles import Overrides, Profile
    from flows.shipped import quickstart

    changes = dict(spec.overrides)
    quick = {name: changes.pop(name, None) for name in ("tokens", "seed", "threads")}
    tasks = tuple(registry.get(name, project.tasks) for name in spec.tasks)
    made = {task.source.product for task in tasks}
    reads = INSTALLED in spec.corpora
    documented = reads or "documentation" in made
    in_mixture = tuple(name for name in spec.mixture if name != CORPUS)
    installed = quickstart()
    profile = Profile(
        name=spec.name,
        about=spec.about,
        documentation=(base.documentation or installed.documentation) if documented else None,
        documentation_is_corpus=reads,
        catalogues=(base.catalogues or installed.catalogues) if "catalogues" in made else None,
        corpora={name: project.corpora[name] for name in spec.corpora if name in project.corpora},
        texts=base.texts,
        tasks=tasks,
        convert=_convert(spec, base, changes),
        ingest=base.ingest,
        tokenizer=replace(base.tokenizer, **_of(base.tokenizer, changes)),
        model=replace(base.model, **_of(base.model, changes)),
        train=replace(base.train, mixture=_mixture(spec, base), **_of(base.train, changes)),
        evaluation=replace(
            base.evaluation,
            tasks=spec.tasks,
            mixture=in_mixture,
            **_of(base.evaluation, changes),
        ),
        gate=base.gate,
        mixture=spec.policy,
    )
    profile = Overrides(**quick).apply(profile)
    _check_share(spec, profile)
    return profile


def _check_share(spec: ProfileSpec, profile: "Profile") -> None:
    """ConfigError when the twin, which reads the corpus' share of the tokens, makes no step."""
    total = profile.train.tokens
    tokens = int(total * spec.mixture[CORPUS] / sum(spec.mixture.values()))
    step = tokens_per_step(profile.model, profile.train)
    if tokens < step:
        raise ConfigError(
            f"mixture={dict(spec.mixture)}: {CORPUS!r} gets {tokens:,} of {total:,} tokens, and "
            f"one step of training takes {step:,}: raise its rate, or tokens"
        )


def _of(config: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides that are fields of a configuration."""
    return {name: value for name, value in changes.items() if hasattr(config, name)}


def _mixture(spec: ProfileSpec, base: "Profile") -> Any:
    from gptcore.config import StreamConfig

    like = next(one for one in base.train.mixture if one.name != CORPUS)
    given = {"target_weight": spec.answer_weight, "prompt_weight": spec.prompt_weight}
    weights = {
        name: getattr(like, name) if weight is None else weight for name, weight in given.items()
    }
    return tuple(
        StreamConfig(name=name, rate=rate, **({} if name == CORPUS else weights))
        for name, rate in spec.mixture.items()
    )


def _convert(spec: ProfileSpec, base: "Profile", changes: Mapping[str, Any]) -> Any:
    """Limits of the base stay for its tasks, but for splits that the overrides speak about."""
    limits = {
        task: {split: n for split, n in by_split.items() if f"max_{split}" not in changes}
        for task, by_split in base.convert.limits.items()
        if task in spec.tasks
    }
    return replace(base.convert, tasks=spec.tasks, limits=limits, **_of(base.convert, changes))
