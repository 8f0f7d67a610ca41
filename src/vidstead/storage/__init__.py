"""Objects by key: the port, its errors and what adapters have in common."""

from vidstead.storage.errors import (
    InvalidKey,
    ObjectExists,
    ObjectNotFound,
    StorageError,
    StorageFull,
    StorageUnavailable,
    StorageUrlInvalid,
)
from vidstead.storage.keys import check_key, check_prefix
from vidstead.storage.ports import LocalFiles, ObjectStore, ObjectWriter, StoredObject

__all__ = [
    "InvalidKey",
    "LocalFiles",
    "ObjectExists",
    "ObjectNotFound",
    "ObjectStore",
    "ObjectWriter",
    "StorageError",
    "StorageFull",
    "StorageUnavailable",
    "StorageUrlInvalid",
    "StoredObject",
    "check_key",
    "check_prefix",
]
