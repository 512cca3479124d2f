"""How likely running text is."""

from tasks_to_text.kinds import plain_text
from tasks_to_text.source import Source
from tasks_to_text.tasks.detokenize import wikitext

WIKITEXT2 = plain_text(
    name="wikitext2",
    description="Perplexity of featured Wikipedia articles (WikiText-2; Merity et al. 2016), per "
    "published word.",
    source=Source(
        mirror="tasks/wikitext2",
        splits={"validation": "validation", "test": "test"},
        licence="CC BY-SA 3.0",
    ),
    text=lambda row: wikitext(row["text"]),
    original="text",
    unseen=True,
    specimens=(
        {"text": ' = Ann = \n \n She read 1 @,@ 000 " well @-@ known " books , did n\'t she ? \n'},
    ),
)
"""One row is one article. The model reads natural text; words and bytes are counted on the
published one, ``<unk>`` included, so that the perplexity is per published word.

The Hub has the corpus by lines (``Salesforce/wikitext``), which would be another task: articles are
read from a mirror. GPT-2's table cannot be had by any one such rule; state yours with the number.
"""
