"""The rule of gc on random graphs: nothing that is needed goes, everything else does."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.champion import Decision
from flows.keeping import BENCHMARK, DAY, kept, place_of
from flows.workspace import Product
from gptcore.manifest import Manifest

KINDS = ("documents", "prompts", "shards", "run", "run", "evaluation", "evaluation", "report")
NOW = 100 * DAY


def product(number: int, kind: str, digest: str, inputs: dict[str, str], name: str) -> Product:
    manifest = Manifest(
        kind=kind, name=name, key=f"{number}", digest=digest, inputs=inputs,
        config={}, source="", lock="", counts={}, files={},
    )  # fmt: skip
    return Product(Path("root") / kind / f"{name}-{number}", manifest)


@st.composite
def workspaces(draw: st.DrawFn) -> tuple[list[Product], list[Decision], dict[str, float]]:
    """Products made of earlier ones (some gone, some twice with the same content), decisions about
    some of them and about runs that are gone, and when each was used."""
    products: list[Product] = []
    for number in range(draw(st.integers(0, 14))):
        known = [one.digest for one in products]
        digest = draw(st.sampled_from([f"d{number}", *known[-3:]]))
        made_from = draw(st.lists(st.sampled_from(["gone", *known]), max_size=3))
        roles = ("generalist", "evaluation", "prompts")
        inputs = {role: one for role, one in zip(roles, made_from, strict=False) if one != digest}
        name = draw(st.sampled_from(["some", f"some{BENCHMARK}"]))
        products.append(product(number, draw(st.sampled_from(KINDS)), digest, inputs, name))
    digests = {"run/gone": "gone", **{place_of(one): one.digest for one in products}}
    places = st.sampled_from(list(digests))
    decisions = []
    for number in range(draw(st.integers(0, 8))):
        run = draw(places)
        decisions.append(
            Decision(
                key=str(number),
                profile=draw(st.sampled_from(["some", "some", "other"])),
                promoted=draw(st.integers(0, 3)) == 0,
                reason="r",
                run=run,
                run_digest=digests[run],
                evaluation=draw(places),
                champion=draw(st.sampled_from(["", *digests])),
                by=draw(st.sampled_from(["", "", "me"])),
            )
        )
    ages = st.floats(0.8 * DAY, 3 * DAY)
    used = {place_of(one): NOW - draw(ages) for one in products}
    return products, decisions, used


def roots(
    products: list[Product], judged: list[Decision], keep: int, used: dict[str, float]
) -> set[str]:
    """What is kept for its own sake, said in another way than the code says it."""
    found = {place for place, when in used.items() if when > NOW - DAY}
    for profile in ("some", "other"):
        own = [one for one in judged if one.profile == profile]
        nights = [one for one in own if not one.by][-keep:]
        for one in [*nights, *(one for one in own if one.promoted)]:
            found |= {one.run, one.evaluation, one.champion}
    evaluations = [one.manifest for one in products if one.manifest.kind == "evaluation"]
    scored = {digest for one in evaluations for digest in one.inputs.values()}
    scored |= {one.run_digest for one in judged}
    runs = [one for one in products if one.manifest.kind == "run"]
    found |= {place_of(one) for one in runs if one.digest not in scored}
    return found & {place_of(one) for one in products}


@settings(max_examples=150, deadline=None)
@given(workspaces(), st.integers(1, 3))
def test_nothing_that_is_needed_goes_and_everything_else_does(
    workspace: tuple[list[Product], list[Decision], dict[str, float]], keep: int
) -> None:
    products, judged, used = workspace
    why = kept(products, judged, keep=keep, used=used, now=NOW)
    own = roots(products, judged, keep, used)
    stays = [one for one in products if place_of(one) in why]
    digests = {one.digest for one in stays}
    there = {one.digest for one in products}
    assert own <= why.keys()
    for one in stays:
        assert set(one.manifest.inputs.values()) & there <= digests, "a lineage has a hole"
    decided = {decision.run_digest for decision in judged}
    runs = {one.digest for one in products if one.manifest.kind == "run"} - decided

    def is_unjudged(evaluation: Product) -> bool:
        return evaluation.manifest.inputs.get("generalist") in runs

    named = {digest for one in stays for digest in one.manifest.inputs.values()}
    for one in stays:
        last = one.manifest.name.endswith(BENCHMARK) and one.manifest.kind == "evaluation"
        asked = last and one.manifest.inputs.get("generalist") in digests
        page = one.manifest.kind == "report" and one.manifest.inputs.get("evaluation") in digests
        seed = one.manifest.kind == "evaluation" and is_unjudged(one)
        needed = place_of(one) in own or one.digest in named or asked or page or seed
        assert needed, f"{place_of(one)} stays: {why[place_of(one)]}"
    again = kept(stays, judged, keep=keep, used=used, now=NOW)
    assert again.keys() == why.keys(), "a second time removes more"


def test_of_the_same_content_twice_what_was_used_last_stays() -> None:
    old, new = (product(n, "documents", "same", {}, "some") for n in (0, 1))
    run = product(2, "run", "r", {"documents": "same"}, "some")
    used = {place_of(one): n * 1.0 for n, one in enumerate((old, new, run))}
    assert kept([old, new, run], [], keep=1, used=used, now=NOW).keys() == {
        place_of(new),
        place_of(run),
    }


def test_seeds_that_the_gate_measures_on_stay_while_their_kind_does() -> None:
    def seed(number: int, tokens: int) -> list[Product]:
        run = product(number, "run", f"r{number}", {}, "some-generalist")
        run.manifest.config["train"] = {"tokens": tokens}
        scored = {"generalist": run.digest}
        return [run, product(number, "evaluation", f"e{number}", scored, "some")]

    champion, same, other = seed(0, 10), seed(1, 10), seed(2, 20)
    promoted = Decision(
        key="k", profile="some", promoted=True, reason="r",
        run=place_of(champion[0]), run_digest="r0", evaluation=place_of(champion[1]),
    )  # fmt: skip
    there = [*champion, *same, *other]
    used = {place_of(one): 0.0 for one in there}
    why = kept(there, [promoted], keep=1, used=used, now=NOW)
    assert why.keys() == {place_of(one) for one in [*champion, *same]}
