"""Access tokens and environments in the database."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.tenancy.model import AccessToken, EnvironmentType, Whoami

# Crossing: the living token of an id, whichever environment it belongs to.
TOKEN_BY_ID = text("select id, environment_id, secret_sha256, permissions from token_by_id(:token_id)")

# Crossing: the living token of a secret.
TOKEN_BY_SECRET = text("select id, environment_id, secret_sha256, permissions from token_by_secret(:secret_sha256)")

# As the owner, who sees every row: the environment that was made first.
OLDEST_ENVIRONMENT = text("select id from app.environments order by created_at, id limit 1")

# A new token of the environment of this transaction.
INSERT_TOKEN = text("""
    insert into access_tokens (id, environment_id, name, secret_sha256, permissions)
    values (:id, :environment_id, :name, :secret_sha256, :permissions)
""")

# From now on the token is nobody's. A second time changes nothing.
REVOKE_TOKEN = text("""
    update access_tokens set revoked_at = coalesce(revoked_at, now())
    where environment_id = :environment_id and id = :token_id
""")

# Every token of the environment, the newest first, the revoked ones too.
LIST_TOKENS = text("""
    select id, environment_id, name, permissions, created_at, revoked_at
    from access_tokens where environment_id = :environment_id
    order by created_at desc, id desc limit :most
""")

# What a token is told about itself; row-level security shows the token's own environment and organisation alone.
WHOAMI = text("""
    select t.name as access_token_name, e.id as environment_id, e.name as environment_name,
        e.type as environment_type, o.id as organization_id, o.name as organization_name, t.permissions
    from access_tokens t
    join environments e on e.id = t.environment_id
    join organizations o on o.id = e.organization_id
    where t.environment_id = :environment_id and t.id = :token_id
""")

# Only one process at a time sets up the first environment; the lock ends with the transaction.
LOCK_SETUP = text("select pg_advisory_xact_lock(hashtextextended('vidstead.first_environment', 0))")

# Crossing: is there any environment?
ENVIRONMENTS_EXIST = text("select environments_exist()")

# Crossing: a new organisation with its environment.
CREATE_ENVIRONMENT = text("""
    select create_environment(
        :organization_id, :organization_name, :environment_id, :environment_name, :environment_type
    )
""")

# The rest of this transaction acts inside the environment that it has just made, so that the environment and its
# first token appear together or not at all.
ENTER_ENVIRONMENT = text("select set_config('app.environment_id', :environment_id, true)")


async def token_by_id(connection: AsyncConnection, token_id: str) -> Row[Any] | None:
    """The living token with this id: id, environment_id, secret_sha256, permissions."""
    return (await connection.execute(TOKEN_BY_ID, {"token_id": token_id})).one_or_none()


async def token_by_secret(connection: AsyncConnection, secret_sha256: bytes) -> Row[Any] | None:
    """The living token with this secret: id, environment_id, secret_sha256, permissions."""
    return (await connection.execute(TOKEN_BY_SECRET, {"secret_sha256": secret_sha256})).one_or_none()


async def oldest_environment(connection: AsyncConnection) -> str | None:
    """The environment that was made first; only the owner of the tables sees it."""
    return cast("str | None", (await connection.execute(OLDEST_ENVIRONMENT)).scalar_one_or_none())


async def insert_token(
    connection: AsyncConnection,
    *,
    token_id: str,
    environment_id: str,
    name: str,
    secret_sha256: bytes,
    permissions: Sequence[str],
) -> None:
    """Store a new token."""
    values = {
        "id": token_id,
        "environment_id": environment_id,
        "name": name,
        "secret_sha256": secret_sha256,
        "permissions": list(permissions),
    }
    await connection.execute(INSERT_TOKEN, values)


async def revoke_token(connection: AsyncConnection, environment_id: str, token_id: str) -> bool:
    """Revoke a token; whether there is such a token."""
    values = {"environment_id": environment_id, "token_id": token_id}
    return (await connection.execute(REVOKE_TOKEN, values)).rowcount == 1


async def list_tokens(connection: AsyncConnection, environment_id: str, *, most: int) -> tuple[AccessToken, ...]:
    """At most ``most`` tokens, the newest first."""
    rows = await connection.execute(LIST_TOKENS, {"environment_id": environment_id, "most": most})
    return tuple(
        AccessToken(
            id=row.id,
            environment_id=row.environment_id,
            name=row.name,
            permissions=tuple(row.permissions),
            created_at=row.created_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    )


async def whoami(connection: AsyncConnection, environment_id: str, token_id: str) -> Whoami | None:
    """What the token is told about itself; ``None`` where there is no such token."""
    values = {"environment_id": environment_id, "token_id": token_id}
    row = (await connection.execute(WHOAMI, values)).one_or_none()
    if row is None:
        return None
    return Whoami(
        access_token_name=row.access_token_name,
        environment_id=row.environment_id,
        environment_name=row.environment_name,
        environment_type=cast(EnvironmentType, row.environment_type),
        organization_id=row.organization_id,
        organization_name=row.organization_name,
        permissions=tuple(row.permissions),
    )


async def lock_setup(connection: AsyncConnection) -> None:
    """Wait until no other process sets up the first environment."""
    await connection.execute(LOCK_SETUP)


async def environments_exist(connection: AsyncConnection) -> bool:
    """Whether there is any environment."""
    return bool((await connection.execute(ENVIRONMENTS_EXIST)).scalar_one())


async def create_environment(
    connection: AsyncConnection,
    *,
    organization_id: str,
    organization_name: str,
    environment_id: str,
    environment_name: str,
    environment_type: EnvironmentType,
) -> None:
    """Make an organisation (if new) and an environment, and go on inside it."""
    values = {
        "organization_id": organization_id,
        "organization_name": organization_name,
        "environment_id": environment_id,
        "environment_name": environment_name,
        "environment_type": environment_type,
    }
    await connection.execute(CREATE_ENVIRONMENT, values)
    await connection.execute(ENTER_ENVIRONMENT, {"environment_id": environment_id})
