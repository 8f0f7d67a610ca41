"""Successful answers: ``{"data": …}``."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

NO_STORE = {"Cache-Control": "no-store"}


def data(shape: dict[str, Any] | Sequence[dict[str, Any]], *, status: int = 200, **beside: Any) -> JSONResponse:
    """One thing or a list of them; ``beside`` are keys next to ``data``."""
    return JSONResponse({"data": shape, **beside}, status_code=status, headers=NO_STORE)


def nothing() -> Response:
    """204: it is done, and there is nothing to tell."""
    return Response(status_code=204, headers=NO_STORE)
