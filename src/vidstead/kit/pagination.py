"""Pages of a list that is ordered by its newest first.

Two ways to ask: a number of page (1-based, as the Mux API has it), or a cursor, which is the place after the last
item seen and so neither skips nor doubles when new items arrive meanwhile. A cursor is opaque to its holder, but
holds no secret: only the creation time and the identifier of that item.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from vidstead.kit.errors import VidsteadError

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
MAX_PAGE = 1_000_000
MAX_CURSOR_LENGTH = 256


class InvalidCursor(VidsteadError):
    """The cursor is not one that a list of this server gave: take `next_cursor` of the answer before, unchanged."""

    code = "invalid_cursor"
    status = 400


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The place after one item of a list ordered by ``(created_at, id)``, the newest first."""

    created_at: datetime
    id: str

    def encode(self) -> str:
        """The cursor as a URL-safe word."""
        raw = f"{self.created_at.isoformat()} {self.id}".encode()
        return urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def decode(cls, word: str) -> Self:
        """Read what ``encode`` wrote. Raises ``InvalidCursor`` for anything else."""
        if len(word) > MAX_CURSOR_LENGTH:
            raise InvalidCursor
        try:
            raw = urlsafe_b64decode(word.encode("ascii") + b"=" * (-len(word) % 4)).decode("ascii")
            moment, _, item = raw.partition(" ")
            created_at = datetime.fromisoformat(moment)
        except ValueError:
            raise InvalidCursor from None
        if created_at.tzinfo is None or not (item.isascii() and item.isalnum()):
            raise InvalidCursor
        return cls(created_at=created_at, id=item)


def offset_of(*, limit: int, page: int) -> int:
    """How many items come before page ``page`` (1-based) of ``limit`` items each."""
    return (page - 1) * limit
