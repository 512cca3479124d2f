"""What each command does that uses a model; whatever is heavy is imported where it is used."""

import argparse
import sys
from pathlib import Path
from typing import Any


def generate(options: argparse.Namespace) -> int:
    """Continue a text."""
    from flows.console import printable

    text = _champion(options.profile).generate(
        [options.prompt],
        stop=options.stop,
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        seed=options.seed,
        precision=options.precision,
    )
    print(printable(options.prompt + text[0]))
    return 0


def score(options: argparse.Namespace) -> int:
    """Score the texts, or the prompts with choices or targets, of a file."""
    from flows.requests import answers, read_requests

    requests = read_requests(options.file)
    for line in answers(_champion(options.profile), requests):
        print(line)
    return 0


def lm_eval(options: argparse.Namespace) -> int:
    """Tasks of lm-evaluation-harness on a model of ours; prints the harness's own table."""
    from flows.console import printable
    from flows.errors import FlowsError

    try:
        from flows import harness
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "lm_eval":
            raise
        raise FlowsError(
            "lm-evaluation-harness is not installed: pip install 'generalist[lm-eval]', or in this "
            "checkout: .venv/bin/python -m pip install -e '.[lm-eval]'"
        ) from error

    config = harness.HarnessConfig(
        tasks=tuple(options.tasks.split(",")),
        limit=options.limit,
        num_fewshot=options.num_fewshot,
        include_path=options.include_path,
        gen_kwargs=options.gen_kwargs,
        output=options.output,
    )
    scorer, name = _model(options.profile, options.model)
    print(printable(harness.run_harness(scorer, config, name=name)))
    return 0


def _model(profile: str, model: str) -> tuple[Any, str]:
    """A scorer, and what to call it: of the champion, of a directory, or of a judged run."""
    if model == "champion":
        return _champion(profile), f"champion of {profile}"
    if Path(model).is_dir():
        from flows.harness import load_directory

        return load_directory(Path(model)), model
    from flows.champion import judged_run
    from flows.profiles import load
    from flows.workspace import Workspace
    from gptcore.scoring import Scorer

    load(profile)
    run = judged_run(Workspace.open(), profile, model, option="--model")
    return Scorer.load(run.path / "weights", run.path / "tokenizer"), run.path.name


def _champion(profile: str) -> Any:
    """A scorer with the champion's weights; the last challenger's where there is no champion."""
    from flows.champion import model_of
    from flows.profiles import load
    from flows.workspace import Workspace

    load(profile)
    run, promoted = model_of(Workspace.open(), profile)
    if not promoted:
        print("(no champion yet: this is the last challenger)", file=sys.stderr)
    from gptcore.scoring import Scorer

    return Scorer.load(run.path / "weights", run.path / "tokenizer")


def card(options: argparse.Namespace) -> int:
    """The model card of the champion, in Markdown."""
    from flows.card import card as model_card
    from flows.workspace import Workspace

    print(model_card(Workspace.open(), options.profile), end="")
    return 0


def export(options: argparse.Namespace) -> int:
    """Write a model as a Hugging Face directory."""
    from flows.export import export as write_model
    from flows.profiles import load
    from flows.workspace import Workspace

    load(options.profile)
    run = write_model(Workspace.open(), options.profile, options.directory, run=options.run)
    print(f"{options.directory}: {run.path.name} as a Hugging Face directory")
    return 0


def import_(options: argparse.Namespace) -> int:
    """Write a published model as ours."""
    from gptcore.hugging_face import import_published

    import_published(options.source, options.directory)
    print(
        f"{options.directory}: weights and tokenizer; in Python:\n"
        "from pathlib import Path\nfrom gptcore.scoring import Scorer\n"
        f'Scorer.load(Path("{options.directory}/weights"), Path("{options.directory}/tokenizer"))'
    )
    return 0
