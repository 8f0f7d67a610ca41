"""The sample table of an MP4 track (ISO/IEC 14496-12, 8.6 and 8.7): every packet of a film, from its ``moov`` alone.

It is what makes the pass-through row: which packets there are, when they are shown, and where their bytes lie, without
reading one of them. Sizes are checked against the box that claims them before anything is expanded, so a table of a few
bytes can't ask for gigabytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from operator import add, lt, sub
from typing import Literal

from vidstead.media.errors import MediaFormatError
from vidstead.media.fmp4.boxes import children, only, unpack, version_and_flags
from vidstead.media.fmp4.reader import decoder_info

MOST_SAMPLES = 4_000_000
"""Samples of a track: 18 hours at 60 frames per second."""
HANDLERS = {"video": b"vide", "audio": b"soun"}


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One entry of an edit list: so much of the media from ``media_time`` on; -1 is nothing at all."""

    duration: int
    """In ticks of the movie."""
    media_time: int
    """In ticks of the track."""


@dataclass(frozen=True, kw_only=True)
class SampleTable:
    """A track's samples in decoding order."""

    track_id: int
    timescale: int
    """Ticks per second of the track."""
    movie_timescale: int
    """Ticks per second of its edits' durations."""
    descriptions: tuple[bytes, ...]
    """Codes of its sample descriptions, such as ``avc1``."""
    config: bytes
    """Of the first description: content of ``avcC``, or the AudioSpecificConfig; empty where it has neither."""
    edits: tuple[Edit, ...]
    decode_times: array[int]
    """DTS in ticks; of the first sample 0."""
    offsets: array[int]
    """PTS less DTS in ticks; empty where all are 0."""
    sizes: array[int]
    """Bytes."""
    positions: array[int]
    """Byte positions in the file."""
    sync: tuple[int, ...] | None
    """Numbers of the sync samples from 0; ``None`` where every sample is one."""

    def presentation_times(self) -> list[int]:
        """PTS of every sample in ticks, before edits."""
        if not self.offsets:
            return list(self.decode_times)
        return list(map(add, self.decode_times, self.offsets))


def read_tables(movie: memoryview, kind: Literal["video", "audio"]) -> list[SampleTable]:
    """The tables of every track of a kind, from the content of a ``moov``. Raises ``MediaFormatError``."""
    version, _ = version_and_flags(times := only(movie, b"mvhd"))
    (movie_timescale,) = unpack("I", times, 20 if version else 12)
    tracks = [content for code, content in children(movie) if code == b"trak"]
    wanted = [track for track in tracks if bytes(only(track, b"mdia", b"hdlr")[8:12]) == HANDLERS[kind]]
    return [_read_track(track, movie_timescale) for track in wanted]


def _read_track(track: memoryview, movie_timescale: int) -> SampleTable:
    media = only(track, b"mdia")
    version, _ = version_and_flags(times := only(media, b"mdhd"))
    (timescale,) = unpack("I", times, 20 if version else 12)
    version, _ = version_and_flags(head := only(track, b"tkhd"))
    (track_id,) = unpack("I", head, 20 if version else 12)
    tables = dict(children(only(media, b"minf", b"stbl")))
    entries = list(children(_box(tables, b"stsd")[8:]))
    if not entries or not timescale or not movie_timescale:
        raise MediaFormatError(reason="a track without a description or a timescale")
    sizes = _sizes(_box(tables, b"stsz"))
    return SampleTable(
        track_id=track_id,
        timescale=timescale,
        movie_timescale=movie_timescale,
        descriptions=tuple(bytes(code) for code, _ in entries),
        config=_config(*entries[0]),
        edits=_edits(track),
        decode_times=_decode_times(_box(tables, b"stts"), len(sizes)),
        offsets=_offsets(tables.get(b"ctts"), len(sizes)),
        sizes=sizes,
        positions=_positions(_box(tables, b"stsc"), _chunks(tables), sizes),
        sync=_sync(tables.get(b"stss"), len(sizes)),
    )


def _box(tables: dict[bytes, memoryview], kind: bytes) -> memoryview:
    if kind not in tables:
        raise MediaFormatError(reason=f"a track without {kind.decode()}")
    return tables[kind]


def _config(code: bytes, entry: memoryview) -> bytes:
    if code == b"mp4a":
        return _aac_config(entry)
    if code not in (b"avc1", b"avc3"):
        return b""
    found = [content for kind, content in children(entry[78:]) if kind == b"avcC"]
    return bytes(found[0]) if len(found) == 1 else b""


def _aac_config(entry: memoryview) -> bytes:
    """From the ``esds``: behind the description, which QuickTime's version 1 makes longer, or in its ``wave``."""
    (version,) = unpack("H", entry, 8)
    boxes = dict(children(entry[28 + (16 if version == 1 else 0) :])) if version < 2 else {}
    if b"wave" in boxes:
        boxes = dict(children(boxes[b"wave"]))
    return decoder_info(boxes[b"esds"][4:]) if b"esds" in boxes else b""


def _edits(track: memoryview) -> tuple[Edit, ...]:
    holders = [content for code, content in children(track) if code == b"edts"]
    if not holders:
        return ()
    content = only(holders[0], b"elst")
    version, _ = version_and_flags(content)
    (count,) = unpack("I", content, 4)
    layout, size = ("Qqi", 20) if version else ("Iii", 12)
    _claimed(content, 8, count, size)
    found = (unpack(layout, content, 8 + size * number) for number in range(count))
    return tuple(Edit(duration=duration, media_time=media_time) for duration, media_time, _ in found)


def _claimed(content: memoryview, at: int, count: int, size: int) -> None:
    """Raises ``MediaFormatError`` unless ``count`` entries of ``size`` bytes are there from ``at`` on."""
    if count > MOST_SAMPLES or at + count * size > len(content):
        raise MediaFormatError(reason="a table claims more entries than it has")


def _numbers(content: memoryview, at: int, count: int, code: Literal["I", "i", "Q"]) -> array[int]:
    """``count`` big-endian numbers from ``at`` on."""
    size = 8 if code == "Q" else 4
    _claimed(content, at, count, size)
    found = array(code)
    found.frombytes(content[at : at + count * size])
    found.byteswap()
    return found


def _runs(content: memoryview, code: Literal["I", "i"], samples: int) -> Iterator[int]:
    """The entries of ``stts`` or ``ctts``, each as often as it says: a number for every sample."""
    (count,) = unpack("I", content, 4)
    times = _numbers(content, 8, 2 * count, "I")[::2]
    if sum(times) != samples:
        raise MediaFormatError(reason="stts or ctts counts other samples than stsz")
    return chain.from_iterable(map(repeat, _numbers(content, 8, 2 * count, code)[1::2], times))


def _decode_times(content: memoryview, samples: int) -> array[int]:
    times = array("q", accumulate(_runs(content, "I", samples), initial=0))
    times.pop()
    return times


def _offsets(content: memoryview | None, samples: int) -> array[int]:
    """``ctts``; offsets of version 0 are read as signed too, as writers mean them."""
    return array("q") if content is None else array("q", _runs(content, "i", samples))


def _sizes(content: memoryview) -> array[int]:
    same, count = unpack("II", content, 4)
    if count > MOST_SAMPLES:
        raise MediaFormatError(reason=f"a track of {count} samples")
    return array("I", [same]) * count if same else _numbers(content, 12, count, "I")


def _chunks(tables: dict[bytes, memoryview]) -> array[int]:
    wide = b"co64" in tables
    content = _box(tables, b"co64" if wide else b"stco")
    (count,) = unpack("I", content, 4)
    return _numbers(content, 8, count, "Q" if wide else "I")


def _positions(content: memoryview, chunks: array[int], sizes: array[int]) -> array[int]:
    """Where each sample lies: chunk by chunk, sample after sample.

    An hour has 200,000 chunks: each step goes over all of them at once, which the interpreter does not see.
    """
    chunks, counts = _chunk_runs(content, chunks)
    begins = list(accumulate(counts, initial=0))
    if begins[-1] > len(sizes):  # the last chunk has fewer than stsc says
        begins = [min(begin, len(sizes)) for begin in begins]
        counts = list(map(sub, begins[1:], begins))
    if begins[-1] != len(sizes):
        raise MediaFormatError(reason="stsc places other samples than stsz")
    if counts.count(1) == len(counts):
        return array("Q", chunks)
    before = list(accumulate(sizes, initial=0))
    shifts = map(sub, chunks, map(before.__getitem__, begins))
    try:
        return array("Q", map(add, chain.from_iterable(map(repeat, shifts, counts)), before))
    except OverflowError:
        raise MediaFormatError(reason="a chunk beyond the end of every file") from None


def _chunk_runs(content: memoryview, chunks: array[int]) -> tuple[array[int], list[int]]:
    """Where each chunk that ``stsc`` tells of lies, and how many samples it has."""
    (count,) = unpack("I", content, 4)
    runs = _numbers(content, 8, 3 * count, "I")
    firsts, per_chunk = runs[::3], runs[1::3]
    if runs[2::3].count(1) != count:
        raise MediaFormatError(reason="a track whose description changes")
    end = len(chunks) + 1
    if not all(map(lt, [0, *firsts], firsts)):
        raise MediaFormatError(reason="stsc is out of order")
    while firsts and firsts[-1] > end:
        firsts.pop()
    lengths = map(sub, [*firsts[1:], end], firsts)
    return chunks[firsts[0] - 1 :] if firsts else chunks[:0], list(chain.from_iterable(map(repeat, per_chunk, lengths)))


def _sync(content: memoryview | None, samples: int) -> tuple[int, ...] | None:
    if content is None:
        return None
    (count,) = unpack("I", content, 4)
    numbers = _numbers(content, 8, count, "I")
    if any(not 1 <= number <= samples for number in numbers) or list(numbers) != sorted(set(numbers)):
        raise MediaFormatError(reason="stss names samples that are not there, or out of order")
    return tuple(number - 1 for number in numbers)
