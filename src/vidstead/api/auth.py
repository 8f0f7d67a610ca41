"""Who asks, and the one transaction in which the request is handled."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.api.errors import InvalidParameters
from vidstead.api.services import ApiServices
from vidstead.tenancy import Permission, Principal, require

HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


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


def may(permission: Permission | None) -> Callable[..., AsyncIterator[Call]]:
    """A dependency: the call of somebody with the permission, committed before the answer is sent.

    One dependency for everything: each costs every request a tenth of a millisecond.
    """

    async def call(request: Request) -> AsyncIterator[Call]:
        services = services_of(request)
        principal = await services.tenancy.authenticate(services.database, request.headers.get("authorization"))
        request.state.facts = {"environment_id": principal.environment_id, "token_id": principal.token_id}
        if permission is not None:
            require(principal, permission)
        async with services.database.begin(principal.environment_id) as connection:
            yield Call(connection=connection, principal=principal, services=services, request=request)

    return call


# scope="function": the transaction ends when the route returns, so that an answer never tells of what was not kept.
Reading = Annotated[Call, Depends(may("video:read"), scope="function")]
Writing = Annotated[Call, Depends(may("video:write"), scope="function")]
Anybody = Annotated[Call, Depends(may(None), scope="function")]
