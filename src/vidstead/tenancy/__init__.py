"""Whose is it, and who asks: organisations, environments, access tokens and their permissions."""

from vidstead.tenancy.errors import Forbidden, TenancyError, TokenNotFound, Unauthorized
from vidstead.tenancy.model import (
    ALL_PERMISSIONS,
    AccessToken,
    Credentials,
    EnvironmentType,
    Permission,
    Principal,
    Whoami,
)
from vidstead.tenancy.service import Tenancy, require

__all__ = [
    "ALL_PERMISSIONS",
    "AccessToken",
    "Credentials",
    "EnvironmentType",
    "Forbidden",
    "Permission",
    "Principal",
    "Tenancy",
    "TenancyError",
    "TokenNotFound",
    "Unauthorized",
    "Whoami",
    "require",
]
