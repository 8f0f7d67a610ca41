"""The ``Authorization`` header: HTTP Basic (RFC 7617) with id and secret, or Bearer (RFC 6750) with the secret."""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256

MAX_HEADER_LENGTH = 1024


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who a request says that it is: nothing in it has been checked yet."""

    token_id: str | None
    """``None`` where only the secret was sent."""
    secret_sha256: bytes


def read_authorization(header: str | None) -> Claim | None:
    """The claim of an ``Authorization`` header; ``None`` where it has none that we understand."""
    if header is None or len(header) > MAX_HEADER_LENGTH:
        return None
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "basic":
        return _read_basic(value)
    if scheme.lower() == "bearer" and value:
        return Claim(token_id=None, secret_sha256=hash_secret(value))
    return None


def hash_secret(secret: str) -> bytes:
    """SHA-256 of a token's secret: enough, since secrets are 32 random bytes."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _read_basic(value: str) -> Claim | None:
    try:
        user, colon, secret = b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    if not (colon and secret and user.isascii() and user.isalnum()):
        return None
    return Claim(token_id=user, secret_sha256=hash_secret(secret))
