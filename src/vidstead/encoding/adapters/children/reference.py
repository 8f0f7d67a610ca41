"""What need not be decoded on the way from a key picture to the first one that is wanted.

Pictures that no other refers to (most B pictures: a third to a half of all) are decoded for nothing there. A packet
tells it in the headers of its NAL units: H.264 by ``nal_ref_idc`` 0 (ITU-T H.264, 7.4.1), HEVC by the types of
sub-layer non-reference pictures (ITU-T H.265, 7.4.2.2), if there is one sub-layer only. Of other codecs every packet is
kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from av.stream import Stream

from .media import Packets

LEARNT = 20
"""Packets that are kept in any case: by them a decoder learns how far pictures are reordered, if nothing says so."""
UNITS = 1024
"""NAL units of a packet that are looked at."""
SLICES = range(1, 6)
SUB_LAYER_PICTURES = range(16)

Headers = Iterator[int]
"""The first byte of each NAL unit."""


def needed(packets: Packets, stream: Stream, threshold: int) -> Packets:
    """The packets without those that nothing needs: of pictures before the one that is shown at ``threshold`` (a PTS),
    to which no other refers.
    """
    unused = _test(stream)
    if unused is None:
        yield from packets
        return
    shown: int | None = None
    for number, packet in enumerate(packets):
        if packet.pts > threshold:
            yield packet
            continue
        if shown is not None and packet.pts < shown and number >= LEARNT and unused(packet):
            continue
        shown = packet.pts if shown is None else max(shown, packet.pts)
        yield packet


def _test(stream: Stream) -> Callable[[Any], bool] | None:
    """Whether no other picture refers to that of a packet; ``None`` where that can't be told."""
    context = stream.codec_context
    config = bytes(context.extradata or b"")
    if context.name == "h264":
        length = (config[4] & 3) + 1 if len(config) > 4 and config[0] == 1 else 0
        return lambda packet: _none_referred(_units(memoryview(packet), length))
    if context.name == "hevc" and len(config) > 21 and config[0] == 1 and config[21] >> 3 & 7 == 1:
        length = (config[21] & 3) + 1
        return lambda packet: _sub_layer_only(_units(memoryview(packet), length))
    return None


def _none_referred(headers: Headers) -> bool:
    slices = [header >> 5 & 3 for header in headers if header & 31 in SLICES]
    return bool(slices) and not any(slices)


def _sub_layer_only(headers: Headers) -> bool:
    pictures = [kind for header in headers if (kind := header >> 1 & 63) < 32]
    return bool(pictures) and all(kind in SUB_LAYER_PICTURES and kind % 2 == 0 for kind in pictures)


def _units(data: memoryview, length: int) -> Headers:
    """The headers of the NAL units of a packet, each behind ``length`` bytes of its size, or behind a start code."""
    found = _sized(data, length) if length else _started(bytes(data))
    return itertools.islice(found, UNITS)


def _sized(data: memoryview, length: int) -> Headers:
    at = 0
    while at + length < len(data):
        yield data[at + length]
        at += length + int.from_bytes(data[at : at + length], "big")


def _started(data: bytes) -> Headers:
    at = data.find(b"\0\0\1")
    while 0 <= at < len(data) - 3:
        yield data[at + 3]
        at = data.find(b"\0\0\1", at + 3)
