"""Literal in, literal out: what translation shows."""

from tasks_to_text.tasks.catalogues import TRANSLATION, translation_example, translation_rows


def test_translation_reads_like_this() -> None:
    record = {
        "id": "humanize:French:a moment ago",
        "group": "moment",
        "language": "French",
        "english": "a moment  ago",
        "translated": "il y a un instant",
    }
    long = {**record, "translated": "é" * 46}
    (row,) = translation_rows([record, long], "test")
    example = translation_example(row)
    assert example.prompt == "English: a moment ago\nFrench:"
    assert example.target == " il y a un instant"
    assert example.references == ("il y a un instant",)
    assert TRANSLATION.baselines["copy"](example) == "a moment ago"
    assert TRANSLATION.keys(row) == ("French: a moment ago",)
