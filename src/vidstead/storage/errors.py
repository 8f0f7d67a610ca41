"""What can go wrong with objects."""

from vidstead.kit import VidsteadError


class StorageError(VidsteadError):
    """The object store failed: {reason}."""

    code = "storage_error"
    status = 500


class StorageUnavailable(StorageError):
    """The object store does not answer ({reason}): run `vidstead doctor`, then try again."""

    code = "storage_unavailable"
    status = 503


class ObjectNotFound(StorageError):
    """There is no object with the key {key}."""

    code = "object_not_found"
    status = 404


class ObjectExists(StorageError):
    """An object with the key {key} is stored already; it was not changed."""

    code = "object_exists"
    status = 409


class InvalidKey(StorageError):
    """The object key {key!r} is not valid: use letters, digits, '-', '_' and '.', separated by single slashes."""

    code = "invalid_object_key"
    status = 400
