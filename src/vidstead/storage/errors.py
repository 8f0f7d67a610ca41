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


class StorageFull(StorageError):
    """There is no space left in the object store ({reason}): delete assets or add space, then try again."""

    code = "storage_full"
    status = 507


class ObjectNotFound(StorageError):
    """There is no object with the key {key}."""

    code = "object_not_found"
    status = 404


class ObjectExists(StorageError):
    """An object with the key {key} is stored already; it was not changed."""

    code = "object_exists"
    status = 409


class InvalidKey(StorageError):
    """The object key {key!r} is not valid: use letters, digits, '-', '_' and '.', in parts
    that single slashes separate and that do not begin with a dot."""

    code = "invalid_object_key"
    status = 400


class StorageUrlInvalid(StorageError):
    """The storage address {url} is not understood: use s3://bucket/prefix, gs://bucket/prefix,
    az://container/prefix or file:///folder."""

    code = "storage_url_invalid"
    status = 500
