"""Scores of language models on a task, by its protocol, beside what needs no language model.

A model is whatever satisfies ``LanguageModel``: strings in, nats and strings out. All requests of a
model on a split go out in one call; the model sorts them and shares contexts.
"""

from collections.abc import Callable, Mapping, Sequence

from tasks_to_text.errors import ConfigError
from tasks_to_text.evaluate_choices import evaluate_choices
from tasks_to_text.evaluate_generation import evaluate_generation, evaluate_last_word
from tasks_to_text.evaluate_text import evaluate_documents, evaluate_text
from tasks_to_text.evaluation import Evaluation, Rows, fitting
from tasks_to_text.example import Example
from tasks_to_text.language_model import LanguageModel
from tasks_to_text.shots import Shots, with_shots
from tasks_to_text.task import MAIN, Protocol, Split, Task

__all__ = ["evaluate", "evaluate_documents"]

_BY_PROTOCOL: Mapping[Protocol, Callable[[Evaluation], Rows]] = {
    "choice": evaluate_choices,
    "generation": evaluate_generation,
    "last_word": evaluate_last_word,
    "text": evaluate_text,
}
_ZERO_SHOT = Shots()


def evaluate(
    task: Task,
    examples: Sequence[Example],
    *,
    split: Split,
    models: Mapping[str, LanguageModel],
    choices_only_of: str,
    train: Sequence[Example],
    exposure: Mapping[str, str],
    seed: int,
    template: str = MAIN,
    shots: Shots = _ZERO_SHOT,
) -> Rows:
    """Items and scores of every model and baseline on one split of a task, in one wording.

    ``choices_only_of`` names the model that scores choices without the prompt, ``train`` is what
    majority and bag of words learn from (without training rows bag of words is left out, and
    majority is fitted on the evaluated rows where answers can recur, see ``Evaluation.train``),
    ``exposure`` says of each model whether it was trained on the task. Items stand in the order of
    models, then baselines, each in the order of the examples. Every metric of the task has a score
    per model; a baseline has one under the headline metric, and only beside the ``main`` template.
    Baselines see no shots.

    Examples with a target or choice that a model cannot score, most of all for want of room, are
    left out of all rows and counted (``Score.n_dropped``); contexts that do not fit lose their
    beginning, which is counted too (``n_cut``). DataError for examples that the protocol cannot
    score, or none at all; ConfigError for an unknown ``choices_only_of`` or ``template``.
    """
    if template not in task.templates:
        known = ", ".join(task.templates)
        raise ConfigError(f"task {task.name!r}: template={template!r}: use one of {known}")
    asked = Evaluation(
        task=task,
        split=split,
        examples=examples,
        shown=with_shots(examples, shots.pool, shots.n, seed),
        models=models,
        choices_only_of=choices_only_of,
        train=train,
        exposure=exposure,
        seed=seed,
        template=template,
        template_hash=task.hash_of(template),
        shots=shots,
    )
    return _BY_PROTOCOL[task.protocol](fitting(asked))
