"""Around the routes: transactions, failures, bounds, request ids, logs, metrics, health."""

import asyncio
import dataclasses
import io
import json
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.integration.api.clients import client_of

from vidstead.api import ApiServices, create_app
from vidstead.api.middleware import JsonBodies
from vidstead.db import Database, DatabaseUnavailable
from vidstead.ingest import upload_routes
from vidstead.kit import redact
from vidstead.storage import StorageUnavailable
from vidstead.tenancy import Credentials

UPLOADS = "/video/v1/uploads"
COUNT = text("select count(*) from uploads")


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def count_uploads(database: Database, environment_id: str) -> int:
    async with database.begin(environment_id) as connection:
        return int((await connection.execute(COUNT)).scalar_one())


# Transactions


async def test_what_an_answer_tells_is_committed_before_it_is_sent(
    app: ASGIApp, database: Database, credentials: Credentials
) -> None:
    seen: list[int] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def look_first(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.append(await count_uploads(database, credentials.environment_id))
            await send(message)

        await app(scope, receive, look_first)

    async with client_of(watched, credentials) as client:
        assert (await client.post(UPLOADS, json={})).status_code == 201
    assert seen == [1]


async def test_what_fails_leaves_nothing_and_tells_nothing(
    services: ApiServices, credentials: Credentials, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: Any, **kwargs: Any) -> Any:
        await type(services.uploads).create(services.uploads, *args, **kwargs)
        raise RuntimeError("a secret: 42")

    monkeypatch.setattr(services.uploads, "create", broken)
    async with client_of(create_app(services), credentials) as client:
        answer = await client.post(UPLOADS, json={}, headers={"x-request-id": "request-1"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "internal_error")
    assert "request-1" in answer.json()["error"]["messages"][0]
    assert "42" not in answer.text
    assert await count_uploads(services.database, credentials.environment_id) == 0
    failures = [line for line in lines(log) if line["event"] == "unexpected error"]
    assert len(failures) == 1
    assert failures[0]["request_id"] == "request-1"
    assert "RuntimeError: a secret: 42" in failures[0]["exception"]


class Unreliable(Database):
    """Loses the connection at the commit."""

    @asynccontextmanager
    async def begin(self, environment_id: str) -> AsyncIterator[AsyncConnection]:
        async with super().begin(environment_id) as connection:
            yield connection
        raise DatabaseUnavailable(reason="host 10.0.0.7 is down")


async def test_a_commit_that_fails_is_no_success(services: ApiServices, credentials: Credentials) -> None:
    database = Unreliable(services.database.url)
    app = create_app(dataclasses.replace(services, database=database))
    async with client_of(app, credentials) as client:
        answer = await client.post(UPLOADS, json={})
    await database.close()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"] == "2"
    assert "10.0.0.7" not in answer.text


async def test_a_slow_client_holds_no_connection(services: ApiServices, credentials: Credentials) -> None:
    app = create_app(services)
    checked_out: list[int] = []

    async def slow_body() -> AsyncIterator[bytes]:
        yield b"{"
        checked_out.append(services.database.engine.pool.checkedout())  # type: ignore[attr-defined]
        yield b"}"

    async with client_of(app, credentials) as client:
        headers = {"content-type": "application/json"}
        assert (await client.post(UPLOADS, content=slow_body(), headers=headers)).status_code == 201
    assert checked_out == [0]


# Bounds and malformed requests


@pytest.mark.parametrize("sent", [b"{", b"\xff", b'{"timeout": 1e999}', b"[" * 100_000, b"\x00", b'{"timeout": NaN}'])
async def test_malformed_json_is_400(client: httpx.AsyncClient, sent: bytes) -> None:
    answer = await client.post(UPLOADS, content=sent, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_parameters")


async def test_lone_surrogates_are_400(client: httpx.AsyncClient) -> None:
    sent = b'{"new_asset_settings": {"passthrough": "\\ud800"}}'
    answer = await client.post(UPLOADS, content=sent, headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_a_body_that_is_not_said_to_be_json_is_400(client: httpx.AsyncClient) -> None:
    answer = await client.post(UPLOADS, content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 400
    assert "application/json" in answer.json()["error"]["messages"][0]


@pytest.mark.parametrize("declared", [True, False])
async def test_large_bodies_are_413(client: httpx.AsyncClient, declared: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 2**16

    body = b" " * (2**20 + 1) if declared else pieces()
    answer = await client.post(UPLOADS, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


async def test_bodies_that_never_end_are_408(services: ApiServices) -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("the application was reached")

    sent: list[Message] = []

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/video/v1/uploads", "query_string": b"", "headers": []}
    await JsonBodies(echo, seconds=0.01)(scope, never, send)
    assert sent[0]["status"] == 408


@pytest.mark.parametrize(
    "path", ["/video/v1/assets/a%00b", "/video/v1/assets?cursor=%00", "/video/v1/playback-ids/%00"]
)
async def test_zero_bytes_in_addresses_are_400(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/video/v1/nothing", 404, "not_found"),
        ("GET", "/video/v1/assets/", 404, "not_found"),
        ("PUT", "/video/v1/assets", 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
    ],
)
async def test_what_is_not_there_has_the_same_envelope(
    client: httpx.AsyncClient, method: str, path: str, status: int, kind: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == kind
    if status == 405:
        assert answer.headers["allow"]


# Request ids, logs, metrics


@pytest.mark.parametrize("sent", [None, "", "a b", "x" * 200, "x\ty", "<script>"])
async def test_every_answer_has_a_request_id_of_plain_characters(client: httpx.AsyncClient, sent: str | None) -> None:
    headers = {} if sent is None else {"x-request-id": sent}
    answer = await client.get("/healthz", headers=headers)
    assert answer.headers["x-request-id"].isalnum()
    assert answer.headers["x-request-id"] != sent


async def test_a_plain_request_id_is_kept(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing", headers={"x-request-id": "a.B-1_2"})).headers["x-request-id"] == "a.B-1_2"


async def test_one_line_per_request_and_no_secret_in_it(
    client: httpx.AsyncClient, credentials: Credentials, log: io.StringIO
) -> None:
    upload = (await client.post(UPLOADS, json={})).json()["data"]
    await client.put(upload["url"] + "?token=hidden", content=b"film")
    await client.get("/video/v1/assets?cursor=&token=hidden")
    await client.get(f"/upload{upload['url'].split('/uploads')[1]}?token=hidden")
    written = [line for line in lines(log) if line["event"] == "request"]
    assert [(line["route"], line["status"]) for line in written] == [
        ("/video/v1/uploads", 201),
        ("/uploads/{upload_id}/{secret}", 200),
        ("/video/v1/assets", 200),
        ("unmatched", 404),
    ]
    assert all({"method", "ms", "bytes", "request_id", "time", "level"} <= line.keys() for line in written)
    assert written[0]["environment_id"] == credentials.environment_id
    assert written[1]["upload_id"] == upload["id"]
    for secret in (upload["url"].rsplit("/", 1)[1], credentials.token_secret, "hidden"):
        assert secret not in log.getvalue()


def test_secrets_are_cut_out_of_whatever_a_library_logs() -> None:
    told = redact(
        'PUT http://h/uploads/u1/s3cret?x=1 GET "/p.m3u8?a=1&token=eyJ.x" Authorization: Basic dTpwYXNzd29yZA== '
        "Bearer abcdefghijkl postgresql://owner:hunter2@h/db https://s3/x?X-Amz-Signature=feed&b=2"
    )
    for secret in ("s3cret", "eyJ", "dTpwYXNz", "abcdefghijkl", "hunter2", "feed"):
        assert secret not in told
    assert "/uploads/u1/***?x=1" in told
    assert "b=2" in told


async def test_the_standard_library_logs_json_too(log: io.StringIO) -> None:
    logging.getLogger("somebody").warning("at %s", "http://h/uploads/u1/s3cret")
    try:
        raise ValueError("line 1\nline 2")
    except ValueError:
        logging.getLogger("somebody").exception("failed")
    first, second = lines(log)
    assert (first["event"], first["level"], first["logger"]) == ("at http://h/uploads/u1/***", "warning", "somebody")
    assert "ValueError: line 1" in second["exception"]


async def test_metrics_count_by_template(client: httpx.AsyncClient) -> None:
    def counted(text: str) -> dict[str, float]:
        samples = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("vidstead_http_requests_total"))
        return {name: float(value) for name, value in samples}

    name = 'vidstead_http_requests_total{method="GET",route="/video/v1/assets/{asset_id}",status="404"}'
    before = counted((await client.get("/metrics")).text).get(name, 0.0)
    await client.get("/video/v1/assets/first")
    await client.get("/video/v1/assets/second")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert counted(answer.text)[name] == before + 2
    assert "vidstead_http_request_seconds_bucket" in answer.text
    assert "first" not in answer.text


# Health


async def test_health_needs_nobody(services: ApiServices) -> None:
    nowhere = Database("postgresql+psycopg://vs_app@/nothing?host=/nonexistent")
    async with client_of(create_app(dataclasses.replace(services, database=nowhere))) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        answer = await client.get("/readyz")
    await nowhere.close()
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["checks"]["storage"] == "ok"
    assert "database does not answer" in answer.json()["checks"]["database"]


async def test_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "storage": "ok"}}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (StorageUnavailable(reason="no space"), "no space"),
        (RuntimeError("at /secret/path"), "see the server's log"),
    ],
)
async def test_a_store_that_fails_is_not_ready(services: ApiServices, error: Exception, says: str) -> None:
    def check() -> None:
        raise error

    async with client_of(create_app(dataclasses.replace(services, store_check=check))) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert says in answer.json()["checks"]["storage"]
    assert "/secret/path" not in answer.text


async def test_a_store_that_hangs_is_asked_once(services: ApiServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidstead.api.health.CHECK_SECONDS", 0.05)
    release, calls = threading.Event(), 0

    def check() -> None:
        nonlocal calls
        calls += 1
        release.wait(30)

    try:
        async with client_of(create_app(dataclasses.replace(services, store_check=check))) as client:
            answers = [await client.get("/readyz") for _ in range(3)]
    finally:
        release.set()
    assert [answer.status_code for answer in answers] == [503] * 3
    assert "does not answer" in answers[0].json()["checks"]["storage"]
    assert calls == 1


# Routes of others


async def test_byte_paths_live_beside_the_api(services: ApiServices, log: io.StringIO) -> None:
    async def playlist(request: Request) -> Response:
        return PlainTextResponse(request.path_params["pid"])

    async def broken(_request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"half"
            raise RuntimeError("torn")

        return StreamingResponse(body())

    async def unavailable(_request: Request) -> Response:
        raise StorageUnavailable(reason="host 10.0.0.7")

    routes = [Route("/{pid}.m3u8", playlist), Route("/torn", broken), Route("/unavailable", unavailable)]
    app = create_app(services, [*routes, *upload_routes(services.uploads)])
    async with client_of(app) as client:
        assert (await client.get("/abc.m3u8")).text == "abc"
        assert (await client.get("/openapi.json")).json()["info"]["title"] == "Vidstead API"
        answer = await client.get("/unavailable")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_unavailable")
        assert "10.0.0.7" not in answer.text
        with pytest.raises(RuntimeError, match="torn"):  # the server breaks the connection: half is not whole
            await client.get("/torn")
    torn = [line for line in lines(log) if line.get("route") == "/torn"]
    assert [(line["status"], line["bytes"], line["cut_off"]) for line in torn] == [(200, 4, True)]


async def test_lifespan_runs_around_the_serving(services: ApiServices) -> None:
    happened: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        happened.append("start")
        yield
        happened.append("stop")

    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    await create_app(services, lifespan=lifespan)({"type": "lifespan", "state": {}}, receive, send)
    assert (happened, sent) == (["start", "stop"], ["lifespan.startup.complete", "lifespan.shutdown.complete"])
