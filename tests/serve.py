"""A whole Vidstead for tests and benchmarks: the real CLI in a child process, with a port and a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

START_SECONDS = 60
STOP_SECONDS = 30
FAST = "1000"
"""``VIDSTEAD_ENCODE_SPEED`` where playlists shall offer every rendition, however slow this machine is."""


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A running ``vidstead serve``."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    url: str
    log: Path
    environ: Mapping[str, str]

    @property
    def credentials(self) -> dict[str, str]:
        """What ``serve`` wrote for the CLI."""
        return dict(json.loads((self.data_dir / "credentials.json").read_text()))

    def client(self) -> httpx.Client:
        """An HTTP client with the server's access token."""
        credentials = self.credentials
        return httpx.Client(
            base_url=self.url, auth=(credentials["token_id"], credentials["token_secret"]), timeout=60, trust_env=False
        )

    def cli(self, *words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run ``vidstead`` against this server."""
        credentials = self.credentials
        environ = {
            **self.environ,
            "VIDSTEAD_URL": self.url,
            "VIDSTEAD_TOKEN_ID": credentials["token_id"],
            "VIDSTEAD_TOKEN_SECRET": credentials["token_secret"],
        }
        command = [*VIDSTEAD, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environ, check=False)

    def upload(self, path: Path, *words: str) -> dict[str, Any]:
        """Upload a file by the CLI; what it says with ``--json``."""
        done = self.cli("upload", str(path), "--json", *words)
        assert done.returncode == 0, done.stderr + self.tail()
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def asset(self, asset_id: str) -> dict[str, Any]:
        """An asset as the API tells it."""
        with self.client() as client:
            answer = client.get(f"/video/v1/assets/{asset_id}")
            answer.raise_for_status()
            return dict(answer.json()["data"])

    def tail(self, lines: int = 60) -> str:
        """The last lines of the server's log, for a failed assertion."""
        return "\n" + "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def objects(self, pattern: str = "*") -> list[Path]:
        """The stored objects whose path ends like ``pattern``; folders may vanish meanwhile."""
        found = (Path(folder) / name for folder, _, names in os.walk(self.data_dir / "objects") for name in names)
        return [path for path in found if path.match(pattern)]

    def children(self) -> list[psutil.Process]:
        """Every process under ``serve``."""
        return psutil.Process(self.process.pid).children(recursive=True)


VIDSTEAD = [sys.executable, "-m", "vidstead"]


@contextmanager
def serve(folder: Path, **settings: str | None) -> Iterator[Server]:
    """Start a server in ``folder`` with settings such as ``fill="lazy"``; stop it, and hold that nothing stays.

    Unless told otherwise (``None`` is the product's own default), every rendition is offered.
    """
    port = free_port()
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIDSTEAD_")}
    given = {f"VIDSTEAD_{name.upper()}": value for name, value in {"encode_speed": FAST, **settings}.items() if value}
    environ = {**kept, "HOME": str(home), **given}
    log = folder / "serve.log"
    data_dir = folder / "data"
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [*VIDSTEAD, "serve", "--data-dir", str(data_dir), "--port", str(port)],
            stdout=sink,
            stderr=sink,
            env=environ,
            cwd=folder,
            start_new_session=True,
        )
    server = Server(process, data_dir, f"http://127.0.0.1:{port}", log, environ)
    try:
        _await_ready(server)
        yield server
    finally:
        _stop(server)


def _await_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.process.poll() is None, "serve ended" + server.tail()
        try:
            if httpx.get(server.url + "/readyz", trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("serve did not become ready" + server.tail())


def _stop(server: Server) -> None:
    if server.process.poll() is not None:
        return
    children = server.children()
    server.process.send_signal(signal.SIGINT)
    try:
        server.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for process in (*children, psutil.Process(server.process.pid)):
            if process.is_running():
                process.kill()
        raise AssertionError("serve did not stop" + server.tail()) from None
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive, f"left behind: {[process.cmdline() for process in alive if process.is_running()]}"


def wait_for(condition: Any, *, seconds: float, what: str) -> Any:
    """Wait until ``condition()`` gives something true, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
