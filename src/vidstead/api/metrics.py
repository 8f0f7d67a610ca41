"""Prometheus metrics of the web process, and where they are read."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# From a playlist out of memory to a cell that had to be encoded first (8 s and a bit).
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 30.0)

REQUESTS = Counter("vidstead_http_requests_total", "HTTP requests answered.", labelnames=("method", "route", "status"))
SECONDS = Histogram(
    "vidstead_http_request_seconds",
    "Time from a request's arrival to the last byte of its answer.",
    labelnames=("method", "route"),
    buckets=BUCKETS,
)
BYTES = Counter("vidstead_http_response_bytes_total", "Bytes of bodies sent.", labelnames=("route",))
ENCODE_SPEED = Gauge(
    "vidstead_encode_speed",
    "Best speed of the living workers: seconds of 1080p30 encoded in a second. 0: none is known.",
)


def watch_encode_speed(latest: Callable[[], float | None]) -> None:
    """Have the gauge tell what ``latest`` says when it is read."""
    ENCODE_SPEED.set_function(lambda: latest() or 0.0)


def count(*, method: str, route: str, status: int, seconds: float, body_bytes: int) -> None:
    """Note one answered request; ``route`` is a template, so that there are few different ones."""
    known = method if method in METHODS else "OTHER"
    REQUESTS.labels(known, route, str(status)).inc()
    SECONDS.labels(known, route).observe(seconds)
    BYTES.labels(route).inc(body_bytes)


async def metrics(_request: Request) -> Response:
    """``GET /metrics``: everything that this process counts."""
    return Response(generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})
