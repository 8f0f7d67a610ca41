"""Objects as plain files under one folder.

An object is the file ``<root>/<key>``. It is written to ``<root>/.partial/`` first, flushed to disk, and
then moved to its place (or linked, where the first writer shall win: a link, unlike a move, fails if the
name is taken), whose folder is flushed too: so it is there whole and durable, or not at all, after a crash
or a loss of power as well.

Whoever writes holds a lock (``flock``) on the unfinished file. The lock ends with the process, however it
ends; a store that opens the folder removes every unfinished file that nobody holds.

A film of gigabytes must not be flushed at its end only: that takes seconds in which the uploader waits. A
thread flushes while the data arrives, and the writer waits for it when the disk is slower than the network.
"""

import contextlib
import errno
import fcntl
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from vidstead.storage import (
    InvalidKey,
    ObjectExists,
    ObjectNotFound,
    StoredObject,
    check_key,
    check_prefix,
)
from vidstead.storage.adapters.local_errors import storage_errors
from vidstead.storage.keys import check_range
from vidstead.storage.probe import prove

PARTIAL = ".partial"
FLUSH_BYTES = 16 * 2**20  # a flush is begun when this much has arrived since the last one
UNFLUSHED_BYTES = 48 * 2**20  # and waited for when this much is not known to be on disk
RACES = 100  # how often a folder may vanish between its making and its use before we give up


class LocalStore:
    """An ``ObjectStore`` of files in the folder ``root``, which is made if missing; also ``LocalFiles``.

    Several processes may share the folder. Opening it removes what writers left that were killed.
    Raises ``StorageUnavailable`` if the folder can't be used.
    """

    def __init__(self, root: Path) -> None:
        with storage_errors():
            root.mkdir(mode=0o750, parents=True, exist_ok=True)  # a file server may be let in as a group
            self._root = root.resolve()
            self._partial = self._root / PARTIAL
            self._partial.mkdir(exist_ok=True)
            _sweep(self._partial)

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> StoredObject:
        target = self.path(key)
        with storage_errors():
            if if_absent and target.exists():  # spares the writing; the link below decides
                raise ObjectExists(key=key)
            with _Unfinished(self._partial) as unfinished:
                unfinished.write(data)
                os.fsync(unfinished.fd)
                self._place(unfinished, target, key=key, if_absent=if_absent)
        return StoredObject(key=key, size=len(data))

    def writer(self, key: str) -> "LocalWriter":
        return LocalWriter(self, key, self.path(key))

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        check_range(start, length)
        path = self.path(key)
        with storage_errors():
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError):
                raise ObjectNotFound(key=key) from None
            try:
                info = os.fstat(fd)
                if not stat.S_ISREG(info.st_mode):
                    raise ObjectNotFound(key=key)
                rest = max(0, info.st_size - start)
                return _read(fd, start, rest if length is None else min(length, rest))
            finally:
                os.close(fd)

    def stat(self, key: str) -> StoredObject | None:
        path = self.path(key)
        with storage_errors():
            try:
                info = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                return None
        return StoredObject(key=key, size=info.st_size) if stat.S_ISREG(info.st_mode) else None

    def list(self, prefix: str) -> Iterator[StoredObject]:
        check_prefix(prefix, whole_store=True)
        return self._walk(self.path(prefix[:-1]) if prefix else self._root, prefix)

    def delete(self, key: str) -> None:
        path = self.path(key)
        with storage_errors():
            try:
                os.unlink(path)
            except (FileNotFoundError, NotADirectoryError):
                return
            except (IsADirectoryError, PermissionError):
                if path.is_dir():
                    return
                raise
            self._remove_empty(path.parent)

    def delete_prefix(self, prefix: str) -> int:
        folder = self.path(check_prefix(prefix)[:-1])
        with storage_errors():
            count = _remove_tree(folder)
            self._remove_empty(folder.parent)
        return count

    def check(self) -> None:
        prove(self)

    def path(self, key: str) -> Path:
        path = self._root / check_key(key)
        if os.path.realpath(path) != str(path):  # a symbolic link on the way could lead out of the folder
            raise InvalidKey(key=key)
        return path

    def _walk(self, folder: Path, prefix: str) -> Iterator[StoredObject]:
        with storage_errors():
            entries = _entries(folder)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path), f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                with contextlib.suppress(FileNotFoundError):
                    size = entry.stat(follow_symlinks=False).st_size
                    yield StoredObject(key=prefix + entry.name, size=size)

    def _place(self, unfinished: "_Unfinished", target: Path, *, key: str, if_absent: bool) -> None:
        """Give the flushed file its name, durably. Raises ``ObjectExists``."""
        for attempt in range(RACES):
            self._make_folder(target.parent)
            try:
                unfinished.name(target, if_absent=if_absent)
            except FileExistsError:
                raise ObjectExists(key=key) from None
            except FileNotFoundError:  # a delete took the empty folder away
                if attempt == RACES - 1:
                    raise
            else:
                with contextlib.suppress(FileNotFoundError):  # deleted again, folder and all: nothing left to flush
                    _flush_folder(target.parent)
                return

    def _make_folder(self, folder: Path) -> None:
        """Make ``folder`` and what is missing above it, durably."""
        missing = []
        while folder != self._root and not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for one in reversed(missing):
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                one.mkdir()
                _flush_folder(one.parent)

    def _remove_empty(self, folder: Path) -> None:
        while folder != self._root:
            try:
                os.rmdir(folder)
            except OSError:  # not empty, or gone already: either way there is nothing to do
                return
            folder = folder.parent


class LocalWriter:
    """An ``ObjectWriter`` of ``LocalStore``."""

    def __init__(self, store: LocalStore, key: str, target: Path) -> None:
        self._store, self._key, self._target = store, key, target
        self._lock = threading.Lock()
        self._size = 0
        self._flusher: _Flusher | None = None
        with storage_errors():
            self._unfinished: _Unfinished | None = _Unfinished(store._partial)

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes) -> None:
        with self._lock, self._or_closed() as unfinished:
            unfinished.write(data)
            self._size += len(data)
            if self._flusher is None and self._size >= FLUSH_BYTES:
                self._flusher = _Flusher(unfinished.fd)
            if self._flusher is not None:
                self._flusher.arrived(self._size)

    def commit(self) -> StoredObject:
        with self._lock, self._or_closed() as unfinished:
            if self._flusher is not None:
                self._flusher.finish()
            os.fsync(unfinished.fd)
            self._store._place(unfinished, self._target, key=self._key, if_absent=False)
            self._close()
        return StoredObject(key=self._key, size=self._size)

    def abort(self) -> None:
        with self._lock, storage_errors():
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.abort()

    @contextlib.contextmanager
    def _or_closed(self) -> Iterator["_Unfinished"]:
        """The open file; any failure closes it, for nobody knows any more what is in it and on disk."""
        if self._unfinished is None:
            raise ValueError("the writer is closed")
        with storage_errors():
            try:
                yield self._unfinished
            except BaseException:
                self._close()
                raise

    def _close(self) -> None:
        if self._flusher is not None:
            self._flusher.close()
            self._flusher = None
        if self._unfinished is not None:
            self._unfinished.close()
            self._unfinished = None


class _Flusher:
    """Flushes one file in a thread of its own while it grows; at most one flush runs at a time."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storage-flush")
        self._running: Future[None] | None = None
        self._begun = 0
        self._flushed = 0

    def arrived(self, size: int) -> None:
        """Note that the file has ``size`` bytes now; waits when too many of them are not on disk."""
        if self._running is not None and (self._running.done() or size - self._flushed >= UNFLUSHED_BYTES):
            self.finish()
        if self._running is None and size - self._begun >= FLUSH_BYTES:
            self._begun = size
            self._running = self._thread.submit(_flush_data, self._fd)

    def finish(self) -> None:
        """Wait for the flush that runs, if any; raises what it raised."""
        if self._running is not None:
            self._running.result()
            self._running = None
            self._flushed = self._begun

    def close(self) -> None:
        """Wait until the file is not used any more."""
        self._thread.shutdown(wait=True)


class _Unfinished:
    """A file in the folder of unfinished ones, locked by this process; gone after ``close``."""

    def __init__(self, folder: Path) -> None:
        self._named = False
        for _ in range(RACES):
            self._path = folder / secrets.token_hex(16)
            self.fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(self.fd, fcntl.LOCK_EX)
                if os.fstat(self.fd).st_nlink:
                    return
            except BaseException:
                self.close()
                raise
            os.close(self.fd)  # swept by another process before it was locked
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view) :]

    def name(self, target: Path, *, if_absent: bool) -> None:
        """Make the file known as ``target``; with ``if_absent`` only where there is none."""
        if if_absent:
            os.link(self._path, target)
        else:
            os.replace(self._path, target)
            self._named = True

    def close(self) -> None:
        if not self._named:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)
        os.close(self.fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _sweep(folder: Path) -> None:
    """Remove the unfinished files that no living process holds."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                continue
            with contextlib.suppress(FileNotFoundError):
                fd = os.open(entry.path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)
                except BlockingIOError:
                    continue  # somebody writes it
                finally:
                    os.close(fd)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in ``folder``, without hidden files, so sorted that the keys below it come in their order."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found, key=lambda entry: entry.name + "/" * entry.is_dir(follow_symlinks=False))


def _remove_tree(folder: Path) -> int:
    """Remove every file below ``folder`` and the folders that become empty; how many files there were."""
    count = 0
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            count += _remove_tree(Path(entry.path))
            continue
        with contextlib.suppress(FileNotFoundError):
            os.unlink(entry.path)
            count += 1
    with contextlib.suppress(OSError):  # not there, or somebody put something into it meanwhile
        os.rmdir(folder)
    return count


def _read(fd: int, start: int, length: int) -> bytes:
    pieces = []
    while length > 0 and (piece := os.pread(fd, min(length, 2**30), start)):
        pieces.append(piece)
        start += len(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _flush_data(fd: int) -> None:
    getattr(os, "fdatasync", os.fsync)(fd)  # macOS has no fdatasync


def _flush_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
