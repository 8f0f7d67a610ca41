"""The object store as the rooms see it.

The port is small and synchronous: every call may block, so async code calls it by ``asyncio.to_thread``
(obstore's own async API can abort the process at its exit). What only some stores can do is a capability
port of its own, found with ``isinstance``: a store on local files is also ``LocalFiles``, and delivery then
hands paths to the server.

Keys are ``/``-separated, of letters, digits, ``-``, ``_`` and ``.``; no part is empty or begins with a dot;
no key is also the folder of another one (files could not hold that). Every method that takes a key or a
prefix raises ``InvalidKey`` for any other. Stores may be shared by threads; a writer belongs to one caller
at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One object: its key and its size in bytes."""

    key: str
    size: int


class ObjectWriter(Protocol):
    """An object while it arrives. Nothing is visible under its key before ``commit``.

    As a context manager it aborts on every way out but a commit, so that nothing is left behind. ``abort``
    may come from another thread while ``write`` runs, as it does when a task is cancelled that waits for a
    thread: it waits for that write. A ``write`` or ``commit`` that fails closes the writer.
    """

    @property
    def size(self) -> int:
        """Bytes written so far."""
        ...

    def write(self, data: bytes) -> None:
        """Append ``data``; batches of about 1 MB are best.

        Raises ``StorageFull``, ``StorageUnavailable``, and ``ValueError`` after ``commit`` or ``abort``.
        """
        ...

    def commit(self) -> StoredObject:
        """Make the object visible and durable, in place of an older one with its key.

        Raises as ``write`` does.
        """
        ...

    def abort(self) -> None:
        """Forget what was written. Harmless after ``commit`` or a second time."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class ObjectStore(Protocol):
    """Objects by key. Every method raises ``StorageUnavailable`` when the store does not answer."""

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> StoredObject:
        """Store ``data`` whole and durable, or not at all; an older object with the key is replaced.

        With ``if_absent`` the first writer wins: ``ObjectExists`` where the key is taken. Raises
        ``StorageFull``.
        """
        ...

    def writer(self, key: str) -> ObjectWriter:
        """Begin a large object that arrives in pieces."""
        ...

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """``length`` bytes from ``start`` (0-based), fewer at the end, none beyond it, all without a length.

        Raises ``ObjectNotFound``, and ``ValueError`` for a negative start or length.
        """
        ...

    def stat(self, key: str) -> StoredObject | None:
        """The object's size, or ``None`` where there is none."""
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Every object whose key begins with ``prefix``, which ends at a ``/``; in the order of keys.

        An empty prefix is the whole store.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove one object; harmless where there is none."""
        ...

    def delete_prefix(self, prefix: str) -> int:
        """Remove every object under ``prefix`` (which ends at a ``/``) and tell how many there were."""
        ...

    def check(self) -> None:
        """Write, read and remove a small object; raises ``StorageUnavailable`` with the reason."""
        ...


@runtime_checkable
class LocalFiles(Protocol):
    """The capability of a store whose objects are whole files on this machine."""

    def path(self, key: str) -> Path:
        """Where the object of ``key`` is, whether or not it exists. Raises ``InvalidKey``."""
        ...
