"""Set-up on an empty database. A module of its own, because it needs a database where nothing is yet."""

import asyncio

from vidstead.db import Database
from vidstead.tenancy import ALL_PERMISSIONS, Tenancy


async def test_processes_that_race_set_up_one_environment(database: Database) -> None:
    made = await asyncio.gather(*(Tenancy().ensure_first_environment(database) for _ in range(6)))
    found = [credentials for credentials in made if credentials is not None]
    assert len(found) == 1
    principal = await Tenancy().authenticate(database, f"Bearer {found[0].token_secret}")
    assert principal.environment_id == found[0].environment_id
    assert principal.permissions == frozenset(ALL_PERMISSIONS)
    async with database.begin(principal.environment_id) as connection:
        facts = await Tenancy().whoami(connection, principal)
    assert (facts.environment_name, facts.environment_type) == ("Development", "development")
    assert await Tenancy().ensure_first_environment(database) is None
