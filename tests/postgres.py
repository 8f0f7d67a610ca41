"""The real PostgreSQL of a test run: one embedded server per pytest process, a database per test module.

The server's template database is migrated once; a module's database is a copy of it (about 50 ms).
"""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from vidstead.db import RoleUrls
from vidstead.db.adapters.embedded import EmbeddedPostgres
from vidstead.db.migrate import migrate

# A test run may lose its data, so nothing waits for the disk.
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class PostgresForTests:
    """A running embedded server that hands out migrated databases."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedPostgres(folder, options=FAST)

    def start(self) -> None:
        """Start the server and migrate the template. The owner may make databases here, unlike in a product."""
        self.server.start()
        self.server.stop()
        self.server.administer("alter role vs_owner createdb")
        self.server.start()
        migrate(self.server.url)

    def stop(self) -> None:
        """Stop the server."""
        self.server.stop()

    @contextlib.contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[RoleUrls]:
        """A fresh database for as long as the block runs: migrated, or empty."""
        name = f"test_{secrets.token_hex(6)}"
        template = sql.Identifier("vidstead" if migrated else "template1")
        self._administer(sql.SQL("create database {} template {}").format(sql.Identifier(name), template))
        try:
            owner = make_url(self.server.url).set(database=name).render_as_string(hide_password=False)
            if migrated:
                migrate(owner)  # role settings belong to a database and aren't copied with it
            yield RoleUrls.derive(owner)
        finally:
            # Waits some seconds for connections that are still closing; one that stays open fails the run.
            self._administer(sql.SQL("drop database {}").format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        url = make_url(self.server.url).set(database="postgres").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)
