"""The toolbox without domain words: identifiers, time, pages of lists, logs, outbound HTTP, the base of all errors."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vidstead.kit.clock import now, to_unix
from vidstead.kit.errors import (
    OutboundError,
    OutboundFailed,
    OutboundRefused,
    OutboundTooLarge,
    VidsteadError,
    all_error_classes,
)
from vidstead.kit.ids import new_id, new_secret
from vidstead.kit.pagination import DEFAULT_LIMIT, MAX_LIMIT, MAX_PAGE, Cursor, InvalidCursor, offset_of

if TYPE_CHECKING:
    from vidstead.kit.logs import configure_logging, redact
    from vidstead.kit.outbound import Outbound, OutboundResponse

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "MAX_PAGE",
    "Cursor",
    "InvalidCursor",
    "Outbound",
    "OutboundError",
    "OutboundFailed",
    "OutboundRefused",
    "OutboundResponse",
    "OutboundTooLarge",
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

LAZY = {
    "Outbound": "vidstead.kit.outbound",
    "OutboundResponse": "vidstead.kit.outbound",
    "configure_logging": "vidstead.kit.logs",
    "redact": "vidstead.kit.logs",
}
"""What is imported when it is first asked for, since its libraries cost a quarter of a second."""


def __getattr__(name: str) -> Any:
    """Import one of ``LAZY``."""
    if name in LAZY:
        return getattr(import_module(LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
