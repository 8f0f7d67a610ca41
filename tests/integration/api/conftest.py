"""The whole web application over a real database, asked through its ASGI door."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from math import inf
from typing import cast

import httpx
import pytest
import structlog
from starlette.types import ASGIApp
from tests.integration.api.clients import client_of, make_environment, make_token

from vidstead.api import ApiServices, create_app
from vidstead.assets import Assets
from vidstead.db import Database, RoleUrls
from vidstead.grid import Clips, Grids
from vidstead.ingest import AssetInputs, Clipping, Uploads, upload_routes
from vidstead.jobs import Jobs
from vidstead.kit import Outbound, configure_logging
from vidstead.storage.testing import MemoryStore
from vidstead.tenancy import Credentials, Tenancy


@pytest.fixture(autouse=True)
def log() -> Iterator[io.StringIO]:
    """The log of this process as text: what the product writes."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    configure_logging("debug", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def store() -> MemoryStore:
    """Where uploaded files go."""
    return MemoryStore()


@pytest.fixture
def services(database: Database, database_urls: RoleUrls, store: MemoryStore) -> ApiServices:
    """The real services; jobs are put in the queue and run by nobody."""
    jobs = Jobs(database_urls.queue, worker_id="api-tests")
    grids = Grids(database, jobs, store, look_ahead=3)
    assets = Assets(database, grids, default_fill="eager")
    nobody = cast(Outbound, None)  # only the job that fetches would use it
    return ApiServices(
        database=database,
        tenancy=Tenancy(),
        assets=assets,
        uploads=Uploads(database, jobs, store, assets, limit_bytes=2**20),
        inputs=AssetInputs(database, jobs, store, assets, nobody, limit_bytes=2**20),
        clipping=Clipping(jobs, grids, Clips(database, grids), assets, encode_speed=lambda: inf),
        store_check=store.check,
        public_url=None,
    )


@pytest.fixture
def app(services: ApiServices) -> ASGIApp:
    """The application, with the byte path of uploads."""
    return create_app(services, upload_routes(services.uploads))


@pytest.fixture
async def credentials(services: ApiServices, environment_id: str) -> Credentials:
    """A token with every permission."""
    return await make_token(services, environment_id)


@pytest.fixture
async def client(app: ASGIApp, credentials: Credentials) -> AsyncIterator[httpx.AsyncClient]:
    """A client with every permission."""
    async with client_of(app, credentials) as made:
        yield made


@pytest.fixture
async def stranger(app: ASGIApp, services: ApiServices) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another environment, with every permission there."""
    environment_id = await make_environment(services.database)
    async with client_of(app, await make_token(services, environment_id)) as made:
        yield made
