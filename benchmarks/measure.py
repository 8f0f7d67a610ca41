"""What every figure needs: a server, an upload with the moment of its last byte, and how a figure is told."""

import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import psutil
from imageio_ffmpeg import get_ffmpeg_exe, get_ffmpeg_version
from sqlalchemy import Engine, TextClause, create_engine, text
from tests.serve import Server, serve, wait_for

from vidstead.bootstrap import database_urls, load_settings
from vidstead.media import RowPlan, plan_rows
from vidstead.media.source import AudioStream, SourceFacts, VideoStream

SEED = 20261120


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table: the median of what was measured, beside the bare tool's where there is one."""

    name: str
    unit: str
    values: Sequence[float]
    """Ours, one for each run."""
    bare: Sequence[float] = ()
    """The bare tool's, in the same unit."""
    least: float | None = None
    """The bar: of the ratio where there is a bare tool, else of the value."""
    most: float | None = None
    detail: str = ""

    @property
    def value(self) -> float:
        """Ours."""
        return statistics.median(self.values)

    @property
    def ratio(self) -> float | None:
        """Ours over the bare tool's."""
        return self.value / statistics.median(self.bare) if self.bare else None

    @property
    def bar(self) -> str:
        """What is asked for, in words."""
        unit = "x" if self.bare else self.unit
        parts = [f"{sign} {limit:g} {unit}" for sign, limit in ((">=", self.least), ("<=", self.most)) if limit]
        return ", ".join(parts)

    @property
    def holds(self) -> bool:
        """Whether it is within its bar."""
        judged = self.value if self.ratio is None else self.ratio
        return (self.least is None or judged >= self.least) and (self.most is None or judged <= self.most)

    def facts(self) -> dict[str, Any]:
        """All of it, for the JSON."""
        told = {"name": self.name, "unit": self.unit, "value": self.value, "ratio": self.ratio}
        judged = {"bar": self.bar, "holds": self.holds if self.bar else None}
        return told | judged | {"runs": list(self.values), "bare": list(self.bare), "detail": self.detail}

    def line(self) -> str:
        """All of it, for a table."""
        bare = f"bare {statistics.median(self.bare):.3f}, ratio {self.ratio:.3f}" if self.bare else ""
        verdict = f"[{self.bar}: {'holds' if self.holds else 'MISSED'}]" if self.bar else ""
        value = f"{self.value:9.3f} {self.unit:8}"
        return f"{self.name:58} {value} {len(self.values):2} runs  {bare:28} {verdict} {self.detail}".rstrip()


def machine() -> dict[str, Any]:
    """Where it was measured."""
    models = [line.split(":")[1].strip() for line in _read("/proc/cpuinfo").splitlines() if "model name" in line]
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return {
        "platform": platform.platform(),
        "processor": models[0] if models else platform.processor(),
        "cores": sorted(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        "ffmpeg": get_ffmpeg_version(),
        "commit": commit.stdout.strip(),
        "load_before": os.getloadavg()[0],
    }


def _read(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


@contextmanager
def server(**settings: str | None) -> Iterator[Server]:
    """A server in a folder that is removed afterwards; it offers every rendition, unless told otherwise."""
    with tempfile.TemporaryDirectory(prefix="vidstead-bench-") as folder, serve(Path(folder), **settings) as running:
        yield running


@contextmanager
def calibrated_server(**settings: str | None) -> Iterator[Server]:
    """A server that has measured how fast this machine is, and offers what can be made in time."""
    with server(encode_speed=None, **settings) as running:
        query = text("select count(*) from app.encode_speeds")
        wait_for(lambda: ask(running, query) > 0, seconds=120, what="the machine is measured")
        yield running


@contextmanager
def database(running: Server) -> Iterator[Engine]:
    """The database of a server, as its owner."""
    settings = load_settings().model_copy(update={"data_dir": running.data_dir})
    engine = create_engine(database_urls(settings).owner.replace("postgresql://", "postgresql+psycopg://"))
    try:
        yield engine
    finally:
        engine.dispose()


def ask(running: Server, query: TextClause, **values: object) -> Any:
    """The only value that a query gives."""
    with database(running) as engine, engine.connect() as connection:
        return connection.execute(query, values).scalar_one()


@dataclass(frozen=True, kw_only=True)
class Sent:
    """An upload whose last byte went out at ``at`` (monotonic seconds)."""

    asset_id: str
    playback_id: str
    at: float


def put(running: Server, path: Path) -> Sent:
    """Upload a file by one PUT."""
    settings = {"new_asset_settings": {"playback_policies": ["public"]}}
    last = 0.0

    def body() -> Iterator[bytes]:
        nonlocal last
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                yield block
                last = time.monotonic()

    with running.client() as client:
        upload = client.post("/video/v1/uploads", json=settings).raise_for_status().json()["data"]
        size = str(path.stat().st_size)
        answer = httpx.put(
            upload["url"], content=body(), headers={"content-length": size}, timeout=600, trust_env=False
        )
        asset_id = answer.raise_for_status().json()["data"]["asset_id"]
        asset = client.get(f"/video/v1/assets/{asset_id}").raise_for_status().json()["data"]
    return Sent(asset_id=asset_id, playback_id=asset["playback_ids"][0]["id"], at=last)


def await_ready(running: Server, asset_id: str) -> float:
    """Until the asset can be played; when that was seen (monotonic seconds), looking every 10 ms."""
    with running.client() as client:
        deadline = time.monotonic() + 120
        while (asset := client.get(f"/video/v1/assets/{asset_id}").json()["data"])["status"] != "ready":
            assert asset["status"] == "preparing", asset
            assert time.monotonic() < deadline, asset
            time.sleep(0.01)
    return time.monotonic()


def forget(running: Server, sent: Sent) -> None:
    """Delete an asset, so that it disturbs no later figure."""
    with running.client() as client:
        client.delete(f"/video/v1/assets/{sent.asset_id}").raise_for_status()
    wait_for(lambda: not running.objects(), seconds=60, what="nothing is left")


def elapsed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def run(command: Sequence[str]) -> None:
    """Run a bare tool to its end."""
    subprocess.run(command, check=True, timeout=3600)


def fetch(address: str) -> None:
    """Ask for a cell until its last byte; a 503 is asked again, as players do."""
    while (answer := httpx.get(address, timeout=60, trust_env=False)).status_code == 503:
        time.sleep(float(answer.headers["retry-after"]))
    answer.raise_for_status()


def listed(values: Sequence[float]) -> str:
    """All of the values, sorted."""
    return " ".join(f"{value:.2f}" for value in sorted(values))


FFMPEG = get_ffmpeg_exe()


def plans() -> tuple[RowPlan, ...]:
    """The rows that a 1080p clip at 25 frames per second with stereo sound gets, when nothing passes through."""
    video = VideoStream(
        index=0,
        codec="h264",
        width=1920,
        height=1080,
        time_base=Fraction(1, 12800),
        start=0,
        end=12800,
        average_rate=Fraction(25),
    )
    audio = AudioStream(
        index=1,
        codec="aac",
        sample_rate=48000,
        channels=2,
        layout="stereo",
        time_base=Fraction(1, 48000),
        start=0,
        end=48000,
    )
    return plan_rows(SourceFacts(container="mp4", size=1, video=video, audio=(audio,)), Fraction(25))
