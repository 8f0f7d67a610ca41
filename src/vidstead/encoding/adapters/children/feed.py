"""The feeder: the packets that a run needs, and no others, as NUT on standard output.

An order says which ``stream`` of the source, from where (``places``: timestamp and byte position in the index of the
stream ``lead``, the latest first), what the first packet must be (a PTS not before ``from`` and not after
``threshold``), when to stop (``stop``: a PTS), and how far to shift (``shift``), all in ticks of the stream. An index
may hold DTS where PTS is meant, so every place is verified by the packets that are found there, and the one before is
tried next. Of an MP4 with an index, sound is sought by its own (``direct``).

Sound is written in samples (``clock``).
"""

from __future__ import annotations

import itertools
import os
import sys
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.stream import Discard, Stream

from .clock import in_samples
from .media import fragment_head, is_fragmented, open_source
from .reader import SourceLostError

REORDERED = 20
"""Packets read on after the first one beyond the end: any of them may be shown before it (H.264 allows 16)."""
SEARCH = 400
"""Packets that are read in search of the key packet of one place."""

Order = dict[str, Any]
Packets = Iterator[Any]
"""PyAV's packets: what it says of their types does not know that filtering leaves none without a PTS."""

SOUGHT_BY_BYTE = ("mpegts",)
"""Containers without an index of their own, where ours has the position of every key packet."""
EDITING_CODECS = ("prores", "dnxhd")


class Sink:
    """Standard output as the file that PyAV writes to."""

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]
        return len(data)


def main(order: Order) -> None:
    """Feed, and end quietly when ffmpeg has had enough."""
    av.logging.set_level(None)
    try:
        feed(order, Sink())
    except BrokenPipeError:
        os._exit(0)
    except SourceLostError as error:
        sys.exit(str(error))
    sys.stdout.flush()
    os._exit(0)


def feed(order: Order, sink: Sink) -> None:
    """Write the packets of ``order`` to ``sink``."""
    container, packets = find(order)
    stream = container.streams[order["stream"]]
    name, options = _carrier(stream)
    with av.open(sink, mode="w", format=name, options=options) as output:
        if stream.type == "audio":
            _write_sound(output, stream, packets, order)
        else:
            _write_pictures(output, stream, packets, order)
    container.close()


def _carrier(stream: Stream) -> tuple[str, dict[str, str]]:
    """The format on the pipe: NUT, and Matroska for the codecs that PyAV does not put in NUT.

    Matroska's clock has milliseconds, which no constant rate minds; those are codecs of editors, which have one.
    """
    if stream.codec_context.name in EDITING_CODECS:
        return "matroska", {"live": "1"}
    return "nut", {"write_index": "0"}


def find(order: Order) -> tuple[InputContainer, Packets]:
    """The source, open at the best place, and the packets from there on; the first is one to begin with.

    When no place is good, or all are too late, it is read from its beginning.
    """
    container = open_source(order["source"])
    lead, places = order["lead"], order["places"]
    fragmented = is_fragmented(container, container.streams[lead])
    head = fragment_head(order["source"]) if fragmented else b""
    if order.get("direct") is not None and "mp4" in container.format.name and not fragmented:
        lead, places = order["stream"], [[order["direct"], -1]]
    for timestamp, position in places:
        if fragmented:
            container.close()
            container = open_source(order["source"], head=head, resume=position)
        elif container.format.name in SOUGHT_BY_BYTE and position >= 0:
            container.seek(position, unsupported_byte_offset=True)
        else:
            container.seek(timestamp, stream=container.streams[lead])
        found = _begin(_packets(container, order["stream"]), order, timestamp)
        if found is not None:
            return container, found
    container.close()
    container = open_source(order["source"])
    return container, _packets(container, order["stream"])


def _packets(container: InputContainer, index: int) -> Packets:
    for stream in container.streams:
        stream.discard = Discard.default if stream.index == index else Discard.all
    return container.demux(container.streams[index])


def _begin(packets: Packets, order: Order, timestamp: int) -> Packets | None:
    """The packets from the first good one on, or nothing where this place does not hold one."""
    for packet in itertools.islice(packets, SEARCH):
        if packet.pts is None or not packet.is_keyframe or packet.pts < order["from"]:
            continue
        if packet.pts > order["threshold"]:
            return None
        if order["kind"] == "audio" or timestamp in (packet.pts, packet.dts):
            return itertools.chain([packet], packets)
    return None


def _write_pictures(output: OutputContainer, stream: Stream, packets: Packets, order: Order) -> None:
    target = output.add_stream_from_template(stream, opaque=True)
    for packet in _with_dts(_until(packets, order["stop"])):
        packet.pts += order["shift"]
        packet.dts += order["shift"]
        packet.stream = target
        output.mux(packet)


def _until(packets: Packets, stop: int) -> Packets:
    """The packets that have a PTS, until enough of them lie beyond ``stop``."""
    beyond = 0
    for packet in packets:
        if packet.pts is None:
            continue
        beyond += packet.pts > stop
        if beyond > REORDERED:
            return
        yield packet


def _with_dts(packets: Packets) -> Packets:
    """The packets, each with a DTS that rises and is below every PTS that follows, as NUT wants it.

    The demuxer's own is not used: Matroska has none, coarse clocks give equal ones, and pictures that are shown before
    the key picture that we begin with have none that would fit.
    """
    waiting: deque[Any] = deque()
    last: int | None = None
    for packet in itertools.chain(packets, itertools.repeat(None, REORDERED)):
        if packet is not None:
            waiting.append(packet)
        if not waiting or (packet is not None and len(waiting) < REORDERED):
            continue
        first = waiting[0]
        fitting = min(later.pts for later in waiting) - REORDERED
        last = first.dts = fitting if last is None else max(fitting, last + 1)
        yield waiting.popleft()


def _write_sound(output: OutputContainer, stream: Stream, packets: Packets, order: Order) -> None:
    rate = order["sample_rate"]
    target = output.add_stream_from_template(stream, opaque=True)
    last: int | None = None
    for at, packet in in_samples(packets, stream, rate, order["start"]):
        if packet.pts > order["stop"]:
            break
        place = at + order["shift"]
        last = place = max(place, last + 1 if last is not None else 0)
        packet.time_base = Fraction(1, rate)
        packet.pts = packet.dts = place
        packet.stream = target
        output.mux(packet)
