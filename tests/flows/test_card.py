"""The model card: made from manifests, with what is unknown called unknown."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from flows.card import card
from flows.errors import FlowsError
from flows.workspace import Workspace
from tests.flows.night import many_scores
from tests.flows.night_workspace import EVIL, make_night


def test_a_card_says_what_the_model_is_and_how_it_was_judged(tmp_path: Path) -> None:
    workspace, decision = make_night(tmp_path / "workspace")
    text = card(workspace, "some")
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["license"] == "other" and front["metrics"] == sorted(
        {one["metric"] for one in many_scores() if one["headline"]}
    )
    assert front["datasets"] == ["documentation"] and "zero-shot" in front["tags"]
    for fact in ("1,350,144", "4, 4, 128", "256 tokens", "muon", "fp32", decision.run_digest):
        assert fact in text, fact
    assert "the champion of the profile since 2026-11-23" in text
    assert "| sentence_order | Accuracy | 800 / 400 | .612 .578–.646 |" in text
    assert "**Unseen (zero-shot)**" in text and "at chance" in text
    assert "14,200 prompts and targets" in text and "312 documents" in text
    assert "of the corpus, as runs" in text and "clean items alone: not computed" in text
    assert "generalist generate --profile some" in text and "model.safetensors" in text


def test_a_card_tells_what_of_the_evaluation_was_read_before(tmp_path: Path) -> None:
    workspace, decision = make_night(tmp_path / "workspace")
    part = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 797}
    told = {"task": "sentence_order", "split": "test", "items": 800, "confirmed": 3, "clean": part}
    path = workspace.root / decision.evaluation / "contamination.json"
    path.write_text(json.dumps([told]), encoding="utf-8")
    text = card(workspace, "some")
    assert "| 3 of 800; clean .500 .400–.600 |" in text
    assert "the table above says how many items stand there" in text
    assert "clean items alone" not in text


def test_what_is_not_known_is_said_not_to_be(tmp_path: Path) -> None:
    workspace, _ = make_night(tmp_path / "workspace", promoted=False)
    shutil.rmtree(workspace.root / "documents")
    shutil.rmtree(workspace.root / "evaluation")
    text = card(workspace, "some")
    assert "the last challenger, not promoted" in text
    assert "not there any more" in text and "not computed" in text
    with pytest.raises(FlowsError, match="no model yet"):
        card(workspace, "another")


def test_text_of_others_is_no_markup(tmp_path: Path) -> None:
    workspace, _ = make_night(tmp_path / "workspace", reason=f"a | b {EVIL}")
    text = card(workspace, "some")
    assert EVIL not in text and "&lt;script&gt;" in text and r"A \| b" in text


def test_an_empty_workspace_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(FlowsError, match="generalist run"):
        card(Workspace(tmp_path / "workspace"), "some")
