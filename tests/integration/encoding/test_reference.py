"""On the way to a cell pictures are left out that nothing needs; what comes after is the same to the last bit."""

import asyncio
import io
import os
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.sources import BY_NAME, Clip, make

from vidstead.encoding.adapters.children.reference import LEARNT
from vidstead.encoding.adapters.feeding import picture_order
from vidstead.encoding.adapters.grant import grant
from vidstead.encoding.adapters.process import GIGABYTE, child
from vidstead.storage.adapters.local import LocalStore

LONG = ("-bf", "3", "-g", "250", "-keyint_min", "250", "-sc_threshold", "0")
X264 = ("-c:v", "libx264", "-preset", "veryfast", *LONG)
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=250:bframes=3:b-adapt=0:log-level=0")
CLIPS = {
    clip.name: clip
    for clip in (
        Clip(name="long-avc", video=X264, channels=0),
        Clip(name="long-avc-started", suffix="ts", video=X264, channels=0),
        Clip(
            name="long-avc-gap", suffix="mkv", video=X264, channels=0, setpts="(N*40+if(gt(N\\,98)\\,1500\\,0))/1000/TB"
        ),
        Clip(name="long-hevc", video=HEVC, channels=0),
        Clip(
            name="long-avc-fields", height=272, video=(*X264, "-flags", "+ilme+ildct", "-field_order", "tt"), channels=0
        ),
    )
}


async def fed(one: Bench, store: LocalStore, column: int) -> tuple[bytes, dict[str, Any]]:
    """What the feeder writes for one column, and its order."""
    run = one.order(one.of_kind("video")[:1], column, 1)
    assert run.source.facts.video is not None
    order = picture_order(run, run.source.facts.video)
    ours, theirs = os.pipe()
    async with (
        grant(store, one.parts) as granted,
        child(
            "feed",
            {**order, "source": granted.source},
            memory=2 * GIGABYTE,
            cpu_seconds=60,
            descriptors=granted.descriptors,
            stdout=theirs,
        ) as feeder,
    ):
        os.close(theirs)
        with os.fdopen(ours, "rb") as pipe:
            data = await asyncio.to_thread(pipe.read)
        assert await feeder.wait() == 0, feeder.said
    return data, order


def decoded(file: Path | io.BytesIO) -> tuple[dict[Fraction, str], int]:
    """The hash of each picture by its time in seconds, and how many packets there are."""
    with av.open(file, "r") as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        packets, pictures = 0, {}
        for packet in container.demux(stream):
            packets += packet.size > 0
            for frame in packet.decode():
                assert frame.pts is not None
                pictures[frame.pts * stream.time_base] = sha256(frame.to_ndarray().tobytes()).hexdigest()
        return pictures, packets


@pytest.mark.parametrize("name", CLIPS)
async def test_only_what_nothing_needs_is_left_out(name: str, clips: Path, tmp_path: Path) -> None:
    file, store = make(CLIPS[name], clips), LocalStore(tmp_path / "objects")
    one = Bench(store, file)
    await one.publish(2.0)
    video = one.plan.facts.video
    assert video is not None
    wanted, _ = decoded(file)
    begun = one.timeline.cells - 1
    for column in (1, begun):
        data, order = await fed(one, store, column)
        pictures, packets = decoded(io.BytesIO(data))
        shift, base = order["shift"], video.time_base
        got = {time - shift * base: picture for time, picture in pictures.items()}
        shown = max(time for time in wanted if time <= order["threshold"] * base)
        needed = {time: one for time, one in wanted.items() if shown <= time <= order["stop"] * base}
        assert needed.items() <= got.items(), "the pictures that are shown"
        before = sum(time < shown for time in wanted)
        left_out = before + sum(time >= shown for time in got) - packets
        assert left_out >= (before - LEARNT) // 4 > 0, f"{left_out} of {before} pictures before column {column}"


async def test_where_every_picture_is_referred_to_all_of_them_are_fed(clips: Path, tmp_path: Path) -> None:
    """A film without B pictures, with a key picture every ten seconds."""
    file, store = make(BY_NAME["webm-opus"], clips), LocalStore(tmp_path / "objects")
    one = Bench(store, file)
    await one.publish(2.0)
    data, order = await fed(one, store, one.timeline.cells - 1)
    assert one.plan.facts.video is not None
    base = one.plan.facts.video.time_base
    times = sorted(time - order["shift"] * base for time in decoded(io.BytesIO(data))[0])
    assert times == sorted(decoded(file)[0])
