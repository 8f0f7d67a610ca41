"""The database: one engine per process, transactions with a tenant scope, one listener for notifications."""

from vidstead.db.engine import Database
from vidstead.db.errors import DatabaseError, DatabaseUnavailable
from vidstead.db.listener import Listener

__all__ = ["Database", "DatabaseError", "DatabaseUnavailable", "Listener"]
