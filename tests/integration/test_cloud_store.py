"""What only a server can show: uploads that leave no parts behind, refusals, silence, and secrets kept."""

import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from tests.weed import Weed, weed_store

from vidstead.storage import (
    LocalFiles,
    ObjectStore,
    StorageError,
    StorageFull,
    StorageUnavailable,
    StorageUrlInvalid,
)
from vidstead.storage.adapters.obstore import PART_BYTES, CloudStore
from vidstead.storage.adapters.obstore_errors import storage_error

MEGABYTE = 2**20


def wrong(weed: Weed, **changes: str) -> CloudStore:
    return CloudStore.from_url(
        changes.get("url", f"s3://{weed.bucket}/x"),
        endpoint=changes.get("endpoint", weed.endpoint),
        access_key=changes.get("access_key", weed.access_key),
        secret_key=changes.get("secret_key", weed.secret_key),
    )


def calls(store: ObjectStore) -> list[Callable[[], object]]:
    def write() -> None:
        with store.writer("a/b") as writer:
            writer.write(b"x" * (PART_BYTES + 1))
            writer.commit()

    return [
        lambda: store.put("a/b", b"x"),
        lambda: store.put("a/b", b"x", if_absent=True),
        lambda: store.read("a/b"),
        lambda: store.read("a/b", 1, 2),
        lambda: list(store.list("a/")),
        lambda: store.delete_prefix("a/"),
        store.check,
        write,
    ]


@pytest.mark.parametrize("size", [10, PART_BYTES, 5 * PART_BYTES + 1])
def test_abort_leaves_no_parts_in_the_bucket(weed: Weed, size: int) -> None:
    store = weed_store(weed, prefix=secrets.token_hex(8))
    writer = store.writer("a/film")
    for start in range(0, size, MEGABYTE):
        writer.write(b"x" * min(MEGABYTE, size - start))
    writer.abort()
    assert weed.files(".uploads") == []
    assert list(store.list("")) == []


def test_the_prefix_separates_installations(weed: Weed) -> None:
    base = secrets.token_hex(8)
    one, two = (weed_store(weed, prefix=f"{base}/{name}") for name in ("one", "two"))
    one.put("a/b", b"1")
    two.put("a/b", b"2")
    assert (one.read("a/b"), two.read("a/b")) == (b"1", b"2")
    assert weed.files(f"{base}/one/a") == ["b"]
    assert one.delete_prefix("a/") == 1
    assert [found.key for found in two.list("")] == ["a/b"]


def test_a_store_without_a_prefix(weed: Weed) -> None:
    store = wrong(weed, url=f"s3://{weed.bucket}")
    key = f"{secrets.token_hex(8)}/b"
    store.put(key, b"x")
    assert [found.key for found in store.list(key.rpartition("/")[0] + "/")] == [key]


def test_wrong_credentials_are_said_and_not_shown(weed: Weed) -> None:
    secret = secrets.token_hex(20)
    store = wrong(weed, secret_key=secret)
    for call in calls(store):
        with pytest.raises(StorageUnavailable) as caught:
            call()
        shown = f"{caught.value} {caught.value.facts} {caught.value.__cause__} {store!r}"
        assert secret not in shown
        assert weed.access_key not in shown
        assert "403" in caught.value.message
        assert caught.value.__suppress_context__


def test_a_missing_bucket_is_said(weed: Weed) -> None:
    store = wrong(weed, url="s3://no-such-bucket-here/x")  # a put would make it: this server is generous
    for length in (None, 2):
        with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
            store.read("a/b", 1, length)


def test_a_server_that_is_gone_is_said(weed: Weed) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        store = wrong(weed, endpoint=f"http://127.0.0.1:{held.getsockname()[1]}")
        with pytest.raises(StorageUnavailable, match="no connection"):
            store.check()
        with pytest.raises(StorageUnavailable, match="no connection"):
            store.stat("a/b")


def test_what_is_set_wins_over_the_environment(weed: Weed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody else")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    weed_store(weed, prefix=secrets.token_hex(8)).check()


def test_a_killed_writer_leaves_nothing_visible(weed: Weed) -> None:
    program = (
        "import sys\nfrom vidstead.storage.adapters.obstore import CloudStore\n"
        "url, endpoint, key, secret = sys.stdin.readline().split()\n"
        "writer = CloudStore.from_url(url, endpoint=endpoint, access_key=key, secret_key=secret).writer('e/film')\n"
        "for _ in range(40): writer.write(b'x' * 2**20)\n"
        "print('written', flush=True)\nsys.stdin.read()\n"
    )
    prefix = secrets.token_hex(8)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(f"s3://{weed.bucket}/{prefix} {weed.endpoint} {weed.access_key} {weed.secret_key}\n")
        child.stdin.flush()
        assert child.stdout.readline() == "written\n"
        child.kill()
    store = weed_store(weed, prefix=prefix)
    assert list(store.list("")) == []
    assert store.stat("e/film") is None
    for folder in weed.files(".uploads"):  # what a bucket's lifecycle rule would do
        weed.remove(f".uploads/{folder}")


def test_other_threads_run_while_the_store_waits(weed: Weed) -> None:
    """A server that accepts and says nothing: the interpreter must not wait with the thread that asks."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = wrong(weed, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        result: list[BaseException] = []

        def ask() -> None:
            try:
                store.stat("a/b")
            except StorageError as error:
                result.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        connection, _ = silent.accept()  # this thread runs although the other one is inside obstore
        assert connection.recv(10)
        assert thread.is_alive()
        silent.close()
        connection.close()
        thread.join(60)
    assert len(result) == 1
    assert isinstance(result[0], StorageUnavailable)


def test_the_process_ends_well(weed: Weed) -> None:
    """The synchronous calls leave nothing that aborts the interpreter at its exit."""
    program = (
        "import sys\nfrom vidstead.storage.adapters.obstore import CloudStore\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "url, endpoint, key, secret = sys.stdin.read().split()\n"
        "store = CloudStore.from_url(url, endpoint=endpoint, access_key=key, secret_key=secret)\n"
        "pool = ThreadPoolExecutor(4)\n"
        "list(pool.map(lambda n: store.put(f'e/{n}', b'x' * 100000), range(40)))\n"
        "print(len(list(store.list('e/'))))\n"
    )
    for _ in range(3):
        url = f"s3://{weed.bucket}/{secrets.token_hex(8)}"
        answer = subprocess.run(
            [sys.executable, "-c", program],
            input=f"{url} {weed.endpoint} {weed.access_key} {weed.secret_key}",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (answer.returncode, answer.stdout.strip(), answer.stderr) == (0, "40", "")


@pytest.mark.parametrize(
    "url",
    [
        "", "bucket", "s3://", "s3:///prefix", "file:///x", "http://host/x", "s3://bucket/a b", "s3://bucket/../x",
        "s3://key:secret@bucket/x", "az://container/x?sig=secret", "gs://bucket/x#secret", "s3://bucket/a//b",
    ],
)  # fmt: skip
def test_addresses_that_are_not_understood(url: str) -> None:
    with pytest.raises(StorageUrlInvalid) as caught:
        CloudStore.from_url(url)
    assert "secret" not in str(caught.value)


def test_addresses_of_every_cloud() -> None:
    """Only that the clients can be made: no server of Google's or Azure's kind is at hand."""
    key = "c2VjcmV0"
    CloudStore.from_url("s3://bucket/a/b/", access_key="a", secret_key="b", region="eu-central-1")
    CloudStore.from_url("az://container/a", access_key="account", secret_key=key)
    with pytest.raises(StorageError):
        CloudStore.from_url("gs://bucket", secret_key="not json")


def test_no_room_in_the_bucket_is_said() -> None:
    for text in (
        "Server returned non-2xx status code: 507 Insufficient Storage",
        "status code: 400: <Error><Code>QuotaExceeded</Code>",
    ):
        assert isinstance(storage_error(OSError(text)), StorageFull)


def test_it_has_no_local_files(weed: Weed) -> None:
    assert not isinstance(weed_store(weed, prefix="p"), LocalFiles)
