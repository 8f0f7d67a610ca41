"""``vidstead serve``: everything on one machine, under one supervisor."""

import contextlib
import fcntl
import http.client
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vidstead import bootstrap
from vidstead.cli import credentials
from vidstead.cli.address import browser_url, check_port, reachable
from vidstead.cli.configuration import load_settings
from vidstead.cli.database import first_credentials
from vidstead.cli.errors import DataFolderInUse, DataFolderUnusable
from vidstead.cli.supervisor import Server, Service, Supervisor, signals_interrupt, signals_wait
from vidstead.db import RoleUrls
from vidstead.settings import Settings

WEB_STOP_SECONDS = 8.0
WORKER_STOP_SECONDS = 12.0
READY_SECONDS = 1.0


def serve() -> int:
    """Start, supervise, and stop in order. Returns the exit code.

    Raises ``PortTaken``, ``HostUnusable``, ``DataFolderInUse``, ``DataFolderUnusable``, ``StartFailed`` and what the
    database raises when it does not start.
    """
    settings = load_settings()
    check_port(settings.host, settings.port)
    with signals_interrupt(), _data_folder(settings.data_dir), contextlib.ExitStack() as stack:
        try:
            _serve(settings, stack)
        except KeyboardInterrupt:
            return 130
    return 0


def _serve(settings: Settings, stack: contextlib.ExitStack) -> None:
    print("Starting Vidstead ...", flush=True)
    database = bootstrap.embedded_postgres(settings) if settings.database_url is None else None
    if database is not None:
        stack.enter_context(_stopped_at_end(database))
        database.start()
        urls = RoleUrls.derive(database.url)
    else:
        urls = bootstrap.database_urls(settings)
    bootstrap.migrate(urls)
    banner = _banner(settings, urls)
    Supervisor(
        [
            Service(name="web", command=_command("web"), stop_seconds=WEB_STOP_SECONDS),
            Service(name="worker", command=_command("worker"), stop_seconds=WORKER_STOP_SECONDS),
        ],
        database=database,
        environment={**os.environ, "VIDSTEAD_DATABASE_URL": urls.owner},
        is_ready=lambda: _answers(settings.host, settings.port),
        on_ready=lambda: print(banner, flush=True),
    ).run()
    print("Stopping ...", flush=True)


@contextlib.contextmanager
def _stopped_at_end(database: Server) -> Iterator[None]:
    try:
        yield
    finally:
        with signals_wait():
            database.stop()


@contextlib.contextmanager
def _data_folder(folder: Path) -> Iterator[None]:
    """The data folder, made where it is missing and kept from a second ``serve``."""
    try:
        # As root the database runs as nobody in particular, who has to get through here and may see nothing.
        folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        lock = (folder / "serve.lock").open("w")
    except OSError as error:
        raise DataFolderUnusable(path=folder, reason=error.strerror) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataFolderInUse(path=folder) from None
        yield


def _command(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "vidstead", name)


def _banner(settings: Settings, urls: RoleUrls) -> str:
    """What is told once the server answers; writes ``credentials.json`` where that is due."""
    url = settings.public_url or browser_url(settings.host, settings.port)
    lines = [f"Vidstead is ready: {url}"]
    kept = credentials.read(settings.data_dir)
    first = first_credentials(urls)
    if first is not None:
        access = credentials.ServerAccess(
            url=url,
            token_id=first.token_id,
            token_secret=first.token_secret,
            environment_id=first.environment_id,
        )
        path = credentials.write(settings.data_dir, access)
        lines += [
            "",
            f"Your access token, shown this once and kept in {path}:",
            f"  id      {first.token_id}",
            f"  secret  {first.token_secret}",
            f"  sign in {url}/#token={first.token_secret}",
        ]
    elif kept is None:
        lines.append("There is no credentials.json: make a token with `vidstead token create`.")
    elif kept.url != url:
        credentials.write(settings.data_dir, replace(kept, url=url))
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _answers(host: str, port: int) -> bool:
    """Whether the web process says that it is ready."""
    connection = http.client.HTTPConnection(reachable(host), port, timeout=READY_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
