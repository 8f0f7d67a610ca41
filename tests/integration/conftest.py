"""The rooms of the core over a real database, with objects in memory."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

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


@pytest.fixture
def queued(database_urls: RoleUrls) -> Callable[[], list[dict[str, Any]]]:
    """The jobs that wait, the first to be started first. Only the queue's own role may see them."""

    def waiting() -> list[dict[str, Any]]:
        query = (
            "select task_name, queue_name, priority, queueing_lock, args from procrastinate_jobs"
            " where status = 'todo' order by priority desc, id"
        )
        with psycopg.connect(database_urls.queue, row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()

    return waiting
