"""How many bits a row may take: the bound that BANDWIDTH tells viewers, before a single cell exists.

RFC 8216 (4.3.4.2; 8216bis, 4.4.6.2) defines the peak segment bit rate of a playlist as the largest bit rate of any
run of consecutive segments that together last 0.5 to 1.5 target durations. BANDWIDTH must be at least the sum of
the peaks of what is played together.

*Pictures.* x264 keeps to a leaky bucket of ``B = buffer_bits``, filled at ``R = max_bitrate``. It is half full when a
run begins (``rc_init_occupancy``), and may be full when a later cell of the run does, after pictures that took little.
A cell of ``d`` seconds can only take out what was in it and what came in: at most ``B + R*d`` bits. It holds for each
cell alone, so a run of ``n`` cells that lasts ``T`` seconds has at most ``n*B + R*T`` bits, a rate of ``R + n*B/T``:
with ``B = R`` and cells of four seconds ``1.25 R``. (What a real player sees is lower, since a cell that drained its
bucket is followed by one that finds it drained; the bound does not need that.) Measured on black and noise in turns,
which is the worst for it, cells came to 92 % of the bound; to 106 % of one with half a bucket.

*Sound.* ffmpeg's AAC encoder has no bucket: it aims at an average, and after silence it may take what it likes until
it has learned. Measured with the row's own settings over every window of 1 to 6 s of sounds made to be hard (silence,
tones, clicks, squares and noise in turns), the excess over 1.25 times the average was at most 1.9 s of the average in
stereo and 2.9 s in mono. So a cell may have that burst (``_BURST_SECONDS``, rounded up) over 1.25 times the average,
though never more than the 6144 bits for each channel and frame to which AAC itself is limited (ISO/IEC 14496-3,
4.5.3.1).

*The average* of pictures over the whole is at most the cap and half a bucket for each run, which may be a cell alone.
That of sound was at most 1.11 times what its encoder aims at; the margin above allows for that.

*A trick row* has one picture for each cell, of ``most_bytes`` at most whatever the cell's length: its encoder is told
that it makes one picture per second with a bucket that holds one.

Each cell is checked against ``cell_limit``. Limits add up, so when every cell keeps its own, every run of cells keeps
``peak_bandwidth``.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from vidstead.media.fmp4 import fragment_overhead
from vidstead.media.rows import CopiedSpec, RowSpec, SoundSpec, TrickSpec, VideoSpec
from vidstead.media.timeline import AAC_FRAME, nearest, segment_bounds, target_duration

_AUDIO_MARGIN = Fraction(5, 4)
_BURST_SECONDS = {1: Fraction(7, 2), 2: Fraction(5, 2)}
_AAC_FRAME_BITS = 6144


def frame_seconds(spec: RowSpec) -> Fraction:
    """Length of one frame of a row in seconds: a picture, or 1024 samples."""
    return Fraction(AAC_FRAME, spec.sample_rate) if isinstance(spec, SoundSpec) else 1 / spec.rate


def lead_frames(spec: RowSpec) -> int:
    """Frames of a row's first cell that lie before its bounds: whole ones."""
    return spec.lead // AAC_FRAME if isinstance(spec, SoundSpec) else 0


def segment_places(spec: RowSpec, bounds: Sequence[int]) -> tuple[tuple[int, ...], Fraction]:
    """Where the segments of a row begin by their own decode times, and last the end; and the unit of that, in seconds.

    Pictures are counted in frames. Sound is counted in samples: the first segment has the lead too, and begins at
    ``AudioSpec.start``.
    """
    if not isinstance(spec, SoundSpec):
        return tuple(bounds), frame_seconds(spec)
    behind = segment_bounds(bounds, lead_frames(spec))[1:]
    return (spec.start, *(bound * AAC_FRAME for bound in behind)), Fraction(1, spec.sample_rate)


def sound_begin(spec: SoundSpec, seconds: Fraction) -> tuple[int, int]:
    """The bound and the ``AudioSpec.start`` of a row of sound that is to be heard from ``seconds`` of its film on.

    The row begins with the frame that sounds there. The one before it, which is decoded but not heard, has its decode
    time where the clip's picture begins: players that have nothing but that to tell where a first segment belongs put
    it right. Where a row has no such frame, that time is up to a frame early, and its sound late in such players.
    """
    exact = nearest(seconds * spec.sample_rate)
    if lead_frames(spec):
        return (exact + spec.lead % AAC_FRAME) // AAC_FRAME, exact
    return exact // AAC_FRAME, exact // AAC_FRAME * AAC_FRAME


def cell_limit(spec: RowSpec, frames: int) -> int:
    """The most bytes that a cell of so many frames may have, container included."""
    if isinstance(spec, CopiedSpec):
        return spec.cell_bytes
    if isinstance(spec, TrickSpec):
        return spec.most_bytes + fragment_overhead(1)
    seconds = frames * frame_seconds(spec)
    if isinstance(spec, VideoSpec):
        bits = spec.buffer_bits + spec.max_bitrate * seconds
    else:
        burst = _BURST_SECONDS.get(spec.channels, Fraction(1))
        aimed = spec.bitrate * (seconds * _AUDIO_MARGIN + burst)
        bits = min(aimed, Fraction(_AAC_FRAME_BITS * spec.channels * frames))
    return ceil(bits / 8) + fragment_overhead(frames)


def peak_bandwidth(spec: RowSpec, bounds: Sequence[int]) -> int:
    """The most bit/s over any run of cells of 0.5 to 1.5 target durations, container included.

    ``bounds`` are the frames at which the row's cells begin, and last the end. Where no run is as long as half a
    target duration (one cell, shorter than half a second), it is the rate of them all.
    """
    lengths = [end - start for start, end in pairwise(segment_bounds(bounds, lead_frames(spec)))]
    limits = {length: cell_limit(spec, length) for length in set(lengths)}
    return peak_of_cells([limits[length] for length in lengths], *segment_places(spec, bounds))


def peak_of_cells(sizes: Sequence[int], places: Sequence[int], unit: Fraction) -> int:
    """The most bit/s over any run of cells of 0.5 to 1.5 target durations.

    ``sizes`` are the bytes of each cell, ``places`` where cells begin, and last the end; ``unit`` is what they count,
    in seconds (``segment_places``).
    """
    target = target_duration(places, unit)
    shortest, longest = ceil(Fraction(target, 2) / unit), floor(Fraction(3 * target, 2) / unit)
    lengths = [end - start for start, end in pairwise(places)]
    most: dict[int, int] = {}
    for first in range(len(lengths)):
        length = total = 0
        for cell in range(first, len(lengths)):
            length, total = length + lengths[cell], total + sizes[cell]
            if length > longest:
                break
            if length >= shortest:
                most[length] = max(total, most.get(length, 0))
    most = most or {sum(lengths): sum(sizes)}
    return ceil(max(Fraction(8 * total, length) for length, total in most.items()) / unit)


def average_bandwidth(spec: RowSpec, bounds: Sequence[int]) -> int:
    """The most bit/s that a row takes over its whole length, container included, before its cells are known."""
    if isinstance(spec, CopiedSpec):
        return spec.bitrate
    lengths = [end - start for start, end in pairwise(segment_bounds(bounds, lead_frames(spec)))]
    places, unit = segment_places(spec, bounds)
    seconds = (places[-1] - places[0]) * unit
    if isinstance(spec, TrickSpec):
        return ceil(8 * sum(cell_limit(spec, length) for length in lengths) / seconds)
    if isinstance(spec, VideoSpec):
        bits = spec.max_bitrate * seconds + Fraction(spec.buffer_bits, 2) * len(lengths)
    else:
        bits = spec.bitrate * seconds * _AUDIO_MARGIN
    return ceil((bits + 8 * sum(map(fragment_overhead, lengths))) / seconds)
