"""Labels of texts and of pairs that can be exchanged: a row of each published set, and what every
wording makes of it.

Rows are made up, with the columns of the published ones; white space in them is meant.
"""

from typing import Any

Golden = tuple[str, tuple[str, ...], str]
"""Prompt, choices, target."""

ROWS: dict[str, dict[str, Any]] = {
    "mrpc": {
        "sentence1": "He said the pie business does not fit.",
        "sentence2": 'The "pies" do not fit . ',
        "label": 1,
        "idx": 9,
    },
    "qqp": {
        "question1": "Why is the sea salty?",
        "question2": "Why is it blue? ",
        "label": 0,
        "idx": 0,
    },
    "stsb": {
        "sentence1": "A man dances.",
        "sentence2": "A man is dancing.",
        "label": 3.799999952316284,
        "idx": 1,
    },
    "sts_semeval": {
        "sentence1": "It depends.",
        "sentence2": "It really depends. ",
        "label": 2.5,
        "source": "2016/x",
    },
    "sst2": {"idx": 3, "sentence": "`` it 's '' almost good , but wo n't last ", "label": 1},
    "sst5": {
        "text": "the -lrb- first -rrb- one is n't bad .",
        "label": 3,
        "label_text": "positive",
    },
    "subj": {
        "text": 'an expos&#233 ; of " friends " , who do n\'t care .',
        "label": 1,
        "label_text": "objective",
    },
    "cola": {"sentence": "Him likes tea. ", "label": 0, "source": "x"},
    "ag_news": {"text": "Shares fall (Reuters) Reuters - Prices\\fell on Monday.", "label": 2},
    "trec": {"text": "What 's `` DNA '' ?", "coarse_label": 0, "fine_label_text": "ABBR:exp"},
    "snips": {"text": "Put it  on my list", "intent": "AddToPlaylist"},
}
GOLDEN: dict[str, dict[str, Golden]] = {
    "mrpc": {
        "main": (
            "First: He said the pie business does not fit.\n"
            'Second: The "pies" do not fit .\n'
            "Do both say the same?",
            (" no", " yes"),
            " yes",
        ),
        "question": (
            "He said the pie business does not fit.\n"
            'The "pies" do not fit .\n'
            "Is it true or false that both report one thing?",
            (" false", " true"),
            " true",
        ),
        "statement": (
            "One paper: He said the pie business does not fit.\n"
            'Another paper: The "pies" do not fit .\n'
            "What they report is",
            (" different", " the same"),
            " the same",
        ),
        "lm_eval": (
            "Sentence 1: He said the pie business does not fit.\n"
            'Sentence 2: The "pies" do not fit . \n'
            "Question: Do both sentences mean the same thing?\n"
            "Answer:",
            (" no", " yes"),
            " yes",
        ),
    },
    "qqp": {
        "main": (
            "First: Why is the sea salty?\nSecond: Why is it blue?\nDo both ask the same?",
            (" no", " yes"),
            " no",
        ),
        "question": (
            "Why is the sea salty?\n"
            "Why is it blue?\n"
            "Is it true or false that one answer serves both?",
            (" false", " true"),
            " false",
        ),
        "statement": (
            "Asked before: Why is the sea salty?\nAsked now: Why is it blue?\nThe new question is",
            (" another one", " a repetition"),
            " another one",
        ),
        "lm_eval": (
            "Question 1: Why is the sea salty?\n"
            "Question 2: Why is it blue? \n"
            "Question: Do both questions ask the same thing?\n"
            "Answer:",
            (" no", " yes"),
            " no",
        ),
    },
    "stsb": {
        "main": (
            "First: A man dances.\nSecond: A man is dancing.\nAlike, from 0 to 5:",
            (" 0", " 1", " 2", " 3", " 4", " 5"),
            " 4",
        ),
        "question": (
            "A man dances.\nA man is dancing.\nHow much do these two have in common, out of 5?",
            (" 0", " 1", " 2", " 3", " 4", " 5"),
            " 4",
        ),
        "statement": (
            "One: A man dances.\nOther: A man is dancing.\nOn a scale up to 5, their likeness is",
            (" 0", " 1", " 2", " 3", " 4", " 5"),
            " 4",
        ),
    },
    "sts_semeval": {
        "main": (
            "First: It depends.\nSecond: It really depends.\nAlike, from 0 to 5:",
            (" 0", " 1", " 2", " 3", " 4", " 5"),
            " 3",
        ),
        "question": (
            "It depends.\nIt really depends.\nHow much do these two have in common, out of 5?",
            (" 0", " 1", " 2", " 3", " 4", " 5"),
            " 3",
        ),
        "statement": (
            "One: It depends.\nOther: It really depends.\nOn a scale up to 5, their likeness is",
            (" 0", " 1", " 2", " 3", " 4", " 5"),
            " 3",
        ),
    },
    "sst2": {
        "main": (
            "\"it's\" almost good, but won't last\nSentiment:",
            (" negative", " positive"),
            " positive",
        ),
        "question": (
            "\"it's\" almost good, but won't last\nDoes the writer like it?",
            (" no", " yes"),
            " yes",
        ),
        "statement": (
            "\"it's\" almost good, but won't last\nThe film is",
            (" bad", " good"),
            " good",
        ),
        "gpt1": (
            "\"it's\" almost good, but won't last very",
            (" negative", " positive"),
            " positive",
        ),
        "lm_eval": (
            "`` it 's '' almost good , but wo n't last \n"
            "Question: Is this sentence positive or negative?\n"
            "Answer:",
            (" negative", " positive"),
            " positive",
        ),
    },
    "sst5": {
        "main": (
            "the (first) one isn't bad.\nSentiment:",
            (" very negative", " negative", " neutral", " positive", " very positive"),
            " positive",
        ),
        "statement": (
            "the (first) one isn't bad.\nThe film is",
            (" terrible", " bad", " okay", " good", " great"),
            " good",
        ),
        "stars": (
            "the (first) one isn't bad.\nStars, from 1 to 5:",
            (" 1", " 2", " 3", " 4", " 5"),
            " 4",
        ),
    },
    "subj": {
        "main": (
            'an exposé of "friends", who don\'t care.\nThis is',
            (" an opinion", " a fact"),
            " a fact",
        ),
        "question": (
            'an exposé of "friends", who don\'t care.\nDoes the writer judge the film?',
            (" yes", " no"),
            " no",
        ),
        "statement": (
            'an exposé of "friends", who don\'t care.\nThe sentence is from a',
            (" review", " summary of the plot"),
            " summary of the plot",
        ),
    },
    "cola": {
        "main": (
            "Him likes tea.\nWould a native speaker say that?",
            (" no", " yes"),
            " no",
        ),
        "question": (
            "Him likes tea.\nIs it good or bad English?",
            (" bad", " good"),
            " bad",
        ),
        "statement": (
            "Him likes tea.\nThe grammar of this sentence is",
            (" wrong", " right"),
            " wrong",
        ),
        "lm_eval": (
            "Him likes tea. \nQuestion: Does this sentence make sense?\nAnswer:",
            (" no", " yes"),
            " no",
        ),
    },
    "ag_news": {
        "main": (
            "Shares fall (Reuters) Reuters - Prices fell on Monday.\nTopic:",
            (" world", " sports", " business", " technology"),
            " business",
        ),
        "question": (
            "Shares fall (Reuters) Reuters - Prices fell on Monday.\n"
            "Which section of the paper is it from?",
            (" World", " Sports", " Business", " Technology"),
            " Business",
        ),
        "statement": (
            "Shares fall (Reuters) Reuters - Prices fell on Monday.\nThis is news about",
            (" the world", " sport", " the economy", " science"),
            " the economy",
        ),
    },
    "trec": {
        "main": (
            'What\'s "DNA"?\nThis question asks for',
            (
                " an abbreviation",
                " a thing",
                " a description",
                " a person",
                " a place",
                " a number",
            ),
            " an abbreviation",
        ),
        "answer": (
            'What\'s "DNA"?\nKind of answer:',
            (" abbreviation", " thing", " description", " person", " place", " number"),
            " abbreviation",
        ),
        "statement": (
            'What\'s "DNA"?\nWhoever asks this wants to know',
            (" a short form", " what it is", " how or why", " who", " where", " how many or when"),
            " a short form",
        ),
    },
    "snips": {
        "main": (
            "Put it on my list\nThe speaker wants to",
            (
                " add to a playlist",
                " book a restaurant",
                " hear the weather",
                " play music",
                " rate a book",
                " find a work of art",
                " find a film showing",
            ),
            " add to a playlist",
        ),
        "question": (
            "Put it on my list\nWhat is this about?",
            (
                " a playlist",
                " a restaurant",
                " the weather",
                " music",
                " the rating of a book",
                " a work of art",
                " the times of a film",
            ),
            " a playlist",
        ),
        "action": (
            "Put it on my list\nAction:",
            (" playlist", " booking", " weather", " music", " rating", " search", " cinema"),
            " playlist",
        ),
    },
}
