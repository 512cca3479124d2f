"""Parts make up the text, none is too long, and cuts lie where a reader pauses."""

from hypothesis import given
from hypothesis import strategies as st

from gptcore.parts import parts

pieces = st.lists(st.sampled_from(["word ", "x", "字", "。", "end. ", "\n", "\n\n", "é" * 9]))


@given(pieces.map("".join), st.integers(4, 40))
def test_parts_make_up_the_text_and_are_of_a_size(text: str, size: int) -> None:
    found = list(parts(text, size))
    assert "".join(found) == text
    assert max(map(len, found)) <= size
    assert len(text) <= size or min(map(len, found)) >= size // 4


def test_the_best_pause_near_the_limit_is_taken() -> None:
    words = "one two three four. five six\nseven eight\n\nnine ten eleven twelve"
    for size, first in ((16, "one two three "), (22, "one two three four. "), (40, words[:29])):
        assert next(parts(words, size)) == first
    assert next(parts(words, 60)) == words[:42]
    assert [len(part) for part in parts("字" * 10, 4)] == [4, 4, 2]
