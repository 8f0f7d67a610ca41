"""What can go wrong with the database."""

from vidstead.kit import VidsteadError


class DatabaseError(VidsteadError):
    """The database failed: {reason}."""

    code = "database_error"
    status = 500


class DatabaseUnavailable(DatabaseError):
    """The database does not answer ({reason}): run `vidstead doctor`, then try again."""

    code = "database_unavailable"
    status = 503


class DatabaseBusy(DatabaseError):
    """The database gave up on a transaction ({reason}): try again."""

    code = "database_busy"
    status = 503


class InvalidDatabaseUrl(DatabaseError):
    """The database address can't be used, because {reason}: it must look like
    postgresql://owner:password@host/name.
    """

    code = "invalid_database_url"
    status = 500


class DatabaseTooOld(DatabaseError):
    """The database server is PostgreSQL {version}, and Vidstead needs 15 or newer: upgrade the server."""

    code = "database_too_old"
    status = 500


class MigrationFailed(DatabaseError):
    """The database could not be brought up to date ({reason}): nothing was changed by the failed step."""

    code = "migration_failed"
    status = 500


class DatabaseNewer(DatabaseError):
    """The database is at version {found}, which this Vidstead does not know: run the newer Vidstead that made
    it.
    """

    code = "database_newer"
    status = 500


class EmbeddedDatabaseFailed(DatabaseError):
    """The embedded database did not start ({reason}): see {log}."""

    code = "embedded_database_failed"
    status = 500


class EmbeddedDatabaseInUse(DatabaseError):
    """The folder {folder} is in use by another Vidstead: stop that one, or choose another with --data-dir."""

    code = "embedded_database_in_use"
    status = 500


class EmbeddedDatabaseImpossible(DatabaseError):
    """The embedded database can't run here, because {reason}: {remedy}."""

    code = "embedded_database_impossible"
    status = 500
