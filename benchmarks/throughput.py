"""How much gets done: ladders encoded, cells served, API requests answered."""

import asyncio
import statistics
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import httpx
from tests.serve import Server, free_port, wait_for

from benchmarks.bare import ladder_command, timed
from benchmarks.clips import clip
from benchmarks.measure import SEED, Figure, await_ready, covered, put, server, specs

CONNECTIONS = 16
SERVE_SECONDS = 8.0
ASSETS = 100_000
REQUESTS = 3000
RATE = 200.0


def whole_ladder() -> list[Figure]:
    """A 60 s clip of which nothing passes through, from `ready` to covered, beside one bare ffmpeg command."""
    found = []
    for kind in ("easy", "hard"):
        source = clip(kind, 60, long_gop=True)
        with tempfile.TemporaryDirectory() as folder:
            bare = timed(ladder_command(source, specs(), Path(folder)))
        with server() as running:
            sent = put(running, source)
            begin = await_ready(running, sent.asset_id)
            wait_for(lambda running=running, sent=sent: covered(running, sent.asset_id), seconds=1800, what="covered")
            ours = time.monotonic() - begin
        found.append(
            Figure(
                name=f"whole ladder of 60 s, {kind}: bare over ours",
                value=bare / ours,
                unit="x",
                bar=">= 0.95",
                detail=f"ours {ours:.1f} s, bare {bare:.1f} s",
            )
        )
    return found


def stored_cells() -> list[Figure]:
    """A stored cell of about 2 MB over 16 connections, beside nginx with sendfile and the same file."""
    with server(fill="lazy") as running, tempfile.TemporaryDirectory() as folder:
        sent = put(running, clip("hard", 20, bits="4200k"))
        await_ready(running, sent.asset_id)
        address = f"{running.url}/{sent.playback_id}/1080p-1/2.m4s"
        cell = httpx.get(address, timeout=60, trust_env=False).raise_for_status().content
        ours = [_load(address)]
        theirs = [_nginx(Path(folder), cell)]
        ours.append(_load(address))
    return [
        Figure(
            name=f"stored cells of {len(cell) / 1e6:.1f} MB, {CONNECTIONS} connections",
            value=statistics.mean(ours),
            unit="MB/s",
            bare=statistics.mean(theirs),
            bar=">= 0.7 x nginx",
            detail=f"ours {ours}",
        )
    ]


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


def api() -> list[Figure]:
    """Asset get, list and create at 200 requests a second (Poisson arrivals), with 100,000 assets stored."""
    with server(fill="lazy") as running:
        _stock(running)
        times = asyncio.run(_drive(running))
    return [
        Figure(
            name=f"API {name} at 200 requests/s, {ASSETS} assets, p95",
            value=1000 * statistics.quantiles(values, n=100)[94],
            unit="ms",
            bar="< 50 ms",
            detail=f"p50 {1000 * statistics.median(values):.1f} ms of {len(values)}",
        )
        for name, values in times.items()
    ]


def _stock(running: Server) -> None:
    from sqlalchemy import create_engine, text

    from vidstead.bootstrap import database_urls, load_settings

    settings = load_settings().model_copy(update={"data_dir": running.data_dir})
    engine = create_engine(database_urls(settings).owner.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into app.assets (id, environment_id, status, fill, ingest_type, created_at)"
                " select md5(n::text), :environment, 'ready', 'lazy', 'on_demand_url', now() - n * interval '1 s'"
                " from generate_series(1, :count) as n"
            ),
            {"environment": running.credentials["environment_id"], "count": ASSETS},
        )
        connection.execute(text("analyze app.assets"))
    engine.dispose()


async def _drive(running: Server) -> dict[str, list[float]]:
    credentials = running.credentials
    dice = Random(SEED)
    times: dict[str, list[float]] = {"get": [], "list": [], "create": []}
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(
        base_url=running.url,
        auth=(credentials["token_id"], credentials["token_secret"]),
        timeout=30,
        trust_env=False,
        limits=limits,
    ) as client:
        ids = [asset["id"] for asset in (await client.get("/video/v1/assets?limit=100")).json()["data"]]

        async def ask(kind: str) -> None:
            begin = time.monotonic()
            if kind == "get":
                answer = await client.get(f"/video/v1/assets/{dice.choice(ids)}")
            elif kind == "list":
                answer = await client.get("/video/v1/assets?limit=25")
            else:
                answer = await client.post("/video/v1/uploads", json={"new_asset_settings": {}})
            answer.raise_for_status()
            times[kind].append(time.monotonic() - begin)

        tasks, due = [], time.monotonic()
        for _ in range(REQUESTS):
            due += dice.expovariate(RATE)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.append(asyncio.create_task(ask(dice.choices(["get", "list", "create"], [6, 3, 1])[0])))
        await asyncio.gather(*tasks)
    return times
