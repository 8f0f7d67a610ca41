"""Bringing a database up to date: roles, schemas, revisions, row-level security.

Everything is idempotent and runs as the owner under one advisory lock, so any number of processes may do it
at once. The owner needs CREATEROLE the first time (the embedded server's has it); where an administrator made
``vs_app`` and ``vs_queue`` beforehand with the passwords of ``RoleUrls``, not even that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from psycopg import sql
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from vidstead.db.errors import DatabaseNewer, DatabaseTooOld, DatabaseUnavailable, MigrationFailed
from vidstead.db.urls import APP_ROLE, QUEUE_ROLE, RoleUrls

FOLDER = Path(__file__).parent / "migrations"
OLDEST_SERVER = 15
CONNECT_SECONDS = 10
LOCK_KEY = 0x76696473746561  # "vidstea"

# What each role finds without naming a schema, and how long it may hold up others.
ROLE_SETTINGS = {
    APP_ROLE: {
        "search_path": "app",
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "60s",
    },
    QUEUE_ROLE: {"search_path": "procrastinate", "statement_timeout": "30s"},
}


def migrate(owner_url: str) -> None:
    """Make roles and schemas, run the missing revisions, and put every tenant table under row-level security.

    Safe to repeat, and when several processes start at once. Raises ``DatabaseUnavailable``,
    ``DatabaseTooOld`` (below PostgreSQL 15), ``DatabaseNewer`` (made by a later Vidstead) or
    ``MigrationFailed``.
    """
    urls = RoleUrls.derive(owner_url)
    with _connected(urls.owner) as connection:
        _check_server(connection)
        connection.exec_driver_sql("select pg_advisory_lock(%s)", (LOCK_KEY,))
        connection.commit()
        try:
            _prepare_roles(connection, urls)
            _upgrade(connection)
            _execute(connection, (FOLDER / "sql" / "always_security.sql").read_text(encoding="utf-8"))
            connection.commit()
        finally:
            connection.rollback()
            connection.exec_driver_sql("select pg_advisory_unlock(%s)", (LOCK_KEY,))


def current(owner_url: str) -> str | None:
    """The revision a database is at; nothing when it is empty. Raises ``DatabaseUnavailable``."""
    with _connected(RoleUrls.derive(owner_url).owner) as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": "app"})
        return context.get_current_revision()


def latest() -> str:
    """The revision that this Vidstead brings."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise MigrationFailed(reason="this installation holds no revisions")
    return head


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    context = MigrationContext.configure(connection, opts={"version_table_schema": "app"})
    found = context.get_current_revision()
    connection.rollback()
    if found is not None and found not in known:
        raise DatabaseNewer(found=found)
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise MigrationFailed(reason=str(error)) from error
    connection.commit()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _prepare_roles(connection: Connection, urls: RoleUrls) -> None:
    """Roles that can log in, their settings in this database, and the two schemas."""
    database = _raw(connection).info.dbname
    for role, url in ((APP_ROLE, urls.app), (QUEUE_ROLE, urls.queue)):
        password = str(make_url(url).password)
        _ensure_role(connection, role, password, can_log_in=_answers(url))
        for name, value in ROLE_SETTINGS[role].items():
            _run(
                connection,
                sql.SQL("alter role {} in database {} set {} to {}").format(
                    sql.Identifier(role), sql.Identifier(database), sql.Identifier(name), sql.Literal(value)
                ),
            )
    _run(
        connection,
        sql.SQL("revoke temporary on database {} from public").format(sql.Identifier(database)),
    )
    for schema in ("app", "procrastinate"):
        _run(connection, sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    connection.commit()


def _ensure_role(connection: Connection, role: str, password: str, *, can_log_in: bool) -> None:
    if can_log_in:
        return
    exists = connection.exec_driver_sql("select 1 from pg_roles where rolname = %s", (role,)).first()
    change = "alter role {} login password {}" if exists else "create role {} login nosuperuser password {}"
    # Hashed here, so that no log and no error of the server ever holds the password.
    hashed = _raw(connection).pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    _run(connection, sql.SQL(change).format(sql.Identifier(role), sql.Literal(hashed.decode())))
    connection.commit()


def _answers(url: str) -> bool:
    """Whether the role of an address can log in: then nothing has to be changed, by nobody."""
    try:
        psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=CONNECT_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True


def _check_server(connection: Connection) -> None:
    version = _raw(connection).info.server_version
    if version < OLDEST_SERVER * 10000:
        raise DatabaseTooOld(version=f"{version // 10000}.{version % 10000}")


def _run(connection: Connection, statement: sql.Composed) -> None:
    _execute(connection, statement.as_string(_raw(connection)))


def _execute(connection: Connection, statements: str) -> None:
    """As they are: no placeholders, so a percent sign is only that."""
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})


def _raw(connection: Connection) -> "psycopg.Connection[tuple[object, ...]]":
    raw = connection.connection.driver_connection
    if not isinstance(raw, psycopg.Connection):
        raise MigrationFailed(reason="the connection is not psycopg's")
    return raw


@contextmanager
def _connected(owner_url: str) -> Iterator[Connection]:
    engine = create_engine(
        make_url(owner_url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "vidstead migrate"},
    )
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        if error.connection_invalidated or getattr(error.orig, "sqlstate", None) is None:
            raise DatabaseUnavailable(reason=reason) from error
        raise MigrationFailed(reason=reason) from error
    finally:
        engine.dispose()
