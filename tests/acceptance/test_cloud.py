"""The same product with its objects in S3: upload, watch what is not encoded, delete; nothing stays in the bucket."""

from pathlib import Path

import httpx
import pytest
from tests.oracle.barcode import read_barcodes
from tests.oracle.sources import X264, X264_B, Clip, make
from tests.serve import serve, wait_for
from tests.weed import Weed, weed_store

CLIPS = (
    Clip(name="encoded", seconds=9, video=(*X264, "-g", "225")),
    Clip(name="passed-through", seconds=9, video=(*X264_B, "-g", "50")),
)


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.name)
def test_everything_but_the_files_is_as_ever(weed: Weed, tmp_path: Path, clip: Clip) -> None:
    film = make(clip, tmp_path)
    store = weed_store(weed, prefix="acceptance")
    settings = {
        "storage_url": f"s3://{weed.bucket}/acceptance",
        "storage_endpoint": weed.endpoint,
        "storage_access_key": weed.access_key,
        "storage_secret_key": weed.secret_key,
        "fill": "lazy",
    }
    with serve(tmp_path / "serve", **settings) as server, httpx.Client(timeout=60, trust_env=False) as viewer:
        made = server.upload(film, "--policy", "public", "--wait", "published")
        for address, playlist in media_playlists(viewer, made["hls_url"]).items():
            parts = [viewer.get(httpx.URL(address).join(name)).raise_for_status().content for name in playlist]
            if "audio" not in address:
                assert read_barcodes(b"".join(parts)) == list(range(clip.frames)), address
            part = viewer.get(httpx.URL(address).join(playlist[-1]), headers={"range": "bytes=8-15"})
            assert (part.status_code, part.content) == (206, parts[-1][8:16])
        with server.client() as client:
            client.delete(f"/video/v1/assets/{made['asset_id']}").raise_for_status()
        wait_for(lambda: not list(store.list("")), seconds=60, what="the bucket is empty")


def media_playlists(viewer: httpx.Client, multivariant: str) -> dict[str, list[str]]:
    """The address of every rendition, sound included, and the names of its files, the init segment first."""
    lines = viewer.get(multivariant).raise_for_status().text.splitlines()
    names = [line for line in lines if line.endswith(".m3u8") and not line.startswith("#")]
    names += [line.split('URI="')[1].split('"')[0] for line in lines if line.startswith("#EXT-X-MEDIA:")]
    found = {}
    for name in names:
        address = str(httpx.URL(multivariant).join(name))
        media = viewer.get(address).raise_for_status().text.splitlines()
        found[address] = ["init.mp4", *(line for line in media if line.endswith(".m4s"))]
    return found
