"""Wordings are filled as ``str.format`` fills them, of text only."""

import pytest

from tasks_to_text.fields import Unusable, fill

RECORD = {"text": "A {film}.", "title": "It", "at": {"fr": "Il"}, "stars": 7, "two words": "x"}


@pytest.mark.parametrize(
    "wording",
    [
        "",
        "plain",
        "{text}",
        "{title}: {text}!",
        "{{{title}}} }}{{",
        "{at[fr]} {title}",
        "{title:>5}|{title!s}",
        "{two words}",
    ],
)
def test_a_wording_is_filled_as_by_str_format(wording: str) -> None:
    assert fill(wording, RECORD) == wording.format(**RECORD)


@pytest.mark.parametrize(
    ("wording", "reason", "about"),
    [
        ("{title} {stars}", "field is not text", "stars"),
        ("{title!s} {stars}", "field is not text", "stars"),
        ("{nothing}", "field missing", "nothing"),
        ("{nothing:>3}", "field missing", "nothing"),
    ],
)
def test_what_is_no_text_is_told_with_its_column(wording: str, reason: str, about: str) -> None:
    with pytest.raises(Unusable, match=reason) as told:
        fill(wording, RECORD)
    assert told.value.about == about
