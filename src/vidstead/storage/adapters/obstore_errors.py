"""What obstore says, in the words of the room.

Its messages hold addresses (an Azure address may carry a signature) and dumps of its own data: only the
status, the code and the kind that the server or the network gave are taken from them, and the original is
not passed on.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    NotSupportedError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from vidstead.storage import StorageError, StorageFull, StorageUnavailable

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_KIND = re.compile(r"kind: (Connect|Timeout|Request|Interrupted|Decode)\b")
_KINDS = {"Connect": "no connection", "Timeout": "no answer in time", "Interrupted": "the connection broke"}
_FULL = {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "InsufficientCapacity"}
_RAISED = (BaseError, OSError, ValueError)


def storage_error(error: Exception) -> StorageError:
    """The room's error for one of obstore's."""
    text = str(error)
    status, code, kind = (_found(pattern, text) for pattern in (_STATUS, _CODE, _KIND))
    if _FULL & {status, code}:
        return StorageFull(reason=code or status)
    reason = " ".join(part for part in (_word(error), status, code, _KINDS.get(kind, kind)) if part)
    if isinstance(error, InvalidPathError | NotSupportedError):
        return StorageError(reason=reason)
    return StorageUnavailable(reason=reason or type(error).__name__)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what obstore raises in the block into an error of the room."""
    try:
        yield
    except StorageError:
        raise
    except _RAISED as error:
        raise storage_error(error) from None


def is_bucket_missing(error: Exception) -> bool:
    """Whether "not found" was said of the bucket and not of an object."""
    return _found(_CODE, str(error)) in {"NoSuchBucket", "ContainerNotFound"}


def is_beyond_end(error: Exception) -> bool:
    """Whether a range was asked for that begins at the end of the object or later (RFC 9110, 416)."""
    return _found(_STATUS, str(error)) == "416"


def _word(error: Exception) -> str:
    if isinstance(error, PermissionDeniedError):
        return "access denied"
    if isinstance(error, UnauthenticatedError):
        return "credentials refused"
    if isinstance(error, FileNotFoundError):
        return "bucket or object not found"
    return ""


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group(1) if match else ""
