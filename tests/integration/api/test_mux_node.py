"""The official JavaScript client, unmodified, against the real application on a real port."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp
from tests.integration.api.serving import served

from vidstead.tenancy import Credentials

WEB = Path(__file__).parents[3] / "web"
SCRIPT = Path(__file__).with_name("mux_node.mjs")
DEADLINE_SECONDS = 60


async def run(address: str, token: dict[str, str]) -> dict[str, Any]:
    node = shutil.which("node")
    assert node is not None
    environment = {"PATH": os.environ["PATH"], "MUX_BASE_URL": address, **token}
    child = await asyncio.create_subprocess_exec(
        node,
        str(SCRIPT),
        str(WEB),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(child.communicate(), DEADLINE_SECONDS)
    except BaseException:
        child.kill()
        await child.wait()
        raise
    assert child.returncode == 0, errors.decode()
    seen: dict[str, Any] = json.loads(output)
    return seen


@pytest.mark.skipif(
    not (WEB / "node_modules" / "@mux" / "mux-node").is_dir(), reason="needs the packages of web/: `make build`"
)
@pytest.mark.parametrize("bearer", [False, True], ids=["basic", "bearer"])
async def test_a_customers_program(app: ASGIApp, credentials: Credentials, bearer: bool) -> None:
    basic = {"MUX_TOKEN_ID": credentials.token_id, "MUX_TOKEN_SECRET": credentials.token_secret}
    token = {"MUX_AUTHORIZATION_TOKEN": credentials.token_secret} if bearer else basic
    async with served(app) as address:
        seen = await run(address, token)
    assert seen == {
        "upload": {
            "status": "waiting",
            "timeout": 3600,
            "settings": {
                "playback_policies": ["public"],
                "playback_policy": ["public"],
                "meta": {"title": "Film"},
            },
        },
        "sent": 200,
        "used": {"status": "asset_created", "url": None},
        "cancelUsed": {"name": "PermissionDeniedError", "status": 403, "type": "forbidden"},
        "uploaded": {"status": "preparing", "title": "Film", "policies": ["public"]},
        "pulled": {"quality": "basic", "ingest": "on_demand_url"},
        "listed": ["pulled", "uploaded"],
        "owner": {"type": "asset", "mine": True, "policy": "signed"},
        "gone": {"name": "NotFoundError", "status": 404, "type": "not_found"},
        "deleted": {"name": "NotFoundError", "status": 404, "type": "not_found"},
        "bad": {"name": "BadRequestError", "status": 400, "type": "invalid_parameters"},
        "environment": credentials.environment_id,
    }
