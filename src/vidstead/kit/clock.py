"""Time as the API and the database know it: aware datetimes in UTC."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def to_unix(moment: datetime) -> str:
    """A moment as the Mux API writes it: whole Unix seconds, as a string."""
    return str(int(moment.timestamp()))
