"""The prober: what a source is, from its index and its edges.

It reads the container's index, decodes one picture and one frame of sound of each track at the start (which tells the
true first timestamps, the colour, the fields, and whether there is a decoder at all), and reads packets from the last
key packet to the end. The middle of the file is not read, unless the container has no index.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from bisect import bisect_right
from fractions import Fraction
from math import ceil
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from .media import RefusedError, boxes, is_fragmented, is_picture, open_source, reordered_untold
from .names import FULL_RANGE, INTERLACED_ORDERS, MATRICES, PRIMARIES, TRANSFERS
from .reader import RangeReader, SourceLostError, open_ranges

FIRST_PACKETS = 3000
"""Packets that are read in search of the first frame of every track."""
KEY_STEP = Fraction(1, 2)
"""Seconds: of keys that are closer, only one is kept."""
SPARSE = 30
"""Seconds between keys beyond which an index is taken for incomplete, and the packets are read instead."""
EDGE = 600
"""Index entries at either end that are looked at for discarded pictures."""
INDEXED_AS_READ = ("flv",)
"""Containers whose index grows while they are read: what is in it now is only the beginning."""
KEYS = 200_000
UNCARRIED = ("dnxhd",)
"""Codecs that no format carries from the feeder to ffmpeg with their times (``feed``)."""
MOST_STREAMS = 100
LONGEST_SIDE = 8192
MOST_RATE = 300
MOST_HOURS = 24
MOST_BOXES = 1_000_000


def main(order: dict[str, Any]) -> None:
    """Print the facts and the index as one JSON object, or ``error`` and ``facts``."""
    av.logging.set_level(None)
    try:
        result = probe(order["source"])
    except RefusedError as error:
        result = {"error": error.code, "facts": error.facts}
    sys.stdout.write(json.dumps(result))
    sys.stdout.flush()
    os._exit(0)  # somebody waits, and taking an interpreter down takes as long as opening the film


def probe(source: dict[str, Any]) -> dict[str, Any]:
    """``facts`` and ``index`` as their JSON says them."""
    with _open(source) as container:
        _check(len(container.streams), MOST_STREAMS, "tracks")
        video = _choose(container)
        if video is not None:
            if reordered_untold(container, video):
                raise RefusedError(
                    "source_not_media",
                    reason=f"an AVI does not say when pictures of {video.codec_context.name} are shown",
                )
            _check(max(video.codec_context.width, video.codec_context.height), LONGEST_SIDE, "pixels a side")
        audio = [stream for stream in container.streams.audio if _decodable(stream)]
        if video is None and not audio:
            _no_tracks(container)
        wanted: list[Stream] = [*([video] if video else []), *audio]
        firsts = _first_frames(container, wanted)
        if video is not None and video.index not in firsts:
            raise RefusedError("source_codec_unsupported", codec=video.codec_context.name, track="picture")
        audio = [stream for stream in audio if stream.index in firsts]
        lead: Stream | None = video if video is not None else (audio[0] if audio else None)
        if lead is None:
            raise RefusedError("source_codec_unsupported", codec=wanted[0].codec_context.name, track="sound")
        keys = _keys(source, container, lead)
        ends = _ends(container, [lead, *(s for s in audio if s is not lead)], keys)
        _check(ceil((ends[lead.index] - firsts[lead.index].pts) * _time_base(lead) / 3600), MOST_HOURS, "hours")
        return {
            "facts": {
                "container": container.format.name,
                "size": source["size"],
                "video": _video_facts(video, firsts[video.index], ends[video.index]) if video else None,
                "audio": [_audio_facts(s, firsts[s.index], ends.get(s.index)) for s in audio],
            },
            "index": {"keys": [{"timestamp": t, "position": p} for t, p in keys]},
        }


def _check(found: float, most: int, unit: str) -> None:
    """Refuse what no honest film has, before a decoder or a grid is made as large as it claims to be."""
    if found > most:
        raise RefusedError("source_over_limit", found=f"{found:g} {unit}", most=f"{most} {unit}")


def _open(source: dict[str, Any]) -> InputContainer:
    try:
        return open_source(source)
    except (SourceLostError, PermissionError):
        raise
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise _why_not(source, error) from error


def _why_not(source: dict[str, Any], error: Exception) -> RefusedError:
    """Why ffmpeg could not open it, as exactly as the first boxes tell."""
    found = boxes(RangeReader(open_ranges(source), source["size"]), 64)
    kinds = [kind for kind, _, _ in found]
    if "ftyp" in kinds or "moov" in kinds or "mdat" in kinds:
        _, position, size = found[-1]
        if "moov" not in kinds or position + size > source["size"]:
            return RefusedError("source_truncated", missing="its index (moov)", size=source["size"])
    if isinstance(error, av.error.EOFError):
        return RefusedError("source_truncated", missing="its header", size=source["size"])
    return RefusedError("source_not_media", reason=str(getattr(error, "strerror", None) or error))


def _decodable(stream: Stream) -> bool:
    return stream.codec_context is not None and bool(stream.codec_context.name)


def _choose(container: InputContainer) -> VideoStream | None:
    """The picture: the track with the most pixels, the first of equals."""
    pictures = [s for s in container.streams.video if is_picture(s) and _decodable(s)]
    if any(stream.codec_context.name in UNCARRIED for stream in pictures):
        raise RefusedError("source_codec_unsupported", codec=pictures[0].codec_context.name, track="picture")
    return max(pictures, key=lambda s: s.codec_context.width * s.codec_context.height, default=None)


def _no_tracks(container: InputContainer) -> None:
    kinds = sorted({stream.type for stream in container.streams if not _decodable(stream)})
    if any(kind in ("video", "audio") for kind in kinds):
        raise RefusedError("source_codec_unsupported", codec="unknown", track=" and ".join(kinds))
    raise RefusedError("source_without_tracks", container=container.format.name)


def _first_frames(container: InputContainer, streams: list[Stream]) -> dict[int, Any]:
    """The first frame that the decoder of each stream gives, by the stream's index."""
    found: dict[int, Any] = {}
    for stream in streams:
        stream.codec_context.thread_count = 1
    for count, packet in enumerate(container.demux(streams)):
        index = packet.stream_index
        if index not in found:
            frames = _decoded(packet)
            if frames:
                found[index] = frames[0]
        if len(found) == len(streams) or count > FIRST_PACKETS:
            break
    return found


def _decoded(packet: Packet[Any]) -> list[Any]:
    try:
        return [frame for frame in packet.decode() if frame.pts is not None]
    except av.error.FFmpegError:
        return []


def _keys(source: dict[str, Any], container: InputContainer, stream: Stream) -> list[tuple[int, int]]:
    """(timestamp, byte position) of the key packets, at least ``KEY_STEP`` apart."""
    step = max(1, int(KEY_STEP / _time_base(stream)))
    if "matroska" in container.format.name:
        container.seek(_late(container, stream), stream=stream)  # the cues are read at the first seek
    if is_fragmented(container, stream):
        _read_fragments(container)
    keys = _hop(stream, step)
    if not _dense(container, stream, keys):
        keys = _scan(source, stream.index, step)
    return _at_fragments(source, keys) if is_fragmented(container, stream) else keys


def _at_fragments(source: dict[str, Any], keys: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The keys with the positions of the fragments (``moof``) that hold them: there reading begins."""
    reader = RangeReader(open_ranges(source), source["size"])
    fragments = [position for kind, position, _ in boxes(reader, MOST_BOXES) if kind == "moof"]
    return [(time, fragments[max(0, bisect_right(fragments, position) - 1)]) for time, position in keys]


def _hop(stream: Stream, step: int) -> list[tuple[int, int]]:
    """From key to key by binary search: a film has 200,000 entries, of which a thousand are keys."""
    entries = stream.index_entries
    keys: list[tuple[int, int]] = []
    at = entries[0].timestamp if len(entries) else 0
    while len(entries) and len(keys) < KEYS:
        number = entries.search_timestamp(at, backward=False)
        if number < 0:
            break
        entry = entries[number]
        keys.append((entry.timestamp, entry.pos))
        at = entry.timestamp + step
    return keys


def _dense(container: InputContainer, stream: Stream, keys: list[tuple[int, int]]) -> bool:
    if not keys or not container.duration or container.format.name in INDEXED_AS_READ:
        return False
    if "mp4" in container.format.name and not is_fragmented(container, stream):
        return True
    times = [key[0] * _time_base(stream) for key in keys] + [_late(container, stream) * _time_base(stream)]
    return all(late - early < SPARSE for early, late in itertools.pairwise(times))


def _read_fragments(container: InputContainer) -> None:
    """Let the demuxer walk over every fragment: it reads the ``moof`` boxes and skips what is between."""
    kept = [stream.discard for stream in container.streams]
    for stream in container.streams:
        stream.discard = Discard.all
    for _ in container.demux():
        pass
    for stream, discard in zip(container.streams, kept, strict=True):
        stream.discard = discard


def _scan(source: dict[str, Any], index: int, step: int) -> list[tuple[int, int]]:
    """The keys by reading all packets: for containers that have no index."""
    keys: list[tuple[int, int]] = []
    with _open(source) as container:
        for packet in container.demux(container.streams[index]):
            if packet.is_keyframe and packet.pts is not None and (not keys or packet.pts >= keys[-1][0] + step):
                keys.append((packet.pts, packet.pos if packet.pos is not None else -1))
            if len(keys) >= KEYS:
                break
    return keys


def _late(container: InputContainer, stream: Stream) -> int:
    """The end that the container claims, in ticks of ``stream``."""
    seconds = Fraction((container.start_time or 0) + (container.duration or 0), av.time_base)
    return int(seconds / _time_base(stream))


def _ends(container: InputContainer, streams: list[Stream], keys: list[tuple[int, int]]) -> dict[int, int]:
    """The end of each stream in its ticks: from the last key packet on, all packets are read."""
    ends: dict[int, int] = {}
    container.seek(keys[-1][0] if keys else 0, stream=streams[0])
    _read_to_end(container, streams, ends)
    for stream in streams:
        if stream.index not in ends:  # it ends long before the others
            container.seek(_late(container, stream), stream=stream)
            _read_to_end(container, [stream], ends)
    return ends


def _read_to_end(container: InputContainer, streams: list[Stream], ends: dict[int, int]) -> None:
    reordered = [s for s in streams if isinstance(s, VideoStream) and s.codec_context.has_b_frames]
    late = reordered[0] if reordered and container.format.name == "avi" else None
    for packet in container.demux(streams):
        shown = packet.pts
        if late is packet.stream and packet.dts is not None:
            shown = packet.dts + 1  # as ``packets_of`` has it: the last to be shown may have been decoded long before
        if shown is None or packet.is_discard:
            continue
        end = shown + (packet.duration or _frame_ticks(packet.stream))
        ends[packet.stream_index] = max(end, ends.get(packet.stream_index, end))


def _frame_ticks(stream: Stream) -> int:
    rate = (stream.average_rate or stream.guessed_rate) if isinstance(stream, VideoStream) else None
    return round(1 / rate / _time_base(stream)) if rate else 0


def _time_base(stream: Stream) -> Fraction:
    if not stream.time_base:
        raise RefusedError("source_not_media", reason="a track has no clock")
    return stream.time_base


def _video_facts(stream: VideoStream, first: VideoFrame, end: int) -> dict[str, Any]:
    start = int(first.pts or 0)
    rate = _average_rate(stream, start, end)
    _check(float(rate), MOST_RATE, "pictures a second")
    interlaced = bool(first.interlaced_frame) or stream.codec_context.field_order in INTERLACED_ORDERS
    pixels = first.format.name
    return {
        "index": stream.index,
        "codec": stream.codec_context.name,
        "width": first.width,
        "height": first.height,
        "sample_aspect": str(stream.sample_aspect_ratio or 1),
        "rotation": -round(first.rotation / 90) * 90 % 360,
        "pixel_format": pixels,
        "interlaced": interlaced,
        "colour": {
            "full_range": int(first.color_range) == FULL_RANGE or pixels.startswith("yuvj"),
            "primaries": PRIMARIES.get(int(first.color_primaries)),
            "transfer": TRANSFERS.get(int(first.color_trc)),
            "matrix": MATRICES.get(int(first.colorspace)),
        },
        "time_base": str(stream.time_base),
        "start": start,
        "end": end,
        "average_rate": str(rate),
    }


def _average_rate(stream: VideoStream, start: int, end: int) -> Fraction:
    """Pictures that are shown per second: counted where the index lists all, else as the container says."""
    entries = stream.index_entries
    if stream.frames and stream.frames <= len(entries) and end > start:
        edges = [*entries[:EDGE], *(entries[-EDGE:] if len(entries) > 2 * EDGE else entries[EDGE:])]
        shown = len(entries) - sum(entry.is_discard for entry in edges)
        return Fraction(shown) / ((end - start) * _time_base(stream))
    return Fraction(stream.average_rate or stream.guessed_rate or 25)


def _audio_facts(stream: AudioStream, first: Any, end: int | None) -> dict[str, Any]:
    start = int(first.pts)
    return {
        "index": stream.index,
        "codec": stream.codec_context.name,
        "sample_rate": first.sample_rate,
        "channels": first.layout.nb_channels,
        "layout": first.layout.name,
        "language": _language(stream),
        "time_base": str(stream.time_base),
        "start": start,
        "end": end if end is not None else start,
    }


def _language(stream: Stream) -> str | None:
    language = stream.metadata.get("language")
    return language if language and language != "und" else None
