"""Transactions, and whose rows they may see.

``Database.begin(environment_id)`` is the only door to tenant rows: it opens a transaction and sets
``app.environment_id`` for its length, before anything else runs. Row-level security does the rest: without an
environment a query returns nothing. What has to cross environments (a token, a playback id, a cursor) calls a
``SECURITY DEFINER`` function inside ``Database.crossing()``; the functions are listed in
``docs/why/tenancy.md``.

The role is ``vs_app``: it owns nothing and has no BYPASSRLS.

A connection that fails becomes ``DatabaseUnavailable`` and a transaction that the server gave up on becomes
``DatabaseBusy``, both 503, whether that happened on the way in, inside, or at the commit.

A request waits mostly for round trips, so a transaction has two of its own: ``begin`` and the environment are one
message, ``commit`` is the other. The first also finds out whether a pooled connection still lives; where it does not,
nothing has happened yet, and the transaction begins on another one.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from vidstead.db.errors import DatabaseBusy, DatabaseError, DatabaseUnavailable
from vidstead.db.urls import KEEPALIVE

BEGIN = sql.SQL("begin; set local app.environment_id = {}")

CONNECT_SECONDS = 5
POOL_WAIT_SECONDS = 5
# Statements that the server cancelled in favour of others: serialisation, deadlock, lock and statement
# timeouts.
BUSY_STATES = frozenset({"40001", "40P01", "55P03", "57014"})
# Classes of SQLSTATE that mean "no usable server": connection, resources, shut-down, system.
UNAVAILABLE_CLASSES = frozenset({"08", "53", "57", "58"})


_decode = json.JSONDecoder().decode


def _loads(data: str | bytes) -> Any:
    """What ``json.loads`` does with UTF-8, which is all that PostgreSQL sends, without its guess at the encoding."""
    return _decode(data if isinstance(data, str) else data.decode())


class Database:
    """One pool of connections for the process, as the role ``vs_app``."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        """``url`` is ``postgresql+psycopg://…`` for ``vs_app``; ``pool_size`` the most connections.

        No connection is opened yet.
        """
        self.url = url
        self._pool_size = pool_size
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            json_deserializer=_loads,
            # Autocommit only means that psycopg sends no BEGIN of its own: ours says more.
            connect_args={
                "autocommit": True,
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "vidstead",
                **KEEPALIVE,
            },
        )

    @asynccontextmanager
    async def begin(self, environment_id: str) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees the rows of one environment; committed at the end, else rolled back.

        Raises ``DatabaseUnavailable`` when the server can't be reached or no connection becomes free within 5
        s, and ``DatabaseBusy`` when the server cancelled the transaction in favour of others.
        """
        async with self._transaction(environment_id) as connection:
            yield connection

    @asynccontextmanager
    async def crossing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees no tenant rows, for the listed functions that cross environments.

        Raises what ``begin`` raises.
        """
        async with self._transaction("") as connection:
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    @asynccontextmanager
    async def _transaction(self, environment_id: str) -> AsyncIterator[AsyncConnection]:
        try:
            # Once more than there are connections: all of them may be dead, the last one is new.
            for _ in range(self._pool_size + 1):
                async with self.engine.connect() as connection:
                    if await _begun(connection, environment_id):
                        async with connection.begin():
                            yield connection
                        return
            raise DatabaseUnavailable(reason="the server ends every connection")
        except PoolTimeout as error:
            raise DatabaseUnavailable(reason="every connection of this process is in use") from error
        except DBAPIError as error:
            if (known := _translate(error.orig, lost=error.connection_invalidated)) is not None:
                raise known from error
            raise


@lru_cache(maxsize=1024)
def _begin(environment_id: str) -> bytes:
    return BEGIN.format(environment_id).as_bytes()


async def _begun(connection: AsyncConnection, environment_id: str) -> bool:
    """Begin a transaction that sees one environment; ``False`` where the connection is dead, and is given up."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    try:
        await driver.execute(_begin(environment_id), prepare=False)
    except psycopg.Error as error:
        if driver.closed:
            await connection.invalidate(error)
            return False
        raise _translate(error) or error from error
    return True


def _translate(error: BaseException | None, *, lost: bool = False) -> DatabaseError | None:
    """What a failure of the driver means for the caller; nothing for a mistake in a statement or its values."""
    state: str | None = getattr(error, "sqlstate", None)
    reason = " ".join(str(error).split()) or type(error).__name__
    if state in BUSY_STATES:
        return DatabaseBusy(reason=reason)
    if state is None:
        lost = lost or type(error).__name__ in ("OperationalError", "ConnectionTimeout")
        return DatabaseUnavailable(reason=reason) if lost else None
    return DatabaseUnavailable(reason=reason) if state[:2] in UNAVAILABLE_CLASSES else None
