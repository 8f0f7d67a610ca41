"""Waiting for missing cells: one want for any number of viewers, dropped when nobody waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from tests.grids import cell, create_grid, wanted

from vidstead.db import Database, Listener, RoleUrls
from vidstead.grid import CellRef, Grid, Grids, Waiting
from vidstead.grid import waiting as waiting_module


@pytest.fixture
async def waiting(grids: Grids, listener: Listener) -> AsyncIterator[Waiting]:
    """The waiting of one web process."""
    found = Waiting(grids, listener)
    following = asyncio.create_task(found.follow())
    try:
        yield found
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


@pytest.fixture
async def grid(database: Database, grids: Grids, environment_id: str) -> Grid:
    return await create_grid(database, grids, environment_id)


async def until(condition: object, what: str) -> None:
    """Wait for ``await condition()``."""
    for _ in range(500):
        if await condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never: {what}")


Queued = Callable[[], list[dict[str, Any]]]


def hot_jobs(queued: Queued, row_id: int) -> list[str]:
    """The hot jobs of a row that wait, the first to be started first."""
    locks = [str(job["queueing_lock"]) for job in queued()]
    return [lock for lock in locks if lock.startswith(f"hot:{row_id}:")]


async def test_many_viewers_share_one_want(
    waiting: Waiting, grids: Grids, grid: Grid, queued: Queued, environment_id: str
) -> None:
    ref = CellRef(row_id=grid.rows[0].id, index=1)
    viewers = [asyncio.create_task(waiting.wait(environment_id, grid.id, ref, seconds=8)) for _ in range(50)]
    await until(lambda: wanted(grids, environment_id, ref), "the want is written")
    assert hot_jobs(queued, ref.row_id) == [f"hot:{ref.row_id}:1"]
    await grids.record(environment_id, grid.id, cell(ref))
    assert await asyncio.gather(*viewers) == [True] * 50
    assert not await wanted(grids, environment_id, ref)


async def test_the_news_comes_from_another_process(
    waiting: Waiting, grids: Grids, grid: Grid, environment_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With renewals an hour away, only the notification can end the wait."""
    monkeypatch.setattr(waiting_module, "RENEW_SECONDS", 3600.0)
    ref = CellRef(row_id=grid.rows[0].id, index=2)
    viewer = asyncio.create_task(waiting.wait(environment_id, grid.id, ref, seconds=20))
    await until(lambda: wanted(grids, environment_id, ref), "the want is written")
    await grids.record(environment_id, grid.id, cell(ref))
    assert await viewer


async def test_lost_news_only_delay(grids: Grids, grid: Grid, environment_id: str, database_urls: RoleUrls) -> None:
    """Nobody passes the news on here: the renewal finds the cell."""
    deaf = Waiting(grids, Listener(database_urls.app))
    ref = CellRef(row_id=grid.rows[0].id, index=2)
    viewer = asyncio.create_task(deaf.wait(environment_id, grid.id, ref, seconds=20))
    await until(lambda: wanted(grids, environment_id, ref), "the want is written")
    await grids.record(environment_id, grid.id, cell(ref))
    assert await viewer


async def test_a_wait_ends_in_time_and_its_want_runs_out(
    waiting: Waiting, grids: Grids, grid: Grid, environment_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstead.grid.service.WANT_SECONDS", 0.2)
    ref = CellRef(row_id=grid.rows[0].id, index=3)
    assert await waiting.wait(environment_id, grid.id, ref, seconds=0.3) is False

    async def dropped() -> bool:
        return not await wanted(grids, environment_id, ref)

    await until(dropped, "nobody wants it any more")


async def test_one_viewer_leaving_disturbs_no_other(
    waiting: Waiting, grids: Grids, grid: Grid, environment_id: str
) -> None:
    ref = CellRef(row_id=grid.rows[1].id, index=0)
    stays = asyncio.create_task(waiting.wait(environment_id, grid.id, ref, seconds=20))
    leaves = asyncio.create_task(waiting.wait(environment_id, grid.id, ref, seconds=20))
    await until(lambda: wanted(grids, environment_id, ref), "the want is written")
    leaves.cancel()
    with suppress(asyncio.CancelledError):
        await leaves
    await grids.record(environment_id, grid.id, cell(ref))
    assert await stays


async def test_the_newest_wish_has_the_highest_priority(
    grids: Grids, grid: Grid, queued: Queued, environment_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter((1000.0, 2000.0))
    monkeypatch.setattr("vidstead.grid.service.time.time", lambda: next(moments))
    for index in (0, 1):
        await grids.want(environment_id, grid.id, CellRef(row_id=grid.rows[1].id, index=index))
    row_id = grid.rows[1].id
    assert hot_jobs(queued, row_id) == [f"hot:{row_id}:1", f"hot:{row_id}:0"]


async def test_who_was_sent_away_is_still_believed_though_another_left(
    waiting: Waiting, grids: Grids, grid: Grid, environment_id: str
) -> None:
    """A machine that takes longer than a request may wait would never end a cell otherwise."""
    ref = CellRef(row_id=grid.rows[0].id, index=3)
    leaver = asyncio.create_task(waiting.wait(environment_id, grid.id, ref, seconds=60))
    patient = asyncio.create_task(waiting.wait(environment_id, grid.id, ref, seconds=0.5))
    await until(lambda: wanted(grids, environment_id, ref), "the want is written")
    leaver.cancel()
    assert await patient is False
    assert not waiting._leaving
    assert await wanted(grids, environment_id, ref)
