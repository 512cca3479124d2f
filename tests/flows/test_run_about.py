"""What runs say of what they were made from."""

from dataclasses import replace
from pathlib import Path

from flows.run_about import training_params
from flows.workspace import Product
from tests.flows.night import manifest


def test_documents_that_are_their_own_input_are_told_once() -> None:
    texts = manifest("texts")
    documents = replace(manifest("documents"), digest=texts.digest, inputs={"texts": texts.digest})
    shards = manifest("shards", inputs={"documents": documents.digest})
    products = {one.digest: Product(Path("p"), one) for one in (texts, documents, shards)}
    config = {"model": {}, "train": {"mixture": ()}}
    told = training_params("mine-generalist", config, {"shards": shards.digest}, products)
    assert told["corpus_version"] == documents.digest[:12]
    assert told["shards_version"] == shards.digest[:12]
