"""Opening a source with PyAV: only demuxers of real containers, and nothing beyond the one file."""

import itertools
from collections.abc import Iterator
from typing import Any, NoReturn

import av
from av.container import InputContainer
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from .reader import RangeReader, open_ranges

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,flv,live_flv,avi,asf,ogg,wav,w64,aiff,mp3,flac,aac,ac3,eac3,caf,"
    "mxf,gxf,nut,ivf,au,tta,wv"
)
"""No playlists (hls, dash, concat), which would open other files; no images, no text, no bare streams."""
SOUGHT_BY_BYTE = ("mpegts",)
"""Containers without an index of their own, where ours has the position of every key packet."""
BUFFER = 64 * 1024
SEARCH = 400
"""Packets that are read in search of the key packet of one place."""
FRAGMENT_BOXES = 4096
"""Boxes that are looked at before the first fragment."""


AVI = b"RIFF"
TRAILING = 16
"""Packets that may follow the last picture that others refer to."""


Packets = Iterator[Any]
"""PyAV's packets: what it says of their types does not know that filtering leaves none without a PTS."""


class RefusedError(Exception):
    """A source that cannot be used: a stable code and the facts of its sentence."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def _nothing_else(*_: Any, **__: Any) -> NoReturn:
    raise PermissionError("a source is one file")


def open_source(source: dict[str, Any], *, head: bytes = b"", resume: int = 0) -> InputContainer:
    """The source of an order, opened for reading: ``size``, and the ranges that ``open_ranges`` knows."""
    reader = RangeReader(open_ranges(source), source["size"], head=head, resume=resume)
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "none"}
    if reader.read(len(AVI)).startswith(AVI):
        options["fflags"] = "genpts"  # see ``packets_of``
    reader.seek(0)
    return av.open(
        reader,
        mode="r",
        options=options,
        metadata_errors="ignore",
        buffer_size=BUFFER,
        io_open=_nothing_else,
    )


def is_picture(stream: Stream) -> bool:
    """Whether a stream is moving pictures: cover art is not."""
    return stream.type == "video" and not stream.disposition & Disposition.attached_pic


def is_fragmented(container: InputContainer, stream: Stream) -> bool:
    """Whether an MP4 keeps its samples in fragments: then its ``moov`` lists none."""
    return "mp4" in container.format.name and stream.frames == 0


def seek(container: InputContainer, stream: Stream, timestamp: int, position: int) -> None:
    """Go to a key packet of ``stream``, or before it."""
    if container.format.name in SOUGHT_BY_BYTE and position >= 0:
        container.seek(position, unsupported_byte_offset=True)
    else:
        container.seek(timestamp, stream=stream)


def packets_of(container: InputContainer, index: int) -> Packets:
    """The packets of one stream from here on; the others are not read.

    AVI says of pictures only in which order they are decoded. Where some refer to later ones, ffmpeg's ``genpts`` gives
    each the time at which the next reference is decoded, and finds none for the last: that is shown at the very end.
    """
    for stream in container.streams:
        stream.discard = Discard.default if stream.index == index else Discard.all
    packets = container.demux(container.streams[index])
    return _timed(packets) if container.format.name == "avi" else packets


def _timed(packets: Packets) -> Packets:
    for packet in packets:
        if packet.pts is not None or packet.dts is None:
            yield packet
            continue
        rest = [packet, *(one for one in itertools.islice(packets, TRAILING) if one.dts is not None)]
        packet.pts = max(one.dts for one in rest) + 1
        yield from rest


def reordered_untold(container: InputContainer, stream: VideoStream) -> bool:
    """Whether pictures of an AVI are shown in an order that nothing tells: those of H.264 and HEVC have any."""
    context = stream.codec_context
    return container.format.name == "avi" and context.name in ("h264", "hevc") and context.has_b_frames > 0


def begin(packets: Packets, earliest: int, threshold: int, timestamp: int | None) -> Packets | None:
    """The packets from the first good one on, or nothing where there is none.

    Good is a key packet whose PTS is neither before ``earliest`` nor after ``threshold``, and whose PTS or DTS is
    ``timestamp`` where one is wanted.
    """
    for packet in itertools.islice(packets, SEARCH):
        if packet.pts is None or not packet.is_keyframe or packet.pts < earliest:
            continue
        if packet.pts > threshold:
            return None
        if timestamp is None or timestamp in (packet.pts, packet.dts):
            return itertools.chain([packet], packets)
    return None


def boxes(reader: RangeReader, limit: int) -> list[tuple[str, int, int]]:
    """The first ``limit`` top-level boxes as (type, position, size in bytes) (ISO/IEC 14496-12, 4.2)."""
    found: list[tuple[str, int, int]] = []
    position = 0
    while len(found) < limit:
        reader.seek(position)
        header = reader.read(16)
        if len(header) < 8:
            break
        size = int.from_bytes(header[:4], "big")
        if size == 1 and len(header) == 16:
            size = int.from_bytes(header[8:], "big")
        found.append((header[4:8].decode("latin-1"), position, size))
        if size < 8:
            break
        position += size
    return found


def fragment_head(source: dict[str, Any]) -> bytes:
    """What a fragmented MP4 needs before any of its fragments: ``ftyp`` and ``moov``."""
    reader = RangeReader(open_ranges(source), source["size"])
    head = b""
    for kind, position, size in boxes(reader, FRAGMENT_BOXES):
        if kind == "moof":
            break
        if kind in ("ftyp", "moov"):
            reader.seek(position)
            head += reader.read(size)
    return head
