"""Row-level security: what one environment can see and do of another's. The answer has to be: nothing."""

import asyncio
import contextlib
import random
import re
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from vidstead.db import Database, RoleUrls
from vidstead.kit import new_id

TENANCY_PAGE = Path(__file__).parents[2] / "docs" / "why" / "tenancy.md"

NEW_GRID = text(
    "insert into grids (id, environment_id, rate_numerator, rate_denominator, bounds)"
    " values (:id, :environment_id, 25, 1, '{0,100}')"
)
ALL_GRIDS = text("select id from grids")


async def make_grid(database: Database, environment_id: str) -> str:
    grid_id = new_id()
    async with database.begin(environment_id) as connection:
        await connection.execute(NEW_GRID, {"id": grid_id, "environment_id": environment_id})
    return grid_id


async def grids_seen(database: Database, environment_id: str) -> set[str]:
    async with database.begin(environment_id) as connection:
        return set((await connection.execute(ALL_GRIDS)).scalars())


@pytest.fixture
async def other_environment(database: Database) -> str:
    other = new_id()
    async with database.crossing() as connection:
        await connection.execute(
            text("select create_environment(:organization, 'Others', :environment, 'Others', 'production')"),
            {"organization": new_id(), "environment": other},
        )
    return other


async def test_rows_are_seen_in_their_environment_alone(
    database: Database, environment_id: str, other_environment: str
) -> None:
    mine, theirs = await make_grid(database, environment_id), await make_grid(database, other_environment)
    assert await grids_seen(database, environment_id) == {mine}
    assert await grids_seen(database, other_environment) == {theirs}


async def test_nothing_is_seen_without_an_environment(database: Database, environment_id: str) -> None:
    await make_grid(database, environment_id)
    async with database.crossing() as connection:
        assert (await connection.execute(ALL_GRIDS)).all() == []
    async with database.engine.begin() as connection:  # a new transaction after another one's setting: '' not null
        assert (await connection.execute(ALL_GRIDS)).all() == []


async def test_a_row_for_another_environment_is_refused(
    database: Database, environment_id: str, other_environment: str
) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with database.begin(environment_id) as connection:
            await connection.execute(NEW_GRID, {"id": new_id(), "environment_id": other_environment})


async def test_rows_of_another_environment_are_neither_changed_nor_given_away(
    database: Database, environment_id: str, other_environment: str
) -> None:
    theirs = await make_grid(database, other_environment)
    async with database.begin(environment_id) as connection:
        changed = await connection.execute(text("update grids set uses = 9 where id = :id"), {"id": theirs})
        deleted = await connection.execute(text("delete from grids where id = :id"), {"id": theirs})
    assert (changed.rowcount, deleted.rowcount) == (0, 0)
    mine = await make_grid(database, environment_id)
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with database.begin(environment_id) as connection:
            await connection.execute(
                text("update grids set environment_id = :other where id = :id"),
                {"other": other_environment, "id": mine},
            )


async def test_only_the_own_environment_and_organisation_are_seen(
    database: Database, environment_id: str, other_environment: str
) -> None:
    async with database.begin(environment_id) as connection:
        assert list((await connection.execute(text("select id from environments"))).scalars()) == [environment_id]
        assert len((await connection.execute(text("select id from organizations"))).all()) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "create table mine (x int)",
        "create temporary table mine (x int)",
        "alter table grids disable row level security",
        "drop policy environment on grids",
        "truncate grids",
        "set role vs_owner",
        "set row_security = off; select * from grids",
        "select * from procrastinate.procrastinate_jobs",
        "update events set type = 'x'",
        "delete from events",
        "insert into environments (id, organization_id, name, type) values ('x', 'x', 'x', 'production')",
        "select * from alembic_version",
    ],
)
async def test_the_application_role_can_not(database: Database, environment_id: str, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner|row-level security"):
        async with database.begin(environment_id) as connection:
            await connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def test_the_queue_role_sees_no_tenant_rows(database_urls: RoleUrls) -> None:
    with psycopg.connect(database_urls.queue) as connection:
        connection.execute("select * from procrastinate_jobs")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from app.grids")


def test_every_table_with_an_environment_forces_row_level_security(database_urls: RoleUrls) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        tables = connection.execute(
            """
            select c.relname, c.relrowsecurity and c.relforcerowsecurity,
                array(select polname::text from pg_policy where polrelid = c.oid order by 1)
            from pg_class c
            where c.relkind in ('r', 'p') and c.relnamespace = 'app'::regnamespace
                and exists (select from pg_attribute where attrelid = c.oid and attname = 'environment_id')
            """
        ).fetchall()
    assert len(tables) >= 12
    for name, forced, policies in tables:
        assert forced, f"{name} is open to every environment"
        assert policies == ["environment", "owner_all"], name


def test_tables_without_an_environment_are_known(database_urls: RoleUrls) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        tables = connection.execute(
            """
            select c.relname from pg_class c
            where c.relkind in ('r', 'p') and c.relnamespace = 'app'::regnamespace and not c.relforcerowsecurity
            """
        ).fetchall()
    assert {name for (name,) in tables} == {"alembic_version", "encode_speeds", "event_cursors"}


def test_functions_that_cross_environments_are_those_listed(database_urls: RoleUrls) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        found = connection.execute(
            """
            select p.proname, p.proconfig from pg_proc p
            join pg_namespace n on n.oid = p.pronamespace
            where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
            """
        ).fetchall()
    listed = set(re.findall(r"^\| `(\w+)` \|", TENANCY_PAGE.read_text(), flags=re.MULTILINE))
    assert {name for name, _ in found} == listed
    for name, settings in found:
        assert any("pg_temp" in setting for setting in settings or []), f"{name} has an open search_path"


def test_views_are_read_with_the_rights_of_who_asks(database_urls: RoleUrls) -> None:
    """A view runs as its owner by default, whom the policies let see everything."""
    with psycopg.connect(database_urls.owner) as connection:
        views = connection.execute(
            """
            select relname from pg_class
            where relnamespace = 'app'::regnamespace
                and (relkind = 'm' or (relkind = 'v' and not 'security_invoker=true' = any(coalesce(reloptions, '{}'))))
            """
        ).fetchall()
    assert views == []


async def test_cancelled_requests_leak_no_environment(
    database_urls: RoleUrls, database: Database, environment_id: str, other_environment: str
) -> None:
    """Requests of two environments share few connections, and many are cut off in the middle."""
    own = {environment: {await make_grid(database, environment)} for environment in (environment_id, other_environment)}
    shared = Database(database_urls.app, pool_size=2)
    wrong: list[set[str]] = []
    dice = random.Random(7)

    async def request(environment: str, cut_after: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(cut_after):
                seen = await grids_seen(shared, environment)
                if seen != own[environment]:
                    wrong.append(seen)

    for _ in range(10):
        await asyncio.gather(
            *(request(dice.choice(list(own)), dice.choice([None, dice.uniform(0.0, 0.02)])) for _ in range(30))
        )
    assert wrong == []
    assert await grids_seen(shared, environment_id) == own[environment_id]
    await shared.close()
