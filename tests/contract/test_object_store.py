"""What every object store promises; the fake in memory, plain files and a real S3 server pass the same suite."""

import hashlib
import random
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.weed import Weed, weed_store

from vidstead.storage import (
    InvalidKey,
    ObjectExists,
    ObjectNotFound,
    ObjectStore,
    StorageError,
    StoredObject,
)
from vidstead.storage.adapters.local import LocalStore
from vidstead.storage.testing import MemoryStore

MEGABYTE = 2**20


@pytest.fixture(params=["memory", "local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "local":
        return LocalStore(tmp_path / "objects")
    weed: Weed = request.getfixturevalue("weed")
    return weed_store(weed, prefix=secrets.token_hex(8))


def keys(store: ObjectStore, prefix: str) -> list[str]:
    return [found.key for found in store.list(prefix)]


def test_put_stores_the_whole_object(store: ObjectStore) -> None:
    data = random.Random(1).randbytes(3 * MEGABYTE + 7)
    assert store.put("env/grids/g/v360/000001.m4s", data) == StoredObject(
        key="env/grids/g/v360/000001.m4s", size=len(data)
    )
    assert store.read("env/grids/g/v360/000001.m4s") == data
    assert store.stat("env/grids/g/v360/000001.m4s") == StoredObject(key="env/grids/g/v360/000001.m4s", size=len(data))


def test_put_replaces_an_older_object(store: ObjectStore) -> None:
    store.put("a/b", b"a longer one")
    store.put("a/b", b"new")
    assert store.read("a/b") == b"new"


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    store.put("a/empty", b"")
    assert store.stat("a/empty") == StoredObject(key="a/empty", size=0)
    assert store.read("a/empty") == b""
    assert store.read("a/empty", 0, 10) == b""


def test_readers_see_the_old_object_or_the_new_one(store: ObjectStore) -> None:
    versions = [bytes([number]) * MEGABYTE for number in range(6)]
    store.put("a/b", versions[0])
    done = threading.Event()
    seen: list[bytes] = []

    def look() -> None:
        while not done.is_set():
            seen.append(store.read("a/b"))

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(look) for _ in range(2)]
        for version in versions[1:]:
            store.put("a/b", version)
        done.set()
        for reader in readers:
            reader.result()
    assert set(seen) <= set(versions)


def test_if_absent_keeps_the_first(store: ObjectStore) -> None:
    store.put("a/b", b"first", if_absent=True)
    with pytest.raises(ObjectExists) as caught:
        store.put("a/b", b"second", if_absent=True)
    assert caught.value.facts == {"key": "a/b"}
    assert store.read("a/b") == b"first"


def test_if_absent_has_one_winner_among_eight(store: ObjectStore) -> None:
    start = threading.Barrier(8)

    def race(number: int) -> bool:
        start.wait()
        try:
            store.put("a/raced", b"%d" % number * 1000, if_absent=True)
        except ObjectExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(race, range(8)))
    assert won.count(True) == 1
    assert store.read("a/raced") == b"%d" % won.index(True) * 1000
    assert keys(store, "a/") == ["a/raced"]


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (0, 4, b"0123"),
        (3, 4, b"3456"),
        (9, 1, b"9"),
        (7, 100, b"789"),
        (4, 0, b""),
        (10, None, b""),
        (10, 5, b""),
        (99, None, b""),
        (99, 5, b""),
        (99, 0, b""),
    ],
)
def test_ranges(store: ObjectStore, start: int, length: int | None, expected: bytes) -> None:
    store.put("a/b", b"0123456789")
    assert store.read("a/b", start, length) == expected


@pytest.mark.parametrize(("start", "length"), [(-1, None), (0, -1), (-5, 3)])
def test_negative_ranges_are_refused(store: ObjectStore, start: int, length: int | None) -> None:
    store.put("a/b", b"0123456789")
    with pytest.raises(ValueError, match="range"):
        store.read("a/b", start, length)


@pytest.mark.parametrize(("start", "length"), [(0, None), (5, None), (0, 0), (2, 3)])
def test_reading_what_is_not_there(store: ObjectStore, start: int, length: int | None) -> None:
    store.put("a/folder/b", b"x")
    for key in ("a/missing", "a/folder"):
        with pytest.raises(ObjectNotFound) as caught:
            store.read(key, start, length)
        assert caught.value.facts == {"key": key}
        assert store.stat(key) is None


def test_a_large_object_arrives_in_pieces(store: ObjectStore) -> None:
    piece = random.Random(2).randbytes(MEGABYTE)
    expected = hashlib.sha256()
    with store.writer("env/sources/s/part-0000") as writer:
        for number in range(64):
            batch = number.to_bytes(4, "big") + piece[4:]
            expected.update(batch)
            writer.write(batch)
            assert writer.size == (number + 1) * MEGABYTE
        assert store.stat("env/sources/s/part-0000") is None
        assert keys(store, "env/") == []
        stored = writer.commit()
    assert stored == StoredObject(key="env/sources/s/part-0000", size=64 * MEGABYTE)
    found = hashlib.sha256()
    for start in range(0, 64 * MEGABYTE, 8 * MEGABYTE):
        found.update(store.read("env/sources/s/part-0000", start, 8 * MEGABYTE))
    assert found.hexdigest() == expected.hexdigest()
    assert store.read("env/sources/s/part-0000", 63 * MEGABYTE, 4) == (63).to_bytes(4, "big")


def test_pieces_of_any_size_make_one_object(store: ObjectStore) -> None:
    data = random.Random(3).randbytes(500_000)
    with store.writer("a/odd") as writer:
        position = 0
        for size in (0, 1, 7, 100_000, 0, 65_537, len(data)):
            writer.write(data[position : position + size])
            position += size
        writer.commit()
    assert store.read("a/odd") == data


def test_a_writer_without_writes_makes_an_empty_object(store: ObjectStore) -> None:
    with store.writer("a/empty") as writer:
        writer.commit()
    assert store.stat("a/empty") == StoredObject(key="a/empty", size=0)


def test_a_writer_replaces_at_commit(store: ObjectStore) -> None:
    store.put("a/b", b"old")
    with store.writer("a/b") as writer:
        writer.write(b"new")
        assert store.read("a/b") == b"old"
        writer.commit()
    assert store.read("a/b") == b"new"


@pytest.mark.parametrize("size", [10, 20 * MEGABYTE])
def test_abort_leaves_nothing(store: ObjectStore, size: int) -> None:
    writer = store.writer("a/gone")
    writer.write(b"x" * size)
    writer.abort()
    writer.abort()
    assert keys(store, "") == []
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"more")
    with pytest.raises(ValueError, match="closed"):
        writer.commit()


@pytest.mark.parametrize("size", [10, 20 * MEGABYTE])
def test_an_exception_leaves_nothing(store: ObjectStore, size: int) -> None:
    with pytest.raises(ConnectionResetError), store.writer("a/gone") as writer:  # noqa: PT012
        writer.write(b"x" * size)
        raise ConnectionResetError
    assert keys(store, "") == []


def test_leaving_without_a_commit_keeps_the_older_object(store: ObjectStore) -> None:
    store.put("a/b", b"old")
    with store.writer("a/b") as writer:
        writer.write(b"new")
    assert store.read("a/b") == b"old"


def test_abort_after_commit_keeps_the_object(store: ObjectStore) -> None:
    writer = store.writer("a/b")
    writer.write(b"kept")
    writer.commit()
    writer.abort()
    assert store.read("a/b") == b"kept"
    with pytest.raises(ValueError, match="closed"):
        writer.commit()


def test_abort_from_another_thread_waits_for_the_write(store: ObjectStore) -> None:
    for _ in range(5):
        writer = store.writer("a/b")
        begun = threading.Event()

        def write(writer=writer, begun=begun) -> None:  # type: ignore[no-untyped-def]
            batch = b"x" * MEGABYTE
            try:
                for _ in range(40):
                    begun.set()
                    writer.write(batch)
            except ValueError:
                return

        thread = threading.Thread(target=write)
        thread.start()
        begun.wait()
        writer.abort()
        thread.join()
        assert keys(store, "") == []


def test_writers_and_puts_side_by_side(store: ObjectStore) -> None:
    def work(number: int) -> None:
        data = random.Random(number).randbytes(300_000 + number)
        for name in ("x", "y"):
            store.put(f"e/{number}/{name}", data)
        with store.writer(f"e/{number}/z") as writer:
            for start in range(0, len(data), 100_000):
                writer.write(data[start : start + 100_000])
            writer.commit()
        store.delete(f"e/{number}/y")
        assert store.read(f"e/{number}/x") == store.read(f"e/{number}/z") == data

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert keys(store, "e/") == sorted(f"e/{number}/{name}" for number in range(24) for name in "xz")


def test_puts_survive_deletes_of_their_folder(store: ObjectStore) -> None:
    def put(number: int) -> None:
        for turn in range(20):
            store.put(f"e/f/{number}/{turn}", b"x")

    def sweep() -> None:
        for _ in range(40):
            store.delete_prefix("e/f/0/")

    with ThreadPoolExecutor(3) as pool:
        for job in [pool.submit(put, 0), pool.submit(put, 1), pool.submit(sweep)]:
            job.result()
    assert len(keys(store, "e/f/1/")) == 20
    store.delete_prefix("e/f/0/")
    assert keys(store, "e/f/0/") == []


def test_list_is_in_the_order_of_keys(store: ObjectStore) -> None:
    names = ["a/b", "a-b/c", "a.b/c", "a_b", "A/z", "a/b-c/d", "a/c/000010", "a/c/000002", "a/b.x", "0"]
    for name in names:
        store.put(name, name.encode())
    assert list(store.list("")) == [StoredObject(key=name, size=len(name)) for name in sorted(names)]
    assert keys(store, "a/") == sorted(name for name in names if name.startswith("a/"))
    assert keys(store, "a/c/") == ["a/c/000002", "a/c/000010"]


def test_a_prefix_ends_at_a_folder(store: ObjectStore) -> None:
    for name in ("env/a/1", "env/ab/1", "env/b/1", "environment/a/1"):
        store.put(name, b"")
    assert keys(store, "env/a/") == ["env/a/1"]
    assert keys(store, "env/") == ["env/a/1", "env/ab/1", "env/b/1"]
    assert keys(store, "nothing/") == []
    assert keys(store, "env/a/1/") == []


def test_list_of_more_than_a_page(store: ObjectStore) -> None:
    names = [f"e/{number % 7}/{number:06d}" for number in range(1_100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: store.put(name, b"x"), names))
    assert keys(store, "e/") == sorted(names)
    assert store.delete_prefix("e/") == 1_100
    assert keys(store, "") == []


def test_delete(store: ObjectStore) -> None:
    store.put("a/b/c", b"1")
    store.put("a/b/d", b"2")
    store.delete("a/b/c")
    store.delete("a/b/c")
    store.delete("a/b")
    store.delete("never/was")
    assert keys(store, "") == ["a/b/d"]
    store.delete("a/b/d")
    store.put("a/b", b"the folder is gone with its last object")
    assert keys(store, "") == ["a/b"]


def test_delete_prefix(store: ObjectStore) -> None:
    for name in ("e/g/1", "e/g/r/1", "e/g/r/2", "e/g2/1", "e/h"):
        store.put(name, b"x")
    assert store.delete_prefix("e/g/") == 3
    assert store.delete_prefix("e/g/") == 0
    assert store.delete_prefix("not/there/") == 0
    assert keys(store, "") == ["e/g2/1", "e/h"]


INVALID = [
    "", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/..", "a/../b", "a/./b", "a/.hidden", ".partial/x",
    "a b", "a\\b", "a\0b", "a\nb", "a\n", "ä", "a?b", "a#b", "a%2e", "a*b", "a:b", "~/a", "a" * 201,
    "/".join(["a" * 99] * 10),
]  # fmt: skip


@pytest.mark.parametrize("key", INVALID)
def test_invalid_keys_are_refused_by_every_method(store: ObjectStore, key: str) -> None:
    for call in (
        lambda: store.put(key, b""),
        lambda: store.put(key, b"", if_absent=True),
        lambda: store.writer(key),
        lambda: store.read(key),
        lambda: store.stat(key),
        lambda: store.delete(key),
        lambda: list(store.list(key + "/")),
        lambda: store.delete_prefix(key + "/"),
    ):
        with pytest.raises(InvalidKey):
            call()
    assert keys(store, "") == []


@pytest.mark.parametrize("prefix", ["a", "a/b", ""])
def test_a_prefix_to_delete_names_a_folder(store: ObjectStore, prefix: str) -> None:
    store.put("a/b/c", b"kept")
    with pytest.raises(InvalidKey):
        store.delete_prefix(prefix)
    if prefix:
        with pytest.raises(InvalidKey):
            list(store.list(prefix))
    assert keys(store, "") == ["a/b/c"]


@pytest.mark.parametrize("key", ["a", "0", "_", "-", "a.b", "a..b", "x" * 200, "A-Z_a-z.0-9/part-0000"])
def test_valid_keys(store: ObjectStore, key: str) -> None:
    store.put(key, key.encode())
    assert store.read(key) == key.encode()
    assert keys(store, "") == [key]


def test_check_leaves_nothing(store: ObjectStore) -> None:
    store.check()
    assert keys(store, "") == []


def test_errors_are_of_the_room(store: ObjectStore) -> None:
    for error in (ObjectNotFound(key="a"), ObjectExists(key="a"), InvalidKey(key="../a")):
        assert isinstance(error, StorageError)
        assert "a" in error.message
