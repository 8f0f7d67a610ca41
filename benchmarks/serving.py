"""How much is served: cells, and API requests."""

import asyncio
import json
import statistics
import subprocess
import tempfile
import time
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import httpx
from sqlalchemy import text
from tests.serve import Server, free_port, wait_for

from benchmarks.clips import clip
from benchmarks.measure import SEED, Figure, await_ready, database, put, server

CONNECTIONS = 16
SERVE_SECONDS = 8.0
ASSETS = 100_000
REQUESTS = 3000
RATE = 200.0
SHARES = {"get": 6, "list": 3, "create": 1}
NOWHERE = "http://127.0.0.1:9/film.mp4"
"""Refused by the guard of outbound requests: creating such an asset costs the API all, and an encoder nothing."""


def stored_cells(rounds: int) -> list[Figure]:
    """A stored cell of about 2 MB over 16 connections, beside nginx with sendfile and the same file."""
    bare, ours = [], []
    with server(fill="lazy") as running, tempfile.TemporaryDirectory() as folder:
        sent = put(running, clip("hard", 20, bits="4200k"))
        await_ready(running, sent.asset_id)
        address = f"{running.url}/{sent.playback_id}/1080p-1/2.m4s"
        cell = httpx.get(address, timeout=60, trust_env=False).raise_for_status().content
        for _ in range(rounds):
            ours.append(_load(address))
            bare.append(_nginx(Path(folder), cell))
    name = f"stored cells of {len(cell) / 1e6:.1f} MB, {CONNECTIONS} connections"
    return [Figure(name=name, unit="MB/s", values=ours, bare=bare, least=0.7)]


def _nginx(folder: Path, cell: bytes) -> float:
    port = free_port()
    (folder / "cell.m4s").write_bytes(cell)
    folder.chmod(0o755)
    (folder / "nginx.conf").write_text(
        f"""daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;
        events {{ worker_connections 256; }}
        http {{ access_log off; sendfile on; tcp_nopush on;
        client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
        uwsgi_temp_path {folder}; scgi_temp_path {folder};
        server {{ listen 127.0.0.1:{port}; root {folder}; }} }}"""
    )
    process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    address = f"http://127.0.0.1:{port}/cell.m4s"

    def answers() -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(address, trust_env=False).status_code == 200
        return False

    try:
        wait_for(answers, seconds=10, what="nginx answers")
        return _load(address)
    finally:
        process.terminate()
        process.wait(10)


def _load(address: str) -> float:
    """MB/s over 16 connections, by a client that throws the bytes away."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SERVE_SECONDS:.0f}s", address]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    line = next(line for line in said.splitlines() if line.startswith("Transfer/sec"))
    assert "Non-2xx" not in said, said
    number = line.split()[1]
    return float(number[:-2]) * {"GB": 1024, "MB": 1, "KB": 1 / 1024}[number[-2:]]


def api(rounds: int) -> list[Figure]:
    """Asset get, list and create at 200 requests a second (Poisson arrivals), with 100,000 assets stored.

    Assets are created from an address that is refused when it is fetched, so that no encoder runs; the job that finds
    that out, and the events of it, are part of the load.
    """
    found: dict[str, list[float]] = {kind: [] for kind in SHARES}
    with server(fill="lazy") as running:
        _stock(running)
        for number in range(rounds):
            times = asyncio.run(_drive(running, Random(SEED + number)))
            for kind, values in times.items():
                found[kind].append(1000 * statistics.quantiles(values, n=100)[94])
    return [
        Figure(name=f"API {kind} at 200 requests/s, {ASSETS} assets, p95", unit="ms", values=values, most=50)
        for kind, values in found.items()
    ]


def _stock(running: Server) -> None:
    with database(running) as engine, engine.begin() as connection:
        connection.execute(
            text(
                "insert into app.assets (id, environment_id, status, fill, ingest_type, created_at)"
                " select md5(n::text), :environment, 'ready', 'lazy', 'on_demand_url', now() - n * interval '1 s'"
                " from generate_series(1, :count) as n"
            ),
            {"environment": running.credentials["environment_id"], "count": ASSETS},
        )
        connection.execute(text("analyze app.assets"))


async def _drive(running: Server, dice: Random) -> dict[str, list[float]]:
    """Seconds from when each request was due to its answer, by kind."""
    client = Client(running)
    times: dict[str, list[float]] = {kind: [] for kind in SHARES}
    ids = [asset["id"] for asset in (await client.ask("GET", "/video/v1/assets?limit=100"))["data"]]

    async def ask(kind: str, due: float) -> None:
        if kind == "get":
            await client.ask("GET", f"/video/v1/assets/{dice.choice(ids)}")
        elif kind == "list":
            await client.ask("GET", "/video/v1/assets?limit=25")
        else:
            await client.ask("POST", "/video/v1/assets", {"inputs": [{"url": NOWHERE}]})
        times[kind].append(time.monotonic() - due)

    tasks, due = [], time.monotonic()
    for _ in range(REQUESTS):
        due += dice.expovariate(RATE)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        tasks.append(asyncio.create_task(ask(dice.choices([*SHARES], [*SHARES.values()])[0], due)))
    await asyncio.gather(*tasks)
    client.close()
    return times


class Client:
    """As much of HTTP/1.1 as the server needs to be asked, on kept connections.

    It shares two cores with what it measures: httpx takes about as much processor as the server, this a tenth.
    """

    def __init__(self, running: Server) -> None:
        credentials = running.credentials
        pair = f"{credentials['token_id']}:{credentials['token_secret']}".encode()
        self._port = int(running.url.rpartition(":")[2])
        self._headers = f"Host: 127.0.0.1:{self._port}\r\nAuthorization: Basic {b64encode(pair).decode()}\r\n"
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, method: str, address: str, body: object = None) -> dict[str, Any]:
        """The JSON of a successful answer; ``AssertionError`` for any other."""
        sent = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {address} HTTP/1.1\r\n{self._headers}Content-Length: {len(sent)}\r\n"
        reader, writer = (
            self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        )
        async with asyncio.timeout(30):
            writer.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + sent)
            status, *lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
            answer = await reader.readexactly(length)
        self._idle.append((reader, writer))
        assert status.split()[1].startswith(b"2"), (status, answer)
        return dict(json.loads(answer))

    def close(self) -> None:
        """Close every connection."""
        for _, writer in self._idle:
            writer.close()
