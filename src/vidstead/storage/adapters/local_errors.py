"""What the operating system says about files, in the words of the room."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from vidstead.storage import StorageError, StorageFull, StorageUnavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CONFLICT = {errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST}


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn every ``OSError`` of the block into an error of the room, without paths of the machine."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        if error.errno in _FULL:
            raise StorageFull(reason=reason) from error
        if error.errno in _CONFLICT:
            raise StorageError(reason="a key is also the folder of another one") from error
        raise StorageUnavailable(reason=reason) from error
