"""A store in memory: for tests, and held to the same contract as the real ones."""

import threading
from collections.abc import Iterator
from typing import Self

from vidstead.storage.errors import ObjectExists, ObjectNotFound
from vidstead.storage.keys import check_key, check_prefix, check_range
from vidstead.storage.ports import StoredObject
from vidstead.storage.probe import prove


class MemoryStore:
    """An ``ObjectStore`` that forgets everything with the process."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> StoredObject:
        check_key(key)
        with self._lock:
            if if_absent and key in self._objects:
                raise ObjectExists(key=key)
            self._objects[key] = bytes(data)
        return StoredObject(key=key, size=len(data))

    def writer(self, key: str) -> "MemoryWriter":
        return MemoryWriter(self, check_key(key))

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        check_range(start, length)
        check_key(key)
        with self._lock:
            if key not in self._objects:
                raise ObjectNotFound(key=key)
            data = self._objects[key]
        return data[start:] if length is None else data[start : start + length]

    def stat(self, key: str) -> StoredObject | None:
        check_key(key)
        with self._lock:
            data = self._objects.get(key)
        return None if data is None else StoredObject(key=key, size=len(data))

    def list(self, prefix: str) -> Iterator[StoredObject]:
        check_prefix(prefix, whole_store=True)
        with self._lock:
            found = sorted((key, len(data)) for key, data in self._objects.items() if key.startswith(prefix))
        return (StoredObject(key=key, size=size) for key, size in found)

    def delete(self, key: str) -> None:
        check_key(key)
        with self._lock:
            self._objects.pop(key, None)

    def delete_prefix(self, prefix: str) -> int:
        check_prefix(prefix)
        with self._lock:
            found = [key for key in self._objects if key.startswith(prefix)]
            for key in found:
                del self._objects[key]
        return len(found)

    def check(self) -> None:
        prove(self)


class MemoryWriter:
    """An ``ObjectWriter`` of ``MemoryStore``."""

    def __init__(self, store: MemoryStore, key: str) -> None:
        self._store, self._key = store, key
        self._data = bytearray()
        self._open = True

    @property
    def size(self) -> int:
        return len(self._data)

    def write(self, data: bytes) -> None:
        if not self._open:
            raise ValueError("the writer is closed")
        self._data += data

    def commit(self) -> StoredObject:
        if not self._open:
            raise ValueError("the writer is closed")
        self._open = False
        return self._store.put(self._key, bytes(self._data))

    def abort(self) -> None:
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.abort()
