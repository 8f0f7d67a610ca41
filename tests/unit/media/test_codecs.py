"""Codec names and configurations from their own bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstead.media import (
    AacConfig,
    MediaFormatError,
    aac_config,
    adts_config,
    audio_codec,
    is_idr,
    nal_length_size,
    nal_types,
    parse_aac_config,
    parse_adts,
    video_codec,
)


def units(*kinds: int, length_size: int = 4) -> bytes:
    """A sample with NAL units of these types."""
    return b"".join((3).to_bytes(length_size, "big") + bytes((0x60 | kind, 1, 2)) for kind in kinds)


def adts(frames: list[bytes], *, index: int = 3, channels: int = 2, crc: bool = False) -> bytes:
    out = bytearray()
    for frame in frames:
        size = 7 + 2 * crc + len(frame)
        head = 0xFFF << 44 | (not crc) << 40 | 1 << 38 | index << 34 | channels << 30
        out += (head << 0 | size << 13 | 0x7FF << 2).to_bytes(7, "big") + b"\0\0" * crc + frame
    return bytes(out)


def test_names() -> None:
    assert video_codec(bytes.fromhex("0164001fffe1")[:6] + b"\0") == "avc1.64001f"
    assert video_codec(bytes.fromhex("0142c01effe100")) == "avc1.42c01e"
    assert audio_codec(bytes.fromhex("1190")) == "mp4a.40.2"
    assert audio_codec(bytes.fromhex("119056e500")) == "mp4a.40.2"


@pytest.mark.parametrize("rate", [7350, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_aac_configurations_are_read_as_written(rate: int, channels: int) -> None:
    config = aac_config(sample_rate=rate, channels=channels)
    assert parse_aac_config(config) == AacConfig(object_type=2, sample_rate=rate, channels=channels)


def test_an_explicit_rate_and_a_long_object_type_are_read() -> None:
    bits = f"{31:05b}{42 - 32:06b}{15:04b}{50000:024b}{2:04b}".ljust(48, "0")
    config = int(bits, 2).to_bytes(6, "big")
    assert parse_aac_config(config) == AacConfig(object_type=42, sample_rate=50000, channels=2)


@pytest.mark.parametrize("config", [b"", b"\x11", bytes.fromhex("1690"), bytes.fromhex("1180")])
def test_configurations_that_are_none_are_refused(config: bytes) -> None:
    with pytest.raises(MediaFormatError):
        parse_aac_config(config)


def test_rates_aac_does_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match="no AAC-LC"):
        aac_config(sample_rate=44000, channels=2)


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=5), st.booleans())
def test_adts_gives_its_frames(frames: list[bytes], crc: bool) -> None:
    stream = adts(frames, crc=crc)
    assert parse_adts(stream) == frames
    assert adts_config(stream) == aac_config(sample_rate=48000, channels=2)
    for wrong in (stream[:-1], stream + b"\xff", b"\0" + stream):
        with pytest.raises(MediaFormatError):
            parse_adts(wrong)


def test_nal_units() -> None:
    assert nal_types(units(9, 7, 8, 6, 5)) == (9, 7, 8, 6, 5)
    assert is_idr(units(6, 5, 5))
    assert not is_idr(units(6, 1))
    assert nal_types(units(1, 1, length_size=2), length_size=2) == (1, 1)
    assert nal_length_size(bytes.fromhex("0164001fffe100")) == 4


@pytest.mark.parametrize("wrong", [b"\0", b"\0\0\0\0", b"\0\0\0\4\x65\1\2", units(5) + b"\0\0\0"])
def test_nal_units_that_do_not_fill_their_sample_are_refused(wrong: bytes) -> None:
    with pytest.raises(MediaFormatError):
        nal_types(wrong)


def test_configurations_of_h264_that_are_none_are_refused() -> None:
    for read in (video_codec, nal_length_size):
        with pytest.raises(MediaFormatError):
            read(b"\1\2")
