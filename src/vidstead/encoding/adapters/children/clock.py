"""When sound begins, in samples.

A container whose clock holds samples exactly is believed. Where it does not (90 kHz in MPEG-TS, one sample off;
milliseconds in Matroska, WebM and FLV, 24 samples off either way), packets are counted: each is as long as the codec's
frame, and the first packet's own time is the one that all of its followers' timestamps allow. Where that agrees with
counting from the start of the track, the latter decides, so that every run over the same track counts alike, wherever
it begins.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.stream import Stream

FITTED = 60
"""Packets whose timestamps are fitted together."""
GAP = Fraction(2, 1000)
"""Seconds between counted and written time that make a gap rather than rounding."""
EVEN_CODECS = ("opus",)
"""Codecs whose packets are of one length in practice, though their decoder has no fixed frame."""

Packets = Iterator[Any]


def in_samples(packets: Packets, stream: Stream, rate: int, start: int) -> Iterator[tuple[int, Any]]:
    """Each packet with its time in samples at ``rate``; ``start`` is the first sample of the track that is heard."""
    scale = (stream.time_base or Fraction(1, rate)) * rate
    flow: Packets = (packet for packet in packets if packet.pts is not None)
    if (1 / scale).denominator == 1:
        return ((round(packet.pts * scale), packet) for packet in flow)
    first = next(flow, None)
    if first is None:
        return iter(())
    size = _frame_size(stream, first, scale)
    flow = itertools.chain([first], flow)
    if not size:
        return ((round(packet.pts * scale), packet) for packet in flow)
    # The track's first packet begins so much before the first sample that is heard.
    anchor = start - (getattr(stream.codec_context, "delay", 0) or 0)
    return _counted(flow, scale, size, anchor, max(GAP * rate, 2 * scale))


def _frame_size(stream: Stream, first: Any, scale: Fraction) -> int:
    """Samples of every packet; 0 where they differ."""
    size = getattr(stream.codec_context, "frame_size", 0) or 0
    if not size and stream.codec_context.name in EVEN_CODECS:
        return round((first.duration or 0) * scale)
    return int(size)


def _counted(flow: Packets, scale: Fraction, size: int, anchor: int, gap: Fraction) -> Iterator[tuple[int, Any]]:
    """Counted from the first packet, and anew after every gap."""
    pending = list(itertools.islice(flow, FITTED))
    while pending:
        origin = _origin([packet.pts * scale for packet in pending], scale, size, anchor, gap)
        for count, packet in enumerate(itertools.chain(pending, flow)):
            if abs(packet.pts * scale - (origin + count * size)) > gap:
                pending = [packet, *itertools.islice(flow, FITTED)] if count >= len(pending) else pending[count:]
                break
            yield origin + count * size, packet
        else:
            return


def _origin(times: list[Fraction], scale: Fraction, size: int, anchor: int, gap: Fraction) -> int:
    """The first packet's time that rounds to all of ``times``; on the track's own lattice where it lies there."""
    low, high = times[0] - scale / 2, times[0] + scale / 2
    for count, time in enumerate(times):
        early = time - count * size
        if abs(early - times[0]) > gap:
            break
        low, high = max(low, early - scale / 2), min(high, early + scale / 2)
    middle = (low + high) / 2
    lattice = anchor + round((middle - anchor) / size) * size
    return lattice if abs(lattice - middle) <= max(scale / 2, Fraction(1)) else round(middle)
