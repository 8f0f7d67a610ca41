"""Who asks, and may they?

A token's secret is checked against its SHA-256 in the database, through functions that may look across environments.
What was found is kept for a second in memory, keyed by the hash: a busy client costs one lookup per second, and a
revoked token is refused everywhere within a second. Failures are not kept.
"""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.db import Database
from vidstead.kit import new_id, new_secret
from vidstead.tenancy import repository
from vidstead.tenancy.credentials import Claim, hash_secret, read_authorization
from vidstead.tenancy.errors import Forbidden, TokenNotFound, Unauthorized
from vidstead.tenancy.model import ALL_PERMISSIONS, AccessToken, Credentials, Permission, Principal, Whoami

CACHE_SECONDS = 1.0
CACHE_ENTRIES = 4096
MAX_LISTED_TOKENS = 1000
NOBODYS_HASH = bytes(32)


class Tenancy:
    """Access tokens, and the environments behind them."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, cache_entries: int = CACHE_ENTRIES) -> None:
        """``clock`` counts seconds for the cache; ``cache_entries`` is the most tokens that it keeps."""
        self._clock = clock
        self._cache_entries = cache_entries
        self._known: OrderedDict[Claim, tuple[float, Principal]] = OrderedDict()

    async def authenticate(self, database: Database, authorization: str | None) -> Principal:
        """Who sends this ``Authorization`` header. Raises ``Unauthorized`` for nobody that we know."""
        claim = read_authorization(authorization)
        if claim is None:
            raise Unauthorized
        if (principal := self._remembered(claim)) is None:
            principal = await self._look_up(database, claim)
            self._remember(claim, principal)
        return principal

    async def ensure_first_environment(self, database: Database) -> Credentials | None:
        """Make an organisation, an environment and a token with every permission, unless there is an environment.

        Returns the token's secret, which can't be had again; ``None`` where set-up was done before. Of several
        processes that race here exactly one gets credentials.
        """
        async with database.crossing() as connection:
            await repository.lock_setup(connection)
            if await repository.environments_exist(connection):
                return None
            environment_id = new_id()
            await repository.create_environment(
                connection,
                organization_id=new_id(),
                organization_name="My organization",
                environment_id=environment_id,
                environment_name="Development",
                environment_type="development",
            )
            return await self.create_token(connection, environment_id, name="First token")

    async def oldest_environment(self, owner: Database) -> str | None:
        """The environment that was made first. ``owner`` is the database as its owner sees it: for maintenance."""
        async with owner.crossing() as connection:
            return await repository.oldest_environment(connection)

    async def create_token(
        self,
        connection: AsyncConnection,
        environment_id: str,
        *,
        name: str,
        permissions: Sequence[Permission] = ALL_PERMISSIONS,
    ) -> Credentials:
        """Make a token of the environment; its secret is in the answer and nowhere else."""
        made = Credentials(token_id=new_id(), token_secret=new_secret(), environment_id=environment_id)
        await repository.insert_token(
            connection,
            token_id=made.token_id,
            environment_id=environment_id,
            name=name,
            secret_sha256=hash_secret(made.token_secret),
            permissions=permissions,
        )
        return made

    async def revoke_token(self, connection: AsyncConnection, environment_id: str, token_id: str) -> None:
        """Within a second of the commit the token is refused everywhere.

        Revoking twice is harmless. Raises ``TokenNotFound``.
        """
        if not await repository.revoke_token(connection, environment_id, token_id):
            raise TokenNotFound(token_id=token_id)
        self._known.clear()

    async def list_tokens(self, connection: AsyncConnection, environment_id: str) -> tuple[AccessToken, ...]:
        """The environment's tokens, the newest first, revoked ones too (1000 at most)."""
        return await repository.list_tokens(connection, environment_id, most=MAX_LISTED_TOKENS)

    async def whoami(self, connection: AsyncConnection, principal: Principal) -> Whoami:
        """What a token is told about itself. Raises ``Unauthorized`` if it vanished meanwhile."""
        facts = await repository.whoami(connection, principal.environment_id, principal.token_id)
        if facts is None:
            raise Unauthorized
        return facts

    async def _look_up(self, database: Database, claim: Claim) -> Principal:
        async with database.crossing() as connection:
            if claim.token_id is None:
                row = await repository.token_by_secret(connection, claim.secret_sha256)
            else:
                row = await repository.token_by_id(connection, claim.token_id)
        # An unknown id is compared too, so that the time does not tell it from a wrong secret.
        kept = bytes(row.secret_sha256) if row is not None else NOBODYS_HASH
        if not hmac.compare_digest(kept, claim.secret_sha256) or row is None:
            raise Unauthorized
        return Principal(environment_id=row.environment_id, token_id=row.id, permissions=frozenset(row.permissions))

    def _remembered(self, claim: Claim) -> Principal | None:
        until, principal = self._known.get(claim, (0.0, None))
        return principal if self._clock() < until else None

    def _remember(self, claim: Claim, principal: Principal) -> None:
        self._known.pop(claim, None)
        self._known[claim] = (self._clock() + CACHE_SECONDS, principal)
        while len(self._known) > self._cache_entries:
            self._known.popitem(last=False)


def require(principal: Principal, permission: Permission) -> None:
    """Let only those pass who have the permission. Raises ``Forbidden``."""
    if permission not in principal.permissions:
        raise Forbidden(permission=permission)
