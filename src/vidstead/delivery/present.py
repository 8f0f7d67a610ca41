"""A grid as its viewers may choose from it: pure."""

from math import ceil

from vidstead.grid import Grid, Row, first_row, offered_rows
from vidstead.media import (
    CopiedSpec,
    PictureSpec,
    SoundSpec,
    TrickSpec,
    average_bandwidth,
    segment_places,
)
from vidstead.packaging import AudioTrack, Presentation, VideoTrack


def present(grid: Grid, *, speed: float | None) -> Presentation:
    """The tracks of a grid: pictures the best first, sound in the order of rows, and the trick row, if there is one.

    ``speed`` is that of the workers' best machine (``media.in_time``); ``None`` while none is known.
    """
    offered = offered_rows(grid, speed)
    video = [_video(grid, row, row.spec) for row in grid.rows if isinstance(row.spec, PictureSpec)]
    video.sort(key=lambda track: -track.width * track.height)
    trick = [_video(grid, row, row.spec) for row in grid.rows if isinstance(row.spec, TrickSpec)]
    sound = [(row, row.spec) for row in grid.rows if isinstance(row.spec, SoundSpec)]
    first = first_row(grid, offered)
    slugs = {row.slug for row in offered}
    return Presentation(
        timeline=grid.timeline,
        video=tuple(track for track in video if track.slug in slugs),
        audio=tuple(_audio(grid, row, spec, number) for number, (row, spec) in enumerate(sound)),
        first=first.slug if first else None,
        trick=next(iter(trick), None),
        unlisted=tuple(track for track in video if track.slug not in slugs),
    )


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
        start=spec.start,
    )


def _average(row: Row) -> int:
    """AVERAGE-BANDWIDTH: measured where every cell is stored, until then the most that it can be."""
    if row.covered:
        places, unit = segment_places(row.spec, row.bounds)
        return ceil(8 * row.stored_bytes / ((places[-1] - places[0]) * unit))
    if row.loan and isinstance(row.spec, CopiedSpec):
        return row.bandwidth  # the average of a film tells nothing of a part
    return average_bandwidth(row.spec, row.bounds)
