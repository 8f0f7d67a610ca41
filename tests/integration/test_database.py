"""The engine, the listener and the migrations, on a real server that comes and goes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from tests.postgres import PostgresForTests

from vidstead.db import (
    Database,
    DatabaseBusy,
    DatabaseNewer,
    DatabaseUnavailable,
    InvalidDatabaseUrl,
    Listener,
    RoleUrls,
)
from vidstead.db.migrate import current, latest, migrate

PID = text("select pg_backend_pid()")


@pytest.fixture
async def listener(database_urls: RoleUrls) -> AsyncIterator[Listener]:
    opened = Listener(database_urls.app)
    await opened.start()
    try:
        yield opened
    finally:
        await opened.close()


def send(urls: RoleUrls, channel: str, payload: str) -> None:
    with psycopg.connect(urls.owner, autocommit=True) as connection:
        connection.execute("select pg_notify(%s, %s)", (channel, payload))


async def test_a_connection_is_used_again_after_an_error(database: Database) -> None:
    with pytest.raises(ProgrammingError):
        async with database.crossing() as connection:
            await connection.execute(text("select * from nowhere"))
    async with database.crossing() as connection:
        assert (await connection.execute(text("select 1"))).scalar() == 1


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql+psycopg://vs_app:x@/vidstead?host={tmp_path}")
    with pytest.raises(DatabaseUnavailable):
        async with database.crossing():
            pass
    await database.close()


async def test_a_connection_that_breaks_inside_is_unavailable(database: Database, database_urls: RoleUrls) -> None:
    with pytest.raises(DatabaseUnavailable):  # noqa: PT012 - it breaks inside the block
        async with database.crossing() as connection:
            pid = (await connection.execute(PID)).scalar_one()
            await asyncio.to_thread(terminate, database_urls, pid)
            await connection.execute(text("select 1"))
    async with database.crossing() as connection:
        assert (await connection.execute(text("select 1"))).scalar() == 1


async def test_connections_that_died_in_the_pool_are_replaced_unseen(
    database: Database, database_urls: RoleUrls
) -> None:
    async with database.crossing() as one, database.crossing() as another:
        dead = [(await held.execute(PID)).scalar_one() for held in (one, another)]
    for pid in dead:
        await asyncio.to_thread(terminate, database_urls, pid)
    async with database.crossing() as one, database.crossing() as another:
        assert {(await held.execute(PID)).scalar_one() for held in (one, another)}.isdisjoint(dead)


async def test_an_environment_s_name_is_data_and_no_statement(database: Database) -> None:
    name = "a'; select set_config('app.environment_id', 'b', true); --\\"
    async with database.begin(name) as connection:
        assert (await connection.execute(text("select current_setting('app.environment_id')"))).scalar_one() == name


async def test_the_environment_ends_with_its_transaction(database_urls: RoleUrls) -> None:
    database = Database(database_urls.app, pool_size=1)
    with pytest.raises(ZeroDivisionError):
        async with database.begin("a"):
            raise ZeroDivisionError
    async with database.engine.begin() as connection:
        assert not (await connection.execute(text("select current_setting('app.environment_id', true)"))).scalar_one()
    await database.close()


def terminate(urls: RoleUrls, pid: int) -> None:
    """End a session of vs_app; only vs_app itself may (and a superuser)."""
    with psycopg.connect(urls.app.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(%s, 5000)", (pid,))


async def test_no_free_connection_is_unavailable(database_urls: RoleUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidstead.db.engine.POOL_WAIT_SECONDS", 0.1)
    database = Database(database_urls.app, pool_size=1)
    async with database.crossing():
        with pytest.raises(DatabaseUnavailable, match="in use"):
            async with database.crossing():
                pass
    await database.close()


async def test_a_statement_that_takes_too_long_is_busy(database: Database) -> None:
    with pytest.raises(DatabaseBusy):  # noqa: PT012 - the setting belongs to the transaction
        async with database.crossing() as connection:
            await connection.execute(text("set local statement_timeout = '50ms'"))
            await connection.execute(text("select pg_sleep(10)"))


async def test_subscribers_hear_their_channel(listener: Listener, database_urls: RoleUrls) -> None:
    async with listener.subscribe("cells") as cells, listener.subscribe("cells") as again:
        send(database_urls, "elsewhere", "0")
        send(database_urls, "cells", "1:2")
        assert await asyncio.wait_for(cells.get(), 20) == "1:2"
        assert await asyncio.wait_for(again.get(), 20) == "1:2"
        async with listener.subscribe("later") as later:
            send(database_urls, "later", "x")
            assert await asyncio.wait_for(later.get(), 20) == "x"


async def test_after_a_lost_connection_subscribers_are_told_to_look(
    listener: Listener, database_urls: RoleUrls
) -> None:
    async with listener.subscribe("cells") as cells:
        with psycopg.connect(database_urls.app.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'vidstead listener'"
                " and datname = current_database()"
            )
        assert await asyncio.wait_for(cells.get(), 20) == ""
        send(database_urls, "cells", "back")
        assert await asyncio.wait_for(cells.get(), 20) == "back"


async def test_a_slow_subscriber_is_told_to_look(
    listener: Listener, database_urls: RoleUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstead.db.listener.QUEUE_LIMIT", 2)
    async with listener.subscribe("flood") as slow, listener.subscribe("end") as end:
        for number in range(3):
            send(database_urls, "flood", str(number))
        send(database_urls, "end", "")
        await asyncio.wait_for(end.get(), 20)
        assert (slow.get_nowait(), slow.empty()) == ("", True)


async def test_a_listener_without_a_server_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        await Listener(f"postgresql+psycopg://vs_app:x@/vidstead?host={tmp_path}").start()


@pytest.fixture
def empty_database(postgres: PostgresForTests) -> Iterator[str]:
    with postgres.database(migrated=False) as urls:
        yield urls.owner


def test_a_new_database_is_migrated_by_many_at_once(empty_database: str) -> None:
    assert current(empty_database) is None
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [empty_database] * 4))
    assert current(empty_database) == latest()


def test_a_database_of_a_later_version_is_left_alone(empty_database: str) -> None:
    migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        connection.execute("update app.alembic_version set version_num = '9999'")
    with pytest.raises(DatabaseNewer, match="9999"):
        migrate(empty_database)


def test_a_new_table_with_an_environment_is_put_under_security(empty_database: str) -> None:
    migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table app.extra (environment_id text not null)")
    migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        forced = connection.execute("select relforcerowsecurity from pg_class where oid = 'app.extra'::regclass")
        assert forced.fetchone() == (True,)


def test_a_lost_password_of_a_role_is_set_again(postgres: PostgresForTests, database_urls: RoleUrls) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        connection.execute(sql.SQL("alter role vs_queue password 'other'"))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database_urls.queue)
    migrate(database_urls.owner)
    psycopg.connect(database_urls.queue).close()


def test_urls_of_the_roles() -> None:
    urls = RoleUrls.derive("postgres://me:s%40crot@db.example:5433/films?sslmode=require")
    assert urls.owner == "postgresql://me:s%40crot@db.example:5433/films?sslmode=require"
    assert urls.app.startswith("postgresql+psycopg://vs_app:")
    assert urls.queue.startswith("postgresql://vs_queue:")
    assert urls.queue.endswith("@db.example:5433/films?sslmode=require")
    assert "crot" not in urls.app + urls.queue + repr(urls)
    assert urls.app.split(":")[2] != urls.queue.split(":")[2]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://a:b@c/d", "mysql"),
        ("postgresql://a@c/d", "password"),
        ("postgresql://:b@c/d", "username"),
        ("postgresql://a:b@c", "database"),
        ("hello", "not an address"),
        ("postgresql://a:secret@c:port/d", "not an address"),
    ],
)
def test_an_address_that_can_not_be_used_says_why(url: str, problem: str) -> None:
    with pytest.raises(InvalidDatabaseUrl, match=problem) as caught:
        RoleUrls.derive(url)
    assert "secret" not in str(caught.value)
