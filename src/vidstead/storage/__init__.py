"""Objects by key: the port, its errors and what adapters have in common."""

from vidstead.storage.errors import ObjectExists, ObjectNotFound, StorageError, StorageUnavailable
from vidstead.storage.ports import LocalFiles, ObjectStore, ObjectWriter, StoredObject

__all__ = [
    "LocalFiles",
    "ObjectExists",
    "ObjectNotFound",
    "ObjectStore",
    "ObjectWriter",
    "StorageError",
    "StorageUnavailable",
    "StoredObject",
]
