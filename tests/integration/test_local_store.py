"""What only files can show: killed writers, full disks, links that lead outside, folders that stay behind."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vidstead.storage import InvalidKey, LocalFiles, StorageError, StorageFull, StorageUnavailable
from vidstead.storage.adapters.local import FLUSH_BYTES, PARTIAL, LocalStore
from vidstead.storage.adapters.local_errors import storage_errors

OPEN = """
import sys
from pathlib import Path
from vidstead.storage.adapters.local import LocalStore
store = LocalStore(Path(sys.argv[1]))
"""
WRITE_FOR_EVER = (
    OPEN
    + """
writer = store.writer("e/film")
for batch in range(40):
    writer.write(b"x" * 2**20)
print("written", flush=True)
sys.stdin.read()
"""
)
RACE = (
    OPEN
    + """
from vidstead.storage import ObjectExists
sys.stdin.read(1)
won = 0
for number in range(50):
    try:
        store.put(f"e/{number}", sys.argv[2].encode() * 10000, if_absent=True)
        won += 1
    except ObjectExists:
        pass
print(won)
"""
)
NO_ROOM = (
    OPEN
    + """
import resource
from vidstead.storage import StorageFull
resource.setrlimit(resource.RLIMIT_FSIZE, (3 * 2**20, 3 * 2**20))
for way in ("put", "writer"):
    try:
        if way == "put":
            store.put("e/film", b"x" * 2**22)
        else:
            with store.writer("e/film") as writer:
                for _ in range(4):
                    writer.write(b"x" * 2**20)
                writer.commit()
    except StorageFull as error:
        print(way, error.status, error.message)
store.put("e/small", b"there is room again")
"""
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_killed_writer_leaves_nothing_behind(root: Path) -> None:
    with start(WRITE_FOR_EVER, str(root)) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "written\n"
        assert len(files(root / PARTIAL)) == 1

        during = LocalStore(root)
        assert len(files(root / PARTIAL)) == 1, "a living writer keeps its file"
        assert list(during.list("")) == []

        child.send_signal(signal.SIGKILL)
        child.wait()
    assert len(files(root / PARTIAL)) == 1
    assert list(during.list("")) == []
    assert list(LocalStore(root).list("")) == []
    assert files(root) == [PARTIAL]


def test_opening_the_folder_spares_writers_of_the_same_process(root: Path) -> None:
    with LocalStore(root).writer("e/film") as writer:
        writer.write(b"x" * FLUSH_BYTES)
        writer.write(b"y")
        again = LocalStore(root)
        writer.commit()
    assert again.read("e/film", FLUSH_BYTES) == b"y"
    assert files(root / PARTIAL) == []


def test_the_first_writer_wins_across_processes(root: Path) -> None:
    children = [start(RACE, str(root), name) for name in "abcd"]
    won = 0
    for child in children:
        assert child.stdin is not None
        child.stdin.write("!")
        child.stdin.flush()
    for child in children:
        output, _ = child.communicate(timeout=60)
        assert child.returncode == 0
        won += int(output)
    store = LocalStore(root)
    assert won == 50
    for found in store.list("e/"):
        assert len(set(store.read(found.key))) == 1
    assert files(root / PARTIAL) == []


def test_no_room_is_said_and_cleaned_up(root: Path) -> None:
    with start(NO_ROOM, str(root)) as child:
        output, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert [line.split(maxsplit=2)[:2] for line in output.splitlines()] == [["put", "507"], ["writer", "507"]]
    assert "no space left" in output
    assert files(root) == [PARTIAL, "e", "e/small"]


def test_a_failed_write_closes_the_writer(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise OSError(errno.EIO, "no")

    writer = LocalStore(root).writer("e/film")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fails)
        with pytest.raises(StorageUnavailable):
            writer.write(b"x")
    for again in (lambda: writer.write(b"x"), writer.commit):
        with pytest.raises(ValueError, match="closed"):
            again()
    assert files(root) == [PARTIAL]


def test_a_failed_flush_in_the_background_reaches_the_caller(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no")

    writer = LocalStore(root).writer("e/film")
    monkeypatch.setattr("vidstead.storage.adapters.local._flush_data", fails)
    writer.write(b"x" * FLUSH_BYTES)
    with pytest.raises(StorageFull):
        writer.commit()
    assert files(root) == [PARTIAL]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, StorageUnavailable),
        (errno.EROFS, StorageUnavailable),
        (errno.EACCES, StorageUnavailable),
        (errno.EMFILE, StorageUnavailable),
        (errno.EISDIR, StorageError),
    ],
)
def test_errors_of_the_system_in_words_without_paths(number: int, expected: type[StorageError]) -> None:
    with pytest.raises(expected) as caught, storage_errors():
        raise OSError(number, os.strerror(number), "/very/secret/path")
    assert type(caught.value) is expected
    assert "secret" not in caught.value.message


def test_an_unusable_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageError):
        LocalStore(tmp_path / "taken")
    with pytest.raises(StorageError):
        LocalStore(tmp_path / "taken" / "below")


def test_links_do_not_lead_outside(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    store = LocalStore(root)
    store.put("e/real", b"x")
    (root / "e" / "link").symlink_to(outside)
    (root / "e" / "file").symlink_to(outside / "secret")
    (root / "top").symlink_to(outside)
    for key in ("e/link/secret", "e/file", "e/link", "top/secret", "top/new"):
        with pytest.raises(InvalidKey):
            store.read(key)
        with pytest.raises(InvalidKey):
            store.put(key, b"changed")
        with pytest.raises(InvalidKey):
            store.path(key)
        with pytest.raises(InvalidKey):
            store.delete(key)
    assert [found.key for found in store.list("")] == ["e/real"]
    store.delete_prefix("e/")
    assert files(outside) == ["secret"]
    assert (outside / "secret").read_text() == "secret"


def test_the_root_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root.symlink_to(tmp_path / "elsewhere")
    store = LocalStore(root)
    store.put("e/a", b"x")
    assert store.path("e/a").read_bytes() == b"x"


def test_paths_are_the_files(root: Path) -> None:
    store = LocalStore(root)
    assert isinstance(store, LocalFiles)
    store.put("e/g/000001.m4s", b"cell")
    assert store.path("e/g/000001.m4s").read_bytes() == b"cell"
    assert not store.path("e/g/000002.m4s").exists()
    assert store.path("e/g/000001.m4s").is_relative_to(root.resolve())


def test_deletes_remove_empty_folders(root: Path) -> None:
    store = LocalStore(root)
    for key in ("e/grids/g/v/1", "e/grids/g/v/2", "e/grids/g/w/1", "e/sources/s/part-0000"):
        store.put(key, b"x")
    store.delete_prefix("e/grids/g/")
    assert files(root) == [PARTIAL, "e", "e/sources", "e/sources/s", "e/sources/s/part-0000"]
    store.delete("e/sources/s/part-0000")
    assert files(root) == [PARTIAL]


def test_a_key_that_is_a_folder_of_another_is_refused(root: Path) -> None:
    store = LocalStore(root)
    store.put("a/b", b"x")
    with pytest.raises(StorageError, match="folder"):
        store.put("a/b/c", b"y")
    with pytest.raises(StorageError, match="folder"):
        store.put("a", b"y")
    assert [found.key for found in store.list("")] == ["a/b"]
    assert files(root / PARTIAL) == []
