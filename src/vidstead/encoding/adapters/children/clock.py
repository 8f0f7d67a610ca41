"""When sound begins, in samples.

A container whose clock holds samples exactly is believed. Where it does not (90 kHz in MPEG-TS, one sample off;
milliseconds in Matroska, WebM and FLV, 24 samples off either way), packets are counted: each is as long as the codec's
frame, and the first packet's own time is the one that all of its followers' timestamps allow. Where that agrees with
counting from the start of the track, the latter decides, so that every run over the same track counts alike, wherever
it begins.

Vorbis has blocks of two sizes, and how long a packet is depends on the one before it as well. In Ogg a page says where
its last packet ends; for what comes between, the demuxer guesses the block before a seek, so that its times are off by
a part of a block until a page or two later. So Vorbis is decoded here, for the lengths alone, in every container, and
counted from the time on which the most packets agree.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any

import av
from av.stream import Stream

FITTED = 60
"""Packets whose timestamps are fitted together."""
FITTED_VORBIS = 400
"""The same of Vorbis, whose packets may be short, and wrong for as long as a page of Ogg."""
GAP = Fraction(2, 1000)
"""Seconds between counted and written time that make a gap rather than rounding."""
GAP_VORBIS = Fraction(50, 1000)
"""The same of Vorbis: more than its largest block."""
EVEN_CODECS = ("opus",)
"""Codecs whose packets are of one length in practice, though their decoder has no fixed frame."""
VORBIS_HEADER = b"\x01vorbis"
VORBIS_BLOCKS = 28
"""Where the identification header of Vorbis has the two block sizes, as powers of two in four bits each."""

Packets = Iterator[Any]
Sized = tuple[Any, int]
"""A packet and its samples."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What the timestamps of a track are held against."""

    scale: Fraction
    """Samples of one tick of the container's clock."""
    step: int
    """Every packet begins so many samples, or a multiple, after ``anchor``."""
    anchor: int
    """Where the track begins, in samples."""
    gap: Fraction
    """Samples between counted and written time that make a gap."""
    fitted: int
    """Packets that are fitted together."""


def in_samples(packets: Packets, stream: Stream, rate: int, start: int) -> Iterator[tuple[int, Any]]:
    """Each packet with its time in samples at ``rate``; ``start`` is the first sample of the track that is heard."""
    scale = (stream.time_base or Fraction(1, rate)) * rate
    flow: Packets = (packet for packet in packets if packet.pts is not None)
    # The track's first packet begins so much before the first sample that is heard.
    anchor = start - (getattr(stream.codec_context, "delay", 0) or 0)
    if stream.codec_context.name == "vorbis":
        step, gap = _vorbis_step(stream), GAP_VORBIS * rate
        clock = Clock(scale=scale, step=step, anchor=start, gap=gap, fitted=FITTED_VORBIS)
        return _vorbis(flow, stream, clock)
    if (1 / scale).denominator == 1:
        return ((round(packet.pts * scale), packet) for packet in flow)
    first = next(flow, None)
    if first is None:
        return iter(())
    size = _frame_size(stream, first, scale)
    flow = itertools.chain([first], flow)
    if not size:
        return ((round(packet.pts * scale), packet) for packet in flow)
    clock = Clock(scale=scale, step=size, anchor=anchor, gap=max(GAP * rate, 2 * scale), fitted=FITTED)
    return _counted(((packet, size) for packet in flow), clock)


def _frame_size(stream: Stream, first: Any, scale: Fraction) -> int:
    """Samples of every packet; 0 where they differ."""
    size = getattr(stream.codec_context, "frame_size", 0) or 0
    if not size and stream.codec_context.name in EVEN_CODECS:
        return round((first.duration or 0) * scale)
    return int(size)


def _vorbis_step(stream: Stream) -> int:
    """What every length of a packet is a multiple of (Vorbis I, 4.2.2 and 4.3.8)."""
    header = stream.codec_context.extradata or b""
    at = header.find(VORBIS_HEADER)
    if at < 0 or at + VORBIS_BLOCKS >= len(header):
        return 1
    sizes = header[at + VORBIS_BLOCKS]
    short, long = 1 << (sizes & 15), 1 << (sizes >> 4)
    return max(1, gcd(short // 2, (short + long) // 4, long // 2))


def _vorbis(packets: Packets, stream: Stream, clock: Clock) -> Iterator[tuple[int, Any]]:
    """Packets counted by what they decode to. The first gives nothing, whatever its time says."""
    decoder: Any = av.CodecContext.create(stream.codec_context.name, "r")
    decoder.extradata = stream.codec_context.extradata

    def samples(packet: Any) -> int:
        try:
            return sum(frame.samples for frame in decoder.decode(packet))
        except av.error.FFmpegError:
            return 0

    first = next(packets, None)
    if first is None:
        return
    samples(first)
    for count, (at, packet) in enumerate(_counted(((packet, samples(packet)) for packet in packets), clock)):
        if count == 0:
            yield at - clock.step, first
        yield at, packet


def _counted(flow: Iterator[Sized], clock: Clock) -> Iterator[tuple[int, Any]]:
    """Counted from the first packet, and anew after every gap."""
    pending = deque(itertools.islice(flow, clock.fitted))
    while pending:
        at = _origin(pending, clock)
        fresh = True
        while pending and (fresh or abs(pending[0][0].pts * clock.scale - at) <= clock.gap):
            packet, size = pending.popleft()
            yield at, packet
            at += size
            fresh = False
            pending.extend(itertools.islice(flow, 1))


def _origin(pending: deque[Sized], clock: Clock) -> int:
    """The first packet's time that its followers' allow; on the track's own lattice where it lies there."""
    times = [packet.pts * clock.scale for packet, _ in pending]
    counted = itertools.accumulate((size for _, size in pending), initial=0)
    early = [time - count for time, count in zip(times, counted, strict=False)]
    middle = _agreed(early, clock) if clock.scale == 1 else _middle(early, clock)
    lattice = clock.anchor + round((middle - clock.anchor) / clock.step) * clock.step
    return lattice if abs(lattice - middle) <= max(clock.scale / 2, Fraction(1)) else round(middle)


def _agreed(early: list[Fraction], clock: Clock) -> Fraction:
    """Of an exact clock: what the most packets say, before a gap."""
    near = itertools.takewhile(lambda time: abs(time - early[0]) <= clock.gap, early)
    return Counter(near).most_common(1)[0][0]


def _middle(early: list[Fraction], clock: Clock) -> Fraction:
    """Of a clock that rounds: the middle of what rounds to all of the timestamps, before a gap."""
    half = clock.scale / 2
    low, high = early[0] - half, early[0] + half
    for time in early:
        if abs(time - early[0]) > clock.gap:
            break
        low, high = max(low, time - half), min(high, time + half)
    return (low + high) / 2
