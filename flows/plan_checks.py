"""What a plan says about itself: why a profile cannot work here, and what is worth knowing.

Only what is certain is a problem and stops a run: estimates are compared with what the whole
machine has, not with what is free at the moment, a corpus is too small when it would be even if
every byte were a token, and a training is too long when it takes more than a month.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flows import costs
from flows.volumes import BYTES_PER_TOKEN
from tasks_to_text.task import Task

if TYPE_CHECKING:
    from flows.plan import Plan

_MAX_DAYS = 30
"""Longer trainings are a slip of the pen; refused only where the machine was timed."""
_MANY_EPOCHS = 4
"""Reading a corpus more often than this teaches little (Muennighoff et al. 2023)."""


def problems(plan: "Plan") -> list[str]:
    """Why a profile cannot work here: one sentence each, with the number and a remedy."""
    found = [*_memory(plan), *_disk(plan), *_budget(plan), *_context(plan), *_corpus(plan)]
    found += _time(plan)
    return [*plan.volumes.missing, *found]


def remarks(plan: "Plan") -> list[str]:
    """What does not stop a run and may spoil it."""
    return [*_unknown(plan), *_busy(plan), *_epochs(plan), *_long(plan)]


def amount(size: float) -> str:
    """A number of bytes for a person.

    >>> amount(1_234_567_890), amount(56_000_000), amount(7_800)
    ('1.2 GB', '56 MB', '0.0078 MB')
    """
    if size >= 1e9:
        return f"{size / 1e9:,.1f} GB"
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size / 1e6:.2g} MB"


def _memory(plan: "Plan") -> Iterator[str]:
    machine, needed = plan.machine, plan.training_memory
    there = machine.memory if machine.device_memory is None else machine.device_memory
    if needed > there:
        where = "this machine" if machine.device_memory is None else "its GPU"
        yield (
            f"training needs {amount(needed)} of memory and {where} has {amount(there)}: lower "
            "batch_size, context_length, n_layer or n_embd"
        )
    if plan.data_memory > machine.memory:
        yield (
            f"the texts, {amount(plan.volumes.largest)} at a time, need about "
            f"{amount(plan.data_memory)} of memory and this machine has {amount(machine.memory)}: "
            "give fewer of them"
        )


def _disk(plan: "Plan") -> Iterator[str]:
    needed, free = sum(plan.disk.values()), plan.machine.free_disk
    if needed > free + plan.already:
        yield (
            f"the workspace needs about {amount(needed)} of disk and {amount(free)} are free: free "
            "some, or name another place with --workspace"
        )


def _budget(plan: "Plan") -> Iterator[str]:
    step = costs.tokens_per_step(plan.profile.model, plan.profile.train)
    for training in plan.trainings:
        if training.tokens < step:
            yield (
                f"the budget of the {training.name}, {training.tokens:,} tokens, is less than one "
                f"step of {step:,}: raise tokens, or lower batch_size"
            )


def _time(plan: "Plan") -> Iterator[str]:
    known = [training.seconds for training in plan.trainings if training.seconds is not None]
    if (days := sum(known) / 86400) > _MAX_DAYS:
        yield (
            f"training takes about {days:,.0f} days here, and more than {_MAX_DAYS} are refused: "
            "lower tokens, n_layer, n_embd or vocab_size"
        )


def _context(plan: "Plan") -> Iterator[str]:
    length = plan.profile.model.context_length
    for task in plan.profile.tasks:
        if task.protocol == "generation" and task.max_tokens >= length:
            yield (
                f"context_length={length}: task {task.name!r} writes answers of {task.max_tokens} "
                f"tokens; use more than {task.max_tokens}"
            )
        longest = _answer_tokens(task)
        if longest > length:
            yield (
                f"context_length={length}: an answer of task {task.name!r} has about {longest} "
                "tokens; use more"
            )


def _corpus(plan: "Plan") -> Iterator[str]:
    """Of a corpus that is there, whether one window of it can be held out at all."""
    size, length = plan.volumes.corpus, plan.profile.model.context_length
    share = plan.profile.texts.validation_share
    if size is not None and not plan.volumes.missing and size * share < length:
        yield (
            f"the corpus has {size:,} bytes, and the {share:.0%} of it that is held out is less "
            f"than one window of context_length={length} tokens: give more text, or add "
            "'documentation' to corpora"
        )


def _answer_tokens(task: Task) -> int:
    """Tokens of the longest answer among the specimens, about; texts are scored in windows."""
    if task.protocol == "text":
        return 0
    made = [task.template(specimen) for specimen in task.specimens]
    answers = [text for one in made for text in (one.choices or (one.target,))]
    return int(max(len(text.encode()) for text in answers) / BYTES_PER_TOKEN)


def _unknown(plan: "Plan") -> Iterator[str]:
    sizes = {**plan.volumes.corpora, **plan.volumes.tasks}
    if names := [name for name, size in sizes.items() if size is None]:
        yield f"on the Hub, so their size is not counted: {', '.join(names)}"


def _busy(plan: "Plan") -> Iterator[str]:
    needed = max(plan.data_memory, plan.training_memory if plan.machine.device == "cpu" else 0)
    if plan.machine.available < needed <= plan.machine.memory:
        yield (
            f"{amount(needed)} of memory are needed and {amount(plan.machine.available)} are free "
            "now: end other programs first"
        )


def _epochs(plan: "Plan") -> Iterator[str]:
    if plan.epochs is not None and plan.epochs > _MANY_EPOCHS:
        yield (
            f"the corpus is read {plan.epochs:,.0f} times: more text, or fewer tokens, would do "
            "more good"
        )


def _long(plan: "Plan") -> Iterator[str]:
    length = plan.profile.model.context_length
    for task in plan.profile.tasks:
        if task.protocol == "text":
            continue
        longest = max(len(task.template(one).prompt.encode()) for one in task.specimens)
        if longest / BYTES_PER_TOKEN > length:
            yield (
                f"task {task.name!r}: prompts are longer than context_length={length} tokens; the "
                "model sees their end"
            )
