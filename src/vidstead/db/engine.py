"""Transactions, and whose rows they may see.

``Database.begin(environment_id)`` is the only door to tenant rows: it opens a transaction and sets
``app.environment_id`` for its length, before anything else runs. Row-level security does the rest: without an
environment a query returns nothing. What has to cross environments (a token, a playback id, a cursor) calls a
``SECURITY DEFINER`` function inside ``Database.crossing()``; the functions are listed in ``docs/why/tenancy.md``.

The role is ``vs_app``: it owns nothing and has no BYPASSRLS.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine


class Database:
    """One pool of connections for the process, as the role ``vs_app``."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        """``url`` is ``postgresql+psycopg://…`` for ``vs_app``; ``pool_size`` the most connections."""
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True, pool_timeout=10
        )

    @asynccontextmanager
    async def begin(self, environment_id: str) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees the rows of one environment; committed at the end, else rolled back."""
        async with self.engine.begin() as connection:
            await connection.execute(SET_ENVIRONMENT, {"environment_id": environment_id})
            yield connection

    @asynccontextmanager
    async def crossing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees no tenant rows, for the listed functions that cross environments."""
        async with self.engine.begin() as connection:
            await connection.execute(SET_ENVIRONMENT, {"environment_id": ""})
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


SET_ENVIRONMENT = text("select set_config('app.environment_id', :environment_id, true)")
