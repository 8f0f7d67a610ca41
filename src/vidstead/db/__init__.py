"""The database: one engine per process, transactions with a tenant scope, one listener for notifications."""

from vidstead.db.engine import Database
from vidstead.db.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseNewer,
    DatabaseTooOld,
    DatabaseUnavailable,
    EmbeddedDatabaseFailed,
    EmbeddedDatabaseImpossible,
    EmbeddedDatabaseInUse,
    InvalidDatabaseUrl,
    MigrationFailed,
)
from vidstead.db.listener import Listener
from vidstead.db.quiet import QuietConnection
from vidstead.db.urls import KEEPALIVE, RoleUrls

__all__ = [
    "KEEPALIVE",
    "Database",
    "DatabaseBusy",
    "DatabaseError",
    "DatabaseNewer",
    "DatabaseTooOld",
    "DatabaseUnavailable",
    "EmbeddedDatabaseFailed",
    "EmbeddedDatabaseImpossible",
    "EmbeddedDatabaseInUse",
    "InvalidDatabaseUrl",
    "Listener",
    "MigrationFailed",
    "QuietConnection",
    "RoleUrls",
]
