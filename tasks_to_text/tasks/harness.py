"""Requests exactly as lm-evaluation-harness writes them, for the wordings ``lm_eval``.

The wordings follow the task files of its release 0.4, quirks included, so that a score of ours can
be compared with one of its own request by request. Texts are taken as they stand, white space too.
White space at the end of a context is given to the continuation here, as the harness itself does
before it asks a model: it is the same request.
"""

from collections.abc import Sequence

from tasks_to_text.labelled import Shape


def ranked(context: str, choices: Sequence[str], gold: int) -> Shape:
    """Several continuations of one context, each with a space before it.

    >>> ranked("Ice is ", ["cold", "hot"], 0).choices
    ('  cold', '  hot')
    """
    shown = context.rstrip()
    owned = tuple(f"{context[len(shown) :]} {choice}" for choice in choices)
    return Shape(prompt=shown, target=owned[gold], choices=owned, gold=gold, segments=(shown,))


def partial(contexts: Sequence[str], ending: str, choices: Sequence[str], gold: int) -> Shape:
    """One continuation of several contexts: ``ending`` with a space before it."""
    return Shape(
        prompt=contexts[gold],
        target=f" {ending}",
        choices=tuple(f" {choice}" for choice in choices),
        gold=gold,
        segments=(f"{contexts[gold]} {ending}",),
        contexts=tuple(contexts),
    )


def written(context: str, answers: Sequence[str]) -> Shape:
    """A text to go on with: the first answer stands for the others."""
    shown = context.rstrip()
    return Shape(
        prompt=shown,
        target=f"{context[len(shown) :]} {answers[0]}",
        references=tuple(dict.fromkeys(answer.strip() for answer in answers)),
        segments=(shown,),
    )
