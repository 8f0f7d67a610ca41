"""A grid as its viewers may choose from it: pure."""

from math import ceil

from vidstead.grid import Grid, Row
from vidstead.media import AudioSpec, PictureSpec, TrickSpec, average_bandwidth, starting_row
from vidstead.packaging import AudioTrack, Presentation, VideoTrack


def present(grid: Grid) -> Presentation:
    """The tracks of a grid: pictures the best first, sound in the order of rows, and the trick row, if there is one."""
    video = [_video(grid, row, row.spec) for row in grid.rows if isinstance(row.spec, PictureSpec)]
    trick = [_video(grid, row, row.spec) for row in grid.rows if isinstance(row.spec, TrickSpec)]
    sound = [(row, row.spec) for row in grid.rows if isinstance(row.spec, AudioSpec)]
    start = starting_row([row.spec for row in grid.rows], encoded=grid.covered)
    return Presentation(
        timeline=grid.timeline,
        video=tuple(sorted(video, key=lambda track: -track.width * track.height)),
        audio=tuple(_audio(grid, row, spec, number) for number, (row, spec) in enumerate(sound)),
        first=grid.rows[start].slug if start is not None else None,
        trick=next(iter(trick), None),
    )


def _video(grid: Grid, row: Row, spec: PictureSpec | TrickSpec) -> VideoTrack:
    return VideoTrack(
        slug=row.slug,
        codecs=row.header.codecs,
        timescale=row.header.timescale,
        bounds=row.bounds,
        frame_ticks=grid.timeline.frame_ticks,
        bandwidth=row.bandwidth,
        average_bandwidth=_average(grid, row),
        width=spec.width,
        height=spec.height,
        rate=spec.rate,
    )


def _audio(grid: Grid, row: Row, spec: AudioSpec, number: int) -> AudioTrack:
    return AudioTrack(
        slug=row.slug,
        codecs=row.header.codecs,
        timescale=row.header.timescale,
        bounds=row.bounds,
        bandwidth=row.bandwidth,
        average_bandwidth=_average(grid, row),
        sample_rate=spec.sample_rate,
        channels=spec.channels,
        language=spec.language,
        name=spec.language or "Sound",
        default=number == 0,
    )


def _average(grid: Grid, row: Row) -> int:
    """AVERAGE-BANDWIDTH: measured where every cell is stored, until then the most that it can be."""
    if row.covered:
        return ceil(8 * row.stored_bytes / grid.timeline.duration)
    return average_bandwidth(row.spec, row.bounds)
