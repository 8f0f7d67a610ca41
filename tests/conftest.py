"""Fixtures that every test may use. Real parts: the database is PostgreSQL, the object store an S3 server."""

import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text
from tests.postgres import PostgresForTests
from tests.weed import Weed, running_weed

from vidstead.db import Database, RoleUrls
from vidstead.kit import new_id


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresForTests]:
    """The server of this pytest process, with a migrated template."""
    server = PostgresForTests(tmp_path_factory.mktemp("postgres"))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def database_urls(postgres: PostgresForTests) -> Iterator[RoleUrls]:
    """The addresses of a migrated database of this module's own."""
    with postgres.database() as urls:
        yield urls


@pytest.fixture
async def database(database_urls: RoleUrls) -> AsyncIterator[Database]:
    """The module's database, as the product's processes see it: as ``vs_app``."""
    opened = Database(database_urls.app)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def environment_id(database: Database) -> str:
    """A new environment of a new organisation."""
    environment = new_id()
    async with database.crossing() as connection:
        await connection.execute(
            text("select create_environment(:organization, 'Tests', :environment, 'Tests', 'development')"),
            {"organization": new_id(), "environment": environment},
        )
    return environment


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    """The S3 server of this pytest process, started by the first test that asks for it."""
    folder = tmp_path_factory.mktemp("weed")
    try:
        with running_weed(folder / "server") as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)
