"""The three roles of one database, derived from the address of its owner.

``vs_owner`` (or whoever the given address names) owns the schema and runs migrations; ``vs_app`` is what web
and worker are, under row-level security; ``vs_queue`` owns no rows of tenants and works the job queue. The
passwords of the two derived roles follow from the owner's: an installation has one secret to keep, and every
process that knows it can reach all three without asking another.
"""

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from vidstead.db.errors import InvalidDatabaseUrl

APP_ROLE = "vs_app"
QUEUE_ROLE = "vs_queue"
# A server that vanished without a word is noticed within half a minute; without meaning on a Unix socket.
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20000}
SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")


@dataclass(frozen=True, kw_only=True)
class RoleUrls:
    """The addresses of one database for its three roles. They hold secrets: never print one."""

    owner: str
    """``postgresql://…`` of the owner, for migrations and maintenance."""
    app: str
    """``postgresql+psycopg://…`` of ``vs_app``, for ``Database``."""
    queue: str
    """``postgresql://…`` of ``vs_queue``, as libpq reads it, for ``Jobs``."""

    @classmethod
    def derive(cls, owner_url: str) -> "RoleUrls":
        """The three addresses. Raises ``InvalidDatabaseUrl`` unless user, password and database are given."""
        owner = parse(owner_url)
        return cls(
            owner=_plain(owner),
            app=_render(_as_role(owner, APP_ROLE).set(drivername="postgresql+psycopg")),
            queue=_plain(_as_role(owner, QUEUE_ROLE)),
        )

    def __repr__(self) -> str:
        """Without the secrets."""
        return "RoleUrls(…)"


def parse(owner_url: str) -> URL:
    """The parts of an owner's address; ``InvalidDatabaseUrl`` says what is missing, never the address itself."""
    try:
        url = make_url(owner_url)
    except (ArgumentError, ValueError):
        raise InvalidDatabaseUrl(reason="it is not an address") from None
    if url.drivername not in SCHEMES:
        raise InvalidDatabaseUrl(reason=f"it begins with {url.drivername}://")
    for part in ("username", "password", "database"):
        if not getattr(url, part):
            raise InvalidDatabaseUrl(reason=f"it has no {part}")
    return url


def role_password(owner_password: str, role: str) -> str:
    """The password of a derived role: HMAC-SHA256 of its name under the owner's password, hexadecimal."""
    return hmac.new(owner_password.encode(), role.encode(), hashlib.sha256).hexdigest()


def _as_role(owner: URL, role: str) -> URL:
    return owner.set(username=role, password=role_password(str(owner.password), role))


def _plain(url: URL) -> str:
    return _render(url.set(drivername="postgresql"))


def _render(url: URL) -> str:
    return url.render_as_string(hide_password=False)
