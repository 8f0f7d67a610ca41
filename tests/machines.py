"""An installation of several machines: ``vidstead web`` and ``vidstead worker`` as processes of their own.

They share a database and a folder of objects and nothing else. Workers write debug logs, from which it is told what
each of them encoded: every run that began, every cell that came out of one.
"""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from tests.serve import FAST, VIDSTEAD, free_port, wait_for

from vidstead.db import RoleUrls

START_SECONDS = 60
STOP_SECONDS = 30
Place = tuple[str, int]
"""A cell by the name of its row and its index."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A cell that came out of an encoder."""

    place: Place
    worker: str
    hot: bool


@dataclass
class Machine:
    """One running process."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    url: str = ""

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The log lines of an event."""
        text = self.log.read_text(errors="replace")
        return [json.loads(line) for line in text.splitlines() if f'"{event}"' in line and line.endswith("}")]

    def kill(self) -> None:
        """``kill -9``; its children go with it."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait(10)
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


@dataclass
class Installation:
    """The database, the folder of objects, and the processes that run."""

    urls: RoleUrls
    folder: Path
    stack: ExitStack
    settings: dict[str, str]
    machines: list[Machine] = field(default_factory=list)
    auth: tuple[str, str] = ("", "")

    def web(self, name: str) -> Machine:
        """Start a web process and wait until it answers."""
        port = free_port()
        machine = self._start(name, ["web", "--port", str(port)])
        machine.url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _ready(machine), seconds=START_SECONDS, what=f"{name} is ready")
        return machine

    def worker(self, name: str) -> Machine:
        """Start a worker."""
        return self._start(name, ["worker"])

    def _start(self, name: str, words: list[str]) -> Machine:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("VIDSTEAD_")}
        data = self.folder / name
        data.mkdir()
        own = {
            "VIDSTEAD_DATABASE_URL": self.urls.owner.replace("+psycopg", "", 1),
            "VIDSTEAD_STORAGE_URL": f"file://{self.folder / 'objects'}",
            "VIDSTEAD_DATA_DIR": str(data),
            "VIDSTEAD_ENCODE_SPEED": FAST,
            "VIDSTEAD_LOG_LEVEL": "debug",
            **{f"VIDSTEAD_{key.upper()}": value for key, value in self.settings.items()},
        }
        log = self.folder / f"{name}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [*VIDSTEAD, *words], stdout=sink, stderr=sink, env={**kept, **own, "HOME": str(data)}, cwd=data
            )
        machine = Machine(name, process, log)
        self.stack.callback(_stop, machine)
        self.machines.append(machine)
        return machine

    def client(self, web: Machine) -> httpx.Client:
        """A client with an access token."""
        return httpx.Client(base_url=web.url, auth=self.auth, timeout=60, trust_env=False)

    def publish(self, web: Machine, film: Path) -> tuple[str, str]:
        """Upload a film; its asset and playback ids once it is ready. A worker has to run."""
        with self.client(web) as client:
            settings = {"new_asset_settings": {"playback_policies": ["public"]}}
            upload = client.post("/video/v1/uploads", json=settings).raise_for_status().json()["data"]
            answer = client.put(upload["url"], content=film.read_bytes()).raise_for_status()
            asset = f"/video/v1/assets/{answer.json()['data']['asset_id']}"
            ready = wait_for(
                lambda: (found := client.get(asset).json()["data"])["status"] != "preparing" and found,
                seconds=60,
                what="the film is published",
            )
        assert ready["status"] == "ready", ready
        return str(ready["id"]), str(ready["playback_ids"][0]["id"])

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database as its owner."""
        with psycopg.connect(self.urls.owner.replace("+psycopg", "", 1)) as connection:
            return connection.execute(statement, values).fetchall()

    def change(self, statement: str) -> None:
        """Change the database as its owner."""
        with psycopg.connect(self.urls.owner.replace("+psycopg", "", 1)) as connection:
            connection.execute(statement)

    def stored(self) -> set[Place]:
        """Every cell that is recorded."""
        return set(self.query("select name, index from app.cells join app.rows on rows.id = row_id"))

    def covered(self) -> bool:
        """Whether every cell of every row is recorded."""
        return len(self.stored()) == int(self.query("select sum(cells) from app.rows")[0][0])

    def busy(self) -> bool:
        """Whether a job waits or runs, other than those that come again and again, or a run goes on after its job."""
        return bool(
            self.query(
                "select 1 from procrastinate.procrastinate_jobs where status in ('todo', 'doing')"
                " and queue_name <> 'system' and coalesce(scheduled_at, now()) <= now()"
                " union all select 1 from app.leases where expires_at > now() limit 1"
            )
        )

    def made(self) -> list[Made]:
        """Every cell that came out of an encoder of any worker, stored or not."""
        return [
            Made(place=(line["row"], line["index"]), worker=machine.name, hot=line["hot"])
            for machine in self.machines
            for line in machine.lines("cell made")
        ]

    def encodes(self) -> Counter[Place]:
        """How often each cell was encoded."""
        return Counter(made.place for made in self.made())


def _ready(machine: Machine) -> bool:
    assert machine.process.poll() is None, machine.log.read_text(errors="replace")[-3000:]
    try:
        return httpx.get(machine.url + "/readyz", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _stop(machine: Machine) -> None:
    if machine.process.poll() is not None:
        return
    machine.process.terminate()
    try:
        machine.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        machine.process.kill()
        machine.process.wait(10)
        raise AssertionError(f"{machine.name} did not stop") from None


@contextmanager
def installation(urls: RoleUrls, folder: Path, auth: tuple[str, str], **settings: str) -> Iterator[Installation]:
    """An installation without processes; those that are started inside end with it."""
    (folder / "objects").mkdir()
    with ExitStack() as stack:
        yield Installation(urls, folder, stack, settings, auth=auth)
