"""``vidstead token``: access tokens, straight in the database (whoever reaches it may)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead import bootstrap
from vidstead.cli import credentials
from vidstead.cli.address import browser_url
from vidstead.cli.configuration import load_settings
from vidstead.cli.credentials import ServerAccess
from vidstead.cli.errors import NoEnvironment
from vidstead.db import Database
from vidstead.settings import Settings
from vidstead.tenancy import Tenancy

T = TypeVar("T")


def list_tokens(*, as_json: bool) -> None:
    """Print the tokens of the environment, the newest first."""
    settings = load_settings()
    environment_id = _environment(settings)
    tokens = _transaction(settings, environment_id, lambda c: Tenancy().list_tokens(c, environment_id))
    for token in tokens:
        state = "revoked" if token.revoked_at else "valid"
        if as_json:
            print(json.dumps({"id": token.id, "name": token.name, "state": state}))
        else:
            print(f"{token.id}  {state:<8} {token.created_at:%Y-%m-%d}  {token.name}")


def create_token(*, name: str, as_json: bool) -> None:
    """Make a token and print its secret, which is nowhere else; keep it where no credentials are kept."""
    settings = load_settings()
    environment_id = _environment(settings)
    made = _transaction(settings, environment_id, lambda c: Tenancy().create_token(c, environment_id, name=name))
    access = ServerAccess(
        url=settings.public_url or browser_url(settings.host, settings.port),
        token_id=made.token_id,
        token_secret=made.token_secret,
        environment_id=environment_id,
    )
    if credentials.read(settings.data_dir) is None and settings.data_dir.is_dir():
        credentials.write(settings.data_dir, access)
    if as_json:
        print(json.dumps({"token_id": made.token_id, "token_secret": made.token_secret}))
    else:
        print(f"id      {made.token_id}\nsecret  {made.token_secret}")


def revoke_token(token_id: str) -> None:
    """Revoke one. Raises ``TokenNotFound``."""
    settings = load_settings()
    environment_id = _environment(settings)
    _transaction(settings, environment_id, lambda c: Tenancy().revoke_token(c, environment_id, token_id))
    print(f"{token_id} opens nothing any more.")


def _environment(settings: Settings) -> str:
    """The environment of the credentials file, else the first there is. Raises ``NoEnvironment``."""
    kept = credentials.read(settings.data_dir)
    found = kept.environment_id if kept else asyncio.run(_oldest_environment(settings))
    if found is None:
        raise NoEnvironment
    return found


async def _oldest_environment(settings: Settings) -> str | None:
    owner = Database(bootstrap.database_urls(settings).owner.replace("://", "+psycopg://", 1), pool_size=2)
    try:
        return await Tenancy().oldest_environment(owner)
    finally:
        await owner.close()


def _transaction(settings: Settings, environment_id: str, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    async def run() -> T:
        database = Database(bootstrap.database_urls(settings).app, pool_size=2)
        try:
            async with database.begin(environment_id) as connection:
                return await work(connection)
        finally:
            await database.close()

    return asyncio.run(run())
