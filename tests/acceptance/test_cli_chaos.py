"""Chaos: whatever is killed while a film is encoded, the film is complete in the end, and gone when it is deleted."""

import random
from pathlib import Path

import httpx
import psutil
import pytest
from tests.serve import Server, serve, wait_for

from vidstead import bootstrap
from vidstead.cli.demo import make_clip
from vidstead.settings import Settings

ROUNDS = 12
RECOVERY_SECONDS = 90
COVERED_SECONDS = 900


def progress(server: Server, asset_id: str) -> float:
    """How much is encoded, in percent; asked again while the server recovers."""

    def ask() -> list[float]:
        try:
            return [float(server.asset(asset_id)["progress"]["progress"])]
        except httpx.HTTPError:
            return []

    found: list[float] = wait_for(ask, seconds=RECOVERY_SECONDS, what="an answer about the asset" + server.tail())
    return found[0]


def victims(server: Server) -> list[psutil.Process]:
    """Everything below the supervisor, in an order that does not change from run to run."""
    return sorted(server.children(), key=lambda process: process.create_time())


@pytest.mark.large
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_killing_anything_at_any_time(tmp_path: Path, seed: int) -> None:
    film = tmp_path / "film.mp4"
    make_clip(bootstrap.ffmpeg_path(Settings()), film, seconds=40)
    chance = random.Random(seed)
    with serve(tmp_path) as server:
        asset_id = server.upload(film)["asset_id"]
        for number in range(ROUNDS):
            seen = progress(server, asset_id)
            victim = chance.choice(victims(server))
            try:
                said = f"round {number}: killed {victim.name()} {victim.cmdline()[-1:]}"
                victim.kill()
            except psutil.Error:
                continue
            assert progress(server, asset_id) >= seen, said
        wait_for(
            lambda: progress(server, asset_id) == 100, seconds=COVERED_SECONDS, what="every cell" + server.tail(200)
        )
        playback = server.asset(asset_id)["playback_ids"][0]["id"]
        assert_every_segment_answers(server, playback)
        with server.client() as client:
            assert client.delete(f"/video/v1/assets/{asset_id}").status_code == 204
        wait_for(lambda: not server.objects(), seconds=120, what="nothing to be left of the film")


def assert_every_segment_answers(server: Server, playback_id: str) -> None:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
        master = client.get(f"/{playback_id}.m3u8").text
        playlists = [line for line in master.splitlines() if line and not line.startswith("#")]
        assert playlists
        for playlist in playlists:
            address = httpx.URL(f"{server.url}/{playback_id}.m3u8").join(playlist)
            lines = client.get(address).text.splitlines()
            segments = [line for line in lines if line and not line.startswith("#")]
            assert len(segments) == 10
            for segment in segments:
                answer = client.get(address.join(segment))
                assert answer.status_code == 200
                assert len(answer.content) > 100
