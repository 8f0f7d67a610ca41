"""Who asks, and the one transaction in which the request is handled."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.api.errors import InvalidParameters
from vidstead.api.services import ApiServices
from vidstead.tenancy import Permission, Principal, require

HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


class _Scheme(SecurityBase):
    """A way to send a token, for the API's description. The header itself is read by tenancy."""

    def __init__(self, scheme: str, name: str, description: str) -> None:
        self.model = HTTPBase(scheme=scheme, description=description)
        self.scheme_name = name

    async def __call__(self, _request: Request) -> None:
        """Nothing: ``authenticated`` does the work for all schemes."""


BASIC = _Scheme("basic", "AccessToken", "User: the token's id. Password: its secret.")
BEARER = _Scheme("bearer", "AccessTokenSecret", "The token's secret alone.")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request of somebody who may make it, inside its transaction."""

    connection: AsyncConnection
    principal: Principal
    services: ApiServices
    request: Request

    @property
    def environment_id(self) -> str:
        """The environment of the token."""
        return self.principal.environment_id

    @property
    def base_url(self) -> str:
        """Where clients reach this server, without a slash at the end: as set, else as this request did.

        Raises ``InvalidParameters`` for a ``Host`` that is none.
        """
        if self.services.public_url:
            return self.services.public_url.rstrip("/")
        host = self.request.headers.get("host", "")
        if not HOST.fullmatch(host):
            raise InvalidParameters(problem="its Host header is not a host")
        return f"{self.request.url.scheme}://{host}"


def services_of(request: Request) -> ApiServices:
    """The services of the application that handles the request."""
    services = request.app.state.services
    assert isinstance(services, ApiServices)
    return services


async def authenticated(
    request: Request, _basic: Annotated[None, Security(BASIC)], _bearer: Annotated[None, Security(BEARER)]
) -> Principal:
    """Who sent the request. Raises ``Unauthorized``."""
    services = services_of(request)
    principal = await services.tenancy.authenticate(services.database, request.headers.get("authorization"))
    request.state.facts = {"environment_id": principal.environment_id, "token_id": principal.token_id}
    return principal


def may(permission: Permission | None) -> Callable[..., AsyncIterator[Call]]:
    """A dependency: the call of somebody with the permission, committed before the answer is sent."""

    async def call(request: Request, principal: Annotated[Principal, Depends(authenticated)]) -> AsyncIterator[Call]:
        if permission is not None:
            require(principal, permission)
        services = services_of(request)
        async with services.database.begin(principal.environment_id) as connection:
            yield Call(connection=connection, principal=principal, services=services, request=request)

    return call


# scope="function": the transaction ends when the route returns, so that an answer never tells of what was not kept.
Reading = Annotated[Call, Depends(may("video:read"), scope="function")]
Writing = Annotated[Call, Depends(may("video:write"), scope="function")]
Anybody = Annotated[Call, Depends(may(None), scope="function")]
