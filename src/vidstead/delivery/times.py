"""Clips by address: times in the query of a playlist or manifest, and frames in the addresses of what it names.

A playlist that is asked for with ``asset_start_time`` and ``asset_end_time`` names its tracks under ``clip-84-298/``:
the frames of the film from 84 to before 298. So every address under it is plain and the same for everybody who asked
for the same frames, in whatever digits.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vidstead.delivery.errors import InvalidClip
from vidstead.media import Timeline, clip_frames

SECONDS = re.compile(r"\d{1,9}(\.\d{0,9})?")
FOLDER = re.compile(r"clip-(\d{1,9})-(\d{1,9})", re.ASCII)
START, END = "asset_start_time", "asset_end_time"


@dataclass(frozen=True, kw_only=True)
class Frames:
    """A clip of a video: its first frame, and the one behind its last."""

    first: int
    end: int

    @property
    def folder(self) -> str:
        """What stands for it in addresses."""
        return f"clip-{self.first}-{self.end}"


@dataclass(frozen=True, kw_only=True)
class Times:
    """What a viewer asks for, in seconds; ``None``: the video's own start or end."""

    start: float | None = None
    end: float | None = None

    def frames(self, timeline: Timeline) -> Frames | None:
        """The frames of a timeline; ``None`` for all of them. Raises ``InvalidClip``."""
        if self.start is None and self.end is None:
            return None
        end = None if self.end is None or self.end >= timeline.duration else self.end
        try:
            first, behind = clip_frames(timeline, self.start or 0.0, end)
        except ValueError:
            raise InvalidClip(times=f"from {self.start or 0:g} to {self.end or float(timeline.duration):g}") from None
        return Frames(first=first, end=behind)


WHOLE = Times()


def asked_times(query: Mapping[str, str]) -> Times:
    """The times in a query. Raises ``InvalidClip``."""
    return Times(start=_seconds(query.get(START)), end=_seconds(query.get(END)))


def named_frames(folder: str) -> Frames:
    """What ``Frames.folder`` stands for. Raises ``InvalidClip``."""
    found = FOLDER.fullmatch(folder)
    if found is None:
        raise InvalidClip(times=f"in {folder[:64]!r}")
    return Frames(first=int(found[1]), end=int(found[2]))


def _seconds(said: str | None) -> float | None:
    if said is None:
        return None
    if not said.isascii() or SECONDS.fullmatch(said) is None:
        raise InvalidClip(times=repr(said[:32]))
    return float(said)
