"""How a text goes on: its last word, or its next sentence."""

import re

from tasks_to_text.kinds import Shape, last_word, multiple_choice
from tasks_to_text.labelled import digest
from tasks_to_text.source import Source
from tasks_to_text.task import Row
from tasks_to_text.tasks import harness
from tasks_to_text.tasks.detokenize import LAMBADA as LAMBADA_FORM

_LAMBADA_METRICS = (
    "acc",
    "acc_stop_words",
    "acc_last_token",
    "perplexity",
    "perplexity_last_token",
)
LAMBADA = last_word(
    name="lambada",
    siblings=("lambada_standard",),
    description="The last word of a passage from a novel, which people guess only when they have "
    "read all of it (Paperno et al. 2016; the form that GPT-2 was tested on); the author's.",
    source=Source(
        hub="EleutherAI/lambada_openai",
        config="en",
        mirror="tasks/lambada",
        splits={"test": "test"},
        licence="CC BY 4.0 (LAMBADA); this form: MIT",
    ),
    text="text",
    metrics=_LAMBADA_METRICS,
    unseen=True,
    specimens=({"text": 'He saw the stone.\n\n"Is it a stone?" he asked the stone'},),
)
"""The passages as GPT-2 was tested on them, with natural case and punctuation, shown as they are
and split at the last space (in 7 of 5153 the last word thus spans a line end).

What is published as *the* accuracy is one of three numbers, which for GPT-2's smallest model lie
between 33 and 47 %. acc is that of lm-evaluation-harness: the whole word, any word allowed.
acc_stop_words bars stop words, as was done for the 63.24 of GPT-2's largest one, with a list and a
rule of our own, because theirs are not published. acc_last_token judges the last token of the word
alone, given the others, and comes closest to the smallest one's 45.99. None of them is GPT-2's
number.
"""

LAMBADA_STANDARD = last_word(
    name="lambada_standard",
    siblings=("lambada",),
    description="LAMBADA as first published (Paperno et al. 2016): the last word of a passage from "
    "a novel, all in lower case, words apart made natural; the author's.",
    source=Source(
        hub="cimec/lambada",
        mirror="tasks/lambada_standard",
        splits={"validation": "validation", "test": "test"},
        licence="CC BY 4.0",
    ),
    text=lambda row: LAMBADA_FORM.to_text(row["text"]),
    metrics=_LAMBADA_METRICS,
    columns=("text",),
    unseen=True,
    specimens=({"text": "`` is it a stone ? '' he asked . she did n't like the stone"},),
)
"""``he did n't like the stone`` becomes ``he didn't like the`` with the target `` stone``. The
published train split is whole novels, another task; it is not read."""

_TAG = re.compile(r"\[.*?\]")


def hellaswag_text(text: str) -> str:
    """Text without the tags that WikiHow's articles left in it.

    >>> hellaswag_text("How to sit [title] Find a chair. [step] Sit down.")
    'How to sit. Find a chair. Sit down.'
    """
    return " ".join(_TAG.sub("", text.replace(" [title]", ". ")).split())


def hellaswag_prompt(row: Row) -> str:
    """``{activity_label: "Sitting", ctx_a: "A man sits.", ctx_b: "he"}`` → ``Sitting: A man sits.
    He``.
    """
    context = f"{row['ctx_a']} {row['ctx_b'].capitalize()}"
    return hellaswag_text(f"{row['activity_label']}: {context}")


def hellaswag_in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness: tags leave double spaces, which are halved once."""
    context = f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}"
    endings = [_harness_text(ending) for ending in row["endings"]]
    return harness.ranked(_harness_text(context), endings, int(row["label"]))


def _harness_text(text: str) -> str:
    return _TAG.sub("", text.strip().replace(" [title]", ". ")).replace("  ", " ")


_WHICH = " ...\nWhich ending fits?"

HELLASWAG = multiple_choice(
    name="hellaswag",
    siblings=("swag",),
    description="Which of four endings continues a description of an everyday scene (Zellers et "
    "al. 2019); the true one, against three that a model wrote.",
    source=Source(
        hub="Rowan/hellaswag",
        mirror="tasks/hellaswag",
        splits={"test": "validation"},
        licence="MIT",
    ),
    prompt=hellaswag_prompt,
    choices=lambda row: [hellaswag_text(ending) for ending in row["endings"]],
    gold="label",
    metrics=("acc_norm", "acc"),
    columns=("activity_label", "ctx_a", "ctx_b", "ctx", "endings"),
    wordings={
        "letters": {"prompt": lambda row: hellaswag_prompt(row) + _WHICH, "letters": True},
        "lm_eval": hellaswag_in_harness,
    },
    group=lambda row: digest(row["ctx"]),
    unseen=True,
    specimens=(
        {
            "activity_label": "Roof shingle removal",
            "ctx_a": "A man is sitting on a roof.",
            "ctx_b": "he",
            "ctx": "A man is sitting on a roof. he",
            "endings": [
                "sleeps.",
                "starts pulling up roofing [step] on a roof.",
                "eats.",
                "flies.",
            ],
            "label": "1",
        },
    ),
)
"""Our test split is the published validation split: the labels of the published test split are
hidden. The texts that several rows share are a group."""

SWAG = multiple_choice(
    name="swag",
    siblings=("hellaswag",),
    description="Which of four endings continues the caption of a video (Zellers et al. 2018); "
    "the true one, against three that a model wrote.",
    source=Source(
        hub="allenai/swag",
        config="regular",
        mirror="tasks/swag_small",
        splits={"test": "validation"},
        licence="MIT",
    ),
    prompt="startphrase",
    choices=lambda row: [row[f"ending{number}"] for number in range(4)],
    gold="label",
    metrics=("acc", "acc_norm"),
    columns=("ending0", "ending1", "ending2", "ending3"),
    wordings={"letters": {"prompt": f"{{startphrase}}{_WHICH}", "letters": True}},
    group="startphrase",
    unseen=True,
    specimens=(
        {
            "startphrase": "A bucket stands in a yard. The person",
            "ending0": "sings.",
            "ending1": "lifts the bucket.",
            "ending2": "sleeps.",
            "ending3": "swims.",
            "label": 1,
        },
    ),
)
"""``A bucket stands in a yard. The person`` with the choices `` sings.`` and so on, as
lm-evaluation-harness asks too. Our test split is the published validation split."""


def story(row: Row) -> str:
    """The four sentences of a story, on one line."""
    return " ".join(row[f"InputSentence{number}"].strip() for number in range(1, 5))


STORY_CLOZE = multiple_choice(
    name="story_cloze",
    description="Which of two endings is the right one of a story of four sentences (Mostafazadeh "
    "et al. 2016); both by people.",
    source=Source(
        mirror="tasks/story_cloze",
        splits={"train": "validation", "test": "test"},
        hold_out={"validation": 0.2},
        licence="not stated (its authors send it on request)",
    ),
    prompt=story,
    choices=lambda row: [row["RandomFifthSentenceQuiz1"], row["RandomFifthSentenceQuiz2"]],
    gold=lambda row: int(row["AnswerRightEnding"]) - 1,
    metrics=("acc", "acc_norm"),
    columns=(
        *(f"InputSentence{number}" for number in range(1, 5)),
        "RandomFifthSentenceQuiz1",
        "RandomFifthSentenceQuiz2",
        "AnswerRightEnding",
    ),
    id="InputStoryid",
    wordings={"letters": {"prompt": lambda row: story(row) + _WHICH, "letters": True}},
    specimens=(
        {
            "InputStoryid": "a",
            "InputSentence1": "Ann had a cat.",
            "InputSentence2": "It ran away.",
            "InputSentence3": "She called it.",
            "InputSentence4": "It heard her.",
            "RandomFifthSentenceQuiz1": "It came home.",
            "RandomFifthSentenceQuiz2": "Ann bought a car.",
            "AnswerRightEnding": 1,
        },
    ),
)
"""Rows are read from the published CSV files, ``validation.csv`` and ``test.csv`` of the edition of
2016. The stories for training have no wrong endings, so GPT-1 was fine-tuned on the published
validation split (§4.2), and so is ours; a fifth of it is held out."""
