"""The Children's Book Test: which of ten words was left out of a sentence (Hill et al. 2016).

GPT-2 was scored by the probability of the candidate and of the rest of its sentence, given all
before it (Radford et al. 2019, §3.2), so the choices are candidate and rest together. It was scored
on the validation books, because a book of the test split, *The Jungle Book*, is in its training
text; so it is here.
"""

from tasks_to_text.kinds import multiple_choice
from tasks_to_text.source import Source
from tasks_to_text.task import Row, Task
from tasks_to_text.tasks.detokenize import CBT

_BLANK = "XXXXX"


def cbt_prompt(row: Row) -> str:
    """The twenty sentences, and the next one up to the word before the blank.

    ``{sentences: ["He ran ."], question: "`` Stop , XXXXX ! '' she said .", …}`` becomes
    ``He ran. "Stop,``.
    """
    return f"{_told(row['sentences'])} {_before_blank(row['question'])}"


def cbt_choices(row: Row) -> list[str]:
    """Each candidate in the blank, and the rest: ``Tom!" she said.``, ``Ann!" she said.``

    An opening mark that touches the blank stands before each candidate, not at the prompt's end.
    ValueError unless there is one blank, and before it the same text whatever the candidate.
    """
    before, after = row["question"].split(_BLANK)
    shown = _before_blank(row["question"])
    return [
        _choice(shown, f"{before}{option}{after}") if option else "" for option in row["options"]
    ]


def _choice(shown: str, question: str) -> str:
    whole = CBT.to_text(question)
    if not whole.startswith(shown):
        raise ValueError(f"{whole!r} does not begin with {shown!r}")
    return whole[len(shown) :]


def _before_blank(question: str) -> str:
    """The natural question before the blank: whole words only."""
    whole = CBT.to_text(question)
    return whole[: whole.rfind(" ", 0, whole.index(_BLANK)) + 1]


def cbt_gold(row: Row) -> int:
    """Which candidate is the answer."""
    return list(row["options"]).index(row["answer"])


def _told(sentences: list[str]) -> str:
    return " ".join(CBT.to_text(sentence) for sentence in sentences)


def _cbt(name: str, config: str, what: str, options: list[str]) -> Task:
    return multiple_choice(
        name=name,
        siblings=("cbt_ne" if name == "cbt_cn" else "cbt_cn",),
        description=f"Which of ten {what} was left out of the twenty-first sentence of a passage "
        "from a children's book (Hill et al. 2016); the author's word.",
        source=Source(
            hub="cam-cst/cbt",
            config=config,
            mirror=f"tasks/{name}",
            splits={"test": "validation"},
            licence="GFDL (books: public domain)",
        ),
        prompt=cbt_prompt,
        choices=cbt_choices,
        gold=cbt_gold,
        metrics=("acc",),
        columns=("sentences", "question", "answer", "options"),
        unseen=True,
        specimens=(
            {
                "sentences": ["The king 's cat slept .", "`` It ca n't be , '' said she ."],
                "question": "`` XXXXX , '' said he -LRB- twice -RRB- , `` it is the cat . ''",
                "answer": options[0],
                "options": options,
            },
        ),
    )


CBT_CN = _cbt("cbt_cn", "CN", "common nouns", ["Dear", "Child"])
CBT_NE = _cbt("cbt_ne", "NE", "names", ["Ann", "Tom"])
"""``He ran. She called him: "Stop,`` with choices such as `` Tom!" she said.``. Our test split is
the published validation split: 2000 questions from five books. Which book a question is from is not
published, so that intervals take questions of one book for independent and are too narrow."""
