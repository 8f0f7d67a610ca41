"""Who asks in these tests: clients with the tokens of an environment."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from pydantic import BaseModel
from sqlalchemy import text
from starlette.types import ASGIApp

from vidstead.api import ApiServices
from vidstead.db import Database
from vidstead.kit import new_id
from vidstead.tenancy import ALL_PERMISSIONS, Credentials, Permission

BASE_URL = "http://vidstead.test"
CREATE_ENVIRONMENT = text("select create_environment(:organization, 'Others', :environment, 'Others', 'production')")


async def make_environment(database: Database) -> str:
    """One more environment, of an organisation of its own."""
    environment_id = new_id()
    async with database.crossing() as connection:
        await connection.execute(CREATE_ENVIRONMENT, {"organization": new_id(), "environment": environment_id})
    return environment_id


async def make_token(
    services: ApiServices, environment_id: str, permissions: Sequence[Permission] = ALL_PERMISSIONS
) -> Credentials:
    """A new token of an environment."""
    async with services.database.begin(environment_id) as connection:
        return await services.tenancy.create_token(connection, environment_id, name="tests", permissions=permissions)


@asynccontextmanager
async def client_of(app: ASGIApp, credentials: Credentials | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, with a token or without."""
    auth = (credentials.token_id, credentials.token_secret) if credentials else None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE_URL, auth=auth) as client:
        yield client


def as_described(model: type[BaseModel], answer: httpx.Response) -> Any:
    """The ``data`` of an answer, which holds exactly what the API's description says: no key more, no other type."""
    body = answer.json()
    assert model.model_validate_json(answer.content, strict=True).model_dump(exclude_unset=True) == body
    return body["data"]
