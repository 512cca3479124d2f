"""One stack for all tests that only use it; it costs its start once."""

from collections.abc import Iterator

import pytest

from tests.operations.stacks import Stack, started


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """``generalist up`` in a workspace of its own: servers, deployments and both workers."""
    with started(tmp_path_factory.mktemp("stack") / "workspace") as running:
        yield running
