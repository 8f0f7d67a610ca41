"""A grid as its viewers may choose from it: pure."""

from vidstead.grid import Grid, Row
from vidstead.media import AudioSpec, PictureSpec, average_bandwidth
from vidstead.packaging import AudioTrack, Presentation, VideoTrack


def present(grid: Grid) -> Presentation:
    """The tracks of a grid: pictures the best first, sound in the order of rows."""
    video = [_video(grid, row, row.spec) for row in grid.rows if not isinstance(row.spec, AudioSpec)]
    sound = [(row, row.spec) for row in grid.rows if isinstance(row.spec, AudioSpec)]
    return Presentation(
        timeline=grid.timeline,
        video=tuple(sorted(video, key=lambda track: -track.width * track.height)),
        audio=tuple(_audio(row, spec, number) for number, (row, spec) in enumerate(sound)),
    )


def _video(grid: Grid, row: Row, spec: PictureSpec) -> VideoTrack:
    return VideoTrack(
        slug=row.slug,
        codecs=row.header.codecs,
        timescale=row.header.timescale,
        bounds=row.bounds,
        frame_ticks=grid.timeline.frame_ticks,
        bandwidth=row.bandwidth,
        average_bandwidth=average_bandwidth(spec, row.bounds),
        width=spec.width,
        height=spec.height,
        rate=spec.rate,
    )


def _audio(row: Row, spec: AudioSpec, number: int) -> AudioTrack:
    return AudioTrack(
        slug=row.slug,
        codecs=row.header.codecs,
        timescale=row.header.timescale,
        bounds=row.bounds,
        bandwidth=row.bandwidth,
        average_bandwidth=average_bandwidth(spec, row.bounds),
        sample_rate=spec.sample_rate,
        channels=spec.channels,
        language=spec.language,
        name=spec.language or "Sound",
        default=number == 0,
    )
