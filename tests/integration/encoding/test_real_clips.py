"""Clips that cameras and studios made: cells show the same pictures, at the same times, as one decode of the whole.

They are on the developers' machines only (``MEDIA``); a checkout has none, and the generated sources of the oracle
cover what is special about them: an odd width, 5.1, 12.5 pictures per second, full range, a late start, no sound.
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.integration.encoding.bench import Bench
from tests.oracle.barcode import ffmpeg

from vidstead.media import VideoSpec
from vidstead.storage.adapters.local import LocalStore

MEDIA = Path(os.environ.get("VIDSTEAD_TEST_MEDIA", "/work/shared/media"))
CLIPS = ("big-buck-bunny-480p-30s.mp4", "car-detection.mp4", "asl-book.mkv")
SIZE = (48, 32)


def pictures(media: Path | bytes, rate: str = "") -> NDArray[np.float64]:
    """Every picture, small and grey: pictures x height x width; at ``rate`` where it is given."""
    source = "pipe:0" if isinstance(media, bytes) else str(media)
    timing = f"setpts=PTS-STARTPTS,fps={rate}:round=near," if rate else ""
    scale = f"{timing}scale={SIZE[0]}:{SIZE[1]}:flags=area:out_range=tv,format=gray"
    command = [ffmpeg(), "-v", "error", "-nostdin", "-i", source, "-an", "-vf", scale, "-fps_mode", "passthrough"]
    data = media if isinstance(media, bytes) else None
    done = subprocess.run(
        [*command, "-f", "rawvideo", "pipe:1"], input=data, capture_output=True, check=True, timeout=200
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, SIZE[1], SIZE[0]).astype(float)


@pytest.mark.skipif(not MEDIA.is_dir(), reason=f"cannot exist here: the real clips are not on this machine ({MEDIA})")
@pytest.mark.parametrize("name", CLIPS)
async def test_cells_show_what_the_whole_shows(name: str, tmp_path: Path) -> None:
    one = Bench(LocalStore(tmp_path), MEDIA / name)
    await one.publish()
    row = one.of_kind("video")[-1]
    assert isinstance(row.spec, VideoSpec)
    cells = await one.make([row], one.one_by_one())
    made = pictures(one.joined(row, cells))
    whole = pictures(MEDIA / name, str(one.timeline.rate))[: len(made)]
    assert len(made) == one.timeline.frames
    same = np.abs(made[: len(whole)] - whole).mean(axis=(1, 2))
    assert same.max() < 6, "no picture is another"
    late = np.abs(made[1 : len(whole)] - whole[:-1]).mean(axis=(1, 2))
    moving = late > 2
    assert (same[1:][moving] < late[moving]).all(), "where the picture moves, each is nearest to its own"
