"""A grid as its viewers may choose from it: pure.

A rung is offered only when it can play: it is stored, it passes through, or the workers make its cells well before they
are needed. The smallest is always offered, since something has to be.
"""

from math import ceil

from vidstead.grid import Grid, Row
from vidstead.media import (
    UNKNOWN_SPEED,
    CopiedSpec,
    CopySpec,
    PictureSpec,
    SoundSpec,
    TrickSpec,
    VideoSpec,
    average_bandwidth,
    frame_seconds,
    in_time,
    lead_frames,
    starting_row,
)
from vidstead.packaging import AudioTrack, Presentation, VideoTrack


def present(grid: Grid, *, speed: float | None) -> Presentation:
    """The tracks of a grid: pictures the best first, sound in the order of rows, and the trick row, if there is one.

    ``speed`` is that of the workers' best machine (``media.in_time``); ``None`` while none is known.
    """
    listed = listed_rows(grid, UNKNOWN_SPEED if speed is None else speed)
    video = [_video(grid, row, row.spec) for row in grid.rows if isinstance(row.spec, PictureSpec)]
    video.sort(key=lambda track: -track.width * track.height)
    trick = [_video(grid, row, row.spec) for row in grid.rows if isinstance(row.spec, TrickSpec)]
    sound = [(row, row.spec) for row in grid.rows if isinstance(row.spec, SoundSpec)]
    start = starting_row([row.spec for row in listed], encoded=grid.covered)
    slugs = {row.slug for row in listed}
    return Presentation(
        timeline=grid.timeline,
        video=tuple(track for track in video if track.slug in slugs),
        audio=tuple(_audio(grid, row, spec, number) for number, (row, spec) in enumerate(sound)),
        first=listed[start].slug if start is not None else None,
        trick=next(iter(trick), None),
        unlisted=tuple(track for track in video if track.slug not in slugs),
    )


def listed_rows(grid: Grid, speed: float) -> list[Row]:
    """The rows of pictures that are offered, at least the smallest."""
    rows = [row for row in grid.rows if isinstance(row.spec, PictureSpec)]
    smallest = min(rows, key=_pixels, default=None)
    return [row for row in rows if row is smallest or row.covered or _in_time(grid, row, speed)]


def _pixels(row: Row) -> int:
    return row.spec.width * row.spec.height if isinstance(row.spec, PictureSpec) else 0


def _in_time(grid: Grid, row: Row, speed: float) -> bool:
    """Whether missing cells of a row can be played as they are made."""
    if isinstance(row.spec, CopySpec):
        return True
    sources = [source.facts for source in grid.sources if source.id == row.source_id]
    if not isinstance(row.spec, VideoSpec) or not sources:
        return False
    length = float(grid.timeline.duration) / row.cells
    return in_time(row.spec, sources[0], length=length, speed=speed)


def _video(grid: Grid, row: Row, spec: PictureSpec | TrickSpec) -> VideoTrack:
    return VideoTrack(
        slug=row.slug,
        codecs=row.header.codecs,
        timescale=row.header.timescale,
        bounds=row.bounds,
        frame_ticks=grid.timeline.frame_ticks,
        bandwidth=row.bandwidth,
        average_bandwidth=_average(row),
        width=spec.width,
        height=spec.height,
        rate=spec.rate,
    )


def _audio(grid: Grid, row: Row, spec: SoundSpec, number: int) -> AudioTrack:
    return AudioTrack(
        slug=row.slug,
        codecs=row.header.codecs,
        timescale=row.header.timescale,
        bounds=row.bounds,
        bandwidth=row.bandwidth,
        average_bandwidth=_average(row),
        sample_rate=spec.sample_rate,
        channels=spec.channels,
        language=spec.language,
        name=spec.language or "Sound",
        default=number == 0,
        lead=spec.lead,
    )


def _average(row: Row) -> int:
    """AVERAGE-BANDWIDTH: measured where every cell is stored, until then the most that it can be."""
    if row.covered:
        frames = row.bounds[-1] - row.bounds[0] + lead_frames(row.spec)
        return ceil(8 * row.stored_bytes / (frames * frame_seconds(row.spec)))
    if row.loan and isinstance(row.spec, CopiedSpec):
        return row.bandwidth  # the average of a film tells nothing of a part
    return average_bandwidth(row.spec, row.bounds)
