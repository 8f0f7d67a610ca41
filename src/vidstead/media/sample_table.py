"""The sample table of an MP4 track (ISO/IEC 14496-12, 8.6 and 8.7): every packet of a film, from its ``moov`` alone.

It is what makes the pass-through row: which packets there are, when they are shown, and where their bytes lie, without
reading one of them. Sizes are checked against the box that claims them before anything is expanded, so a table of a few
bytes can't ask for gigabytes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice, repeat
from operator import add, lt, sub
from typing import Literal

from vidstead.media.errors import MediaFormatError
from vidstead.media.fmp4.boxes import children, only, unpack, version_and_flags
from vidstead.media.fmp4.reader import decoder_info

MOST_SAMPLES = 4_000_000
"""Samples of a track: 18 hours at 60 frames per second."""
MOST_POSITION = 1 << 62
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
    decode_times: Sequence[int]
    """DTS in ticks; of the first sample 0. A ``range`` where every sample lasts as long."""
    offsets: array[int]
    """PTS less DTS in ticks; empty where all are 0."""
    sizes: array[int]
    """Bytes."""
    chunks: array[int]
    """Byte positions in the file of the chunks, in which samples follow each other."""
    begins: Sequence[int]
    """Of every chunk the number of its first sample. A ``range`` where each chunk is one sample."""
    sync: tuple[int, ...] | None
    """Numbers of the sync samples from 0; ``None`` where every sample is one."""

    def presentation_times(self) -> Iterator[int]:
        """PTS of every sample in ticks, before edits."""
        return map(add, self.decode_times, self.offsets) if self.offsets else iter(self.decode_times)

    def shown(self) -> tuple[int, int]:
        """PTS of the samples that are shown first and last. Raises ``ValueError`` where there is none."""
        times, offsets = self.decode_times, self.offsets
        if not offsets:
            return min(times), max(times)
        head = bisect_right(times, times[0] + offsets[0] - min(offsets))
        tail = bisect_left(times, times[-1] + offsets[-1] - max(offsets))
        return min(map(add, times[:head], offsets)), max(map(add, times[tail:], offsets[tail:]))

    def positions(self) -> array[int]:
        """Where each sample lies, in bytes from the beginning of the file."""
        if isinstance(self.begins, range):
            return array("Q", self.chunks)
        found = array("Q")
        for chunk, begin, end in zip(self.chunks, self.begins, [*self.begins[1:], len(self.sizes)], strict=True):
            found.extend(islice(accumulate(self.sizes[begin:end], initial=chunk), end - begin))
        return found


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
    chunks, begins = _chunks(_box(tables, b"stsc"), _chunk_positions(tables), len(sizes))
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
        chunks=chunks,
        begins=begins,
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


def _runs(content: memoryview, code: Literal["I", "i"], samples: int) -> tuple[array[int], array[int]]:
    """The entries of ``stts`` or ``ctts``: how many samples, and their number."""
    (count,) = unpack("I", content, 4)
    times = _numbers(content, 8, 2 * count, "I")[::2]
    if sum(times) != samples:
        raise MediaFormatError(reason="stts or ctts counts other samples than stsz")
    return times, _numbers(content, 8, 2 * count, code)[1::2]


def _decode_times(content: memoryview, samples: int) -> Sequence[int]:
    times, durations = _runs(content, "I", samples)
    if len(durations) == 1 and durations[0]:
        return range(0, samples * durations[0], durations[0])
    found = array("q", accumulate(chain.from_iterable(map(repeat, durations, times)), initial=0))
    found.pop()
    return found


def _offsets(content: memoryview | None, samples: int) -> array[int]:
    """``ctts``; offsets of version 0 are read as signed too, as writers mean them."""
    if content is None:
        return array("q")
    times, offsets = _runs(content, "i", samples)
    return array("q", chain.from_iterable(map(repeat, offsets, times)))


def _sizes(content: memoryview) -> array[int]:
    same, count = unpack("II", content, 4)
    if count > MOST_SAMPLES:
        raise MediaFormatError(reason=f"a track of {count} samples")
    return array("I", [same]) * count if same else _numbers(content, 12, count, "I")


def _chunk_positions(tables: dict[bytes, memoryview]) -> array[int]:
    wide = b"co64" in tables
    content = _box(tables, b"co64" if wide else b"stco")
    (count,) = unpack("I", content, 4)
    found = _numbers(content, 8, count, "Q" if wide else "I")
    if wide and max(found, default=0) > MOST_POSITION:
        raise MediaFormatError(reason="a chunk beyond the end of every file")
    return found


def _chunks(content: memoryview, chunks: array[int], samples: int) -> tuple[array[int], Sequence[int]]:
    """The chunks that ``stsc`` tells of: where they lie, and which sample is the first of each."""
    (count,) = unpack("I", content, 4)
    runs = _numbers(content, 8, 3 * count, "I")
    firsts, per_chunk = runs[::3], runs[1::3]
    if runs[2::3].count(1) != count:
        raise MediaFormatError(reason="a track whose description changes")
    if not all(map(lt, [0, *firsts], firsts)):
        raise MediaFormatError(reason="stsc is out of order")
    end = len(chunks) + 1
    while firsts and firsts[-1] > end:
        firsts.pop()
    skipped = firsts[0] - 1 if firsts else 0
    if per_chunk.count(1) == count and len(chunks) - skipped >= samples:
        return chunks[skipped : skipped + samples], range(samples)
    lengths = map(sub, [*firsts[1:], end], firsts)
    begins = array("q", accumulate(chain.from_iterable(map(repeat, per_chunk, lengths)), initial=0))
    if begins[-1] < samples:
        raise MediaFormatError(reason="stsc places other samples than stsz")
    while begins and begins[-1] >= samples:  # the last chunk may have fewer than stsc says, and chunks be left over
        begins.pop()
    return chunks[skipped : skipped + len(begins)], begins


def _sync(content: memoryview | None, samples: int) -> tuple[int, ...] | None:
    if content is None:
        return None
    (count,) = unpack("I", content, 4)
    numbers = _numbers(content, 8, count, "I")
    if any(not 1 <= number <= samples for number in numbers) or list(numbers) != sorted(set(numbers)):
        raise MediaFormatError(reason="stss names samples that are not there, or out of order")
    return tuple(number - 1 for number in numbers)
