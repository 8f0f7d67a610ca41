"""The rooms of the core over a real database, with objects in memory."""

from collections.abc import AsyncIterator

import pytest

from vidstead.assets import Assets
from vidstead.db import Database, Listener, RoleUrls
from vidstead.grid import Grids
from vidstead.jobs import Jobs
from vidstead.storage.testing import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    """An empty object store."""
    return MemoryStore()


@pytest.fixture
def jobs(database_urls: RoleUrls) -> Jobs:
    """The queue, for deferring."""
    return Jobs(database_urls.queue, worker_id="tests")


@pytest.fixture
def grids(database: Database, jobs: Jobs, store: MemoryStore) -> Grids:
    """Every grid of the module's database."""
    return Grids(database, jobs, store, look_ahead=2)


@pytest.fixture
def assets(database: Database, grids: Grids) -> Assets:
    """Every asset of the module's database."""
    return Assets(database, grids, default_fill="eager")


@pytest.fixture
async def listener(database_urls: RoleUrls) -> AsyncIterator[Listener]:
    """A connection that listens."""
    listening = Listener(database_urls.app)
    await listening.start()
    try:
        yield listening
    finally:
        await listening.close()
