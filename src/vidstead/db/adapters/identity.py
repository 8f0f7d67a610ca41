"""Under which user the embedded server runs.

PostgreSQL refuses to run as root, and ``initdb`` needs a user name. In order of preference:

1. an ordinary user with a name: just that user;
2. root, or a number without a name (``docker run --user 12345``), where user namespaces are allowed: the same user
   under another number (``unshare --user``). No system user is needed and no folder is opened to anybody;
3. root where they are forbidden (most containers): an unprivileged user that owns the server's folder. It has to be
   able to walk to the folder; we never change the folders above, so where it can't, that is an error with a remedy.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vidstead.db.errors import EmbeddedDatabaseImpossible

PREFERRED_NAMES = ("vidstead", "postgres", "nobody")
PROBE_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Identity:
    """How the server's programs are started, and who owns their files."""

    prefix: tuple[str, ...] = ()
    """Put before every command."""
    uid: int
    """Owner of the folder, as this process sees it."""
    gid: int
    drop: bool = False
    """Whether children change to ``uid`` and ``gid`` themselves."""

    def credentials(self) -> dict[str, object]:
        """Arguments of ``subprocess`` that make a child run under this identity."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drop else {}

    def own(self, folder: Path) -> None:
        """Give everything in our own folder to this identity; for folders that were made under another one."""
        if os.geteuid() != 0 or folder.lstat().st_uid == self.uid:
            return
        for root, _, files in os.walk(folder):
            for path in (root, *(os.path.join(root, name) for name in files)):
                os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose(folder: Path, program: Path, *, namespaces: Callable[[tuple[str, ...]], bool] | None = None) -> Identity:
    """The identity for a server in ``folder`` whose binary is ``program``.

    Raises ``EmbeddedDatabaseImpossible`` when none can run it. ``namespaces`` (for tests) says whether a
    prefix works.
    """
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0 and _has_name(uid):
        return Identity(uid=uid, gid=gid)
    other = _unprivileged()
    if other is not None:
        prefix = ("unshare", "--user", f"--map-user={other.pw_uid}")
        if (namespaces or _works)(prefix):
            return Identity(prefix=prefix, uid=uid, gid=gid)
    if uid != 0:
        raise EmbeddedDatabaseImpossible(
            reason=f"user number {uid} has no name and user namespaces are forbidden",
            remedy="add the number to /etc/passwd, or set VIDSTEAD_DATABASE_URL to a PostgreSQL server",
        )
    if other is None:
        raise EmbeddedDatabaseImpossible(
            reason="PostgreSQL refuses to run as root and this machine has no other user",
            remedy="start Vidstead as another user, or set VIDSTEAD_DATABASE_URL to a PostgreSQL server",
        )
    return _dropped(other, folder, program)


def _dropped(user: pwd.struct_passwd, folder: Path, program: Path) -> Identity:
    identity = Identity(uid=user.pw_uid, gid=user.pw_gid, drop=True)
    for what, path in (("the data folder", folder.parent), ("the installed PostgreSQL", program)):
        if not _reaches(identity, path):
            raise EmbeddedDatabaseImpossible(
                reason=f"PostgreSQL refuses to run as root and the user {user.pw_name} can't reach {what} {path}",
                remedy="start Vidstead as an ordinary user, or move it to a folder that others may enter,"
                " or set VIDSTEAD_DATABASE_URL to a PostgreSQL server",
            )
    return identity


def _reaches(identity: Identity, path: Path) -> bool:
    test = shutil.which("test") or "/usr/bin/test"
    command = [test, "-x", str(path)]
    return _run(command, identity.credentials()) == 0


def _works(prefix: tuple[str, ...]) -> bool:
    return shutil.which(prefix[0]) is not None and _run([*prefix, "true"], {}) == 0


def _run(command: list[str], credentials: dict[str, object]) -> int:
    try:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            timeout=PROBE_SECONDS,
            check=False,
            **credentials,
        ).returncode
    except (OSError, subprocess.SubprocessError):
        return 1


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _unprivileged() -> pwd.struct_passwd | None:
    known = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid != 0}
    preferred = [known[name] for name in PREFERRED_NAMES if name in known]
    return next(iter([*preferred, *known.values()]), None)
