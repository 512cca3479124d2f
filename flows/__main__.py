"""The command line: ``generalist``, the same as ``python -m flows``.

Runs the flows in this process, on Prefect's embedded server with SQLite under the workspace, unless
``PREFECT_API_URL`` names a server. Telemetry of Prefect and MLflow is off unless their variables
say otherwise. Whatever is heavy is imported by the command that needs it.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from keyword import iskeyword
from pathlib import Path
from typing import Any

from flows import commands as cli
from flows import model_commands, night_commands, operations_commands, team
from flows.prefect_settings import COMMAND_ENV

STAGES = ("convert", "ingest", "tokenize", "pretrain", "evaluate", "promote")
SPLITS = ("train", "validation", "test")
RETRAIN = ("on_change", "always", "continue_champion")
INTERRUPTED = 130
UNWIND_SECONDS = 20.0

_SILENT = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_ROOT_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code.

    0; 1 where ``--fail-above`` asks for it; 2 for what the user can mend; 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    _set_environment(options)
    interrupted = _interruptible()
    try:
        team.give_credentials(os.environ)
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
        description="From corpora and labelled datasets to a language model that does many tasks, "
        "a table that says how well, and whether it is better than the last one.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common, named, flow = _shared_options()

    def add(name: str, about: str, parent: Any = common, **more: Any) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about, parents=[parent], **more)
        own = f"{name}_" if iskeyword(name) else name.replace("-", "_")
        modules = (night_commands, model_commands, operations_commands, cli)
        there = [one for one in modules if hasattr(one, own)]
        function = getattr(there[0], own) if there else cli.run
        sub.set_defaults(command=function, name=name)
        return sub

    for name in ("run", *STAGES):
        whole = name == "run"
        about = "the whole pipeline; what is finished is reused"
        up_to = f"the pipeline up to and including {name}"
        sub = add(name, about if whole else up_to, flow, aliases=["nightly"] if whole else [])
        if name in ("run", "pretrain"):
            sub.add_argument("--retrain", choices=RETRAIN, default="on_change", help="when anew")
        if name == "promote":
            sub.add_argument("--to", metavar="RUN", help="make this judged run champion by hand")
            sub.add_argument("--reason", default="", help="why, for the promotion log (--to)")
    swing = add("seeds", "how much scores swing between seeds: trains the same again", flow)
    swing.add_argument("--seeds", type=int, default=5, metavar="N", help="5 or more")
    add("plan", "what a run needs and how long it takes; refuses what cannot fit", flow)
    _add_looking(add, named)
    _add_using(add, named)
    operations_commands.add_operations(add)
    return parser


def _shared_options() -> tuple[argparse.ArgumentParser, ...]:
    """Options of every command, of those about a profile, of those that run its flows."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="tracebacks and Prefect's own log")
    common.add_argument("--workspace", type=Path, help="where products live (./workspace)")
    common.add_argument(
        "--project", type=cli.existing_directory, help="folder of a generalist.toml (here)"
    )
    common.add_argument(
        "--data", type=cli.existing_directory, help="a mirror of datasets, read instead of the Hub"
    )
    named = argparse.ArgumentParser(add_help=False, parents=[common])
    named.add_argument("--profile", default="quickstart", help="a complete configuration by name")
    flow = argparse.ArgumentParser(add_help=False, parents=[named])
    flow.add_argument("--tokens", type=int, help="training budget in tokens")
    flow.add_argument("--seed", type=int, help="of weights and data order")
    flow.add_argument("--threads", type=int, help="processor threads; 0: all cores")
    return common, named, flow


def _add_looking(add: Callable[..., argparse.ArgumentParser], named: Any) -> None:
    """Commands that show what there is."""
    add("profiles", "the shipped configurations and the project's")
    tasks = add("tasks", "every task, its source and licence")
    tasks.add_argument("--verify", action="store_true", help="ask the Hub for each commit")
    prompts = add("prompts", "a few prompts of a task, as they are scored", named)
    prompts.add_argument("task")
    prompts.add_argument("--split", choices=SPLITS, default="validation")
    prompts.add_argument("--number", type=int, default=3, help="1 or more")
    diff = add("diff", "the items that two runs answered differently, by task", named)
    diff.add_argument("run_a", metavar="RUN_A", help="a run's directory or the start of its name")
    diff.add_argument("run_b", metavar="RUN_B")
    diff.add_argument("--split", choices=SPLITS[1:], default="test")
    diff.add_argument("--task", help="this one only")
    diff.add_argument("--number", type=int, default=3, help="items shown per task")
    _add_contamination(add)
    why = add("why", "what a score is made of: items, prompts, products, training text", named)
    why.add_argument("task", metavar="eval/TASK", help="or the task alone")
    why.add_argument("--split", choices=SPLITS[1:], default="test")
    why.add_argument("--model", default="generalist", help="a model or a baseline")
    why.add_argument("--template", default="main", help="a wording of the task")
    why.add_argument("--item", metavar="ID", help="this example only")
    why.add_argument("--number", type=int, default=3, help="wrong answers shown")
    sql = add("sql", "a question in SQL to the catalogue of the workspace; see docs/sql.md")
    sql.add_argument("question", metavar="QUESTION")
    sql.add_argument("--format", choices=("table", "csv", "json"), default="table")
    sql.add_argument(
        "--prompts", default="", metavar="NAME", help="ask a profile's prompts instead"
    )
    add("reindex", "make the catalogue anew from the manifests")
    night_commands.add_night(add, named)
    server = add("mlflow", "MLflow's pages about the workspace, on this machine only")
    server.add_argument("--port", type=int, default=5000)


def _add_contamination(add: Callable[..., argparse.ArgumentParser]) -> None:
    look = add("contamination", "whether evaluation texts stand in a corpus, yours or another's")
    look.add_argument(
        "--corpus", type=Path, nargs="+", required=True, metavar="PATH", help="files or directories"
    )
    look.add_argument(
        "--tasks",
        nargs="+",
        required=True,
        metavar="TASK",
        help="names of tasks, whose validation and test items are looked for, or files of texts",
    )
    look.add_argument("--column", default="text", help="of the corpus, but for files of text")
    look.add_argument(
        "--task-column", action="append", metavar="COLUMN", help="of files of texts; repeatable"
    )
    look.add_argument("--worst", type=int, default=10, metavar="N", help="items to name")
    look.add_argument("--out", type=Path, metavar="DIR", help="new or empty, for the overlaps")
    look.add_argument(
        "--fail-above",
        type=float,
        metavar="SHARE",
        help="exit with 1 when a larger share of the items of a task and split is confirmed",
    )


def _add_using(add: Callable[..., argparse.ArgumentParser], named: Any) -> None:
    """Commands that use a model, or begin a project."""
    generate = add("generate", "continue a text with the champion", named)
    generate.add_argument("prompt")
    generate.add_argument("--max-tokens", type=int, default=100, help="of the continuation")
    generate.add_argument("--temperature", type=float, default=0.8, help="0: the likeliest token")
    generate.add_argument("--top-k", type=int, default=0, help="draw from so many; 0: from all")
    generate.add_argument("--top-p", type=float, default=1.0, help="probability to draw from")
    generate.add_argument(
        "--stop", action="append", default=[], metavar="TEXT", help="end before it; may be repeated"
    )
    generate.add_argument("--seed", type=int, default=0, help="of the draws")
    generate.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    score = add("score", "what the champion thinks of your texts, or prompts with choices", named)
    score.add_argument("file", type=Path, metavar="FILE", help=".jsonl, .txt or .md")
    _add_harness(add("lm-eval", "lm-evaluation-harness' own tasks on a model of ours", named))
    bench = add("benchmark", "the champion on published tasks, beside all baselines", named)
    bench.add_argument(
        "--tasks",
        nargs="+",
        default=[],
        metavar="NAME",
        help="these; default: all whose rows lie in the mirror (--data)",
    )
    bench.add_argument("--limit", type=int, default=500, help="examples per task, at most")
    bench.add_argument("--templates", choices=("main", "all"), default="all", help="wordings")
    bench.add_argument("--shots", type=int, help="solved examples before each prompt")
    add("card", "the champion's model card, in Markdown", named)
    export = add("export", "write the champion as a Hugging Face directory", named)
    export.add_argument("directory", type=Path, metavar="DIR", help="new or empty")
    export.add_argument("--run", help="this judged run instead: the start of its name")
    about = "write published weights of GPT-2 or GPT-1 as our weights and tokenizer"
    read = add("import", about)
    read.add_argument(
        "source",
        type=cli.existing_directory,
        metavar="SOURCE",
        help="Hugging Face's directory, or OpenAI's of GPT-1 (with params_shapes.json)",
    )
    read.add_argument("directory", type=Path, metavar="DIR", help="new or empty")
    init = add("init", "write a project folder, to fill with your own corpora and tasks")
    init.add_argument("directory", type=Path, metavar="DIR")


def _add_harness(harness: argparse.ArgumentParser) -> None:
    """The options that lm-evaluation-harness has under the same names."""
    harness.add_argument(
        "--tasks", required=True, metavar="TASK,TASK", help="names of the harness; * for anything"
    )
    harness.add_argument(
        "--model",
        default="champion",
        help="champion, the start of a judged run's name, or a directory: of weights and tokenizer,"
        " or Hugging Face's",
    )
    harness.add_argument("--limit", type=int, help="items per task; all unless given")
    harness.add_argument("--num-fewshot", type=int, help="solved items before each")
    harness.add_argument(
        "--include-path", type=cli.existing_directory, help="a folder of task files of your own"
    )
    harness.add_argument("--gen-kwargs", default="", metavar="NAME=VALUE,…", help="of generation")
    harness.add_argument("--output", type=Path, metavar="FILE", help="results as JSON")


def _set_environment(options: argparse.Namespace) -> None:
    """Before anything of Prefect or MLflow is imported: they read it then."""
    if options.workspace is not None:
        os.environ["GENERALIST_WORKSPACE"] = str(options.workspace.absolute())
    for name in ("project", "data"):
        if getattr(options, name) is not None:
            os.environ[f"GENERALIST_{name.upper()}"] = str(getattr(options, name))
    loud = options.debug or options.name == "up"
    for name, value in (COMMAND_ENV if loud else {**COMMAND_ENV, **_SILENT}).items():
        os.environ.setdefault(name, value)
    if not {"PREFECT_HOME", "PREFECT_API_URL"} & os.environ.keys():
        from flows.workspace import root

        os.environ["PREFECT_HOME"] = str(root() / "prefect")


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
