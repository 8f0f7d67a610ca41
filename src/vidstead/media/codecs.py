"""Codecs from their own bytes: H.264 (ISO/IEC 14496-15, 5.3) and AAC (ISO/IEC 14496-3), and their names (RFC
6381).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from vidstead.media.errors import MediaFormatError

IDR = 5
"""nal_unit_type of a slice of an IDR picture (ITU-T H.264, table 7-1)."""
SLICE = 1
SEI = 6
SPS = 7
PPS = 8

AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_ADTS_HEADER = 7


@dataclass(frozen=True, kw_only=True)
class AacConfig:
    """What an AudioSpecificConfig says."""

    object_type: int
    """2 is AAC-LC."""
    sample_rate: int
    channels: int


def video_codec(avcc: bytes) -> str:
    """The name of H.264 with this ``avcC``, such as ``avc1.64001f`` (RFC 6381, 3.3)."""
    if len(avcc) < 7 or avcc[0] != 1:
        raise MediaFormatError(reason="an avcC of another version, or cut short")
    return f"avc1.{avcc[1:4].hex()}"


def audio_codec(asc: bytes) -> str:
    """The name of AAC with this AudioSpecificConfig, such as ``mp4a.40.2``."""
    return f"mp4a.40.{parse_aac_config(asc).object_type}"


def parse_aac_config(asc: bytes) -> AacConfig:
    """What an AudioSpecificConfig says (ISO/IEC 14496-3, 1.6.2.1). Raises ``MediaFormatError``."""
    bits = _Bits(asc)
    object_type = bits.take(5)
    if object_type == 31:
        object_type = 32 + bits.take(6)
    index = bits.take(4)
    if index == 15:
        rate = bits.take(24)
    elif index < len(AAC_RATES):
        rate = AAC_RATES[index]
    else:
        raise MediaFormatError(reason=f"AAC with the reserved sample rate {index}")
    configuration = bits.take(4)
    if not 1 <= configuration <= 7:
        raise MediaFormatError(reason=f"AAC with the channel configuration {configuration}")
    return AacConfig(object_type=object_type, sample_rate=rate, channels=8 if configuration == 7 else configuration)


def aac_config(*, sample_rate: int, channels: int) -> bytes:
    """The AudioSpecificConfig of AAC-LC: two bytes. Raises ``ValueError`` for what AAC-LC does not have."""
    if sample_rate not in AAC_RATES or not 1 <= channels <= 6:
        raise ValueError(f"no AAC-LC with {channels} channels at {sample_rate} Hz")
    return (2 << 11 | AAC_RATES.index(sample_rate) << 7 | channels << 3).to_bytes(2, "big")


def parse_adts(data: bytes) -> list[bytes]:
    """The frames of an ADTS stream without their headers (ISO/IEC 13818-7, 6.2).

    Raises ``MediaFormatError`` when a header is not where it should be, when a frame holds more than one
    block, or when the last one is cut short.
    """
    frames, at = [], 0
    while at < len(data):
        head = data[at : at + _ADTS_HEADER]
        if len(head) < _ADTS_HEADER or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[6] & 3:
            raise MediaFormatError(reason=f"no ADTS header of a single block at byte {at}")
        size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        length = _ADTS_HEADER if head[1] & 1 else _ADTS_HEADER + 2
        if size < length or at + size > len(data):
            raise MediaFormatError(reason=f"the ADTS frame at byte {at} is cut short")
        frames.append(data[at + length : at + size])
        at += size
    return frames


def adts_config(data: bytes) -> bytes:
    """The AudioSpecificConfig that the first ADTS header of a stream tells."""
    if len(data) < _ADTS_HEADER or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        raise MediaFormatError(reason="no ADTS header")
    index, channels = data[2] >> 2 & 15, (data[2] & 1) << 2 | data[3] >> 6
    return ((data[2] >> 6) + 1 << 11 | index << 7 | channels << 3).to_bytes(2, "big")


def nal_units(sample: bytes, *, length_size: int = 4) -> Iterator[memoryview]:
    """The NAL units of a sample, each without its length.

    Raises ``MediaFormatError`` when they don't fill it.
    """
    view, at = memoryview(sample), 0
    while at < len(view):
        start = at + length_size
        at = start + int.from_bytes(view[at:start], "big")
        if start >= len(view) or at == start or at > len(view):
            raise MediaFormatError(reason="a NAL unit is empty or longer than its sample")
        yield view[start:at]


def nal_types(sample: bytes, *, length_size: int = 4) -> tuple[int, ...]:
    """nal_unit_type of every NAL unit of a sample, in their order."""
    return tuple(unit[0] & 31 for unit in nal_units(sample, length_size=length_size))


def is_idr(sample: bytes, *, length_size: int = 4) -> bool:
    """Whether a sample is an IDR picture.

    Open-GOP key pictures are not, though containers flag them as keys too.
    """
    return IDR in nal_types(sample, length_size=length_size)


def nal_length_size(avcc: bytes) -> int:
    """Bytes of the length before each NAL unit, as the ``avcC`` says: 1, 2 or 4."""
    if len(avcc) < 7:
        raise MediaFormatError(reason="an avcC is cut short")
    return (avcc[4] & 3) + 1


class _Bits:
    """Bits from the most significant on."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise MediaFormatError(reason="a codec configuration is cut short")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1
