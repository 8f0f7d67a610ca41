"""What was seen on the screen, and what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.oracle.barcode import FRAMES

MOST_UNSEEN = 1.0
"""Seconds by the clock that may pass without a frame being seen: a busy machine's screen skips some."""
DECODED = 0.97
"""Share of the frames that must have been decoded: also those that no screen had the time for."""


@dataclass(frozen=True, kw_only=True)
class SeenFrame:
    """A picture that was on the screen."""

    time: float
    """Its media time in seconds."""
    number: int
    """What its barcode says, 0 to 4095."""
    at: float
    """Seconds since loading began."""


@dataclass(frozen=True, kw_only=True)
class Stall:
    """A stop after the first picture that nobody asked for."""

    position: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Seek:
    """A jump: where to, the media time of the first picture seen there, and how long that took."""

    target: float
    landed: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that one playback showed. Times are in seconds."""

    player: str
    speed: float
    """Seconds of media per second."""
    complete: bool
    """Whether playback got as far as was asked, before the time ran out."""
    ended: bool
    """Whether the element said so; dash.js may leave that out at a high speed, though it played everything."""
    position: float
    duration: float | None
    frames: tuple[SeenFrame, ...]
    buffered: tuple[tuple[float, float], ...]
    stalls: tuple[Stall, ...]
    seeks: tuple[Seek, ...]
    first_frame_seconds: float | None
    dropped: int
    decoded: int
    audio_bytes: int
    width: int
    height: int
    player_errors: tuple[str, ...]
    """What the player said, mended by itself or not."""
    fatal_errors: tuple[str, ...]
    console_errors: tuple[str, ...]
    failed_requests: tuple[str, ...]
    """``status address`` of every answer from 400 on; 0 for none."""
    foreign_requests: tuple[str, ...]
    """Addresses of other hosts that were asked for."""

    def wrong(self, rate: Fraction) -> tuple[SeenFrame, ...]:
        """The frames whose number does not fit their media time, at ``rate`` frames per second."""
        return tuple(frame for frame in self.frames if frame.number != round(frame.time * rate) % FRAMES)

    def unseen(self, start: float, end: float, *, most: float) -> tuple[tuple[float, float], ...]:
        """The stretches between ``start`` and ``end``, longer than ``most``, of which no frame was seen."""
        times = sorted(frame.time for frame in self.frames if start <= frame.time <= end)
        marks = [start, *times, end]
        return tuple((a, b) for a, b in pairwise(marks) if b - a > most)

    def problems(
        self,
        rate: Fraction,
        *,
        start: float = 0.0,
        end: float | None = None,
        most_unseen: float | None = None,
    ) -> list[str]:
        """Everything that keeps one from saying "it plays", in sentences; an empty list means it plays.

        ``rate`` in frames per second; frames are expected from ``start`` to ``end`` (by default as far as playback
        got), with no more than ``most_unseen`` seconds of media between two (by default a second by the clock); without
        jumps, all of them must have been decoded, if not shown. Waiting for a segment that is being encoded (503) is no
        problem, and how long a picture stood is told, not judged: that is the machine's.
        """
        end = self.position if end is None else end
        most_unseen = MOST_UNSEEN * max(1.0, self.speed) if most_unseen is None else most_unseen
        return [
            *self._incomplete(),
            *(f"fatal error: {text}" for text in self.fatal_errors),
            *(f"request to another host: {url}" for url in self.foreign_requests),
            *(f"failed request: {text}" for text in self.failed_requests if not text.startswith("503 ")),
            *(f"console error: {text}" for text in self.console_errors),
            *self._wrong_frames(rate),
            *(f"nothing seen from {a:.3f} to {b:.3f} s" for a, b in self.unseen(start, end, most=most_unseen)),
            *self._not_decoded((end - start) * rate),
        ]

    def _incomplete(self) -> Iterator[str]:
        if not self.frames:
            yield "no picture was ever seen"
        if not self.complete:
            yield f"playback stopped at {self.position:.3f} s of {self.duration} s"

    def _wrong_frames(self, rate: Fraction) -> Iterator[str]:
        wrong = self.wrong(rate)
        for frame in wrong[:5]:
            yield f"frame {frame.number} at {frame.time:.4f} s, where {round(frame.time * rate) % FRAMES} belongs"
        if len(wrong) > 5:
            yield f"{len(wrong) - 5} more wrong frames of {len(self.frames)}"

    def _not_decoded(self, expected: float) -> Iterator[str]:
        if not self.seeks and self.decoded < DECODED * expected:
            yield f"only {self.decoded} of {expected:.0f} frames were decoded"


def report_from(
    player: str, speed: float, seen: dict[str, Any], *, console: list[str], failed: list[str], foreign: list[str]
) -> Report:
    """A report from what the recorder in the page and the browser around it have written down."""
    errors: list[dict[str, Any]] = seen["errors"]
    return Report(
        player=player,
        speed=speed,
        frames=tuple(SeenFrame(time=time, number=number, at=at) for time, number, at in seen["frames"]),
        stalls=tuple(Stall(position=position, seconds=seconds) for position, seconds in seen["stalls"]),
        seeks=tuple(Seek(target=target, landed=landed, seconds=seconds) for target, landed, seconds in seen["seeks"]),
        buffered=tuple((start, end) for start, end in seen["buffered"]),
        player_errors=tuple(error["text"].strip() for error in errors),
        fatal_errors=tuple(error["text"].strip() for error in errors if error["fatal"]),
        console_errors=tuple(console),
        failed_requests=tuple(failed),
        foreign_requests=tuple(foreign),
        **{name: seen[name] for name in _PLAIN},
    )


_PLAIN = (
    *("complete", "ended", "position", "duration", "first_frame_seconds", "dropped", "decoded", "audio_bytes"),
    *("width", "height"),
)
