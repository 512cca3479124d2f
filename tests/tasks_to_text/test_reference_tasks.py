"""The reference tasks: rows in the published schema in, text out, white space included.

What is said of whole datasets is tested where they are: ``GENERALIST_DATA`` names a directory that
has ``tasks/<name>/<split>.jsonl.zst`` in it.
"""

from collections import Counter

import pytest

from tasks_to_text import registry
from tasks_to_text.task import Rejected, Task
from tasks_to_text.tasks.reference import TASKS
from tasks_to_text.tasks.running_text import Regrouped
from tests.tasks_to_text import (
    test_answer_tasks,
    test_choice_tasks,
    test_coreference_tasks,
    test_label_tasks,
    test_rewriting_tasks,
)
from tests.tasks_to_text.golden import Record, example, published, real_rows, row_of

LAMBADA = {"text": "“Is it?” he asked.\n\nShe looked at the stone, the white stone"}
HELLASWAG = {
    "ind": 1,
    "activity_label": "Cooking",
    "ctx_a": "How to cook [title] Take a pan. [step] Heat it.",
    "ctx_b": "the lady",
    "ctx": "How to cook [title] Take a pan. [step] Heat it. the lady",
    "endings": ["sings.", "fries an egg. [substeps] Done.", "sleeps.", "leaves."],
    "source_id": "wikihow~1",
    "split": "val",
    "split_type": "indomain",
    "label": "1",
}
SST2 = {"idx": 3, "sentence": "`` it 's '' lrb almost rrb good , but wo n't last", "label": 1}
AG_NEWS = {"text": "Shares fall (Reuters) Reuters - Prices\\fell on Monday.", "label": 2}
TREC = {"text": "What 's `` DNA '' ?", "coarse_label": 0, "fine_label": 1}
SNLI = {"premise": "A man , sleeping .", "hypothesis": "He is n't awake .", "label": 0}
BOOLQ = {"question": "is ice cold", "answer": False, "passage": "Ice is frozen water.\n"}
SQUAD_V2 = {
    "id": "56ddde6b",
    "title": "Rugby_(sport)",
    "context": " Rugby is a sport.",
    "question": " What is Rugby?",
    "answers": {"text": ["a sport", "sport", "a sport"], "answer_start": [9, 11, 9]},
}
NQ_OPEN = {"question": "who wrote it", "answer": ["Bob Russell", "Bobby Scott"]}
WMT = {"translation": {"fr": "Il pleut\u00a0!", "en": "It rains!"}}
WIKITEXT2 = {
    "text": ' = <unk> = \n \n It \'s 1 @,@ 000 " well @-@ known " books ( 2 @.@ 5 % ) . \n'
    ' = = Life = = \n She doesn \'t ; " why ? " \n'
}
LAMBADA_STANDARD = {
    "text": "`` is it ? '' he asked . she did n't look at mr. lee 's stone",
    "domain": None,
}
WIKITEXT103 = {"text": ' = Ann = \n \n It \'s 1 @,@ 000 " well @-@ known " books . \n'}
PTB = {"sentence": "mr. <unk> says it 's up $ N million and\\/or is n't"}
ONE_BILLION_WORDS = {"text": '" We can \'t , " said Mr. Lee ( twice ) .'}
ENWIK8 = {"text": "<page>\n    <title>R\u00e9sum\u00e9</title>\n  &quot;One&quot;\n\n"}
TEXT8 = {"text": " anarchism originated as a term of abuse"}
PPL_NOVELS = {"text": "CHAPTER I\n\nShe read.", "title": "Ann_1900", "source": "x"}
CBT = {
    "sentences": ["The king 's cat ran .", "`` It wo n't do , '' said she -LRB- twice -RRB- ."],
    "question": "He called : `` Stop , XXXXX 's friend ! ''",
    "answer": "Tom",
    "options": ["Ann", "Tom", "Puss"],
}
BLIMP = {
    "sentence_good": "Who slept?",
    "sentence_bad": "Slept who?",
    "field": "syntax",
    "UID": "island",
    "pairID": "0",
}
ROWS = {
    "lambada": LAMBADA,
    "hellaswag": HELLASWAG,
    "sst2": SST2,
    "ag_news": AG_NEWS,
    "trec": TREC,
    "snli": SNLI,
    "boolq": BOOLQ,
    "squad_v2": SQUAD_V2,
    "nq_open": NQ_OPEN,
    "wmt14_fr_en": WMT,
    "wikitext2": WIKITEXT2,
    "blimp": BLIMP,
    "lambada_standard": LAMBADA_STANDARD,
    "wikitext103": WIKITEXT103,
    "ptb": PTB,
    "one_billion_words": ONE_BILLION_WORDS,
    "enwik8": ENWIK8,
    "text8": TEXT8,
    "ppl_novels": PPL_NOVELS,
    "cbt_cn": CBT,
    "cbt_ne": CBT,
}

CBT_GOLDEN = (
    'The king\'s cat ran. "It won\'t do," said she (twice). He called: "Stop,',
    (" Ann's friend!\"", " Tom's friend!\"", " Puss's friend!\""),
    " Tom's friend!\"",
)
GOLDEN = {
    "lambada": ("“Is it?” he asked.\n\nShe looked at the stone, the white", (), " stone"),
    "hellaswag": (
        "Cooking: How to cook. Take a pan. Heat it. The lady",
        (" sings.", " fries an egg. Done.", " sleeps.", " leaves."),
        " fries an egg. Done.",
    ),
    "sst2": (
        "\"it's\" (almost) good, but won't last\nSentiment:",
        (" negative", " positive"),
        " positive",
    ),
    "ag_news": (
        "Shares fall (Reuters) Reuters - Prices fell on Monday.\nTopic:",
        (" world", " sports", " business", " technology"),
        " business",
    ),
    "trec": (
        'What\'s "DNA"?\nThis question asks for',
        (" an abbreviation", " a thing", " a description", " a person", " a place", " a number"),
        " an abbreviation",
    ),
    "snli": (
        "Premise: A man, sleeping.\nHypothesis: He isn't awake.\nTrue, false or neither?",
        (" true", " neither", " false"),
        " true",
    ),
    "boolq": (
        "Passage: Ice is frozen water.\nQuestion: is ice cold?\nAnswer:",
        (" no", " yes"),
        " no",
    ),
    "squad_v2": (
        "Title: Rugby (sport)\nBackground: Rugby is a sport.\nQuestion: What is Rugby?\nAnswer:",
        (),
        " a sport",
    ),
    "nq_open": ("Question: who wrote it?\nAnswer:", (), " Bob Russell"),
    "wmt14_fr_en": ("French: Il pleut !\nEnglish:", (), " It rains!"),
    "wikitext2": (
        "",
        (),
        '= <unk> =\n\nIt\'s 1,000 "well-known" books (2.5%).\n== Life ==\nShe doesn\'t; "why?"\n',
    ),
    "blimp": ("", ("Slept who?", "Who slept?"), "Who slept?"),
    "lambada_standard": ("\"is it?\" he asked. she didn't look at mr. lee's", (), " stone"),
    "wikitext103": ("", (), '= Ann =\n\nIt\'s 1,000 "well-known" books.\n'),
    "ptb": ("", (), "mr. <unk> says it's up $N million and/or isn't\n"),
    "one_billion_words": ("", (), '"We can\'t," said Mr. Lee (twice).\n'),
    "enwik8": ("", (), ENWIK8["text"]),
    "text8": ("", (), TEXT8["text"]),
    "ppl_novels": ("", (), PPL_NOVELS["text"]),
    "cbt_cn": CBT_GOLDEN,
    "cbt_ne": CBT_GOLDEN,
}


def test_every_reference_task_has_its_golden_text() -> None:
    elsewhere = [
        test_answer_tasks.GOLDEN,
        test_choice_tasks.GOLDEN,
        test_coreference_tasks.GOLDEN,
        test_label_tasks.ROWS,
        test_rewriting_tasks.GOLDEN,
    ]
    assert {task.name for task in TASKS} == set(GOLDEN).union(*elsewhere)
    assert set(GOLDEN) == set(ROWS)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_text(name: str) -> None:
    made = example(name, ROWS[name])
    assert (made.prompt, made.choices, made.target) == GOLDEN[name]


def test_references_and_what_is_counted() -> None:
    assert example("squad_v2", SQUAD_V2).references == ("a sport", "sport")
    nothing = example("squad_v2", {**SQUAD_V2, "answers": {"text": [], "answer_start": []}})
    assert (nothing.target, nothing.references) == (" unanswerable", ("unanswerable",))
    assert example("nq_open", NQ_OPEN).references == ("Bob Russell", "Bobby Scott")
    assert example("wmt14_fr_en", WMT).references == ("It rains!",)
    assert example("wikitext2", WIKITEXT2).segments == (WIKITEXT2["text"],)


def test_groups() -> None:
    groups = {name: example(name, record).group for name, record in ROWS.items()}
    assert groups["squad_v2"] == "Rugby_(sport)"
    assert groups["snli"] == "A man , sleeping ."
    assert groups["nq_open"] == "who wrote it"
    assert groups["blimp"] == "island"
    own = ("lambada", "sst2", "ag_news", "trec", "wikitext2", "wmt14_fr_en")
    assert all(example(name, ROWS[name]).example_id == groups[name] for name in own)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("lambada", {"text": "word"}, "fewer than two words"),
        ("lambada", {"text": None}, "field missing"),
        ("hellaswag", {"label": ""}, "label out of range"),
        ("hellaswag", {"endings": []}, "empty choice list"),
        ("sst2", {"label": -1}, "label out of range"),
        ("ag_news", {"label": 4}, "label out of range"),
        ("trec", {"coarse_label": 6}, "label out of range"),
        ("snli", {"label": -1}, "label out of range"),
        ("boolq", {"passage": None}, "field missing"),
        ("squad_v2", {"answers": None}, "TypeError in a function of the task"),
        ("nq_open", {"answer": []}, "no answer"),
        ("wmt14_fr_en", {"translation": {"fr": "Oui."}}, "field missing"),
        ("wikitext2", {"text": None}, "field missing"),
        ("lambada_standard", {"text": "word"}, "fewer than two words"),
        ("ptb", {"sentence": 5}, "field is not text"),
        ("one_billion_words", {"text": " "}, "field empty"),
        ("enwik8", {"text": None}, "field missing"),
        ("ppl_novels", {"text": " \n"}, "field empty"),
        ("cbt_cn", {"answer": "Rex"}, "ValueError in a function of the task"),
        ("cbt_cn", {"question": "Nothing is left out ."}, "ValueError in a function of the task"),
        ("cbt_ne", {"options": ["Ann", "Tom", ""]}, "field empty"),
        ("blimp", {"sentence_bad": "Who slept?"}, "choices repeated"),
    ],
)
def test_rows_without_text_or_label_are_rejected(name: str, change: Record, reason: str) -> None:
    row = row_of(name, {**ROWS[name], **change})
    assert isinstance(row, Rejected)
    assert row.reason == reason


SHARED = {
    "pascal_rte": "rte",
    "multi30k_fr_en": "multi30k_en_fr",
    "swag": "swag_small",
    "tatoeba_fr_en": "tatoeba_en_fr",
    "wmt14_en_fr": "wmt14_fr_en",
    "wsc273": "winograd_wsc",
}
"""Tasks whose rows a mirror has under another name."""


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_without_training_rows_is_unseen(task: Task) -> None:
    assert task.unseen == ("train" not in task.source.all_splits)
    assert task.source.mirror in ("", f"tasks/{SHARED.get(task.name, task.name)}")
    assert task.source.licence


def test_sst2_reads_both_schemas() -> None:
    hub = {"text": SST2["sentence"], "label": 1, "label_text": "positive"}
    assert example("sst2", hub).prompt == example("sst2", SST2).prompt


@real_rows
@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_every_published_row_becomes_an_example(name: str) -> None:
    task = registry.get(name)
    for split, records in published(task).items():
        rows = list(task.rows(records, split))
        assert Counter(row.reason for row in rows if isinstance(row, Rejected)) == {}
        kept = [row for row in rows if not isinstance(row, Rejected)]
        examples = list(map(task.template, kept))
        assert len(examples) > 0
        if not isinstance(task.rows, Regrouped):
            assert len(examples) == len(records)
        assert len({one.group for one in examples}) >= 2
        questions = {(task.keys(row), row["id"]) for row in kept}
        assert len({id_ for _, id_ in questions}) == len(questions)
        assert len({key for key, _ in questions}) >= 0.98 * len(examples)
