"""What each command of the command line does; whatever is heavy is imported where it is used."""

import argparse
import os
from pathlib import Path
from typing import Any


def run(options: argparse.Namespace) -> int:
    """``run`` and the six stages: one flow in this process."""
    from rich.markup import escape

    from flows.console import make_console, staged
    from flows.plan import plan, require
    from flows.profiles import Overrides, load
    from flows.workspace import Workspace

    overrides = Overrides(tokens=options.tokens, seed=options.seed, threads=options.threads)
    profile = load(options.profile, overrides)
    workspace, console = Workspace.open(), make_console()
    require(plan(profile, workspace.root, timed=False))
    console.print(f"[bold]generalist {options.name}[/] · profile {options.profile}")
    console.print(f"workspace {escape(str(workspace.root))}", soft_wrap=True)
    server = os.environ.get("PREFECT_API_URL", "embedded in this process, starting …")
    console.print(f"Prefect {server}", soft_wrap=True)
    parameters: dict[str, Any] = {"profile": options.profile, "overrides": overrides}
    if "retrain" in options:
        parameters["retrain"] = options.retrain
    flow = _flow(options.name)
    with staged(console):
        state = flow(**parameters, return_state=True)
    key = state.result()
    if options.name == "run":
        from flows.results import show_results

        skipped = state.name == "Skipped"
        show_results(console, workspace, options.profile, key, skipped=skipped)
    return 0


def benchmark(options: argparse.Namespace) -> int:
    """The champion on published tasks; without a model nothing starts, Prefect's server neither."""
    from flows.champion import model_of
    from flows.console import make_console, show_places, show_scores, staged
    from flows.profiles import load
    from flows.report import read_scores, read_verdicts
    from flows.workspace import Workspace

    load(options.profile)
    model_of(Workspace.open(), options.profile)
    from flows.benchmark import benchmark as flow

    console = make_console()
    parameters = {
        "profile": options.profile,
        "tasks": tuple(options.tasks),
        "limit": options.limit,
        "templates": options.templates,
        "shots": options.shots,
    }
    with staged(console):
        evaluation, page = map(Path, flow(**parameters))
    show_scores(console, read_scores(evaluation), read_verdicts(evaluation))
    show_places(console, {"table": evaluation / "table.md", "page": page})
    return 0


def seeds(options: argparse.Namespace) -> int:
    """Train the same with other seeds, and say how much the scores swing."""
    from flows.console import make_console, staged
    from flows.plan import plan, require
    from flows.profiles import Overrides, load
    from flows.workspace import Workspace

    overrides = Overrides(tokens=options.tokens, seed=options.seed, threads=options.threads)
    require(plan(load(options.profile, overrides), Workspace.open().root, timed=False))
    from flows.seeds import seeds as flow

    with staged(make_console()):
        found = flow(profile=options.profile, runs=options.seeds, overrides=overrides)
    print(f"standard deviations between seeds, {found['runs']} runs, scores from 0 to 1")
    print(f"  mean as it was observed, choice of items included  {found['observed']:.4f}")
    print(f"  mean, what the gate adds: an upper bound           {found['mean']:.4f}")
    print("single tasks, beyond the choice of items")
    for task, value in found["tasks"].items():
        print(f"  {task:<50} {value:.4f}")
    return 0


def _flow(name: str) -> Any:
    """The flow of a command; Prefect is imported here (2 s)."""
    from importlib import import_module

    if name == "run":
        from flows.pipeline import nightly

        return nightly
    return getattr(import_module(f"flows.{name}"), name)


def profiles(options: argparse.Namespace) -> int:
    """Every profile in a few lines, and one line for what cannot be one."""
    from flows.errors import ConfigError
    from flows.profiles import SHIPPED, get, names
    from flows.project import find_project

    known = names()
    for name in known:
        try:
            _show_profile(get(name))
        except ConfigError as error:
            print(f"{name}: cannot be built: {error}")
    if known == SHIPPED:  # of a project that is there but cannot be read, nobody has heard yet
        try:
            find_project(tasks=False)
        except ConfigError as error:
            print(f"(the project cannot be read: {error})")
    return 0


def _show_profile(profile: Any) -> None:
    from flows.mixture import said

    corpora = [*(["documentation"] if profile.reads_documentation else []), *profile.corpora]
    print(f"{profile.name}: {profile.about}")
    print(f"  corpora    {', '.join(corpora)}")
    print(f"  mixture    {said(profile)}")
    unseen = [task for task in profile.evaluation.tasks if task not in profile.mixture_tasks]
    print(f"  unseen     {', '.join(unseen)}")
    print(f"  training   {profile.train.tokens:,} tokens, {profile.model.n_layer} layers of")
    print(f"             width {profile.model.n_embd}, context {profile.model.context_length}")


def tasks(options: argparse.Namespace) -> int:
    """Every task with its source; ``--verify`` asks the Hub for the commit of each."""
    from flows.project import find_project
    from tasks_to_text import registry
    from tasks_to_text.sources import resolve_revision

    project = find_project()
    own = project.tasks if project else {}
    for name in (*registry.names(), *own):
        task = registry.get(name, own)
        source = task.source
        revision = source.revision or ("unverified" if source.hub else "")
        if options.verify and source.hub:
            revision = resolve_revision(source.hub)
        print(f"{name}: {task.description}")
        print(f"  kind       {task.kind}, scored by {', '.join(task.metrics)}")
        print(f"  source     {source.name} {revision}".rstrip())
        print(f"  splits     {', '.join(source.all_splits)}{'; kept unseen' * task.unseen}")
        if source.licence:
            print(f"  licence    {source.licence}")
    return 0


def prompts(options: argparse.Namespace) -> int:
    """Some prompts of a task, as they are scored."""
    from flows.console import printable
    from flows.errors import FlowsError
    from flows.profiles import load
    from flows.project_file import nearest
    from flows.wanted import find_prompts
    from flows.workspace import Workspace
    from tasks_to_text.store import read_examples

    profile = load(options.profile)
    known = [task.name for task in profile.tasks]
    if options.task not in known:
        raise FlowsError(
            f"profile {options.profile!r} has no task {options.task!r}: "
            f"{nearest(options.task, known)}"
        )
    if options.number < 1:
        raise FlowsError(f"--number={options.number}: use 1 or more")
    product = find_prompts(Workspace.open(), profile)
    if product is None:
        raise FlowsError(
            f"profile {options.profile!r}, as it and its data are now, has no prompts yet: "
            f"generalist convert --profile {options.profile}"
        )
    for example in read_examples(product.path, options.task, options.split)[: options.number]:
        print(printable(f"--- {example.example_id}\n{example.prompt}"))
        for index, choice in enumerate(example.choices):
            print(printable(f"{'=>' if index == example.gold else '  '}{choice}"))
        if not example.choices:
            print(printable(f"=>{example.target}"))
    return 0


def diff(options: argparse.Namespace) -> int:
    """Items that two runs answered differently, by task."""
    from flows.console import make_console
    from flows.diff import show_diff
    from flows.workspace import Workspace

    show_diff(
        make_console(),
        Workspace.open(),
        options.run_a,
        options.run_b,
        split=options.split,
        task=options.task,
        number=options.number,
    )
    return 0


def why(options: argparse.Namespace) -> int:
    """What a score is made of."""
    from flows.console import make_console
    from flows.why import show_why
    from flows.workspace import Workspace

    show_why(
        make_console(),
        Workspace.open(),
        options.task.removeprefix("eval/"),
        profile=options.profile,
        split=options.split,
        model=options.model,
        template=options.template,
        item=options.item,
        number=options.number,
    )
    return 0


def sql(options: argparse.Namespace) -> int:
    """A question to the catalogue."""
    from flows.console import make_console
    from flows.sql import show_sql
    from flows.workspace import Workspace

    show_sql(make_console(), Workspace.open(), options.question, options.format, options.prompts)
    return 0


def reindex(options: argparse.Namespace) -> int:
    """The catalogue, made anew."""
    from flows.catalogue import reindex as make_anew
    from flows.workspace import Workspace

    print(make_anew(Workspace.open()))
    return 0


def plan(options: argparse.Namespace) -> int:
    """What a run needs and how long it takes, before anything starts."""
    from flows.console import make_console
    from flows.plan import plan as make_plan
    from flows.plan import require, show_plan
    from flows.profiles import Overrides, load
    from flows.workspace import Workspace

    overrides = Overrides(tokens=options.tokens, seed=options.seed, threads=options.threads)
    made = make_plan(load(options.profile, overrides), Workspace.open().root)
    show_plan(make_console(), made)
    require(made)
    return 0


def contamination(options: argparse.Namespace) -> int:
    """Whether the texts of an evaluation stand in a corpus; 1 when more than allowed."""
    from flows.console import make_console
    from flows.contamination_command import contamination as look

    within = look(
        make_console(),
        options.corpus,
        options.tasks,
        column=options.column,
        task_columns=options.task_column or ["text"],
        worst=options.worst,
        out=options.out,
        fail_above=options.fail_above,
    )
    return 0 if within else 1


def init(options: argparse.Namespace) -> int:
    """Write a project folder to fill."""
    from flows.init import init as write_project

    write_project(options.directory)
    return 0


def mlflow(options: argparse.Namespace) -> int:
    """MLflow's pages."""
    from flows.results import serve_mlflow
    from flows.workspace import Workspace

    return serve_mlflow(Workspace.open(), options.port)


def existing_directory(text: str) -> Path:
    """An argument that names a directory; argparse says what is wrong with another."""
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no directory")
    return path.absolute()
