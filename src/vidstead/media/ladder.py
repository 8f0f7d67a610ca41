"""The ladder: which renditions a source gets.

A rung is named by its short side, so that portrait and ultra-wide films get the same names and the same care
as 16:9. Pictures come out upright with square pixels, so players never have to know how the source was
turned.

The cap of a rung follows the power law of the field: twice the pixels need about 2^0.75 times the bits for
the same look. 6 Mbit/s at 1920x1080 puts the 16:9 rungs at 0.75, 1.15, 1.8, 3.3 and 6 Mbit/s: steps of 1.5 to
1.9, as Apple's HLS authoring specification (1.5 to 2) and players' estimators want them, and within its
table for 30 fps. Above 30 fps the cap grows with rate^0.585, 1.5 times at 60 fps, since neighbouring pictures
resemble each other more. Beneath the cap the constant quality decides, so easy films cost less.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from vidstead.media.levels import h264_level
from vidstead.media.rows import AudioSpec, CopySpec, PictureSpec, RowPlan, RowSpec, TrickSpec, VideoSpec
from vidstead.media.source import AudioStream, SourceFacts, VideoStream
from vidstead.media.timeline import nearest

STANDARD_RUNGS = (270, 360, 480, 720, 1080)
"""Short sides in pixels."""
LONGEST_SIDE = 4096
"""Pixels: the widest picture that hardware decoders commonly take."""
TRICK_SIDE = 180
"""Pixels: the short side of the trick row."""
TRICK_NAME = "trick"
SOUND_NAME = "audio"

FIRST_LINES = 480
"""The short side, in pixels, of the best rung that players begin with."""

USUAL_RATIOS = tuple(Fraction(ratio) for ratio in ("16/9", "4/3", 1, "3/2", "5/4", "16/10", 2, "21/9"))
"""Long side to short side of what cameras and studios make, the most usual first."""

_NATIVE_STEP = Fraction(108, 100)
_REFERENCE_PIXELS = 1920 * 1080
_REFERENCE_BITRATE = 6_000_000
_LEAST_BITRATE = 100_000
_CRF = 23
_TRICK_CRF = 26
_TRICK_BYTES_PER_PIXEL = Fraction(3, 10)
_LEAST_TRICK_BYTES = 4096

Size = tuple[int, int]


def plan_rows(facts: SourceFacts, rate: Fraction) -> tuple[RowPlan, ...]:
    """Every row of a new grid: the rungs, the best first, the sound, the trick row. ``rate`` is the timeline's."""
    if facts.video is None:
        return audio_rows(facts)
    return (*video_ladder(facts.video, rate), *audio_rows(facts), trick_row(facts.video, rate))


def trick_row(video: VideoStream, rate: Fraction) -> RowPlan:
    """The row of one small picture per cell: 180 pixels on the short side, never larger than the source.

    A picture may have 0.3 bytes for each of its pixels (17 kB at 320x180), which is room for all but noise; a bound
    that the whole row has to keep must not be far above what it has. The level allows showing the pictures as fast as
    those of any other row.
    """
    shown = display_size(video)
    width, height = _even_size(*shown, min(Fraction(TRICK_SIDE), *shown))
    most_bytes = max(_LEAST_TRICK_BYTES, floor(width * height * _TRICK_BYTES_PER_PIXEL))
    bits = 8 * most_bytes
    level = h264_level(
        width=width, height=height, rate=rate, max_bitrate=bits, buffer_bits=bits, profile=TrickSpec.profile
    )
    spec = TrickSpec(width=width, height=height, rate=rate, crf=_TRICK_CRF, most_bytes=most_bytes, level=level)
    return RowPlan(name=TRICK_NAME, spec=spec)


def video_ladder(video: VideoStream, rate: Fraction) -> tuple[RowPlan, ...]:
    """The rungs of a picture, the best first; at least one, none above the source.

    Standard short sides of 270 to 1080 pixels, and one of the source's own where that lies at least 8 % above
    the highest standard rung under it, and below 1080.
    """
    width, height = display_size(video)
    short = min(width, height)
    sides: list[Fraction] = [Fraction(side) for side in STANDARD_RUNGS if side <= short]
    if not sides or (short < STANDARD_RUNGS[-1] and short >= sides[-1] * _NATIVE_STEP):
        sides.append(short)
    return tuple(rung(_even_size(width, height, side), rate) for side in reversed(sides))


def display_size(video: VideoStream) -> tuple[Fraction, Fraction]:
    """Width and height of the upright picture in square pixels, its long side at most ``LONGEST_SIDE``."""
    width, height = video.width * (video.sample_aspect or Fraction(1)), Fraction(video.height)
    if video.rotation % 180:
        width, height = height, width
    shrink = min(Fraction(1), Fraction(LONGEST_SIDE) / max(width, height))
    return width * shrink, height * shrink


def aspect_ratio(video: VideoStream) -> str:
    """Width to height of the upright picture, such as ``16:9``, in lowest terms.

    Pictures have even sizes, so 854x480 was meant as 16:9: what one pixel of the short side would make one of the
    usual ratios is told as that. All others are told as they are.
    """
    width, height = video.width * (video.sample_aspect or Fraction(1)), Fraction(video.height)
    if video.rotation % 180:
        width, height = height, width
    exact, short = width / height, min(width, height)
    usual = [ratio for ratio in USUAL_RATIOS if abs(max(exact, 1 / exact) - ratio) * short <= ratio]
    if exact not in usual and usual:
        exact = usual[0] if width >= height else 1 / usual[0]
    if max(exact.numerator, exact.denominator) > LONGEST_SIDE:  # odd pixels: to the nearest whole one
        exact = Fraction(max(1, nearest(width)), max(1, nearest(height)))
    return f"{exact.numerator}:{exact.denominator}"


def audio_rows(facts: SourceFacts) -> tuple[RowPlan, ...]:
    """The rows of sound: one of the first track, if there is any.

    Mono stays mono, all else becomes stereo.
    """
    return tuple(RowPlan(name=SOUND_NAME, spec=_audio_spec(stream)) for stream in facts.audio[:1])


def _audio_spec(stream: AudioStream) -> AudioSpec:
    mono = stream.channels == 1
    return AudioSpec(
        sample_rate=44100 if stream.sample_rate == 44100 else 48000,
        channels=1 if mono else 2,
        bitrate=80_000 if mono else 128_000,
        language=stream.language,
    )


def rung(size: Size, rate: Fraction) -> RowPlan:
    """The encoded rung of a size (width and height in pixels, even); ``rate`` is the timeline's."""
    width, height = size
    max_bitrate = _cap(width * height, rate)
    buffer_bits = max_bitrate  # one second: BANDWIDTH allows for all of it in every cell
    level = h264_level(width=width, height=height, rate=rate, max_bitrate=max_bitrate, buffer_bits=buffer_bits)
    spec = VideoSpec(
        width=width,
        height=height,
        rate=rate,
        crf=_CRF,
        max_bitrate=max_bitrate,
        buffer_bits=buffer_bits,
        level=level,
    )
    return RowPlan(name=f"{min(size)}p", spec=spec)


def starting_row(specs: Sequence[RowSpec], *, encoded: bool) -> int | None:
    """Which row players should begin with, by its place in ``specs``; ``None`` where there is no picture.

    The best of at most 480 lines, or else the smallest: about 2 Mbit/s, which Apple's HLS authoring specification wants
    first on Wi-Fi, and encoded faster than real time by any worker. While a film is not ``encoded`` yet, a row that
    passes through comes before it: its cells take milliseconds.
    """
    pictures = [(place, spec) for place, spec in enumerate(specs) if isinstance(spec, PictureSpec)]
    if not pictures:
        return None
    copies = [place for place, spec in pictures if isinstance(spec, CopySpec)]
    if copies and not encoded:
        return copies[0]
    small = sorted(pictures, key=lambda found: found[1].width * found[1].height)
    modest = [place for place, spec in small if min(spec.width, spec.height) <= FIRST_LINES]
    return modest[-1] if modest else small[0][0]


def sane_bitrate(peak: int, width: int, height: int, rate: Fraction) -> bool:
    """Whether a source with ``peak`` bit/s may pass through: at most twice the cap of an encoded rung of its size."""
    return peak <= 2 * _cap(width * height, rate)


def _cap(pixels: int, rate: Fraction) -> int:
    """The highest bit rate of a rung in bit/s, rounded to 10 kbit/s so that no floating point shows."""
    faster = pow(max(1.0, float(rate) / 30), 0.585)
    exact: float = _REFERENCE_BITRATE * pow(pixels / _REFERENCE_PIXELS, 0.75) * faster
    return max(_LEAST_BITRATE, round(exact / 10_000) * 10_000)


def _even_size(width: Fraction, height: Fraction, short: Fraction) -> Size:
    """The even size with the given short side whose aspect is nearest to the picture's, and none larger."""
    widest = max(width, height)
    aspect = widest / min(width, height)
    side = max(2, floor(short) // 2 * 2)
    below = max(2, floor(min(side * aspect, widest)) // 2 * 2)
    fitting = [long for long in (below, below + 2) if long <= widest] or [below]
    long = min(fitting, key=lambda candidate: abs(Fraction(candidate, side) - aspect))
    return (long, side) if width >= height else (side, long)
