"""The log: written with the change, read by cursors that skip nothing and are moved by one process at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest
from sqlalchemy import text

from vidstead import events
from vidstead.db import Database, Listener, RoleUrls
from vidstead.events import Event, Follower
from vidstead.kit import new_id


@pytest.fixture
async def listener(database_urls: RoleUrls) -> AsyncIterator[Listener]:
    opened = Listener(database_urls.app)
    await opened.start()
    try:
        yield opened
    finally:
        await opened.close()


async def write(database: Database, environment_id: str, kind: str) -> None:
    async with database.begin(environment_id) as connection:
        await append(connection, environment_id, kind)


async def append(connection: object, environment_id: str, kind: str) -> None:
    await events.append(
        connection,  # type: ignore[arg-type]
        environment_id=environment_id,
        type=kind,
        subject_type="test",
        subject_id="1",
        data={"kind": kind},
    )


class Seen:
    """The events of one environment that a follower handled."""

    def __init__(self, environment_id: str) -> None:
        self.environment_id = environment_id
        self.types: list[str] = []

    async def handle(self, batch: Sequence[Event]) -> None:
        self.types += [event.type for event in batch if event.environment_id == self.environment_id]


@asynccontextmanager
async def following(*followers: Follower) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(follower.run(stop)) for follower in followers]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(0.01)


async def test_events_come_in_order_and_whole(database: Database, listener: Listener, environment_id: str) -> None:
    batches: list[Event] = []

    async def handle(batch: Sequence[Event]) -> None:
        batches.extend(event for event in batch if event.environment_id == environment_id)

    async with following(Follower(new_id(), database, listener, handle)):
        for number in range(5):
            await write(database, environment_id, f"test.{number}")
        await until(lambda: len(batches) == 5)
    assert [event.type for event in batches] == [f"test.{number}" for number in range(5)]
    assert batches[3].data == {"kind": "test.3"}
    assert batches[3].subject_type == "test"


async def test_more_than_a_batch(database: Database, listener: Listener, environment_id: str) -> None:
    async with database.begin(environment_id) as connection:
        for number in range(450):
            await append(connection, environment_id, f"{number}")
    seen = Seen(environment_id)
    async with following(Follower(new_id(), database, listener, seen.handle)):
        await until(lambda: len(seen.types) >= 450)
    assert seen.types == [str(number) for number in range(450)]


async def test_a_late_commit_is_not_skipped(database: Database, listener: Listener, environment_id: str) -> None:
    seen = Seen(environment_id)
    async with following(Follower(new_id(), database, listener, seen.handle)):
        async with database.begin(environment_id) as late:
            await append(late, environment_id, "late")  # its number is taken first
            await write(database, environment_id, "early")  # and this one commits first
            async with database.crossing() as connection:
                waiting = text("select count(*) from events_after('0', 0, 10000) where environment_id = :mine")
                assert (await connection.execute(waiting, {"mine": environment_id})).scalar() == 0
        await until(lambda: len(seen.types) == 2)
    assert seen.types == ["late", "early"]


async def test_a_rolled_back_change_leaves_no_event(
    database: Database, listener: Listener, environment_id: str
) -> None:
    seen = Seen(environment_id)
    async with database.begin(environment_id) as connection:
        await append(connection, environment_id, "never")
        await connection.rollback()
    await write(database, environment_id, "after")
    async with following(Follower(new_id(), database, listener, seen.handle)):
        await until(lambda: bool(seen.types))
    assert seen.types == ["after"]


async def test_one_of_two_processes_moves_a_cursor(database: Database, listener: Listener, environment_id: str) -> None:
    name, first, second = new_id(), Seen(environment_id), Seen(environment_id)
    pair = [Follower(name, database, listener, seen.handle) for seen in (first, second)]
    async with following(*pair):
        for number in range(20):
            await write(database, environment_id, f"{number}")
        await until(lambda: len(first.types) + len(second.types) >= 20)
    assert sorted([first.types, second.types]) == [[], [str(number) for number in range(20)]]


async def test_a_cursor_is_handed_on_and_nothing_is_handled_twice(
    database: Database, listener: Listener, environment_id: str
) -> None:
    name, first, second = new_id(), Seen(environment_id), Seen(environment_id)
    await write(database, environment_id, "one")
    async with following(Follower(name, database, listener, first.handle)):
        await until(lambda: first.types == ["one"])
    await write(database, environment_id, "two")
    async with following(Follower(name, database, listener, second.handle)):
        await until(lambda: bool(second.types))
    assert second.types == ["two"]


async def test_the_cursor_of_a_dead_process_is_taken_over(
    database: Database, database_urls: RoleUrls, listener: Listener, environment_id: str
) -> None:
    name, seen = new_id(), Seen(environment_id)
    with psycopg.connect(database_urls.owner) as connection:
        connection.execute(
            "insert into app.event_cursors (name, holder, leased_until) values (%s, 'dead', now() + interval '1 s')",
            (name,),
        )
    await write(database, environment_id, "one")
    async with following(Follower(name, database, listener, seen.handle)):
        await until(lambda: bool(seen.types))


async def test_a_handler_that_fails_gets_its_batch_again(
    database: Database, listener: Listener, environment_id: str
) -> None:
    seen, failures = Seen(environment_id), 0

    async def handle(batch: Sequence[Event]) -> None:
        nonlocal failures
        if failures < 2 and any(event.environment_id == environment_id for event in batch):
            failures += 1
            raise RuntimeError("not yet")
        await seen.handle(batch)

    async with following(Follower(new_id(), database, listener, handle)):
        await write(database, environment_id, "one")
        await until(lambda: bool(seen.types))
    assert (seen.types, failures) == (["one"], 2)


async def test_events_without_a_notification_are_found(database: Database, listener: Listener) -> None:
    """Such as those that were written while the listener had no connection."""
    environment = new_id()
    seen = Seen(environment)
    async with following(Follower(new_id(), database, listener, seen.handle)):
        async with database.begin(environment) as connection:
            await connection.execute(
                text(
                    "insert into events (environment_id, type, subject_type, subject_id, data)"
                    " values (:environment, 'quiet', 'test', '1', '{}')"
                ),
                {"environment": environment},
            )
        await until(lambda: bool(seen.types))
