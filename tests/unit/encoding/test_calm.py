"""Copied cells wait while a viewer waits, but not for ever."""

import asyncio

import pytest

from vidstead.encoding import calm
from vidstead.encoding.calm import Calm


async def test_nobody_waits_where_no_viewer_does() -> None:
    async with asyncio.timeout(0.5):
        await Calm().wait()


async def test_it_is_calm_again_when_the_last_viewer_has_what_he_wanted() -> None:
    one = Calm()
    with one.disturbed():
        with one.disturbed():
            waiting = asyncio.create_task(one.wait())
        await asyncio.sleep(0)
        assert not waiting.done(), "somebody waits still"
    await waiting


async def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calm, "PATIENCE_SECONDS", 0.01)
    one = Calm()
    with one.disturbed():
        await one.wait()
