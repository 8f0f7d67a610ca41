"""The pictures of a trick row: one key packet for each column, decoded here, written as raw video in NUT.

Each is decoded alone, by a decoder that is emptied before and after: packets from all over a film, given to one decoder
in a row, come out in the order of picture counts that mean nothing any more. Nothing between the keys is decoded, and
of containers that allow it nothing is read.

A key packet of before ``earliest`` belongs to what an edit list cut away: then it is decoded on from there to the first
picture that is shown.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Protocol

import av
from av.codec.context import Flags, Flags2
from av.container import InputContainer
from av.video.frame import VideoFrame

from .media import Packets, begin, fragment_head, is_fragmented, open_source, packets_of, seek

REORDERED = 20
"""Packets read on after the first one beyond what is sought."""
LONGEST_GROUP = 2000
"""Packets that are decoded in search of the first picture that is shown."""
WRITE_BYTES = 1 << 20
KEPT_PIXELS = ("yuv", "gray")
"""Pixel formats, by how their names begin, that are written as they are."""
RGB_PIXELS = ("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr")

Order = dict[str, Any]


class Sink(Protocol):
    """The file that NUT is written to."""

    def write(self, data: bytes) -> int: ...


class NoPictureError(Exception):
    """Nothing could be decoded for a column."""


def write_keys(order: Order, sink: Sink) -> None:
    """Write the picture of every column of ``order``, each a second after the last. Raises ``NoPictureError``."""
    keys = _Keys(order)
    with av.open(sink, mode="w", format="nut", buffer_size=WRITE_BYTES, options={"write_index": "0"}) as output:
        target = output.add_stream("rawvideo", rate=1)
        target.width, target.height, target.pix_fmt = order["width"], order["height"], _written(order["pixels"])
        for number, column in enumerate(order["columns"]):
            frame = keys.picture(column)
            frame.pts, frame.time_base = number, Fraction(1)
            output.mux(target.encode(frame))
        output.mux(target.encode(None))


def _written(pixels: str) -> str:
    """A pixel format that NUT knows: the picture's own, or one that has its colours."""
    if pixels.startswith(KEPT_PIXELS):
        return pixels
    return "rgb24" if pixels.startswith(RGB_PIXELS) else "yuv420p"


class _Keys:
    """Finds and decodes key packets of one source."""

    def __init__(self, order: Order) -> None:
        self._source = order["source"]
        self._index = order["stream"]
        self._from, self._earliest = order["from"], order["earliest"]
        self._container = self._open()
        stream = self._container.streams[self._index]
        self._fragmented = is_fragmented(self._container, stream)
        self._direct = "mp4" in self._container.format.name and not self._fragmented
        self._head = fragment_head(self._source) if self._fragmented else b""
        self._last: tuple[int, VideoFrame] | None = None

    def picture(self, column: dict[str, Any]) -> VideoFrame:
        """The picture of a column: that of the first place which holds one that can be decoded."""
        for packets in self._tried(column):
            first = next(packets)
            if self._last is None or self._last[0] != first.pts:
                frame = self._decoded(first, packets)
                if frame is None:
                    continue
                self._last = (first.pts, frame)
            return self._last[1]
        raise NoPictureError(f"no key picture at {column['threshold']} or before can be decoded")

    def _tried(self, column: dict[str, Any]) -> Iterator[Packets]:
        """The packets from each place on that holds a key packet, the best first; at last by reading all before."""
        threshold = column["threshold"]
        if self._direct:
            yield from self._at(threshold, -1, threshold, None)
        for timestamp, position in column["places"]:
            yield from self._at(timestamp, position, threshold, timestamp)
        found = self._read_to(threshold)
        if found is not None:
            yield iter([found])

    def _at(self, timestamp: int, position: int, threshold: int, wanted: int | None) -> Iterator[Packets]:
        if self._fragmented:
            self._reopen(position)
        else:
            seek(self._container, self._container.streams[self._index], timestamp, position)
        found = begin(self._packets(), self._from, threshold, wanted)
        if found is not None:
            yield found

    def _read_to(self, threshold: int) -> Any:
        """The last key packet at or before ``threshold``, or the first of all, from the source's beginning on."""
        self._reopen()
        found, beyond = None, 0
        for packet in self._packets():
            if packet.pts is None or packet.pts < self._from:
                continue
            if packet.is_keyframe and (found is None or packet.pts <= threshold):
                found = packet
            beyond += packet.pts > threshold
            if found is not None and beyond > REORDERED:
                break
        return found

    def _packets(self) -> Packets:
        return packets_of(self._container, self._index)

    def _open(self, position: int = 0) -> InputContainer:
        head = self._head if position else b""
        container = open_source(self._source, head=head, resume=position)
        context = container.streams[self._index].codec_context
        context.thread_count = 1
        context.flags |= Flags.output_corrupt
        context.flags2 |= Flags2.show_all
        return container

    def _reopen(self, position: int = 0) -> None:
        self._container.close()
        self._container = self._open(position)

    def _decoded(self, first: Any, rest: Packets) -> VideoFrame | None:
        """The key's picture; where that is not shown, the first one after it that is."""
        context: Any = self._container.streams[self._index].codec_context
        context.flush_buffers()
        following = rest if first.pts < self._earliest else iter(())
        for packet in itertools.chain([first], itertools.islice(following, LONGEST_GROUP), [None]):
            try:
                frames: list[VideoFrame] = context.decode(packet)
            except av.error.FFmpegError:
                continue
            for frame in frames:
                if first.pts >= self._earliest or (frame.pts is not None and frame.pts >= self._earliest):
                    return frame
        return None
