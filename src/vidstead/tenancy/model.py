"""Who may do what: environments, the access tokens that open them, and who a request comes from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Permission = Literal["video:read", "video:write", "data:read", "data:write", "system:read", "system:write"]
EnvironmentType = Literal["development", "production"]

ALL_PERMISSIONS: tuple[Permission, ...] = get_args(Permission)


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who a request comes from: one token of one environment."""

    environment_id: str
    token_id: str
    permissions: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """An access token as it may be shown: its secret is known only to its holder."""

    id: str
    environment_id: str
    name: str
    permissions: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A token with its secret, which exists only here and only once: the database keeps its SHA-256."""

    token_id: str
    token_secret: str
    environment_id: str

    def __repr__(self) -> str:
        """Everything but the secret, so that no log or traceback can hold it."""
        return f"Credentials(token_id={self.token_id!r}, environment_id={self.environment_id!r})"


@dataclass(frozen=True, kw_only=True)
class Whoami:
    """What a token is told about itself."""

    access_token_name: str
    environment_id: str
    environment_name: str
    environment_type: EnvironmentType
    organization_id: str
    organization_name: str
    permissions: tuple[str, ...]
