"""Access tokens against the real database: who gets in, who does not, and what they may."""

import logging
from base64 import b64encode

import pytest

from vidstead.db import Database
from vidstead.kit import new_id, new_secret
from vidstead.tenancy import (
    ALL_PERMISSIONS,
    Credentials,
    Forbidden,
    Principal,
    Tenancy,
    TokenNotFound,
    Unauthorized,
    require,
)


def basic(token_id: str, secret: str) -> str:
    return "Basic " + b64encode(f"{token_id}:{secret}".encode()).decode()


class Clock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tenancy(clock: Clock) -> Tenancy:
    return Tenancy(clock=clock)


@pytest.fixture
async def credentials(database: Database, environment_id: str, tenancy: Tenancy) -> Credentials:
    async with database.begin(environment_id) as connection:
        return await tenancy.create_token(connection, environment_id, name="ci", permissions=["video:read"])


async def test_basic_and_bearer_open_the_same_environment(
    database: Database, tenancy: Tenancy, credentials: Credentials
) -> None:
    expected = Principal(
        environment_id=credentials.environment_id,
        token_id=credentials.token_id,
        permissions=frozenset({"video:read"}),
    )
    headers = [
        basic(credentials.token_id, credentials.token_secret),
        basic(credentials.token_id, credentials.token_secret).replace("Basic", "basic"),
        f"Bearer {credentials.token_secret}",
        f"bearer   {credentials.token_secret}",
    ]
    assert [await tenancy.authenticate(database, header) for header in headers] == [expected] * 4


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"\xff\xfe").decode(),
        "Basic " + b64encode(b"no-colon").decode(),
        basic("someone", ""),
        basic("someone", "something"),
        basic("x\x00y", "something"),
        "Bearer",
        "Bearer ",
        "Bearer nobody",
        "Digest abc",
        "Bearer " + "x" * 100_000,
    ],
)
async def test_nobody_is_refused(database: Database, tenancy: Tenancy, header: str | None) -> None:
    with pytest.raises(Unauthorized):
        await tenancy.authenticate(database, header)


async def test_id_and_secret_must_belong_together(
    database: Database, tenancy: Tenancy, credentials: Credentials
) -> None:
    for wrong in (basic(credentials.token_id, new_secret()), basic(new_id(), credentials.token_secret)):
        with pytest.raises(Unauthorized):
            await tenancy.authenticate(database, wrong)


async def test_a_revoked_token_is_refused_elsewhere_within_a_second(
    database: Database, tenancy: Tenancy, credentials: Credentials, clock: Clock
) -> None:
    elsewhere = Tenancy(clock=clock)
    header = f"Bearer {credentials.token_secret}"
    await elsewhere.authenticate(database, header)
    async with database.begin(credentials.environment_id) as connection:
        await tenancy.revoke_token(connection, credentials.environment_id, credentials.token_id)
    with pytest.raises(Unauthorized):
        await tenancy.authenticate(database, header)
    clock.seconds += 0.9
    await elsewhere.authenticate(database, header)
    clock.seconds += 0.1
    with pytest.raises(Unauthorized):
        await elsewhere.authenticate(database, header)


async def test_revoking_twice_is_harmless_and_of_nothing_an_error(
    database: Database, tenancy: Tenancy, credentials: Credentials
) -> None:
    environment = credentials.environment_id
    for _ in range(2):
        async with database.begin(environment) as connection:
            await tenancy.revoke_token(connection, environment, credentials.token_id)
    with pytest.raises(TokenNotFound):
        async with database.begin(environment) as connection:
            await tenancy.revoke_token(connection, environment, new_id())


async def test_a_token_of_another_environment_can_not_be_revoked(
    database: Database, tenancy: Tenancy, credentials: Credentials
) -> None:
    other = new_id()
    with pytest.raises(TokenNotFound):
        async with database.begin(other) as connection:
            await tenancy.revoke_token(connection, credentials.environment_id, credentials.token_id)
    await tenancy.authenticate(database, f"Bearer {credentials.token_secret}")


async def test_tokens_are_listed_without_their_secrets(
    database: Database, tenancy: Tenancy, credentials: Credentials, environment_id: str
) -> None:
    async with database.begin(environment_id) as connection:
        await tenancy.create_token(connection, environment_id, name="second")
    async with database.begin(environment_id) as connection:
        tokens = await tenancy.list_tokens(connection, environment_id)
    assert [token.name for token in tokens] == ["second", "ci"]
    assert tokens[1].permissions == ("video:read",)
    assert tokens[0].permissions == ALL_PERMISSIONS
    assert credentials.token_secret not in repr(tokens) + repr(credentials)


async def test_whoami_tells_where_a_token_belongs(
    database: Database, tenancy: Tenancy, credentials: Credentials
) -> None:
    principal = await tenancy.authenticate(database, f"Bearer {credentials.token_secret}")
    async with database.begin(principal.environment_id) as connection:
        facts = await tenancy.whoami(connection, principal)
    assert (facts.access_token_name, facts.environment_id) == ("ci", credentials.environment_id)
    assert facts.environment_type == "development"
    assert facts.organization_name
    assert facts.permissions == ("video:read",)


def test_permissions_are_checked_by_name() -> None:
    reader = Principal(environment_id="e", token_id="t", permissions=frozenset({"video:read"}))
    require(reader, "video:read")
    with pytest.raises(Forbidden, match="video:write"):
        require(reader, "video:write")


async def test_what_is_known_is_bounded(database: Database, credentials: Credentials, clock: Clock) -> None:
    tenancy = Tenancy(clock=clock, cache_entries=1)
    async with database.begin(credentials.environment_id) as connection:
        second = await tenancy.create_token(connection, credentials.environment_id, name="second")
    await tenancy.authenticate(database, f"Bearer {credentials.token_secret}")
    await tenancy.authenticate(database, f"Bearer {second.token_secret}")
    assert len(tenancy._known) == 1


async def test_the_secret_is_nowhere_in_the_log(
    database: Database, tenancy: Tenancy, credentials: Credentials, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await tenancy.authenticate(database, basic(credentials.token_id, credentials.token_secret))
    assert credentials.token_secret not in caplog.text
