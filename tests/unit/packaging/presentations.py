"""Presentations for tests, made as publishing makes them."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import strategies as st

from vidstead.media import STANDARD_RATES, Timeline, audio_bounds, uniform_timeline
from vidstead.packaging import AudioTrack, Presentation, VideoTrack

SIZES = {"1080p": (1920, 1080), "720p": (1280, 720), "480p": (854, 480), "360p": (640, 360)}


def video(timeline: Timeline, name: str = "720p") -> VideoTrack:
    width, height = SIZES[name]
    return VideoTrack(
        slug=f"{name}-1",
        codecs="avc1.64001f",
        timescale=timeline.timescale,
        bounds=timeline.bounds,
        frame_ticks=timeline.frame_ticks,
        bandwidth=height * 4000,
        average_bandwidth=height * 3000,
        width=width,
        height=height,
        rate=timeline.rate,
    )


def stills(timeline: Timeline) -> VideoTrack:
    return VideoTrack(
        slug="trick-1",
        codecs="avc1.64000d",
        timescale=timeline.timescale,
        bounds=timeline.bounds,
        frame_ticks=timeline.frame_ticks,
        bandwidth=35_000,
        average_bandwidth=12_000,
        width=320,
        height=180,
        rate=timeline.rate,
    )


def audio(
    timeline: Timeline,
    *,
    slug: str = "audio-1",
    name: str = "Sound",
    language: str | None = None,
    default: bool = True,
    seconds: float | None = None,
    sample_rate: int = 48000,
    bandwidth: int = 160_000,
    lead: int = 0,
) -> AudioTrack:
    samples = round((timeline.duration if seconds is None else seconds) * sample_rate)
    return AudioTrack(
        slug=slug,
        codecs="mp4a.40.2",
        timescale=sample_rate,
        bounds=audio_bounds(timeline, sample_rate=sample_rate, samples=samples),
        bandwidth=bandwidth,
        average_bandwidth=bandwidth * 8 // 10,
        sample_rate=sample_rate,
        channels=2,
        language=language,
        name=name,
        default=default,
        lead=lead,
    )


def film(
    *,
    rate: Fraction | int = 25,
    frames: int = 250,
    names: tuple[str, ...] = ("1080p", "720p", "480p", "360p"),
    segment_seconds: float = 4,
    trick: bool = False,
) -> Presentation:
    timeline = uniform_timeline(rate=Fraction(rate), frames=frames, segment_seconds=segment_seconds)
    return Presentation(
        timeline=timeline,
        video=tuple(video(timeline, name) for name in names),
        audio=(audio(timeline),),
        trick=stills(timeline) if trick else None,
    )


def clip(*, rate: Fraction | int = Fraction(30000, 1001)) -> Presentation:
    """The frames 101 to 405 of a film: they keep their numbers, and sound begins as it was cut for them."""
    timeline = Timeline(rate=Fraction(rate), bounds=(101, 120, 240, 360, 405))
    sound = tuple(round(bound / timeline.rate * 48000 / 1024) for bound in timeline.bounds)
    start = round(timeline.start(0) * 48000)
    track = replace(audio(timeline, lead=1024), bounds=(start // 1024, *sound[1:]), start=start)
    return Presentation(timeline=timeline, video=(video(timeline),), audio=(track,), trick=stills(timeline))


@st.composite
def presentations(draw: st.DrawFn) -> Presentation:
    timeline = uniform_timeline(
        rate=draw(st.sampled_from(STANDARD_RATES)),
        frames=draw(st.integers(1, 50_000)),
        segment_seconds=draw(st.floats(1, 10)),
    )
    names = draw(st.lists(st.sampled_from(sorted(SIZES)), unique=True))
    share = draw(st.floats(0.2, 1.5))
    sounds = [
        audio(
            timeline,
            slug=f"audio{number}-1",
            name=draw(st.text(max_size=12)),
            language=draw(st.sampled_from([None, "eng", "de", "und", 'x"y', "pt-BR"])),
            default=number == 0,
            seconds=float(timeline.duration) * share,
            sample_rate=draw(st.sampled_from([44100, 48000])),
        )
        for number in range(draw(st.integers(0 if names else 1, 3)))
    ]
    pictures = tuple(video(timeline, name) for name in names)
    wanted = draw(st.booleans())
    trick = stills(timeline) if pictures and wanted else None
    return Presentation(timeline=timeline, video=pictures, audio=tuple(sounds), trick=trick)
