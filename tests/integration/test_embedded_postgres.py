"""The embedded server: first start, private files, death of the server, death of its supervisor, odd machines."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from vidstead.db import (
    EmbeddedDatabaseFailed,
    EmbeddedDatabaseImpossible,
    EmbeddedDatabaseInUse,
)
from vidstead.db.adapters import identity
from vidstead.db.adapters.embedded import EmbeddedPostgres

SUPERVISOR = """
import sys, time
from pathlib import Path
from vidstead.db.adapters.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(tmp_path / "postgres")
    yield made
    made.stop()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def running_on(folder: Path) -> list[int]:
    """Every process of PostgreSQL that has to do with a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            open_here = str(folder) in " ".join(process.cmdline()) or process.cwd().startswith(str(folder))
            if "postgres" in process.name() and open_here and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def ask(server: EmbeddedPostgres, question: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_first_start_and_the_next(server: EmbeddedPostgres, tmp_path: Path) -> None:
    before = mode(tmp_path)
    server.start()
    assert server.poll() is None
    assert ask(server, "select rolsuper from pg_roles where rolname = current_user") is False
    assert ask(server, "select current_user || '@' || current_database()") == "vs_owner@vidstead"
    assert ask(server, "select setting from pg_settings where name = 'listen_addresses'") == ""
    assert ask(server, "show server_encoding") == "UTF8"
    connections = psutil.Process(server.pid).net_connections("inet")
    assert connections == []
    with psycopg.connect(server.url) as connection:
        connection.execute("create table kept (x int)")
    server.stop()
    assert server.poll() is None
    assert running_on(tmp_path) == []
    server.start()
    assert ask(server, "select count(*) from kept") == 0
    assert mode(tmp_path) == before


def test_files_are_private(server: EmbeddedPostgres) -> None:
    server.start()
    assert mode(server.folder / "owner-password") == 0o600
    assert mode(server.folder / "cluster") == 0o700
    assert mode(server.folder / "postgres.log") == 0o600
    assert mode(server.socket_folder) == 0o700
    password = (server.folder / "owner-password").read_text()
    assert password not in (server.folder / "postgres.log").read_text()
    assert not list(server.folder.glob("*.pw"))


def test_nobody_gets_in_without_the_password(server: EmbeddedPostgres) -> None:
    server.start()
    for user in ("postgres", "vs_owner"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://{user}@/vidstead?host={server.socket_folder}")


def test_a_killed_server_is_recovered_with_what_was_committed(server: EmbeddedPostgres) -> None:
    server.start()
    with psycopg.connect(server.url) as connection:
        connection.execute("create table kept (x int)")
        connection.execute("insert into kept values (7)")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: server.poll() is not None)
    assert server.poll() == -signal.SIGKILL
    server.start()
    assert ask(server, "select x from kept") == 7


def test_a_killed_supervisor_leaves_no_server(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        assert psutil.pid_exists(pid)
    finally:
        supervisor.kill()
        supervisor.wait()
    until(lambda: running_on(folder) == [])
    assert "database system is shut down" in (folder / "postgres.log").read_text()  # cleanly: no recovery needed


def test_the_next_start_does_not_wait_for_a_killed_supervisor(tmp_path: Path) -> None:
    """The orphan is still on its way out when somebody starts again."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    command = [sys.executable, "-c", SUPERVISOR, str(server.folder)]
    supervisor = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    supervisor.stdout.readline()
    supervisor.kill()
    supervisor.wait()
    try:
        server.start()
        assert ask(server, "select 1") == 1
    finally:
        server.stop()


def test_a_pid_that_belongs_to_another_process_does_no_harm(server: EmbeddedPostgres) -> None:
    server.start()
    assert server.pid is not None
    pid_file = server.folder / "cluster" / "postmaster.pid"
    left = pid_file.read_text()
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: server.poll() is not None)
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *left.splitlines()[1:]]) + "\n")
        server.start()
        assert ask(server, "select 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_two_on_one_folder(server: EmbeddedPostgres) -> None:
    server.start()
    second = EmbeddedPostgres(server.folder)
    with pytest.raises(EmbeddedDatabaseInUse, match="in use by another Vidstead"):
        second.start()
    assert ask(server, "select 1") == 1
    assert second.url == server.url  # a worker beside it finds the way


def test_a_torn_first_start_is_done_again(server: EmbeddedPostgres) -> None:
    torn = server.folder / "cluster.new" / "base"
    torn.mkdir(parents=True)
    (torn / "half").write_text("x")
    server.start()
    assert ask(server, "select 1") == 1
    assert not (server.folder / "cluster.new").exists()


def test_a_lost_password_is_replaced(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.folder / "owner-password").unlink()
    with pytest.raises(EmbeddedDatabaseFailed):
        _ = server.url
    server.start()
    assert ask(server, "select 1") == 1


def test_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("long" * 25) / "postgres")
    try:
        server.start()
        assert ask(server, "select 1") == 1
        assert not server.socket_folder.is_relative_to(tmp_path)
        assert mode(server.socket_folder) == 0o700
    finally:
        server.stop()
        shutil.rmtree(server.socket_folder, ignore_errors=True)


def test_a_long_path_whose_socket_folder_is_somebody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    server = EmbeddedPostgres(tmp_path / ("long" * 25) / "postgres")
    server.socket_folder.symlink_to(tmp_path)
    with pytest.raises(EmbeddedDatabaseImpossible, match="somebody else"):
        server.start()


def test_a_damaged_cluster_says_what_the_server_said(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    with (server.folder / "cluster" / "postgresql.conf").open("a") as file:
        file.write("no_such_parameter = 1\n")
    with pytest.raises(EmbeddedDatabaseFailed, match="configuration file"):
        server.start()


def test_one_may_change_the_configuration(server: EmbeddedPostgres) -> None:
    server.start()
    assert ask(server, "show shared_buffers") == "64MB"
    server.stop()
    with (server.folder / "cluster" / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = 32MB\n")
    server.start()
    assert ask(server, "show shared_buffers") == "32MB"


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="cannot exist here: only root can become another user")


@only_root
@pytest.mark.parametrize("namespaces", [True, False])
def test_as_root(monkeypatch: pytest.MonkeyPatch, namespaces: bool) -> None:
    """With user namespaces the files stay root's; without, they belong to an unprivileged user."""
    if namespaces and not identity._works(("unshare", "--user", "--map-user=65534")):
        pytest.skip("cannot exist here: user namespaces are forbidden on this machine")
    monkeypatch.setattr(identity, "_works", lambda prefix: namespaces)
    with tempfile.TemporaryDirectory() as name:
        parent = Path(name)
        parent.chmod(0o711)
        server = EmbeddedPostgres(parent / "postgres")
        try:
            server.start()
            assert ask(server, "select 1") == 1
            owner = (server.folder / "cluster").stat().st_uid
            assert (owner == 0) is namespaces
            assert mode(parent) == 0o711
            server.stop()
            monkeypatch.setattr(identity, "_works", lambda prefix: not namespaces)
            if namespaces or shutil.which("unshare"):
                server.start()  # a folder made the one way runs the other way too
                assert ask(server, "select 1") == 1
        finally:
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)


@only_root
def test_as_root_a_folder_that_nobody_can_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_works", lambda prefix: False)
    with tempfile.TemporaryDirectory() as name:  # mode 0700
        server = EmbeddedPostgres(Path(name) / "postgres")
        with pytest.raises(EmbeddedDatabaseImpossible, match="can't reach the data folder"):
            server.start()
        assert mode(Path(name)) == 0o700


def test_a_number_without_a_name_where_namespaces_are_forbidden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4242424)
    with pytest.raises(EmbeddedDatabaseImpossible, match="has no name"):
        identity.choose(tmp_path, Path("/bin/true"), namespaces=lambda prefix: False)
