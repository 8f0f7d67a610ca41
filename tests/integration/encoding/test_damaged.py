"""Damaged files of every container: a cell comes, or an error of ours; no crash, no hang, nothing left behind."""

import asyncio
import gc
import os
import resource
import subprocess
from collections import Counter
from pathlib import Path
from random import Random

import psutil
import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.barcode import ffmpeg
from tests.oracle.damage import damaged

from vidstead.kit import VidsteadError
from vidstead.storage.adapters.local import LocalStore

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=1.2")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1.2")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-c:a", "aac", "-b:a", "32k")
FILES = {
    "first.mp4": (*X264, "-movflags", "+faststart"),
    "last.mp4": X264,
    "fragments.mp4": (*X264, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"),
    "film.mov": (*X264[:6], "-c:a", "pcm_s16le"),
    "hevc.mp4": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=0", "-c:a", "aac"),
    "film.mkv": X264,
    "film.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
    "film.ts": X264,
    "film.mpg": ("-c:v", "mpeg2video", "-c:a", "mp2"),
    "film.flv": X264,
    "film.3gp": ("-c:v", "mpeg4", "-c:a", "aac", "-ac", "1"),
    "film.mxf": ("-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-ar", "48000"),
    "film.ogv": ("-c:v", "libtheora", "-c:a", "libvorbis"),
    "film.avi": ("-c:v", "mpeg4", "-c:a", "mp3"),
    "sound.mp3": ("-vn", "-c:a", "libmp3lame"),
    "sound.flac": ("-vn", "-c:a", "flac"),
    "sound.wav": ("-vn",),
}
EACH = 30
"""Damaged files of each kind; 17 kinds make 510."""
MANY = 600
SECONDS = 60
"""What one of them may take at most, on a slow machine with other work."""
MEMORY = 1 << 30
"""How much this process, which does the worker's part of the work, may grow while it reads all of one kind."""


def valid(name: str, folder: Path) -> bytes:
    """The file that is damaged."""
    file = folder / f"damage-{name}"
    if not file.exists():
        partial = folder / f"partial-{os.getpid()}-{name}"
        command = [ffmpeg(), "-v", "error", "-y", *PICTURE, *SOUND, *FILES[name], str(partial)]
        subprocess.run(command, check=True, timeout=60)
        partial.rename(file)
    return file.read_bytes()


async def outcome(file: Path, folder: Path, *, encode: bool) -> str:
    """What becomes of an upload: the code of an error, or what came."""
    one = Bench(LocalStore(folder), file, copy=True)
    try:
        await one.publish(1.0)
        if encode:
            rows = [row for row in one.rows if row.spec.kind != "trick"]
            kinds = {row.spec.kind: row for row in rows}
            for row in kinds.values():
                await one.make([row], [(one.timeline.cells - 1, 1)])
    except VidsteadError as error:
        return error.code
    return "made" if encode else "published"


async def tried(name: str, count: int, first: int, clips: Path, tmp_path: Path) -> Counter[str]:
    """The outcomes of so many damaged files of a kind, seeds from ``first`` on."""
    whole, seen = await asyncio.to_thread(valid, name, clips), Counter[str]()
    file = tmp_path / "damaged"
    for seed in range(first, first + count):
        file.write_bytes(damaged(whole, seed))
        folder = tmp_path / f"store-{seed}"
        try:
            async with asyncio.timeout(SECONDS):
                seen[await outcome(file, folder, encode=Random(seed).random() < 0.3)] += 1
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}: {type(error).__name__}: {error}") from error
    return seen


@pytest.mark.parametrize("name", FILES)
async def test_of_a_damaged_file_comes_a_cell_or_an_error_of_ours(name: str, clips: Path, tmp_path: Path) -> None:
    await hold(name, EACH, 0, clips, tmp_path)


@pytest.mark.large
@pytest.mark.parametrize("name", FILES)
async def test_of_many_damaged_files_comes_the_same(name: str, clips: Path, tmp_path: Path) -> None:
    first = Random().randrange(1 << 30)
    print(f"seeds from {first} on")
    await hold(name, MANY, first, clips, tmp_path)


async def hold(name: str, count: int, first: int, clips: Path, tmp_path: Path) -> None:
    """Try files of one kind, and look what is left of it."""
    gc.collect()
    descriptors, before = psutil.Process().num_fds(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = await tried(name, count, first, clips, tmp_path)
    print(name, dict(seen))
    assert sum(seen.values()) == count
    assert len(seen) > 1, "some come through, some don't"
    gc.collect()
    assert [child.name() for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()] == []
    assert psutil.Process().num_fds() <= descriptors + 2
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY
