"""Children: what they may read, what they may use, how they end; and what is said of files that can't be read."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.barcode import ffmpeg, read_barcodes
from tests.oracle.sources import BY_NAME, Clip, make
from tests.serve import wait_for

from vidstead.encoding import (
    EncodingFailed,
    EncodingInterrupted,
    SourceNotMedia,
    SourceOverLimit,
    SourceTruncated,
    SourceWithoutTracks,
    UnreadableSource,
    Urgency,
)
from vidstead.encoding.adapters.prober import PyAvProber
from vidstead.encoding.adapters.process import child
from vidstead.grid import Part
from vidstead.storage import StorageError, StorageUnavailable
from vidstead.storage.adapters.local import LocalStore
from vidstead.storage.testing import MemoryStore

Clips = Callable[[str], Bench]


def children() -> list[psutil.Process]:
    """The children of this process that live, save the database's and the like."""
    mine = psutil.Process().children(recursive=True)
    return [one for one in mine if "children.launch" in " ".join(_words(one)) or "ffmpeg" in " ".join(_words(one))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _encoder() -> psutil.Process:
    """The ffmpeg that encodes, as soon as there is one."""
    found: psutil.Process = wait_for(
        lambda: next((one for one in children() if "libx264" in _words(one)), None), seconds=60, what="ffmpeg encodes"
    )
    return found


@pytest.mark.parametrize("name", ["mp4-2398-moov-last", "mp4-fragmented", "mkv-2398"])
async def test_any_store_and_any_parts_give_the_same_cells(name: str, clips: Path, tmp_path: Path) -> None:
    file = make(BY_NAME[name], clips)
    local = Bench(LocalStore(tmp_path), file)
    remote = Bench(MemoryStore(), file, pieces=5)
    assert (await local.publish()).facts == (await remote.publish()).facts
    assert local.plan.index == remote.plan.index
    for kind in ("video", "audio"):
        (one,), (other,) = local.of_kind(kind)[-1:], remote.of_kind(kind)[-1:]
        made = await local.make([one], [(1, 1)])
        same = await remote.make([other], [(1, 1)])
        if kind == "audio":
            assert made == same
        else:
            read = [read_barcodes(row.header.init + cells[row.name, 1]) for row, cells in ((one, made), (other, same))]
            assert read[0] == read[1]
            assert len(read[0]) == one.bounds[2] - one.bounds[1]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"just a text, and not even a long one\n" * 40, SourceNotMedia),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n/etc/passwd\n#EXT-X-ENDLIST\n", SourceNotMedia),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", SourceNotMedia),
        (bytes(100_000), SourceNotMedia),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), SourceNotMedia),
        (b"x", UnreadableSource),
    ],
    ids=["text", "playlist", "concat", "zeros", "picture", "one-byte"],
)
async def test_what_is_no_media_is_refused(content: bytes, error: type[UnreadableSource], tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("e/sources/s/part-0000", content)
    with pytest.raises(error) as raised:
        await PyAvProber(store).probe([Part(key="e/sources/s/part-0000", size=len(content))])
    assert "{" not in raised.value.message
    assert children() == []


def patched_mp4(clips: Path, box: bytes, at: int, value: bytes) -> bytes:
    """A short MP4 with other bytes at a place of its first box of a kind, counted from the box's type."""
    data = bytearray(make(BY_NAME["mp4-25"], clips).read_bytes().replace(b"edts", b"free"))
    place = data.index(box) + at
    data[place : place + len(value)] = value
    return bytes(data)


WIDE = Clip(name="wide", width=16384, height=48, video=("-c:v", "ffv1"), suffix="mkv", seconds=0.4, channels=0)
OVER_LIMIT = {
    "16384 pixels a side": lambda clips: make(WIDE, clips).read_bytes(),
    "hours": lambda clips: patched_mp4(clips, b"stts", 16, (2**30).to_bytes(4, "big")),
    "pictures a second": lambda clips: patched_mp4(clips, b"mdhd", 16, (12800 * 60).to_bytes(4, "big")),
}


@pytest.mark.parametrize("claim", OVER_LIMIT)
async def test_what_no_film_has_is_refused(claim: str, clips: Path, tmp_path: Path) -> None:
    content = OVER_LIMIT[claim](clips)
    store = LocalStore(tmp_path)
    store.put("e/sources/s/part-0000", content)
    with pytest.raises(SourceOverLimit, match=claim):
        await PyAvProber(store).probe([Part(key="e/sources/s/part-0000", size=len(content))])


async def test_a_thousand_tracks_are_refused(tmp_path: Path) -> None:
    """Few bytes each, but a decoder and a row for every one of them."""
    sound = ("-f", "lavfi", "-i", "sine=duration=0.1:sample_rate=8000")
    command = [ffmpeg(), "-v", "error", *sound, *("-map", "0:a") * 300, "-c:a", "pcm_s16le", str(tmp_path / "s.mkv")]
    await asyncio.to_thread(subprocess.run, command, check=True, timeout=60)
    data = (tmp_path / "s.mkv").read_bytes()
    store = LocalStore(tmp_path / "store")
    store.put("e/sources/s/part-0000", data)
    with pytest.raises(SourceOverLimit, match="300 tracks"):
        await PyAvProber(store).probe([Part(key="e/sources/s/part-0000", size=len(data))])


async def test_a_recording_without_its_index_is_told_so(clips: Path, tmp_path: Path) -> None:
    content = make(BY_NAME["mp4-2398-moov-last"], clips).read_bytes()[:-20_000]
    store = LocalStore(tmp_path)
    store.put("e/sources/s/part-0000", content)
    with pytest.raises(SourceTruncated, match="moov"):
        await PyAvProber(store).probe([Part(key="e/sources/s/part-0000", size=len(content))])


async def test_a_container_without_tracks_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nHello\n\n")
    command = [ffmpeg(), "-v", "error", "-i", "s.srt", "-c", "srt", "s.mkv"]
    await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, check=True, timeout=60)
    store = LocalStore(tmp_path / "store")
    data = (tmp_path / "s.mkv").read_bytes()
    store.put("e/sources/s/part-0000", data)
    with pytest.raises(SourceWithoutTracks):
        await PyAvProber(store).probe([Part(key="e/sources/s/part-0000", size=len(data))])


async def test_a_source_that_is_gone_is_the_stores_fault(bench: Clips, tmp_path: Path) -> None:
    one = bench("mp4-25")
    await one.publish()
    (tmp_path / "store" / one.parts[0].key).unlink()
    with pytest.raises(StorageError):
        await one.make(one.of_kind("video"), [(0, 1)])
    async with asyncio.timeout(60):  # nothing waits for a child that never began
        with pytest.raises(StorageError):
            await one.publish()
    memory = MemoryStore()
    with pytest.raises(StorageError):
        await PyAvProber(memory).probe(one.parts)


async def test_damage_in_the_middle_stays_there(bench: Clips, tmp_path: Path) -> None:
    one = bench("mp4-25")
    await one.publish()
    (row,) = one.of_kind("video")
    stored = tmp_path / "store" / one.parts[0].key
    data = bytearray(stored.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = os.urandom(4000)
    stored.write_bytes(data)
    cells = await one.make([row], one.one_by_one())
    read = read_barcodes(one.joined(row, cells))
    assert len(read) == one.timeline.frames
    assert read[:75] == list(range(75))


async def test_closing_a_run_ends_its_children(bench: Clips) -> None:
    one = bench("mp4-60")
    await one.publish()
    async with aclosing(one.encoder.run(one.order(one.of_kind("video"), 0, one.timeline.cells))) as cells:
        await anext(cells)
    assert children() == []


async def test_cancelling_a_run_ends_its_children(bench: Clips) -> None:
    one = bench("mp4-60")
    await one.publish()
    for pause in (0.0, 0.02, 0.1, 0.3):
        task = asyncio.create_task(one.make(one.of_kind("video"), one.all_at_once()))
        await asyncio.sleep(pause)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert children() == []


async def test_a_failing_encoder_says_why(bench: Clips) -> None:
    one = bench("mp4-25")
    await one.publish()
    one.encoder._ffmpeg = "/bin/false"
    with pytest.raises(EncodingFailed, match="270p"):
        await one.make(one.of_kind("video"), [(0, 1)])
    assert children() == []


async def test_a_child_killed_from_outside_is_no_fault_of_the_film(bench: Clips) -> None:
    one = bench("mp4-60")
    await one.publish()
    making = asyncio.create_task(one.make(one.of_kind("video"), one.all_at_once()))
    (await asyncio.to_thread(_encoder)).kill()
    with pytest.raises(EncodingInterrupted):
        await making
    assert children() == []


async def test_a_store_that_fails_is_no_fault_of_the_film(clips: Path) -> None:
    class Failing(MemoryStore):
        """A store that stops answering when it is told to."""

        down = False

        def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
            if self.down:
                raise StorageUnavailable(reason="told to")
            return super().read(key, start, length)

    store = Failing()
    one = Bench(store, make(BY_NAME["mkv-2398"], clips))
    await one.publish()
    store.down = True
    with pytest.raises(StorageUnavailable):
        await one.make(one.of_kind("video"), [(0, 1)])
    with pytest.raises(StorageUnavailable):
        await one.prober.probe(one.parts)
    assert children() == []


async def test_a_child_has_limits_and_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSTEAD_STORAGE_SECRET_KEY", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    report = (
        "import json, os, resource as r, sys\n"
        "def is_open(n):\n    try: return bool(os.fstat(n))\n    except OSError: return False\n"
        "json.dump([dict(os.environ), r.getrlimit(r.RLIMIT_AS), r.getrlimit(r.RLIMIT_FSIZE), r.getrlimit(r.RLIMIT_CPU),"
        " os.nice(0), os.sched_getscheduler(0), os.getpgrp() == os.getpid(), os.getsid(0),"
        " [n for n in range(256) if is_open(n)]], sys.stdout)"
    )
    order = {"command": [sys.executable, "-I", "-S", "-c", report]}
    async with child("exec", order, memory=1 << 30, cpu_seconds=7, nice=19, stdout=asyncio.subprocess.PIPE) as running:
        assert running.process.stdout is not None
        said = json.loads(await running.process.stdout.read())
        assert await running.wait() == 0
    environment, memory, size, cpu, nice, schedule, leads, session, descriptors = said
    assert "secret" not in environment.values()
    assert set(environment) <= {"LC_ALL", "PATH", "LC_CTYPE"}
    assert (memory, size, cpu, nice) == ([1 << 30] * 2, [0, 0], [8, 8], 19)
    assert schedule == os.SCHED_IDLE, "what is nicest runs when nothing else does"
    assert leads, "it is a process group of its own"
    assert session == os.getsid(0), "in the worker's session"
    assert len(descriptors) <= 4


async def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from vidstead.encoding.adapters.process import child\n"
        "async def main():\n"
        "    order = {'command': ['/bin/sh', '-c', 'echo begun; while :; do :; done']}\n"
        "    limits = {'memory': 1 << 30, 'cpu_seconds': 5, 'stdout': asyncio.subprocess.PIPE}\n"
        "    async with child('exec', order, **limits) as running:\n"
        "        print(running.process.pid, (await running.process.stdout.readline()).decode(), flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    number, begun = (await parent.stdout.readline()).split()
    assert begun == b"begun"
    orphan = psutil.Process(int(number))
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [orphan], 10)
    assert gone == [orphan]


async def test_a_run_yields_once_what_is_awaited_is_there(bench: Clips) -> None:
    """In all of its threads: each has a niceness of its own."""
    one = bench("mp4-25")
    await one.publish(0.5)
    order = replace(one.order(one.of_kind("video"), 0, one.timeline.cells), urgency=Urgency.AWAITED)
    async with aclosing(one.encoder.run(order)) as cells:
        await anext(cells)
        encoder = _encoder()
        assert nices(encoder) == {Urgency.AWAITED}
        await anext(cells)
        assert nices(encoder) == {Urgency.AHEAD}


def nices(process: psutil.Process) -> set[int]:
    """The niceness of every thread (proc(5), /proc/pid/stat)."""
    tasks = Path(f"/proc/{process.pid}/task").iterdir()
    return {int((task / "stat").read_text().rpartition(")")[2].split()[16]) for task in tasks}
