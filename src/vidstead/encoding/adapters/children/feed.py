"""The feeder: the packets that a run needs, and no others, as NUT on standard output.

An order says which ``stream`` of the source, from where (``places``: timestamp and byte position in the index of the
stream ``lead``, the latest first), what the first packet must be (a PTS not before ``from`` and not after
``threshold``), when to stop (``stop``: a PTS), and how far to shift (``shift``), all in ticks of the stream. An index
may hold DTS where PTS is meant, so every place is verified by the packets that are found there, and the one before is
tried next. Of an MP4 with an index, sound is sought by its own (``direct``).

Pictures on the way to the first one that no other needs are left out (``reference``). Sound is written in samples
(``clock``); the keys of a trick row are decoded (``keys``).
"""

from __future__ import annotations

import itertools
import os
import sys
from collections import deque
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.stream import Stream

from .clock import in_samples
from .keys import NoPictureError, write_keys
from .media import Packets, begin, fragment_head, is_fragmented, open_source, packets_of, seek
from .reader import SourceLostError
from .reference import needed

REORDERED = 20
"""Packets read on after the first one beyond the end: any of them may be shown before it (H.264 allows 16)."""

Order = dict[str, Any]
EDITING_CODECS = ("prores",)


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
    except (SourceLostError, NoPictureError) as error:
        sys.exit(str(error))
    sys.stdout.flush()
    os._exit(0)


def feed(order: Order, sink: Sink) -> None:
    """Write the packets of ``order`` to ``sink``."""
    if order["kind"] == "keys":
        write_keys(order, sink)
        return
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
    """The format on the pipe: NUT, and Matroska for the codec that PyAV does not put in NUT.

    Matroska's clock has milliseconds, which no constant rate minds; that is a codec of editors, which have one.
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
        else:
            seek(container, container.streams[lead], timestamp, position)
        wanted = None if order["kind"] == "audio" else timestamp
        found = begin(packets_of(container, order["stream"]), order["from"], order["threshold"], wanted)
        if found is not None:
            return container, found
    container.close()
    container = open_source(order["source"])
    return container, packets_of(container, order["stream"])


def _write_pictures(output: OutputContainer, stream: Stream, packets: Packets, order: Order) -> None:
    target = output.add_stream_from_template(stream, opaque=True)
    kept = needed(_until(packets, order["stop"]), stream, order["threshold"])
    for packet in _with_dts(kept):
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
