"""Sources, made once per run and shared by its workers, and the real children on a store of local files."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.sources import BY_NAME, make

from vidstead.storage.adapters.local import LocalStore


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the generated clips."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "clips"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def bench(clips: Path, tmp_path: Path) -> Callable[[str], Bench]:
    """A bench for the clip of a name."""

    def of(name: str) -> Bench:
        return Bench(LocalStore(tmp_path / "store"), make(BY_NAME[name], clips))

    return of
