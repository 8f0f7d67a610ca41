"""From ffmpeg's bytes to cells: read, check against the row, put at its place, write anew."""

import logging
from dataclasses import replace

from vidstead.grid import Row
from vidstead.media import (
    AAC_FRAME,
    PRIMING,
    SOUND_ROLL,
    Fragment,
    FragmentReader,
    MediaFormatError,
    Sample,
    SoundSpec,
    Timeline,
    adts_config,
    align,
    cell_limit,
    lead_frames,
    parse_adts,
    track_kind,
    trick_lead,
    write_fragment,
)

log = logging.getLogger(__name__)
ADTS_HEADER = 7


class PictureCutter:
    """One fragment of ffmpeg's MP4 is one cell."""

    def __init__(self, row: Row, timeline: Timeline, columns: range) -> None:
        self.row = row
        self._ticks = timeline.frame_ticks
        self._next = columns.start
        self._end = columns.stop
        self._reader = FragmentReader()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """See ``Cutter``."""
        return [self._cell(fragment) for fragment in self._reader.feed(data)]

    def close(self) -> None:
        """See ``Cutter``."""
        if self._next != self._end:
            raise MediaFormatError(reason=f"{self.row.name} ends before segment {self._next}")
        self._reader.close()

    def _cell(self, fragment: Fragment) -> tuple[int, bytes]:
        index = self._next
        if index == self._end:
            raise MediaFormatError(reason=f"{self.row.name} goes on after segment {index - 1}")
        _check_header(self.row, self._reader)
        begin, end = self.row.bounds[index : index + 2]
        keys = [number for number, sample in enumerate(fragment.samples) if sample.key]
        if len(fragment.samples) != end - begin or keys != [0]:
            made = f"{len(fragment.samples)} pictures with keys at {keys}"
            raise MediaFormatError(reason=f"segment {index} of {self.row.name} has {made}, not {end - begin}")
        self._next += 1
        return index, write_cell(self.row, index, align(_even(fragment, self._ticks), start=begin * self._ticks))


class TrickCutter:
    """One picture of ffmpeg's MP4 is one cell, as long as the cell; one more may come first, and is dropped."""

    def __init__(self, row: Row, timeline: Timeline, columns: range) -> None:
        self.row = row
        self._ticks = timeline.frame_ticks
        self._next = columns.start - trick_lead(row.film_column(columns.start))
        self._first = columns.start
        self._end = columns.stop
        self._reader = FragmentReader()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """See ``Cutter``."""
        cells = [self._cell(fragment) for fragment in self._reader.feed(data)]
        return [cell for cell in cells if cell is not None]

    def close(self) -> None:
        """See ``Cutter``."""
        if self._next != self._end:
            raise MediaFormatError(reason=f"{self.row.name} ends before segment {self._next}")
        self._reader.close()

    def _cell(self, fragment: Fragment) -> tuple[int, bytes] | None:
        index = self._next
        _check_header(self.row, self._reader)
        if index == self._end or len(fragment.samples) != 1 or not fragment.samples[0].key:
            made = f"{len(fragment.samples)} pictures"
            raise MediaFormatError(reason=f"segment {index} of {self.row.name} has {made}, not one key picture")
        self._next += 1
        if index < self._first:
            return None
        begin, end = self.row.bounds[index : index + 2]
        (sample,) = fragment.samples
        sample = replace(sample, duration=(end - begin) * self._ticks)
        whole = replace(fragment, samples=(sample,))
        return index, write_cell(self.row, index, align(whole, start=begin * self._ticks))


def _check_header(row: Row, reader: FragmentReader) -> None:
    if reader.header is None or reader.header.config != row.header.config:
        raise MediaFormatError(reason=f"{row.name} has other headers than its row")


def _even(fragment: Fragment, ticks: int) -> Fragment:
    """The same pictures, each ``ticks`` long: the last one's length is a guess of the muxer."""
    return replace(fragment, samples=tuple(replace(sample, duration=ticks) for sample in fragment.samples))


class SoundCutter:
    """Frames of an ADTS stream, counted: priming, roll, cells, roll. The row's first cell has its lead of the roll."""

    def __init__(self, row: Row, columns: range) -> None:
        self.row = row
        self._next = columns.start
        self._end = columns.stop
        self._lead = lead_frames(row.spec)
        self._skip = PRIMING + SOUND_ROLL - (self._lead if columns.start == 0 else 0)
        self._buffer = b""
        self._frames: list[bytes] = []

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """See ``Cutter``."""
        self._buffer += data
        whole = _whole_frames(self._buffer)
        if whole:
            self._check(self._buffer)
            self._frames += parse_adts(self._buffer[:whole])
            self._buffer = self._buffer[whole:]
        cells = []
        while self._next < self._end and len(self._frames) >= self._skip + self._length():
            cells.append(self._cell())
        return cells

    def close(self) -> None:
        """See ``Cutter``."""
        if self._next != self._end or len(self._frames) != self._skip + SOUND_ROLL:
            raise MediaFormatError(
                reason=f"{self.row.name} ends before segment {self._next} with {len(self._frames)} frames left"
            )

    def _check(self, data: bytes) -> None:
        if adts_config(data) != self.row.header.config:
            raise MediaFormatError(reason=f"{self.row.name} has other headers than its row")

    def _length(self) -> int:
        begin, end = self.row.bounds[self._next : self._next + 2]
        return end - begin + (self._lead if self._next == 0 else 0)

    def _cell(self) -> tuple[int, bytes]:
        index, length = self._next, self._length()
        frames = self._frames[self._skip : self._skip + length]
        self._frames = self._frames[self._skip + length :]
        self._skip = 0
        self._next += 1
        begin = self.row.bounds[index] + (self._lead if index else 0)
        return index, write_cell(self.row, index, sound_fragment(frames, begin))


def sound_fragment(frames: list[bytes], begin: int) -> Fragment:
    """AAC frames as a fragment whose decode time is ``begin`` frames."""
    samples = tuple(Sample(size=len(f), duration=AAC_FRAME, composition_offset=0, key=True) for f in frames)
    return Fragment(decode_time=begin * AAC_FRAME, samples=samples, data=b"".join(frames))


def write_cell(row: Row, index: int, fragment: Fragment) -> bytes:
    """The bytes of a cell; said aloud when there are more than its row allows."""
    if index == 0 and isinstance(row.spec, SoundSpec):
        fragment = fragment.beginning_at(row.spec.start)
    data = write_fragment(sequence=row.film_column(index) + 1, fragment=fragment, track_kind=track_kind(row.spec))
    limit = cell_limit(row.spec, len(fragment.samples))
    if len(data) > limit:
        log.warning("cell above its bound: row %s, segment %d, %d of %d bytes", row.id, index, len(data), limit)
    return data


def _whole_frames(data: bytes) -> int:
    """Bytes of the ADTS frames that are all there (ISO/IEC 13818-7, 6.2: frame_length)."""
    at = 0
    while at + ADTS_HEADER <= len(data):
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if size < ADTS_HEADER:
            raise MediaFormatError(reason=f"an ADTS frame of {size} bytes")
        if at + size > len(data):
            break
        at += size
    return at
