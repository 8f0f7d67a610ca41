"""Two web processes and two workers over one database and one store: they never differ about a cell, nor make it twice.

What is counted comes from the workers' debug logs: each cell that an encoder gave, whether it was stored or not.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from tests.machines import Machine, Place, installation
from tests.oracle.barcode import read_barcodes
from tests.oracle.sources import X264, Clip, make
from tests.postgres import PostgresForTests
from tests.serve import wait_for

from vidstead.db import Database, RoleUrls
from vidstead.kit import new_id
from vidstead.tenancy import Tenancy

RATE = Fraction(25)
FILM = Clip(
    name="machines",
    suffix="mkv",
    width=480,
    height=270,
    seconds=16,
    filters=",scale=640:360",
    video=(*X264, "-g", "400"),
    audio=("-c:a", "libopus", "-b:a", "128k"),
)
SEGMENT_FRAMES = 50
CELLS = 8
VIEWERS = 40
ASKED = [(row, index) for row in ("360p", "270p", "audio") for index in range(1, 5)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 s with numbered frames; neither pictures nor sound pass through."""
    return make(FILM, tmp_path_factory.mktemp("film"))


@pytest.fixture
def urls(postgres: PostgresForTests) -> Iterator[RoleUrls]:
    """A database for each test: what is stored and queued is this test's alone."""
    with postgres.database() as fresh:
        yield fresh


@pytest.fixture
def auth(urls: RoleUrls) -> tuple[str, str]:
    """An access token."""
    return asyncio.run(_token(urls))


async def _token(urls: RoleUrls) -> tuple[str, str]:
    database, environment = Database(urls.app), new_id()
    async with database.crossing() as connection:
        await connection.execute(
            text("select create_environment(:organization, 'Tests', :environment, 'Tests', 'development')"),
            {"organization": new_id(), "environment": environment},
        )
    async with database.begin(environment) as connection:
        made = await Tenancy().create_token(connection, environment, name="tests")
    await database.close()
    return made.token_id, made.token_secret


def fetch(client: httpx.Client, playback_id: str, place: Place) -> bytes:
    """A cell, asked for again while it is being made, as players do."""
    row, index = place
    got = wait_for(
        lambda: (answer := client.get(f"/{playback_id}/{row}-1/{index}.m4s")).status_code != 503 and answer,
        seconds=60,
        what=f"{place} is made",
    )
    assert got.status_code == 200, got.text
    assert got.headers["etag"] == f'"{sha256(got.content).hexdigest()}"'
    return bytes(got.content)


def watch(web: Machine, playback_id: str, places: list[Place]) -> dict[Place, str]:
    """One viewer: what each cell was, by its hash."""
    with httpx.Client(base_url=web.url, timeout=60, trust_env=False) as client:
        return {place: sha256(fetch(client, playback_id, place)).hexdigest() for place in places}


def joined(web: Machine, playback_id: str, row: str, cells: range) -> bytes:
    """The init segment and some cells of a row."""
    with httpx.Client(base_url=web.url, timeout=60, trust_env=False) as client:
        init = client.get(f"/{playback_id}/{row}-1/init.mp4").raise_for_status().content
        return init + b"".join(fetch(client, playback_id, (row, index)) for index in cells)


def frames(cells: range) -> list[int]:
    """The numbers of the frames of some cells."""
    return list(range(cells.start * SEGMENT_FRAMES, cells.stop * SEGMENT_FRAMES))


def shuffled(seed: int) -> list[Place]:
    """The cells that are asked for, in an order of a viewer's own."""
    places = list(ASKED)
    random.Random(seed).shuffle(places)
    return places


def test_however_many_ask_a_cell_is_made_once(
    urls: RoleUrls, auth: tuple[str, str], tmp_path: Path, film: Path
) -> None:
    with installation(urls, tmp_path, auth, fill="lazy", segment_seconds="2", look_ahead="2") as site:
        webs = [site.web("web-a"), site.web("web-b")]
        site.worker("worker-a")
        site.worker("worker-b")
        _, playback_id = site.publish(webs[0], film)
        with ThreadPoolExecutor(VIEWERS) as viewers:
            seen = list(viewers.map(lambda n: watch(webs[n % 2], playback_id, shuffled(n)), range(VIEWERS)))
        wait_for(lambda: not site.busy(), seconds=60, what="the look-ahead is done")
        assert all(one == seen[0] for one in seen), "viewers got different bytes"
        encodes = site.encodes()
        assert set(ASKED) <= set(encodes)
        assert {place: times for place, times in encodes.items() if times != 1} == {}
        assert set(encodes) == site.stored()
        assert {made.worker for made in site.made()} == {"worker-a", "worker-b"}
        for row in ("360p", "270p"):
            assert read_barcodes(joined(webs[1], playback_id, row, range(1, 5))) == frames(range(1, 5))


def test_a_killed_workers_span_is_finished_by_another_and_nothing_is_made_again(
    urls: RoleUrls, auth: tuple[str, str], tmp_path: Path, film: Path
) -> None:
    with installation(urls, tmp_path, auth, fill="eager", segment_seconds="2") as site:
        web = site.web("web")
        first = site.worker("worker-a")
        _, playback_id = site.publish(web, film)
        pictures = {(row, index) for row in ("360p", "270p") for index in range(CELLS)}
        wait_for(lambda: len(site.stored() & pictures) >= 3, seconds=60, what="the first worker is in a span")
        first.kill()
        kept = dict(site.query("select name || index, sha256 from app.cells join app.rows on rows.id = row_id"))
        before = site.stored()
        assert not pictures <= before, "there is something left to make"
        # Time goes by: its leases run out and its heartbeat is missed (test_filling, test_jobs wait for that).
        site.change("update app.leases set expires_at = now()")
        site.change("update procrastinate.procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
        second = site.worker("worker-b")
        wait_for(site.covered, seconds=120, what="the other finishes")
        again = {made.place for made in site.made() if made.worker == second.name} & before
        assert again == set(), "nothing that was stored is made again"
        now = dict(site.query("select name || index, sha256 from app.cells join app.rows on rows.id = row_id"))
        assert {name: now[name] for name in kept} == kept
        for row in ("360p", "270p"):
            assert read_barcodes(joined(web, playback_id, row, range(CELLS))) == frames(range(CELLS))


def test_what_a_viewer_who_left_had_asked_for_is_never_made(
    urls: RoleUrls, auth: tuple[str, str], tmp_path: Path, film: Path
) -> None:
    with installation(urls, tmp_path, auth, fill="lazy", segment_seconds="2", look_ahead="1") as site:
        web = site.web("web")
        first = site.worker("worker-a")
        _, playback_id = site.publish(web, film)
        wait_for(lambda: not site.busy(), seconds=30, what="nothing is left to do")
        first.process.terminate()
        first.process.wait(30)
        before = site.encodes()
        with httpx.Client(base_url=web.url, trust_env=False) as client, pytest.raises(httpx.ReadTimeout):
            client.get(f"/{playback_id}/360p-1/5.m4s", timeout=1)
        assert site.busy(), "the wish is in the queue"
        gone = "select count(*) from app.wants where index = 5 and wanted_until < now()"
        wait_for(lambda: site.query(gone) == [(1,)], seconds=30, what="nobody waits any more")
        site.worker("worker-b")
        wait_for(lambda: not site.busy(), seconds=60, what="the wish is dropped")
        assert site.encodes() == before
        # One who stays gets the same cell from the same worker.
        assert watch(web, playback_id, [("360p", 5)])
        assert site.encodes()["360p", 5] == 1


def test_hot_and_bulk_work_of_several_machines_make_one_film(
    urls: RoleUrls, auth: tuple[str, str], tmp_path: Path, film: Path
) -> None:
    with installation(urls, tmp_path, auth, fill="eager", segment_seconds="2", look_ahead="1") as site:
        webs = [site.web("web-a"), site.web("web-b")]
        site.worker("worker-a")
        site.worker("worker-b")
        _, playback_id = site.publish(webs[0], film)
        jumps = [[("360p", 6), ("audio", 6)], [("270p", 4), ("audio", 4)], [("360p", 3)], [("270p", 7), ("trick", 5)]]
        with ThreadPoolExecutor(len(jumps)) as viewers:
            seen = list(viewers.map(lambda n: watch(webs[n % 2], playback_id, jumps[n]), range(len(jumps))))
        wait_for(site.covered, seconds=120, what="every cell is stored")
        for row in ("360p", "270p"):
            for web in webs:
                assert read_barcodes(joined(web, playback_id, row, range(CELLS))) == frames(range(CELLS))
        for digests in seen:
            assert watch(webs[1], playback_id, list(digests)) == digests, "what was delivered once stays as it was"
        wait_for(lambda: not site.busy(), seconds=60, what="all work is over")
        made = site.made()
        hot, bulk = (Counter(one.place for one in made if one.hot is kind) for kind in (True, False))
        assert hot
        assert bulk
        assert max(hot.values()) == 1, "hot work makes a cell once"
        assert max(bulk.values()) <= 2, "bulk work makes one again at most where two of its runs meet"
        assert {one.worker for one in made} == {"worker-a", "worker-b"}


def test_init_segments_are_equal_wherever_and_whenever_they_are_made(
    urls: RoleUrls, auth: tuple[str, str], tmp_path: Path, film: Path
) -> None:
    with installation(urls, tmp_path, auth, fill="lazy", segment_seconds="2", look_ahead="0") as site:
        web = site.web("web")
        found = []
        for name in ("worker-a", "worker-b"):
            worker = site.worker(name)
            _, playback_id = site.publish(web, film)
            # A cell is held against its row's header by the worker that makes it: it is stored, and no filler.
            watch(web, playback_id, [("360p", 1), ("270p", 7), ("audio", 2)])
            rows = "select name, sha256(init), codecs, fingerprint from app.rows order by id desc limit 4"
            found.append(sorted(site.query(rows)))
            worker.process.terminate()
            worker.process.wait(30)
        assert found[0] == found[1]
        assert site.query("select count(*) from app.cells where filler") == [(0,)]
        assert len(site.query("select distinct worker from app.cells")) == 2
