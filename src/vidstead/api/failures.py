"""Every failure as the Mux API tells it: ``{"error": {"type": …, "messages": […]}}``.

``type`` is one of the few words that follow from the status; ``code`` is ours, one per error class, and has a page
under ``docs/errors``. What nobody expected becomes a 500 that tells only the request's id; the rest is in the log.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vidstead.kit import VidsteadError

log = structlog.get_logger(__name__)

TYPES: Mapping[int, str] = {
    400: "invalid_parameters",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    409: "conflict",
    412: "precondition_failed",
    413: "request_too_large",
    415: "unsupported_media_type",
    422: "invalid_parameters",
    429: "too_many_requests",
    503: "unavailable",
}
MAX_MESSAGES = 20
MAX_MESSAGE_LENGTH = 500
RETRY_AFTER_SECONDS = "2"
CHALLENGE = 'Basic realm="vidstead", charset="UTF-8"'


def envelope(
    status: int, messages: Sequence[str], *, code: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An answer with ``status`` that says what went wrong, in one sentence or several."""
    kind = TYPES.get(status, "internal_error" if status >= 500 else "invalid_request")
    body = {"error": {"type": kind, "messages": [text[:MAX_MESSAGE_LENGTH] for text in messages[:MAX_MESSAGES]]}}
    body["error"]["code"] = code or kind
    answer = JSONResponse(body, status_code=status, headers=headers)
    answer.headers.setdefault("cache-control", "no-store")
    if status == 401:
        answer.headers["www-authenticate"] = CHALLENGE
    if status == 503:
        answer.headers.setdefault("retry-after", RETRY_AFTER_SECONDS)
    return answer


def failed(error: VidsteadError) -> JSONResponse:
    """The answer to one of our own errors. From 500 on its facts (hosts, paths) are for the log only."""
    if error.status < 500 or error.expected:
        return envelope(error.status, [error.message], code=error.code, headers=error.headers)
    log.error("request failed", code=error.code, exc_info=error)
    if error.status == 503:
        sentence = f"The server can't do this at the moment ({error.code}): try again in a few seconds."
        return envelope(503, [sentence], code=error.code, headers=error.headers)
    return unexpected(error.code, error.headers)


def unexpected(code: str | None = None, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to what nobody expected, or to what is nobody's business but ours."""
    request_id = structlog.contextvars.get_contextvars().get("request_id", "unknown")
    sentence = f"Something failed on the server's side; its log has the cause under request id {request_id}."
    return envelope(500, [sentence], code=code, headers=headers)


async def on_vidstead_error(_request: Request, error: Exception) -> Response:
    """Exception handler for our own errors."""
    assert isinstance(error, VidsteadError)
    return failed(error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Exception handler for what Starlette and FastAPI raise: unknown addresses, wrong methods."""
    assert isinstance(error, HTTPException)
    sentences = {
        404: "There is nothing at this address.",
        405: f"This address does not answer to {request.method}.",
    }
    message = sentences.get(error.status_code, str(error.detail))
    return envelope(error.status_code, [message], headers=error.headers)


async def on_validation_error(_request: Request, error: Exception) -> Response:
    """Exception handler for bodies and queries that do not fit: 400, one sentence for each thing that is wrong."""
    assert isinstance(error, RequestValidationError)
    return envelope(400, [_sentence(problem["loc"], problem["msg"]) for problem in error.errors()])


async def on_unexpected(_request: Request, _error: Exception) -> Response:
    """Exception handler for everything else; the cause is logged where it leaves the application."""
    return unexpected()


def _sentence(location: Sequence[str | int], problem: str) -> str:
    parts = list(location)
    if parts and parts[0] in {"body", "query", "path", "header"}:
        parts = parts[1:]
    if parts and isinstance(parts[0], int):  # the place of a syntax error
        return f"the body is not valid JSON (at character {parts[0]})"
    name = ".".join(str(part) for part in parts) or "the body (JSON, sent as application/json)"
    return f"{name}: {problem.removeprefix('Value error, ')}"


HANDLERS: Mapping[int | type[Exception], Callable[[Request, Exception], Coroutine[Any, Any, Response]]] = {
    VidsteadError: on_vidstead_error,
    HTTPException: on_http_exception,
    RequestValidationError: on_validation_error,
    Exception: on_unexpected,
}
