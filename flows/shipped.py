"""The shipped profiles. Numbers of ``quickstart`` were chosen on validation splits; ``tiny`` is for
tests; ``reference`` needs a mirror of real datasets (``--data DIR``) or the Hub.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from flows import distributions
from flows.corpora import Corpus
from flows.encoding import CORPUS
from flows.gate import GateConfig
from flows.profiles import SHIPPED, Profile
from flows.scores import EvaluationConfig
from gptcore.config import StreamConfig, TokenizerConfig, TrainConfig
from gptcore.config import tiny as tiny_gpt
from gptcore.corpus.catalogues import CatalogueConfig
from gptcore.corpus.documentation import DocumentationConfig
from gptcore.corpus.ingest import IngestConfig
from tasks_to_text import registry
from tasks_to_text.convert import ConvertConfig
from tasks_to_text.source import Source


def quickstart() -> Profile:
    """A laptop's first run: the documentation installed with Generalist, 1.3M parameters."""
    rates = {
        CORPUS: 0.30,
        "parameter_type": 0.10,
        "package": 0.16,
        "return_type": 0.10,
        "object_kind": 0.08,
        "summary_match": 0.06,
        "parameter_value": 0.10,
        "summary": 0.07,
        "translation": 0.03,
    }
    unseen = ("sentence_order", "continuation", "cloze", "last_word")
    tasks = (*tuple(rates)[1:], *unseen)
    return Profile(
        name="quickstart",
        about=_about(quickstart),
        documentation=DocumentationConfig(distributions=distributions.QUICKSTART),
        catalogues=CatalogueConfig(distributions=distributions.CATALOGUES),
        tasks=tuple(map(registry.get, tasks)),
        convert=ConvertConfig(
            tasks=tasks,
            max_train=12_000,
            max_validation=300,
            max_test=600,
            limits={
                "package": {"test": 1000},
                "sentence_order": {"test": 1000},
                "continuation": {"test": 800},
            },
        ),
        ingest=IngestConfig(),
        tokenizer=TokenizerConfig(vocab_size=4096),
        model=tiny_gpt(vocab_size=4096),
        train=TrainConfig(
            mixture=_mixture(rates, answer_weight=8.0),
            tokens=2_400_000,
            batch_size=8,
            optimizer="muon",
            learning_rate=3e-3,
            warmup_tokens=120_000,
            schedule="wsd",
            final_fraction=0.0,
            precision="fp32",
        ),
        evaluation=EvaluationConfig(tasks=tasks, mixture=tuple(rates)[1:], documents=100),
        gate=GateConfig(),
    )


def tiny() -> Profile:
    """The whole pipeline in seconds, for tests: four distributions, two Blocks, 60,000 tokens."""
    rates = {CORPUS: 0.4, "parameter_type": 0.2, "package": 0.2, "summary": 0.1, "translation": 0.1}
    tasks = (*tuple(rates)[1:], "sentence_order", "continuation", "last_word")
    return Profile(
        name="tiny",
        about=_about(tiny),
        documentation=DocumentationConfig(distributions=distributions.TINY),
        catalogues=CatalogueConfig(distributions=distributions.CATALOGUES),
        tasks=tuple(map(registry.get, tasks)),
        convert=ConvertConfig(tasks=tasks, max_train=500, max_validation=30, max_test=30),
        ingest=IngestConfig(),
        tokenizer=TokenizerConfig(vocab_size=2048, max_training_bytes=1_000_000),
        model=tiny_gpt(vocab_size=2048, n_layer=2, n_embd=64),
        train=TrainConfig(
            mixture=_mixture(rates, answer_weight=10.0),
            tokens=60_000,
            batch_size=4,
            optimizer="muon",
            learning_rate=3e-3,
            warmup_tokens=6_000,
            precision="fp32",
            threads=1,
            checkpoint_every=10,
            log_every=5,
            validate_every=20,
            validation_windows=16,
        ),
        evaluation=EvaluationConfig(
            tasks=tasks, mixture=tuple(rates)[1:], documents=10, sample_tokens=20, threads=1
        ),
        gate=GateConfig(resamples=500),
    )


_CORPORA = {
    "python_peps": "public domain or CC0-1.0",
    "openstax_textbooks": "CC BY 4.0",
    "us_gov_web": "public domain; CC0-1.0",
    "world_factbook": "public domain; CC0-1.0",
    "tech_docs": "CC0-1.0; MIT OR Apache-2.0",
    "gutenberg_authors": "public domain in the USA",
}


def reference() -> Profile:
    """Real corpora and benchmarks from a mirror (--data DIR); 1.8M parameters, for a laptop."""
    rates = {CORPUS: 0.7, "sst2": 0.15, "trec": 0.15}
    unseen = (
        *("lambada", "hellaswag", "ag_news", "snli", "boolq", "winograd_wsc", "squad_v2"),
        *("nq_open", "wmt14_fr_en", "wikitext2", "blimp"),
    )
    tasks = (*tuple(rates)[1:], *unseen)
    return Profile(
        name="reference",
        about=_about(reference),
        corpora={
            name: Corpus(
                source=Source(
                    mirror=f"corpora/{name}.jsonl.zst",
                    splits={"train": f"{name}.jsonl.zst"},
                    licence=licence,
                )
            )
            for name, licence in _CORPORA.items()
        },
        tasks=tuple(map(registry.get, tasks)),
        convert=ConvertConfig(
            tasks=tasks,
            max_validation=500,
            max_test=1000,
            limits={"blimp": {"test": 6700}, "squad_v2": {"test": 500}, "nq_open": {"test": 500}},
        ),
        ingest=IngestConfig(),
        tokenizer=TokenizerConfig(vocab_size=8192),
        model=tiny_gpt(vocab_size=8192, context_length=512),
        train=TrainConfig(
            mixture=_mixture(rates, answer_weight=4.0),
            tokens=3_000_000,
            batch_size=4,
            optimizer="muon",
            learning_rate=3e-3,
            warmup_tokens=150_000,
            schedule="wsd",
            final_fraction=0.0,
            precision="fp32",
        ),
        evaluation=EvaluationConfig(tasks=tasks, mixture=tuple(rates)[1:], documents=50),
        gate=GateConfig(),
    )


def _mixture(rates: Mapping[str, float], *, answer_weight: float) -> tuple[StreamConfig, ...]:
    """Streams with their rates; answers weigh more than other tokens, because they are so few."""
    return tuple(
        StreamConfig(name=name, rate=rate, target_weight=1.0 if name == CORPUS else answer_weight)
        for name, rate in rates.items()
    )


def _about(make: Callable[[], Profile]) -> str:
    return (make.__doc__ or "").partition("\n")[0]


PROFILES: Mapping[str, Callable[[], Profile]] = MappingProxyType(
    {"quickstart": quickstart, "tiny": tiny, "reference": reference}
)
assert tuple(PROFILES) == SHIPPED
