"""The one proof that a store works, the same for every adapter."""

from vidstead.kit import new_id
from vidstead.storage.errors import StorageError, StorageUnavailable
from vidstead.storage.ports import ObjectStore


def prove(store: ObjectStore) -> None:
    """Write, read and remove a small object under ``checks/``. Raises ``StorageUnavailable``."""
    key = f"checks/{new_id()}"
    data = key.encode()
    try:
        store.put(key, data)
        try:
            found = store.read(key)
        finally:
            store.delete(key)
    except StorageUnavailable:
        raise
    except StorageError as error:
        raise StorageUnavailable(reason=str(error).rstrip(".")) from error
    if found != data:
        raise StorageUnavailable(reason="it gave back other bytes than were written")
