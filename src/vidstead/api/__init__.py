"""The API: Mux-compatible JSON routes, and the web process around them (health, metrics, logs, request ids)."""

from vidstead.api.app import create_api, create_app
from vidstead.api.errors import ApiError, InvalidParameters, RequestTooLarge, RequestTooSlow
from vidstead.api.services import ApiServices

__all__ = [
    "ApiError",
    "ApiServices",
    "InvalidParameters",
    "RequestTooLarge",
    "RequestTooSlow",
    "create_api",
    "create_app",
]
