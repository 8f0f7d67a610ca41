"""Orders for the feeder: from where, until where, and how far to shift (reference/feeder.md, steps 1 to 4)."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any

from vidstead.encoding.ports import Run
from vidstead.media import OFFSET_SECONDS, SOUND_ROLL, AudioStream, KeyPacket, SourceFacts, VideoStream, clock_offset

PLACES = 6
"""Key packets that are tried, from the likeliest back."""
FIELD_ROLL = Fraction(1, 5)
"""Seconds that a deinterlacer is given before the first picture."""
SOUND_SECONDS = Fraction(1)
"""Seconds of sound that are decoded before the first sample wanted."""
SOUND_MARGIN = Fraction(1, 5)
PAGES = Fraction(3)
"""Seconds to go back further in Ogg, whose timestamps are right only from the second page after a seek on."""
BEFORE_START = Fraction(60)
"""Seconds before the first picture that its key packet may lie (behind an edit list)."""
KEY_PLACES = 3
"""Key packets that are tried for each picture of a trick row."""

Order = dict[str, Any]


def picture_order(run: Run, video: VideoStream) -> Order:
    """The feeder's order for the pictures of a run.

    A key packet within a quarter of a frame after the first slot is good enough: it is what that slot shows. The
    index may hold DTS, so the packet that is found must keep to ``threshold`` itself.
    """
    rate, base = run.timeline.rate, video.time_base
    begin, end = run.timeline.start(run.first), run.timeline.start(run.first + run.count)
    threshold = _first_slot(run, video, run.first)
    if video.interlaced:
        threshold = video.start + floor((begin - FIELD_ROLL) / base)
    return {
        "kind": "video",
        "stream": video.index,
        "lead": video.index,
        "places": places(run.index.keys, threshold),
        "from": video.start - floor(BEFORE_START / base),
        "threshold": threshold,
        "stop": video.start + ceil((end + Fraction(1, 2) / rate) / base),
        "shift": int(clock_offset(rate, base) / base) - video.start,
    }


def key_order(run: Run, video: VideoStream) -> Order:
    """The feeder's order for a trick row: of every column the last key packet at or before its first slot, decoded.

    Of a clip nothing is shown that lies before its first frame: where the key does, that frame stands in for it.
    """
    first = run.timeline.bounds[0]
    begin = ceil((first - Fraction(1, 2)) / run.timeline.rate / video.time_base) if first else 0
    thresholds = [_first_slot(run, video, column) for column in range(run.first, run.first + run.count)]
    return {
        "kind": "keys",
        "stream": video.index,
        "columns": [
            {"threshold": threshold, "places": places(run.index.keys, threshold, most=KEY_PLACES)}
            for threshold in thresholds
        ],
        "from": video.start - floor(BEFORE_START / video.time_base),
        "earliest": video.start + begin,
        "width": video.width,
        "height": video.height,
        "pixels": video.pixel_format,
    }


def _first_slot(run: Run, video: VideoStream, column: int) -> int:
    """The latest PTS that the first slot of a column shows for sure."""
    rate = run.timeline.rate
    return video.start + floor((run.timeline.start(column) + Fraction(1, 4) / rate) / video.time_base)


def sound_order(run: Run, facts: SourceFacts, sound: AudioStream, begin: Fraction, end: Fraction) -> Order:
    """The feeder's order for sound from ``begin`` to ``end``, in seconds of asset time, rolls included."""
    base, rate = sound.time_base, sound.sample_rate
    zero = asset_zero(facts)
    threshold = zero + begin - SOUND_SECONDS
    lead = facts.video or sound
    before = threshold - (PAGES if facts.container == "ogg" else SOUND_MARGIN)
    return {
        "kind": "audio",
        "stream": sound.index,
        "lead": lead.index,
        "places": places(run.index.keys, floor(before / lead.time_base)),
        "direct": floor(before / base),
        "from": floor((threshold - SOUND_MARGIN) / base),
        "threshold": floor(threshold / base),
        "stop": ceil((zero + end + SOUND_MARGIN) / base),
        "shift": OFFSET_SECONDS * rate - round(zero * rate),
        "sample_rate": rate,
        "start": round(sound.start * base * rate),
    }


def sound_span(begin: int, end: int, frame: Fraction) -> tuple[Fraction, Fraction]:
    """From where to where sound is decoded for the frames ``begin`` to ``end`` of ``frame`` seconds each."""
    return (begin - SOUND_ROLL) * frame, (end + SOUND_ROLL) * frame


def asset_zero(facts: SourceFacts) -> Fraction:
    """Asset time 0 on the source's own clock, in seconds."""
    lead = facts.video or facts.audio[0]
    return lead.start * lead.time_base


def places(keys: Sequence[KeyPacket], threshold: int, *, most: int = PLACES) -> list[list[int]]:
    """The key packets to try for ``threshold``, the latest first, and last the first of all."""
    last = bisect_right(keys, threshold, key=lambda key: key.timestamp)
    tried = list(reversed(keys[max(0, last - most) : last]))
    if not tried or tried[-1] != keys[0]:
        tried += keys[:1]
    return [[key.timestamp, key.position] for key in tried]
