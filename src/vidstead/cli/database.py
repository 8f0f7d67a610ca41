"""The database for commands: migrated, and with its first environment."""

import asyncio
import contextlib
from collections.abc import Iterator

from vidstead import bootstrap
from vidstead.cli.configuration import load_settings
from vidstead.db import Database, EmbeddedDatabaseInUse, RoleUrls
from vidstead.settings import Settings
from vidstead.tenancy import Credentials, Tenancy


def migrate() -> None:
    """The command: migrate the database of the settings. An embedded one that nobody runs is started for it."""
    settings = load_settings()
    with _running(settings) as urls:
        before, _ = bootstrap.schema_versions(urls)
        bootstrap.migrate(urls)
        after, _ = bootstrap.schema_versions(urls)
    print(f"The database is at version {after}." if before == after else f"The database is now at version {after}.")


@contextlib.contextmanager
def _running(settings: Settings) -> Iterator[RoleUrls]:
    if settings.database_url is not None:
        yield bootstrap.database_urls(settings)
        return
    database = bootstrap.embedded_postgres(settings)
    try:
        database.start()
    except EmbeddedDatabaseInUse:
        yield bootstrap.database_urls(settings)
        return
    try:
        yield RoleUrls.derive(database.url)
    finally:
        database.stop()


def first_credentials(urls: RoleUrls) -> Credentials | None:
    """Make the first environment and its token, where there is none yet."""

    async def make() -> Credentials | None:
        database = Database(urls.app, pool_size=2)
        try:
            return await Tenancy().ensure_first_environment(database)
        finally:
            await database.close()

    return asyncio.run(make())
