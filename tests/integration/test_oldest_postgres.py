"""A database by address: the oldest PostgreSQL that is supported, over TCP, with an owner that is nobody special."""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from vidstead import events
from vidstead.db import Database, Listener, RoleUrls
from vidstead.db.adapters import identity
from vidstead.db.migrate import current, latest, migrate
from vidstead.events import Event, Follower
from vidstead.jobs import Jobs
from vidstead.kit import new_id

BINARIES = Path("/usr/lib/postgresql/15/bin")

pytestmark = pytest.mark.skipif(
    not (BINARIES / "postgres").exists(),
    reason="cannot exist here: PostgreSQL 15 comes with apt-get install postgresql-15 on Debian 12",
)


@pytest.fixture(scope="module")
def owner_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database whose owner may create roles and nothing else."""
    folder = tmp_path_factory.mktemp("oldest")
    who = identity.choose(folder / "cluster", BINARIES / "postgres")
    password = secrets.token_hex(8)
    (folder / "pw").write_text(password)
    run = [*who.prefix, str(BINARIES / "initdb"), "-D", str(folder / "cluster"), "-U", "admin"]
    subprocess.run([*run, "--auth=scram-sha-256", f"--pwfile={folder / 'pw'}"], check=True, stdout=subprocess.DEVNULL)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*who.prefix, str(BINARIES / "postgres"), "-D", str(folder / "cluster"), "-p", str(port)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*command, "-h", "127.0.0.1", "-k", ""], stdout=log, stderr=log)
    try:
        admin = f"postgresql://admin:{password}@127.0.0.1:{port}/postgres"
        with connected(admin) as connection:
            connection.execute(f"create role films_owner login createrole password '{password}'")
            connection.execute("create database films owner films_owner")
        yield f"postgresql://films_owner:{password}@127.0.0.1:{port}/films"
    finally:
        os.kill(server.pid, signal.SIGINT)
        server.wait(30)


def connected(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    end = time.monotonic() + 30
    while True:
        try:
            return psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="module")
def urls(owner_url: str) -> RoleUrls:
    migrate(owner_url)
    migrate(owner_url)
    return RoleUrls.derive(owner_url)


async def make_environment(database: Database) -> str:
    environment = new_id()
    async with database.crossing() as connection:
        await connection.execute(
            text("select create_environment(:id, 'Tests', :id, 'Tests', 'development')"), {"id": environment}
        )
    return environment


def test_it_is_migrated(urls: RoleUrls) -> None:
    with psycopg.connect(urls.owner) as connection:
        assert connection.info.server_version // 10000 == 15
    assert current(urls.owner) == latest()


async def test_environments_are_kept_apart(urls: RoleUrls) -> None:
    database = Database(urls.app)
    mine, other = await make_environment(database), await make_environment(database)
    for environment, seen in ((mine, 1), (other, 0)):
        async with database.begin(mine) as connection:
            count = text("select count(*) from environments where id = :id")
            assert (await connection.execute(count, {"id": environment})).scalar() == seen
    await database.close()


async def test_jobs_and_events_arrive(urls: RoleUrls) -> None:
    database, listener = Database(urls.app), Listener(urls.app)
    await listener.start()
    jobs = Jobs(urls.queue, worker_id="tests")
    environment, done, stop = await make_environment(database), asyncio.Event(), asyncio.Event()

    @jobs.task("test.write", queue="hot")
    async def write(environment_id: str) -> None:
        async with database.begin(environment_id) as connection:
            await events.append(
                connection,
                environment_id=environment_id,
                type="test.done",
                subject_type="test",
                subject_id="1",
                data={},
            )

    async def handle(batch: Sequence[Event]) -> None:
        if any(event.environment_id == environment for event in batch):
            done.set()

    tasks = [
        asyncio.create_task(jobs.run({"hot": 1}, stop)),
        asyncio.create_task(Follower("test", database, listener, handle).run(stop)),
    ]
    try:
        async with database.begin(environment) as connection:
            await jobs.defer(connection, "test.write", {"environment_id": environment}, queue="hot", once="x")
        await asyncio.wait_for(done.wait(), 30)
    finally:
        stop.set()
        await asyncio.gather(*tasks)
        await listener.close()
        await database.close()
