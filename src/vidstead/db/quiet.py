"""Connections on which somebody listens for hours: they wake up when the server speaks, not ten times a second."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.abc import RV, PQGen

LOOK_SECONDS = 2.0
"""How often a wait is looked at beside what comes. psycopg's own tenth of a second is for Ctrl-C in a terminal; the
listening connections of an idle worker took two hundredths of a core by it."""


class QuietConnection(AsyncConnection[Any]):
    """A connection of psycopg that can wait quietly; timeouts of waits are exact to ``LOOK_SECONDS``."""

    async def wait(
        self,
        gen: PQGen[RV],
        interval: float = LOOK_SECONDS,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> RV:
        """See ``psycopg.AsyncConnection.wait``."""
        return await super().wait(gen, max(interval, LOOK_SECONDS), timeout)
