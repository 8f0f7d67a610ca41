"""What is kept in memory because it is asked for again: bounded, shared, and let go."""

import asyncio

import pytest

from vidstead.delivery.popular import AGAIN_SECONDS, KEPT_SECONDS, LARGEST_BYTES, Popular


class Store:
    """Objects, and how often each was read."""

    def __init__(self) -> None:
        self.time = 0.0
        self.reads: list[str] = []
        self.popular = Popular(limit_bytes=100, clock=lambda: self.time)

    async def ask(self, key: str, size: int = 40) -> bytes | None:
        async def read() -> bytes:
            self.reads.append(key)
            await asyncio.sleep(0)
            return bytes(size)

        return await self.popular.body(key, size, read)


@pytest.fixture
def store() -> Store:
    return Store()


async def test_what_is_asked_for_again_is_read_once_and_then_shared(store: Store) -> None:
    assert await store.ask("a") is None
    first = await store.ask("a")
    assert first is not None
    assert await store.ask("a") is first
    assert store.reads == ["a"]


async def test_what_is_asked_for_now_and_then_is_not_kept(store: Store) -> None:
    for _ in range(3):
        assert await store.ask("a") is None
        store.time += AGAIN_SECONDS
    assert not store.reads


async def test_the_bound_in_bytes_holds_and_the_one_unused_for_longest_goes(store: Store) -> None:
    for key in ("a", "a", "b", "b", "a", "c", "c"):
        await store.ask(key)
    store.reads.clear()
    assert await store.ask("a") is not None
    assert await store.ask("c") is not None
    assert not store.reads
    assert await store.ask("b") is not None
    assert store.reads == ["b"]


async def test_what_nobody_asks_for_any_more_is_let_go(store: Store) -> None:
    await store.ask("a")
    await store.ask("a")
    store.time += KEPT_SECONDS + 1
    await store.ask("b")
    await store.ask("b")
    store.reads.clear()
    assert await store.ask("a") is None


@pytest.mark.parametrize("size", [101, LARGEST_BYTES + 1])
async def test_what_is_too_large_is_never_kept(store: Store, size: int) -> None:
    for _ in range(3):
        assert await store.ask("a", size) is None
    assert not store.reads


async def test_of_many_at_once_one_reads(store: Store) -> None:
    await store.ask("a")
    await asyncio.gather(*[store.ask("a") for _ in range(5)])
    assert store.reads == ["a"]


async def test_a_read_that_fails_keeps_nothing(store: Store) -> None:
    async def fails() -> bytes:
        raise OSError

    await store.ask("a")
    with pytest.raises(OSError):  # noqa: PT011
        await store.popular.body("a", 40, fails)
    assert await store.ask("a") is not None
