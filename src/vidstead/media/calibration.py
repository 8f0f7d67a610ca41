"""How long a machine needs for a cell, so that a rung is listed only where it can be played.

One number describes a machine: its *speed*, in seconds of 1080p at 30 pictures per second that it encodes in a second,
measured on one generated, noisy picture (``measure_command``), decoding nothing. Everything else a run does is counted
in the same work, by what it cost beside that picture on the same processor (FFmpeg 9, x86-64; docs/adr/0023): reading a
source costs by its pixels and its bits, since arithmetic decoding at 70 Mbit/s takes as long as encoding does; bringing
HDR to SDR and fields to pictures costs by pixels. These ratios travel between machines, seconds do not.

The model errs on the slow side for easy pictures (cartoons take half of what it says) and is right for noise, which is
when a viewer would have to wait. What it can't know: where the key pictures of a source are far apart, a run begins by
decoding up to the whole distance.
"""

from dataclasses import dataclass
from fractions import Fraction

from vidstead.media.rows import VideoSpec
from vidstead.media.source import HDR_TRANSFERS, SourceFacts, VideoStream

REFERENCE_WIDTH, REFERENCE_HEIGHT, REFERENCE_RATE = 1920, 1080, 30
REFERENCE_WORK = REFERENCE_WIDTH * REFERENCE_HEIGHT * REFERENCE_RATE / 1e6
"""Megapixels per second of film that a machine of speed 1 just encodes."""

MARGIN = 1.5
"""How much faster than real time a rung has to be on the idle machine: other work takes its part (ADR 0023)."""
UNKNOWN_SPEED = 0.6
"""What is believed of machines that said nothing yet: 480p of an ordinary source, as nearly every machine does."""
MOST_CORES = 8
"""Processors that a lone run makes use of."""
PARALLEL = 0.92
"""Share of several processors that a run keeps busy, as measured on two."""

MEASURED_WIDTH, MEASURED_HEIGHT, MEASURED_FRAMES = 1280, 720, 60
MEASURED_RATE = Fraction(30)

_START_SECONDS = 0.25
"""From the order to the first picture in the encoder: two children start, and the source is opened."""
_ENCODE = 0.85
"""Work of one megapixel of a row, in megapixels of the measured picture: an easy film has 0.5."""
_FIELDS = 0.35
_TONE_MAP = 0.85
_SCALE = 0.04


@dataclass(frozen=True, kw_only=True)
class _Decoding:
    """Work of decoding: for a megapixel, and for a megabit."""

    pixels: float
    bits: float


_DECODERS = {
    "h264": _Decoding(pixels=0.075, bits=0.55),
    "hevc": _Decoding(pixels=0.16, bits=0.55),
    "vp8": _Decoding(pixels=0.1, bits=0.5),
    "vp9": _Decoding(pixels=0.14, bits=0.5),
    "av1": _Decoding(pixels=0.08, bits=0.3),
    "mpeg2video": _Decoding(pixels=0.04, bits=0.1),
    "mpeg4": _Decoding(pixels=0.06, bits=0.2),
    "prores": _Decoding(pixels=0.04, bits=0.14),
}
_OTHER = _Decoding(pixels=0.2, bits=0.55)
_SAME = {"libdav1d": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8"}


def machine_speed(*, cpu_seconds: float, cores: float) -> float:
    """The speed of a machine that made the measured picture in so many seconds of processor time, with ``cores``.

    Processor time and not the clock, so that a machine that is busy meanwhile isn't thought to be slow.
    """
    work = MEASURED_WIDTH * MEASURED_HEIGHT * MEASURED_FRAMES / 1e6
    used = 1.0 if cores <= 1 else min(cores, MOST_CORES) * PARALLEL
    return work / cpu_seconds * min(used, max(cores, 0.1)) / REFERENCE_WORK


def cell_seconds(spec: VideoSpec, source: SourceFacts, *, length: float, speed: float) -> float:
    """Seconds that one cell of ``length`` seconds takes, made for a viewer on an idle machine of ``speed``."""
    video = source.video
    if video is None:
        return 0.0
    work = _ENCODE * spec.width * spec.height * float(spec.rate) / 1e6
    work += _reading(video, source) + _tone_mapping(video, spec)
    return _START_SECONDS + work * length / (speed * REFERENCE_WORK)


def in_time(spec: VideoSpec, source: SourceFacts, *, length: float, speed: float) -> bool:
    """Whether cells of ``length`` seconds are made faster than they are played, with ``MARGIN``."""
    return cell_seconds(spec, source, length=length, speed=speed) * MARGIN <= length


def _reading(video: VideoStream, source: SourceFacts) -> float:
    """Work of decoding and scaling down a second of the source."""
    costs = _DECODERS.get(_SAME.get(video.codec, video.codec), _OTHER)
    megapixels = video.width * video.height * float(video.average_rate) / 1e6
    megabits = 8 * source.size / 1e6 / max(float(video.duration), 0.1)
    fields = _FIELDS if video.interlaced else 0.0
    return megapixels * (costs.pixels + _SCALE + fields) + megabits * costs.bits


def _tone_mapping(video: VideoStream, spec: VideoSpec) -> float:
    """Work of bringing a second of HDR to SDR, which happens at the size of the row."""
    if video.colour.transfer not in HDR_TRANSFERS:
        return 0.0
    return _TONE_MAP * spec.width * spec.height * float(spec.rate) / 1e6
