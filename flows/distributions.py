"""Which installed distributions the shipped profiles read their documentation from.

Runtime dependencies only, at the very versions of ``constraints.txt``, so that the corpus has one
digest on every machine.
"""

from gptcore.corpus.documentation import Distribution

QUICKSTART = (
    Distribution(name="torch", version="2.13.0"),
    Distribution(name="scipy", version="1.17.1"),
    Distribution(name="sympy", version="1.14.0"),
    Distribution(name="scikit-learn", version="1.9.1"),
    Distribution(name="pandas", version="3.1.1"),
    Distribution(name="mlflow", version="3.17.2"),
    Distribution(name="SQLAlchemy", version="2.0.58"),
    Distribution(name="networkx", version="3.6.1"),
    Distribution(name="numpy", version="2.4.6", skip=("numpy.distutils",)),
    Distribution(name="beartype", version="0.23.1"),
    Distribution(name="matplotlib", version="3.11.2"),
    Distribution(name="huggingface_hub", version="2.4.0"),
    Distribution(name="prefect", version="3.8.8"),
    Distribution(name="datasets", version="5.2.0"),
    Distribution(name="redis", version="8.1.0"),
    Distribution(name="narwhals", version="2.29.0"),
    Distribution(name="fonttools", version="4.68.0"),
    Distribution(name="mpmath", version="1.3.0"),
    Distribution(name="pydantic", version="2.14.3"),
    Distribution(name="graphql-core", version="3.2.14"),
    Distribution(name="Werkzeug", version="3.1.9"),
    Distribution(name="cyclopts", version="5.4.0"),
    Distribution(name="GitPython", version="3.2.1"),
    Distribution(name="docker", version="7.2.0"),
)
"""The default corpus: what a laptop reads in minutes."""

QUICKSTART_DIGEST = "3c2b232836de85e80569d529e98e76e9fb9ace592b518383af4135814ad6d29e"
"""The corpus digest of QUICKSTART, split as ``DocumentationConfig`` does by itself: the same under
Python 3.11 to 3.13 and from the builds for Linux, macOS and Windows."""

TINY = tuple(
    item for item in QUICKSTART if item.name in {"networkx", "numpy", "huggingface_hub", "Werkzeug"}
)
"""For tests: a corpus in seconds, with four packages to tell apart and enough for every task."""

CATALOGUES = (
    Distribution(name="humanize", version="4.17.0"),
    Distribution(name="apprise", version="1.13.1"),
)
"""Runtime dependencies that carry message catalogues with their sources."""
