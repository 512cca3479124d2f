"""The documents nearest to a text: runs of words first, then rare words in one place."""

from tasks_to_text.nearest import nearest

FILLER = "the sum of all that is a rest and a part of it was there "
RUN = "a quick brown fox jumps over some lazy dogs"
CORPUS = [
    ("filler", FILLER * 30),
    ("apart", f"zebra {FILLER * 20} quagga {FILLER * 20} okapi"),
    ("together", f"{FILLER * 9} the zebra, the quagga and the okapi {FILLER * 9}"),
    ("run", f"{FILLER} Once A QUICK brown fox\njumps over some lazy dogs, {FILLER * 5}"),
    ("one", f"{FILLER} a zebra"),
]


def test_a_shared_run_of_words_is_nearer_than_any_rare_word() -> None:
    query = f"A zebra, a quagga, an okapi and {RUN}."
    found = nearest({"q": query}, lambda: CORPUS)["q"]
    assert [near.document for near in found] == ["run", "together", "apart"]
    assert [near.runs for near in found] == [2, 0, 0], "nine words hold two runs of eight"
    assert "A QUICK brown fox jumps over some lazy dogs" in found[0].snippet
    assert found[0].snippet.startswith("… sum of") and found[0].snippet.endswith(" …")
    assert {"quick", "fox", "dogs"} <= set(found[0].words)


def test_rare_words_count_where_they_stand_together() -> None:
    (first, second, third) = nearest({"q": "zebra quagga okapi"}, lambda: CORPUS)["q"]
    assert (first.document, set(first.words)) == ("together", {"zebra", "quagga", "okapi"})
    assert "the zebra, the quagga and the okapi" in first.snippet
    assert (second.document, second.words) == ("apart", ("quagga",)), "rarer than zebra"
    assert (third.document, third.words) == ("one", ("zebra",))
    assert first.weight > second.weight > third.weight > 0


def test_each_query_has_its_own_nearest_and_no_more_than_asked() -> None:
    found = nearest({"a": "okapi", "b": RUN, "c": "unheard words"}, lambda: CORPUS, most=1)
    assert [near.document for near in found["a"]] == ["apart"], "the first of equally near ones"
    assert [near.document for near in found["b"]] == ["run"]
    assert found["c"] == []


def test_words_that_every_document_has_bring_nothing_near() -> None:
    assert nearest({"q": "the sum"}, lambda: CORPUS[:3])["q"] == []
    assert nearest({"q": "anything"}, list)["q"] == []
