"""The toolbox without domain words: identifiers, time, pages of lists, the base of all errors."""

from vidstead.kit.clock import now, to_unix
from vidstead.kit.errors import VidsteadError, all_error_classes
from vidstead.kit.ids import new_id, new_secret
from vidstead.kit.logs import configure_logging, redact
from vidstead.kit.pagination import DEFAULT_LIMIT, MAX_LIMIT, MAX_PAGE, Cursor, InvalidCursor, offset_of

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "MAX_PAGE",
    "Cursor",
    "InvalidCursor",
    "VidsteadError",
    "all_error_classes",
    "configure_logging",
    "new_id",
    "new_secret",
    "now",
    "offset_of",
    "redact",
    "to_unix",
]
