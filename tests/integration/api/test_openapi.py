"""The description of the API is good enough to build a client from."""

import json
import re
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp
from tests.integration.api.clients import client_of


@pytest.fixture
async def description(app: ASGIApp) -> dict[str, Any]:
    async with client_of(app) as nobody:
        answer = await nobody.get("/openapi.json")
    assert answer.status_code == 200
    described: dict[str, Any] = answer.json()
    return described


def operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


async def test_every_operation_says_what_it_does_and_how_it_fails(description: dict[str, Any]) -> None:
    assert len({operation["operationId"] for _, operation in operations(description)}) == len(operations(description))
    for name, operation in operations(description):
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
        assert operation["security"] == [{"AccessToken": []}, {"AccessTokenSecret": []}], name
        assert "422" not in operation["responses"], name
        for status in ("400", "401", "403"):
            error = operation["responses"][status]["content"]["application/json"]["schema"]
            assert error == {"$ref": "#/components/schemas/Error"}, name
        assert ("404" in operation["responses"]) == ("{" in name), name


async def test_creations_are_201_and_deletions_204(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        success = {status for status in operation["responses"] if status.startswith("2")}
        expected = {"POST": {"201"}, "DELETE": {"204"}}.get(name.split()[0], {"200"})
        assert success == expected, name


async def test_requests_and_answers_are_described_with_examples(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    assert schemas["CreateAsset"]["examples"]
    assert schemas["CreateUpload"]["examples"]
    assert schemas["AssetAnswer"]["examples"]
    assert schemas["UploadAnswer"]["examples"]
    assert {"AccessToken", "AccessTokenSecret"} == set(description["components"]["securitySchemes"])


async def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(description)))
    assert names == set(description["components"]["schemas"])


async def test_the_examples_are_what_the_server_takes_and_gives(
    client: httpx.AsyncClient, description: dict[str, Any]
) -> None:
    schemas = description["components"]["schemas"]
    asset = await client.post("/video/v1/assets", json=schemas["CreateAsset"]["examples"][0])
    upload = await client.post("/video/v1/uploads", json=schemas["CreateUpload"]["examples"][0])
    assert (asset.status_code, upload.status_code) == (201, 201)
    assert upload.json()["data"].keys() <= schemas["UploadAnswer"]["examples"][0]["data"].keys()
    assert asset.json()["data"].keys() - {"passthrough"} <= schemas["AssetAnswer"]["examples"][0]["data"].keys()
