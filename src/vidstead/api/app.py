"""The web process as one ASGI application.

The order of the layers, from the outside: request id, log line and metrics, last resort for failures, then the
routes: health and metrics; whatever lies under the prefixes of the JSON API; then the byte paths and pages that
``bootstrap`` hands in. The API comes before them, so that no playback route can ever catch one of its addresses.
"""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from vidstead import __version__
from vidstead.api import openapi
from vidstead.api.failures import HANDLERS
from vidstead.api.health import Readiness, healthz
from vidstead.api.metrics import metrics
from vidstead.api.middleware import Failures, JsonBodies, Observed, RequestIds
from vidstead.api.services import ApiServices
from vidstead.api.system import routes as system
from vidstead.api.video import assets, playback_ids, uploads

API_PREFIXES = ("/video/", "/system/", "/openapi.json")


def create_api(services: ApiServices) -> FastAPI:
    """The JSON API: Mux-compatible routes, each request one transaction."""
    api = FastAPI(
        title="Vidstead API",
        version=__version__,
        summary=openapi.SUMMARY,
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=dict(HANDLERS),
        generate_unique_id_function=openapi.operation_id,
    )
    api.state.services = services
    for router in (uploads.router, assets.router, playback_ids.router, system.router):
        api.include_router(router)
    openapi.describe(api)
    return api


def create_app(
    services: ApiServices, routes: Sequence[BaseRoute] = (), *, lifespan: Lifespan[Starlette] | None = None
) -> ASGIApp:
    """Everything that the web process answers.

    ``routes`` are the byte paths and pages (delivery, uploads, watch page); ``lifespan`` runs around the serving.
    """
    api = JsonBodies(create_api(services))
    root = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", Readiness(services.database, services.store_check).answer),
            Route("/metrics", metrics),
            _Prefixed(API_PREFIXES, api),
            *routes,
        ],
        exception_handlers=dict(HANDLERS),
        lifespan=lifespan,
    )
    root.router.redirect_slashes = False
    return RequestIds(Observed(Failures(root)))


class _Prefixed(BaseRoute):
    """Hands every address under some prefixes to one application, which sees it unchanged."""

    def __init__(self, prefixes: tuple[str, ...], app: ASGIApp) -> None:
        self.prefixes = prefixes
        self.app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """All or nothing: methods are the application's matter."""
        hit = scope["type"] == "http" and scope["path"].startswith(self.prefixes)
        return (Match.FULL if hit else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """No address of it has a name here."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer."""
        await self.app(scope, receive, send)
