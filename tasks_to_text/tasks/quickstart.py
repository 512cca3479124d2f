"""The tasks of the quickstart: all are made from what is already installed."""

from tasks_to_text.task import Task
from tasks_to_text.tasks.catalogues import TRANSLATION
from tasks_to_text.tasks.cloze import CLOZE
from tasks_to_text.tasks.continuation import CONTINUATION
from tasks_to_text.tasks.documentation import PACKAGE, PARAMETER_TYPE
from tasks_to_text.tasks.last_words import LAST_WORD
from tasks_to_text.tasks.object_kinds import OBJECT_KIND
from tasks_to_text.tasks.parameter_values import PARAMETER_VALUE
from tasks_to_text.tasks.return_types import RETURN_TYPE
from tasks_to_text.tasks.sentence_order import SENTENCE_ORDER
from tasks_to_text.tasks.summaries import SUMMARY, SUMMARY_MATCH

TASKS: tuple[Task, ...] = (
    CLOZE,
    CONTINUATION,
    LAST_WORD,
    OBJECT_KIND,
    PACKAGE,
    PARAMETER_TYPE,
    PARAMETER_VALUE,
    RETURN_TYPE,
    SENTENCE_ORDER,
    SUMMARY,
    SUMMARY_MATCH,
    TRANSLATION,
)
