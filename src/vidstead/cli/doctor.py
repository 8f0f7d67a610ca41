"""``vidstead doctor``: what this machine lacks to run Vidstead, and how to mend it."""

import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import vidstead
from vidstead import bootstrap
from vidstead.cli.address import check_port, reachable
from vidstead.cli.configuration import load_settings
from vidstead.cli.errors import PortTaken
from vidstead.db import EmbeddedDatabaseFailed, RoleUrls
from vidstead.kit import VidsteadError
from vidstead.settings import Settings

ENCODERS = ("libx264", "aac")
FILTERS = ("fps", "trim", "scale", "atrim", "aresample")
LEAST_FREE_BYTES = 2 * 10**9
CHILD_SECONDS = 20
ANSWER_SECONDS = 3


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check: what was found, and what to do where it is a problem."""

    check: str
    ok: bool
    found: str
    remedy: str | None = None


def doctor(*, as_json: bool) -> int:
    """Run every check and print it. Returns 1 where there is a problem, else 0. Raises ``InvalidSetting``."""
    settings = load_settings()
    findings = [_checked(name, check, settings) for name, check in CHECKS.items()]
    for finding in findings:
        print(json.dumps(asdict(finding)) if as_json else _line(finding))
    return 0 if all(finding.ok for finding in findings) else 1


REMEDIES = {
    "database": "Start the database server, or correct VIDSTEAD_DATABASE_URL.",
    "storage": "Correct VIDSTEAD_STORAGE_URL and its keys, or the rights to the folder.",
}


def _checked(name: str, check: Callable[[Settings], Finding], settings: Settings) -> Finding:
    """A check that fails by an error of ours has found a problem; its sentence ends with what to do."""
    try:
        return check(settings)
    except VidsteadError as error:
        found, _, remedy = error.message.rpartition(": ")
        return Finding(check=name, ok=False, found=found or error.message, remedy=REMEDIES.get(name, remedy or None))


def _line(finding: Finding) -> str:
    head = f"{'ok' if finding.ok else 'problem':<9}{finding.check:<10}{finding.found}"
    return head if finding.remedy is None else f"{head}\n{'':<19}-> {finding.remedy}"


def ffmpeg(settings: Settings) -> Finding:
    """Whether ffmpeg runs, and can do what encoding asks of it."""
    remedy = "Unset VIDSTEAD_FFMPEG to use the one that came with Vidstead, or set it to a full build."
    path = bootstrap.ffmpeg_path(settings)
    try:
        version = _output(path, "-version").split(" Copyright")[0].removeprefix("ffmpeg version ")
        abilities = set(_output(path, "-encoders").split()) | set(_output(path, "-filters").split())
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(check="ffmpeg", ok=False, found=f"{path} does not run ({type(error).__name__})", remedy=remedy)
    missing = [name for name in (*ENCODERS, *FILTERS) if name not in abilities]
    if missing:
        return Finding(check="ffmpeg", ok=False, found=f"{path} lacks {', '.join(missing)}", remedy=remedy)
    return Finding(check="ffmpeg", ok=True, found=f"{version}, {path}")


def database(settings: Settings) -> Finding:
    """Whether the database answers, and knows the schema of this version."""
    try:
        urls = bootstrap.database_urls(settings)
    except EmbeddedDatabaseFailed:
        return Finding(check="database", ok=True, found="embedded, not made yet; `vidstead serve` does that")
    if settings.database_url is None and not _embedded_runs(urls):
        return Finding(check="database", ok=True, found="embedded, not running; `vidstead serve` starts it")
    present, wanted = bootstrap.schema_versions(urls)
    if present != wanted:
        found = f"the schema is at {present or 'nothing'}, this Vidstead needs {wanted}"
        return Finding(check="database", ok=False, found=found, remedy="Run `vidstead migrate`.")
    kind = "embedded" if settings.database_url is None else "external"
    return Finding(check="database", ok=True, found=f"{kind}, schema {present}")


def _embedded_runs(urls: RoleUrls) -> bool:
    try:
        bootstrap.schema_versions(urls)
    except VidsteadError:
        return False
    return True


def speed(settings: Settings) -> Finding:
    """How fast the workers encode, which decides what is offered before it is stored. Never a problem by itself."""
    if settings.encode_speed is not None:
        return Finding(check="speed", ok=True, found=f"{settings.encode_speed:g} x 1080p30, as it is set")
    try:
        best = bootstrap.encode_speed(settings)
    except VidsteadError:
        best = None
    if best is None:
        return Finding(check="speed", ok=True, found="not known; a worker that starts measures it")
    return Finding(check="speed", ok=True, found=f"{best[0]:.2f} x 1080p30, measured by {best[1]}")


def storage(settings: Settings) -> Finding:
    """Whether objects can be written, read and removed."""
    if settings.storage_url is None and not settings.data_dir.exists():
        return Finding(check="storage", ok=True, found=f"{settings.data_dir / 'objects'}, not made yet")
    bootstrap.open_store(settings).check()
    return Finding(check="storage", ok=True, found=settings.storage_url or str(settings.data_dir / "objects"))


def disk(settings: Settings) -> Finding:
    """Whether the data folder has room to grow."""
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free for {settings.data_dir}"
    if not os.access(folder, os.W_OK):
        remedy = "Choose another folder with --data-dir, or mend its owner."
        return Finding(check="disk", ok=False, found=f"{folder} can't be written", remedy=remedy)
    if free < LEAST_FREE_BYTES:
        remedy = "Free some space, or choose a folder on another disk with --data-dir."
        return Finding(check="disk", ok=False, found=found, remedy=remedy)
    return Finding(check="disk", ok=True, found=found)


def port(settings: Settings) -> Finding:
    """Whether the port is free, or answered by a Vidstead."""
    try:
        check_port(settings.host, settings.port)
    except PortTaken:
        if not _vidstead_answers(settings):
            raise
        return Finding(check="port", ok=True, found=f"{settings.port}, Vidstead answers there")
    return Finding(check="port", ok=True, found=f"{settings.port} on {settings.host} is free")


def _vidstead_answers(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(reachable(settings.host), settings.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def namespaces(settings: Settings) -> Finding:
    """Whether the embedded database, which refuses to run as root, can run in a user namespace."""
    if settings.database_url is not None or os.geteuid() != 0 or sys.platform != "linux":
        return Finding(check="user", ok=True, found="the database needs no other user here")
    try:
        _output("unshare", "--user", "--map-user=1000", "true")
    except (OSError, subprocess.SubprocessError):
        return Finding(
            check="user",
            ok=True,
            found="root without user namespaces: the database runs as another user, who must reach the data folder",
        )
    return Finding(check="user", ok=True, found="root; the database runs in a user namespace")


def fences(settings: Settings) -> Finding:
    """What keeps processes that read strangers' media from everything else. Never a problem by itself."""
    known = bootstrap.fences()
    has = ", ".join(f"{name} {kind}" for name, kind in known.items() if kind is not None)
    lacks = " and ".join(name for name, kind in known.items() if kind is None)
    if not lacks:
        return Finding(check="fences", ok=True, found=has)
    return Finding(check="fences", ok=True, found=f"{has or 'none'}; this kernel lacks {lacks} (Linux 5.13 has both)")


def pages(settings: Settings) -> Finding:
    """Whether the watch page and the player were built."""
    folder = Path(vidstead.__file__).parent / "static"
    built = sum(1 for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    if built == 0:
        return Finding(check="pages", ok=False, found="the web pages are not built", remedy="Run `make build`.")
    return Finding(check="pages", ok=True, found=f"{built} files")


def _output(*command: str) -> str:
    done = subprocess.run(  # noqa: S603
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CHILD_SECONDS, check=True
    )
    return done.stdout


CHECKS: dict[str, Callable[[Settings], Finding]] = {
    "ffmpeg": ffmpeg,
    "database": database,
    "speed": speed,
    "storage": storage,
    "disk": disk,
    "port": port,
    "user": namespaces,
    "fences": fences,
    "pages": pages,
}
