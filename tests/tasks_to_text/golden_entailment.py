"""Entailment: a row of each published set, and what every wording makes of it.

Rows are made up, with the columns of the published ones; white space in them is meant.
"""

from typing import Any

Golden = tuple[str, tuple[str, ...], str]
"""Prompt, choices, target."""

ROWS: dict[str, dict[str, Any]] = {
    "snli": {"premise": "A man , sleeping .", "hypothesis": "He is n't awake .", "label": 0},
    "breaking_nli": {
        "premise": "Mia drinks tea.",
        "hypothesis": "Mia drinks milk.",
        "label": 2,
        "category": "drinks",
    },
    "mnli": {
        "promptID": 1,
        "pairID": "1n",
        "premise": "The law has two parts - one is old. ",
        "hypothesis": " Both matter",
        "genre": "government",
        "label": 1,
    },
    "mnli_mismatched": {
        "promptID": 7,
        "pairID": "7e",
        "premise": "We thank you.",
        "hypothesis": "We are grateful.",
        "genre": "letters",
        "label": 0,
    },
    "cb": {
        "premise": "``Is it?'' B: I don't think it will rain, I mean,",
        "hypothesis": "it will rain",
        "idx": 3,
        "label": 1,
    },
    "rte": {
        "sentence1": "No gold was found in the ship yet. ",
        "sentence2": "Gold was found.",
        "label": 1,
        "idx": 0,
    },
    "pascal_rte": {
        "sentence1": "Mia wrote the novel in 1920.",
        "sentence2": "Mia is an author.",
        "label": 0,
        "source": "rte1_test",
        "task": "CD",
    },
    "scitail": {"premise": "Salt melts ice;", "hypothesis": "Sugar melts ice.", "label": "neutral"},
    "qnli": {
        "question": "When did it open?",
        "sentence": "It opened in 1911. ",
        "label": 0,
        "idx": 0,
    },
}
GOLDEN: dict[str, dict[str, Golden]] = {
    "snli": {
        "main": (
            "Premise: A man, sleeping.\nHypothesis: He isn't awake.\nTrue, false or neither?",
            (" true", " neither", " false"),
            " true",
        ),
        "question": (
            "A man, sleeping.\nHe isn't awake.\nIs the second text right if the first one is?",
            (" yes", " maybe", " no"),
            " yes",
        ),
        "statement": (
            "Fact: A man, sleeping.\nClaim: He isn't awake.\nIn the light of the fact the claim is",
            (" certain", " open", " impossible"),
            " certain",
        ),
    },
    "breaking_nli": {
        "main": (
            "Premise: Mia drinks tea.\nHypothesis: Mia drinks milk.\nTrue, false or neither?",
            (" true", " neither", " false"),
            " false",
        ),
        "question": (
            "Mia drinks tea.\nMia drinks milk.\nIs the second text right if the first one is?",
            (" yes", " maybe", " no"),
            " no",
        ),
        "statement": (
            "Fact: Mia drinks tea.\nClaim: Mia drinks milk.\nIn the light of the fact the claim is",
            (" certain", " open", " impossible"),
            " impossible",
        ),
    },
    "mnli": {
        "main": (
            "Premise: The law has two parts - one is old.\n"
            "Hypothesis: Both matter\n"
            "True, false or neither?",
            (" true", " neither", " false"),
            " neither",
        ),
        "question": (
            "The law has two parts - one is old.\n"
            "Both matter\n"
            "Is the second text right if the first one is?",
            (" yes", " maybe", " no"),
            " maybe",
        ),
        "statement": (
            "Fact: The law has two parts - one is old.\n"
            "Claim: Both matter\n"
            "In the light of the fact the claim is",
            (" certain", " open", " impossible"),
            " open",
        ),
        "lm_eval": (
            "The law has two parts - one is old. \n"
            "Question: Both matter. True, False or Neither?\n"
            "Answer:",
            (" True", " Neither", " False"),
            " Neither",
        ),
    },
    "mnli_mismatched": {
        "main": (
            "Premise: We thank you.\nHypothesis: We are grateful.\nTrue, false or neither?",
            (" true", " neither", " false"),
            " true",
        ),
        "question": (
            "We thank you.\nWe are grateful.\nIs the second text right if the first one is?",
            (" yes", " maybe", " no"),
            " yes",
        ),
        "statement": (
            "Fact: We thank you.\nClaim: We are grateful.\nIn the light of the fact the claim is",
            (" certain", " open", " impossible"),
            " certain",
        ),
        "lm_eval": (
            "We thank you.\nQuestion: We are grateful. True, False or Neither?\nAnswer:",
            (" True", " Neither", " False"),
            " True",
        ),
    },
    "cb": {
        "main": (
            'Premise: "Is it?" B: I don\'t think it will rain, I mean,\n'
            "Hypothesis: it will rain\n"
            "True, false or neither?",
            (" true", " false", " neither"),
            " false",
        ),
        "question": (
            '"Is it?" B: I don\'t think it will rain, I mean,\n'
            "it will rain\n"
            "Is that what the passage says?",
            (" yes", " no", " maybe"),
            " no",
        ),
        "statement": (
            'Passage: "Is it?" B: I don\'t think it will rain, I mean,\n'
            "Claim: it will rain\n"
            "In the light of the passage the claim is",
            (" certain", " impossible", " open"),
            " impossible",
        ),
        "lm_eval": (
            "``Is it?'' B: I don't think it will rain, I mean,\n"
            "Question: it will rain. True, False, or Neither?\n"
            "Answer:",
            (" True", " False", " Neither"),
            " False",
        ),
    },
    "rte": {
        "main": (
            "Premise: No gold was found in the ship yet.\n"
            "Hypothesis: Gold was found.\n"
            "Does the hypothesis follow from the premise?",
            (" yes", " no"),
            " no",
        ),
        "question": (
            "No gold was found in the ship yet.\n"
            "Gold was found.\n"
            "Is the second text right if the first one is?",
            (" surely", " not necessarily"),
            " not necessarily",
        ),
        "statement": (
            "Fact: No gold was found in the ship yet.\n"
            "Claim: Gold was found.\n"
            "From the fact alone the claim is",
            (" proven", " unproven"),
            " unproven",
        ),
        "lm_eval": (
            "No gold was found in the ship yet. \n"
            "Question: Gold was found. True or False?\n"
            "Answer:",
            (" True", " False"),
            " False",
        ),
    },
    "pascal_rte": {
        "main": (
            "Premise: Mia wrote the novel in 1920.\n"
            "Hypothesis: Mia is an author.\n"
            "Does the hypothesis follow from the premise?",
            (" yes", " no"),
            " yes",
        ),
        "question": (
            "Mia wrote the novel in 1920.\n"
            "Mia is an author.\n"
            "Is the second text right if the first one is?",
            (" surely", " not necessarily"),
            " surely",
        ),
        "statement": (
            "Fact: Mia wrote the novel in 1920.\n"
            "Claim: Mia is an author.\n"
            "From the fact alone the claim is",
            (" proven", " unproven"),
            " proven",
        ),
        "lm_eval": (
            "Mia wrote the novel in 1920.\nQuestion: Mia is an author. True or False?\nAnswer:",
            (" True", " False"),
            " True",
        ),
    },
    "scitail": {
        "main": (
            "Premise: Salt melts ice;\n"
            "Hypothesis: Sugar melts ice.\n"
            "Does the hypothesis follow from the premise?",
            (" yes", " no"),
            " no",
        ),
        "question": (
            "Salt melts ice;\nSugar melts ice.\nIs the second text right if the first one is?",
            (" surely", " not necessarily"),
            " not necessarily",
        ),
        "statement": (
            "Fact: Salt melts ice;\nClaim: Sugar melts ice.\nFrom the fact alone the claim is",
            (" proven", " unproven"),
            " unproven",
        ),
    },
    "qnli": {
        "main": (
            "Question: When did it open?\n"
            "Sentence: It opened in 1911.\n"
            "Does the sentence hold the answer?",
            (" yes", " no"),
            " yes",
        ),
        "question": (
            "When did it open?\nIt opened in 1911.\nDoes that leave the question settled or open?",
            (" settled", " open"),
            " settled",
        ),
        "statement": (
            "Asked: When did it open?\nFound: It opened in 1911.\nWhat was found is",
            (" an answer", " beside the point"),
            " an answer",
        ),
        "lm_eval": (
            "When did it open?\n"
            "It opened in 1911. \n"
            "Question: Does this response answer the question?\n"
            "Answer:",
            (" yes", " no"),
            " yes",
        ),
    },
}
