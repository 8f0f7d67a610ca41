"""Who gets in: every route asks, and answers 401 and 403 as Mux clients expect."""

import httpx
import pytest
from starlette.types import ASGIApp
from tests.integration.api.clients import client_of, make_token

from vidstead.api import ApiServices
from vidstead.kit import new_id, new_secret
from vidstead.tenancy import Credentials

ROUTES = [
    ("POST", "/video/v1/uploads", "video:write"),
    ("GET", "/video/v1/uploads", "video:read"),
    ("GET", "/video/v1/uploads/x", "video:read"),
    ("PUT", "/video/v1/uploads/x/cancel", "video:write"),
    ("POST", "/video/v1/assets", "video:write"),
    ("GET", "/video/v1/assets", "video:read"),
    ("GET", "/video/v1/assets/x", "video:read"),
    ("DELETE", "/video/v1/assets/x", "video:write"),
    ("POST", "/video/v1/assets/x/playback-ids", "video:write"),
    ("GET", "/video/v1/assets/x/playback-ids/y", "video:read"),
    ("DELETE", "/video/v1/assets/x/playback-ids/y", "video:write"),
    ("GET", "/video/v1/playback-ids/y", "video:read"),
    ("GET", "/system/v1/whoami", None),
]


@pytest.mark.parametrize(("method", "path", "permission"), ROUTES)
async def test_every_route_asks_for_a_token(app: ASGIApp, method: str, path: str, permission: str | None) -> None:
    async with client_of(app) as nobody:
        answer = await nobody.request(method, path, json={})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.json()["error"]["type"] == "unauthorized"


@pytest.mark.parametrize(("method", "path", "permission"), ROUTES)
async def test_every_route_asks_for_its_permission(
    app: ASGIApp, services: ApiServices, environment_id: str, method: str, path: str, permission: str | None
) -> None:
    weak = await make_token(services, environment_id, ["data:read"])
    async with client_of(app, weak) as client:
        answer = await client.request(method, path, json={})
    if permission is None:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["error"]["type"]) == (403, "forbidden")
        assert permission in answer.json()["error"]["messages"][0]


async def test_the_routes_here_are_all_there_are(app: ASGIApp) -> None:
    async with client_of(app) as nobody:
        paths = (await nobody.get("/openapi.json")).json()["paths"]
    described = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert len(described) == len(ROUTES)


async def test_a_reader_may_read(app: ASGIApp, services: ApiServices, environment_id: str) -> None:
    async with client_of(app, await make_token(services, environment_id, ["video:read"])) as reader:
        assert (await reader.get("/video/v1/assets")).status_code == 200
        assert (await reader.post("/video/v1/uploads", json={})).status_code == 403
        assert (await reader.get("/video/v1/uploads")).json()["data"] == []


async def test_bearer_is_the_secret_alone(app: ASGIApp, credentials: Credentials) -> None:
    async with client_of(app) as client:
        for secret, status in ((credentials.token_secret, 200), (credentials.token_id, 401), (new_secret(), 401)):
            answer = await client.get("/video/v1/assets", headers={"Authorization": f"Bearer {secret}"})
            assert answer.status_code == status


async def test_wrong_secrets_and_wrong_ids_look_the_same(app: ASGIApp, credentials: Credentials) -> None:
    async with client_of(app) as client:
        answers = [
            await client.get("/video/v1/assets", auth=auth)
            for auth in ((credentials.token_id, new_secret()), (new_id(), credentials.token_secret))
        ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


async def test_whoami(client: httpx.AsyncClient, credentials: Credentials) -> None:
    answer = await client.get("/system/v1/whoami")
    assert answer.status_code == 200
    facts = answer.json()["data"]
    assert facts["environment_id"] == credentials.environment_id
    assert (facts["access_token_name"], facts["environment_type"]) == ("tests", "development")
    assert "video:write" in facts["permissions"]
    assert facts["organization_id"]
