"""``/system/v1/whoami``."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from vidstead.api.answer import data
from vidstead.api.auth import Anybody
from vidstead.shapes import whoami_shape

router = APIRouter(prefix="/system/v1", tags=["System"])


class Whoami(BaseModel):
    """What a token is told about itself."""

    access_token_name: str
    environment_id: str
    environment_name: str
    environment_type: Literal["development", "production"]
    organization_id: str
    organization_name: str
    permissions: list[str]


class WhoamiAnswer(BaseModel):
    """The token of the request."""

    data: Whoami


@router.get("/whoami", response_model=WhoamiAnswer, summary="Who am I?")
async def whoami(call: Anybody) -> Response:
    """The token, its environment and what it may do. Every valid token may ask."""
    return data(whoami_shape(await call.services.tenancy.whoami(call.connection, call.principal)))
