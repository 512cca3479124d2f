"""The command line: ``generalist``, the same as ``python -m flows``.

Runs the flows in this process, on Prefect's embedded server with SQLite under the workspace, unless
``PREFECT_API_URL`` names a server. Telemetry of Prefect and MLflow is off unless their variables
say otherwise. Whatever is heavy is imported by the command that needs it.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

STAGES = ("convert", "ingest", "tokenize", "pretrain", "evaluate", "promote")
RETRAIN = ("on_change", "always", "continue_champion")
INTERRUPTED = 130
UNWIND_SECONDS = 20.0

_QUIET = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "flows",
    "PREFECT_LOGGING_HANDLERS_API_LEVEL": "INFO",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "PREFECT_CLIENT_MAX_RETRIES": "2",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}
_SILENT = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_ROOT_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 2 for what the user can mend, 130 interrupted."""
    options = _parser().parse_args(arguments)
    _set_environment(options)
    interrupted = _interruptible()
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except KeyboardInterrupt:
        _say_interrupted()
        return INTERRUPTED
    except Exception as error:
        if interrupted():
            _say_interrupted()
            return INTERRUPTED
        if options.debug:
            raise
        _complain(_explained(error))
        return 2


def _interruptible() -> Callable[[], bool]:
    """Handle SIGINT and SIGTERM; the function that is returned says whether one came.

    The first unwinds, so that the trainer writes a checkpoint. A terminal's Ctrl-C ends Prefect's
    embedded server too, which its client then calls in vain for minutes: after UNWIND_SECONDS, or
    at the second signal, the process ends as it is. A trainer that still works sees that.
    """
    asked = threading.Event()

    def end() -> None:
        _say_interrupted()
        os._exit(INTERRUPTED)

    def handle(number: int, frame: object) -> None:
        if asked.is_set():
            end()
        asked.set()
        timer = threading.Timer(UNWIND_SECONDS, end)
        timer.daemon = True
        timer.start()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return asked.is_set


def _say_interrupted() -> None:
    print("interrupted: the same command goes on where this one stopped", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="generalist",
        description="From installed documentation to a language model that does many tasks, "
        "a table that says how well, and whether it is better than the last one.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="tracebacks and Prefect's own log")
    common.add_argument("--workspace", type=Path, help="where products live (./workspace)")
    named = argparse.ArgumentParser(add_help=False, parents=[common])
    named.add_argument("--profile", default="quickstart", help="a complete configuration by name")
    flow = argparse.ArgumentParser(add_help=False, parents=[named])
    flow.add_argument("--tokens", type=int, help="training budget in tokens")
    flow.add_argument("--seed", type=int, help="of weights and data order")
    flow.add_argument("--threads", type=int, help="processor threads; 0: all cores")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Any, about: str, parent: Any = common) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about, parents=[parent])
        sub.set_defaults(command=function, name=name)
        return sub

    add("run", _run, "the whole pipeline; what is finished is reused", flow).add_argument(
        "--retrain", choices=RETRAIN, default="on_change", help="when to train anew"
    )
    for stage in STAGES:
        sub = add(stage, _run, f"the pipeline up to and including {stage}", flow)
        if stage == "pretrain":
            sub.add_argument("--retrain", choices=RETRAIN, default="on_change")
    add("profiles", _profiles, "the shipped configurations")
    prompts = add("prompts", _prompts, "a few prompts of a task, as they are scored", named)
    prompts.add_argument("task")
    prompts.add_argument("--split", choices=("train", "validation", "test"), default="validation")
    prompts.add_argument("--number", type=int, default=3, help="1 or more")
    generate = add("generate", _generate, "continue a text with the champion", named)
    generate.add_argument("prompt")
    generate.add_argument("--max-tokens", type=int, default=100, help="of the continuation")
    generate.add_argument("--temperature", type=float, default=0.8)
    generate.add_argument("--seed", type=int, default=0)
    server = add("mlflow", _mlflow, "MLflow's pages about the workspace, on this machine only")
    server.add_argument("--port", type=int, default=5000)
    return parser


def _set_environment(options: argparse.Namespace) -> None:
    """Before anything of Prefect or MLflow is imported: they read it then."""
    if options.workspace is not None:
        os.environ["GENERALIST_WORKSPACE"] = str(options.workspace.absolute())
    for name, value in (_QUIET if options.debug else {**_QUIET, **_SILENT}).items():
        os.environ.setdefault(name, value)
    if not {"PREFECT_HOME", "PREFECT_API_URL"} & os.environ.keys():
        from flows.workspace import root

        os.environ["PREFECT_HOME"] = str(root() / "prefect")


def _run(options: argparse.Namespace) -> int:
    """``run`` and the six stages: one flow in this process."""
    from flows.console import StageHandler, make_console
    from flows.profiles import Overrides, load
    from flows.progress import LOG
    from flows.workspace import Workspace

    overrides = Overrides(tokens=options.tokens, seed=options.seed, threads=options.threads)
    load(options.profile, overrides)
    workspace, console = Workspace.open(), make_console()
    console.print(f"[bold]generalist {options.name}[/] · profile {options.profile}")
    console.print(f"workspace {workspace.root}", soft_wrap=True)
    server = os.environ.get("PREFECT_API_URL", "embedded in this process, starting …")
    console.print(f"Prefect {server}", soft_wrap=True)
    parameters: dict[str, Any] = {"profile": options.profile, "overrides": overrides}
    if "retrain" in options:
        parameters["retrain"] = options.retrain
    flow = _flow(options.name)
    handler = StageHandler(console)
    LOG.addHandler(handler)
    LOG.setLevel(logging.DEBUG)
    LOG.propagate = False
    try:
        state = flow(**parameters, return_state=True)
    finally:
        handler.close()
        LOG.removeHandler(handler)
    key = state.result()
    if options.name == "run":
        from flows.results import show_results

        skipped = state.name == "Skipped"
        show_results(console, workspace, options.profile, key, skipped=skipped)
    return 0


def _flow(name: str) -> Any:
    """The flow of a command; Prefect is imported here (2 s)."""
    from importlib import import_module

    if name == "run":
        from flows.pipeline import nightly

        return nightly
    return getattr(import_module(f"flows.{name}"), name)


def _profiles(options: argparse.Namespace) -> int:
    from flows.profiles import PROFILES

    for name, make in PROFILES.items():
        profile, about = make(), (make.__doc__ or "").partition("\n")[0]
        print(f"{name}: {about}")
        print(f"  tasks      {', '.join(profile.evaluation.tasks)}")
        print(f"  mixture    corpus, {', '.join(profile.mixture_tasks)}")
        print(f"  training   {profile.train.tokens:,} tokens, {profile.model.n_layer} layers of")
        print(f"             width {profile.model.n_embd}, context {profile.model.context_length}")
    return 0


def _prompts(options: argparse.Namespace) -> int:
    from flows.errors import FlowsError
    from flows.profiles import load
    from flows.workspace import Workspace
    from tasks_to_text import registry
    from tasks_to_text.store import read_examples

    load(options.profile)
    registry.get(options.task)
    if options.number < 1:
        raise FlowsError(f"--number={options.number}: use 1 or more")
    product = Workspace.open().newest("prompts", options.profile)
    if product is None:
        raise FlowsError(
            f"profile {options.profile!r} has no prompts yet: "
            f"generalist convert --profile {options.profile}"
        )
    for example in read_examples(product.path, options.task, options.split)[: options.number]:
        print(f"--- {example.example_id}")
        print(example.prompt)
        for index, choice in enumerate(example.choices):
            print(f"{'=>' if index == example.gold else '  '}{choice}")
    return 0


def _generate(options: argparse.Namespace) -> int:
    from flows.champion import champion_of, decisions, run_of
    from flows.errors import FlowsError
    from flows.profiles import load
    from flows.workspace import Workspace

    load(options.profile)
    workspace = Workspace.open()
    run = champion_of(workspace, options.profile)
    if run is None:
        judged = decisions(workspace, options.profile)
        if not judged:
            raise FlowsError(
                f"profile {options.profile!r} has no model yet: "
                f"generalist run --profile {options.profile}"
            )
        run = run_of(workspace, judged[-1])
        print("(no champion yet: this is the last challenger)", file=sys.stderr)
    from gptcore.scoring import Scorer

    scorer = Scorer.load(run.path / "weights", run.path / "tokenizer")
    text = scorer.generate(
        [options.prompt],
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        seed=options.seed,
    )
    print(options.prompt + text[0])
    return 0


def _mlflow(options: argparse.Namespace) -> int:
    from flows.results import serve_mlflow
    from flows.workspace import Workspace

    return serve_mlflow(Workspace.open(), options.port)


def _explained(error: Exception) -> str:
    """One clear message: ours are; of others the kind is said too."""
    from flows.errors import FlowsError
    from gptcore.errors import GptcoreError
    from tasks_to_text.errors import TasksToTextError

    if isinstance(error, FlowsError | GptcoreError | TasksToTextError):
        return str(error)
    text = str(error)
    if "Failed to reach API" in text:
        return f"{text}: start that server, or unset PREFECT_API_URL to use the embedded one"
    if "ephemeral Prefect API server" in text:
        home = os.environ.get("PREFECT_HOME", "PREFECT_HOME")
        return f"Prefect's embedded server does not start: run it again, or remove {home}"
    return f"{type(error).__name__}: {error} (--debug shows where)"


def _complain(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
