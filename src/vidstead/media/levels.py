"""H.264 levels: what a decoder must be able to do, and the lowest level that holds a row (ITU-T H.264, annex
A).

The level is set explicitly, so that every cell of a row has the same headers whatever its content and length.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

REFERENCE_FRAMES = 4
"""Pictures that our rows may keep for reference: x264 asks for 4 with its B-pyramid, up to ``-preset
medium``.
"""

_BITRATE_FACTOR = {"baseline": 1000, "main": 1000, "high": 1250}


@dataclass(frozen=True, kw_only=True)
class Level:
    """One row of Table A-1."""

    name: str
    macroblocks_per_second: int
    frame_macroblocks: int
    buffer_macroblocks: int
    """Of the decoded picture buffer (MaxDpbMbs)."""
    bitrate: int
    """MaxBR, in units of 1000 bit/s (1250 for High, Table A-2)."""
    coded_buffer: int
    """MaxCPB, in units of 1000 bits (1250 for High)."""


LEVELS: tuple[Level, ...] = tuple(
    Level(
        name=name,
        macroblocks_per_second=speed,
        frame_macroblocks=frame,
        buffer_macroblocks=dpb,
        bitrate=bitrate,
        coded_buffer=cpb,
    )
    for name, speed, frame, dpb, bitrate, cpb in (
        ("1.0", 1485, 99, 396, 64, 175),
        ("1.1", 3000, 396, 900, 192, 500),
        ("1.2", 6000, 396, 2376, 384, 1000),
        ("1.3", 11880, 396, 2376, 768, 2000),
        ("2.0", 11880, 396, 2376, 2000, 2000),
        ("2.1", 19800, 792, 4752, 4000, 4000),
        ("2.2", 20250, 1620, 8100, 4000, 4000),
        ("3.0", 40500, 1620, 8100, 10000, 10000),
        ("3.1", 108000, 3600, 18000, 14000, 14000),
        ("3.2", 216000, 5120, 20480, 20000, 20000),
        ("4.0", 245760, 8192, 32768, 20000, 25000),
        ("4.1", 245760, 8192, 32768, 50000, 62500),
        ("4.2", 522240, 8704, 34816, 50000, 62500),
        ("5.0", 589824, 22080, 110400, 135000, 135000),
        ("5.1", 983040, 36864, 184320, 240000, 240000),
        ("5.2", 2073600, 36864, 184320, 240000, 240000),
        ("6.0", 4177920, 139264, 696320, 240000, 240000),
        ("6.1", 8355840, 139264, 696320, 480000, 480000),
        ("6.2", 16711680, 139264, 696320, 800000, 800000),
    )
)


def h264_level(
    *, width: int, height: int, rate: Fraction, max_bitrate: int, buffer_bits: int, profile: str = "high"
) -> str:
    """The lowest level that holds such a row, such as ``3.1``.

    ``width`` and ``height`` are in pixels, ``rate`` in pictures per second, ``max_bitrate`` in bit/s and
    ``buffer_bits`` in bits. Raises ``ValueError`` when no level does.
    """
    columns, rows = ceil(width / 16), ceil(height / 16)
    size = columns * rows
    factor = _BITRATE_FACTOR[profile]
    for level in LEVELS:
        if (
            size <= level.frame_macroblocks
            and max(columns, rows) ** 2 <= 8 * level.frame_macroblocks
            and size * rate <= level.macroblocks_per_second
            and size * REFERENCE_FRAMES <= level.buffer_macroblocks
            and max_bitrate <= level.bitrate * factor
            and buffer_bits <= level.coded_buffer * factor
        ):
            return level.name
    raise ValueError(f"no H.264 level holds {width}x{height} at {rate} pictures per second")
