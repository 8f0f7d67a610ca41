"""What a key may look like, the same in every store.

The rule is narrower than any store's own, so that a key is also a safe relative path: no part can be empty,
climb (``..``) or hide (a leading dot is kept for the stores themselves, say for their unfinished files).
"""

import re

from vidstead.storage.errors import InvalidKey

MAX_KEY_LENGTH = 900  # S3 ends at 1024 bytes, and a prefix of the installation comes before the key.
_PART = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}"
_KEY = re.compile(rf"{_PART}(?:/{_PART})*")


def check_key(key: str) -> str:
    """``key`` itself, where it is valid: parts of letters, digits, ``-``, ``_``, ``.`` between single ``/``.

    A part has 1 to 200 characters and does not begin with a dot; a key has at most 900.
    Raises ``InvalidKey``.
    """
    if len(key) > MAX_KEY_LENGTH or _KEY.fullmatch(key) is None:
        raise InvalidKey(key=key[: MAX_KEY_LENGTH + 1])
    return key


def check_prefix(prefix: str, *, whole_store: bool = False) -> str:
    """``prefix`` itself, where it is a valid key and one ``/``; or empty, if ``whole_store`` is allowed.

    Raises ``InvalidKey``.
    """
    if prefix == "" and whole_store:
        return prefix
    if not prefix.endswith("/"):
        raise InvalidKey(key=prefix[: MAX_KEY_LENGTH + 1])
    check_key(prefix[:-1])
    return prefix


def check_range(start: int, length: int | None) -> None:
    """Hold that a range of bytes has a start, and a length if any, of at least 0. Raises ``ValueError``."""
    if start < 0 or (length is not None and length < 0):
        raise ValueError(f"a range needs start >= 0 and length >= 0, not {start} and {length}")
