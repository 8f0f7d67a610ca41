"""The same product with its objects in S3: upload, watch what is not encoded, delete; nothing stays in the bucket."""

from pathlib import Path

import httpx
import pytest
from tests.oracle.barcode import read_barcodes
from tests.oracle.playlists import renditions
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
        for rendition in renditions(viewer, made["hls_url"]):
            if rendition.kind == "video":
                assert read_barcodes(rendition.joined) == list(range(clip.frames)), rendition.address
            part = viewer.get(rendition.names[-1], headers={"range": "bytes=8-15"})
            assert (part.status_code, part.content) == (206, rendition.cells[-1][8:16])
        with server.client() as client:
            client.delete(f"/video/v1/assets/{made['asset_id']}").raise_for_status()
        wait_for(lambda: not list(store.list("")), seconds=60, what="the bucket is empty")
