"""The pages for people: `/`, the watch page, the API reference, and the files they are built from.

They are built from ``web/`` into the package's folder ``static`` and need no template: a page is one file for
everybody, and reads what it shows from the API. So a strict content security policy holds for all of them: nothing
inline, nothing from another host. Files below ``assets/`` carry a hash of their content in their name and are kept
for ever; everything else is asked for again each time, and answered with 304 where nothing changed.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent.parent / "static"
"""Where the build puts the pages."""

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"

NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Vidstead</title></head>
<body>
<p>The pages of this Vidstead were not built: run <code>make build</code> where it was installed from. It needs Node
20.19 or newer. The API and the delivery of videos work without them.</p>
</body>
</html>
"""


def page_routes(*, origins: Sequence[str] = (), folder: Path = STATIC) -> list[BaseRoute]:
    """The routes of ``/``, ``/watch/{playback_id}``, ``/docs`` and ``/static/{path}``.

    ``origins`` are addresses of other hosts (``https://host:port``; a path is left out) from which the pages may load
    videos and to which they may upload: the public address where it differs from the one in use, or a CDN. ``folder``
    holds the built pages.
    """
    private = _headers(origins, frame_ancestors="'none'")
    public = _headers(origins, frame_ancestors="*")
    files = _Files(folder, private)
    return [
        Route("/", _page(files, "home.html", private), methods=["GET"]),
        Route("/watch/{playback_id}", _page(files, "watch.html", public), methods=["GET"]),
        Route("/docs", _page(files, "docs.html", private), methods=["GET"]),
        Mount("/static", files),
    ]


class _Files(StaticFiles):
    """The built files, as they are or compressed beforehand; a missing folder is no error, but nothing is found."""

    def __init__(self, folder: Path, headers: Mapping[str, str]) -> None:
        super().__init__(directory=folder, check_dir=False)
        self.config_checked = True
        self._headers = headers

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The answer for a path below the folder; raises ``HTTPException`` 404 and 405."""
        hashed = path.startswith("assets/")
        packed = await self._packed(path, scope) if hashed else None
        response = packed or await super().get_response(path, scope)
        response.headers["Cache-Control"] = FOR_EVER if hashed else ASK_AGAIN
        if hashed:
            response.headers["Vary"] = "Accept-Encoding"
        response.headers.update(self._headers)
        return response

    async def _packed(self, path: str, scope: Scope) -> Response | None:
        """The Brotli form of a file, if there is one and the client takes it."""
        if not path.endswith((".js", ".css")) or not _takes_brotli(scope):
            return None
        try:
            response = await super().get_response(f"{path}.br", scope)
        except HTTPException as error:
            if error.status_code == 404:
                return None
            raise
        if isinstance(response, FileResponse):
            kind = "text/javascript" if path.endswith(".js") else "text/css"
            response.headers["Content-Type"] = f"{kind}; charset=utf-8"
            response.headers["Content-Encoding"] = "br"
        return response


def _takes_brotli(scope: Scope) -> bool:
    """Whether ``Accept-Encoding`` names Brotli without refusing it (RFC 9110, 12.5.3)."""
    for offer in Request(scope).headers.get("accept-encoding", "").split(","):
        name, _, quality = offer.partition(";")
        if name.strip().lower() == "br":
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _page(files: _Files, name: str, headers: Mapping[str, str]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            response = await files.get_response(name, request.scope)
        except HTTPException as error:
            if error.status_code != 404:
                raise
            response = HTMLResponse(NOT_BUILT, status_code=503, headers={"Cache-Control": "no-store"})
        response.headers.update(headers)
        return response

    return endpoint


def _headers(origins: Sequence[str], *, frame_ancestors: str) -> dict[str, str]:
    """What keeps a page to itself: the content security policy (CSP level 3) and its companions.

    hls.js plays from ``blob:`` addresses and works in a worker; ``data:`` pictures are those of CSS.
    """
    others = "".join(f" {parts.scheme}://{parts.netloc}" for parts in map(urlsplit, origins))
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": f"'self'{others}",
        "media-src": f"'self' blob:{others}",
        "worker-src": "'self' blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": frame_ancestors,
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    }
    if frame_ancestors == "'none'":
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["X-Frame-Options"] = "DENY"
    return headers
