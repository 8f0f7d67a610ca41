"""Ladders: which rungs, of which size, within which level and rate."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstead.media import (
    ROW_SPEC,
    STANDARD_RATES,
    USUAL_RATIOS,
    AudioSpec,
    AudioStream,
    CopySpec,
    RowPlan,
    RowSpec,
    SourceFacts,
    TrickSpec,
    VideoSpec,
    VideoStream,
    aspect_ratio,
    audio_rows,
    display_size,
    h264_level,
    plan_rows,
    starting_row,
    trick_row,
    video_ladder,
)


def picture(width: int, height: int, *, aspect: Fraction = Fraction(1), rotation: int = 0) -> VideoStream:
    return VideoStream(
        index=0,
        codec="h264",
        width=width,
        height=height,
        sample_aspect=aspect,
        rotation=rotation,
        time_base=Fraction(1, 25),
        start=0,
        end=100,
        average_rate=Fraction(25),
    )


def sound(*, rate: int = 48000, channels: int = 2, language: str | None = None) -> AudioStream:
    return AudioStream(
        index=1,
        codec="aac",
        sample_rate=rate,
        channels=channels,
        layout="",
        language=language,
        time_base=Fraction(1, rate),
        start=0,
        end=rate,
    )


def sizes(stream: VideoStream, rate: Fraction = Fraction(25)) -> dict[str, tuple[int, int]]:
    return {plan.name: (video_spec(plan).width, video_spec(plan).height) for plan in video_ladder(stream, rate)}


def video_spec(plan: RowPlan) -> VideoSpec:
    assert isinstance(plan.spec, VideoSpec)
    return plan.spec


FOUR_BY_THREE = {"480p": (640, 480), "360p": (480, 360), "270p": (360, 270)}


@given(st.integers(12, 1200), st.sampled_from([0, 90, 180, 270]), st.booleans())
def test_what_was_made_of_16_by_9_says_so(half: int, rotation: int, tall_first: bool) -> None:
    """In any even size: the other side is the nearest even number, from either."""
    short = 2 * half
    long = 2 * round(Fraction(short * 16, 9) / 2)
    if not tall_first:
        short = 2 * round(Fraction(long * 9, 16) / 2)
    assert aspect_ratio(picture(long, short, rotation=rotation)) == ("9:16" if rotation % 180 else "16:9")
    assert aspect_ratio(picture(short, long, rotation=rotation)) == ("16:9" if rotation % 180 else "9:16")


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_a_ratio_is_never_a_pixel_off(width: int, height: int) -> None:
    told = Fraction(aspect_ratio(picture(width, height)).replace(":", "/"))
    exact = Fraction(width, height)
    assert abs(max(told, 1 / told) / max(exact, 1 / exact) - 1) <= Fraction(2, min(width, height))
    if told != exact:
        assert max(told, 1 / told) in USUAL_RATIOS


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (picture(854, 480), "16:9"),
        (picture(426, 240), "16:9"),
        (picture(1366, 768), "16:9"),
        (picture(640, 480), "4:3"),
        (picture(768, 576), "4:3"),
        (picture(720, 576, aspect=Fraction(16, 15)), "4:3"),
        (picture(720, 576, aspect=Fraction(64, 45)), "16:9"),
        (picture(720, 480, aspect=Fraction(32, 27)), "16:9"),
        (picture(1080, 1080), "1:1"),
        (picture(1080, 1920), "9:16"),
        (picture(1080, 1350), "4:5"),
        (picture(2560, 1080), "64:27"),
        (picture(2520, 1080), "7:3"),
        (picture(1920, 804), "160:67"),
        (picture(1998, 1080), "37:20"),
        (picture(4096, 2160), "256:135"),
        (picture(848, 480), "53:30"),
        (picture(720, 480, aspect=Fraction(4351, 4350)), "3:2"),
        (picture(711, 457, aspect=Fraction(4351, 4350)), "711:457"),
    ],
)
def test_ratios(stream: VideoStream, said: str) -> None:
    assert aspect_ratio(stream) == said


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (
            picture(1920, 1080),
            {"1080p": (1920, 1080), "720p": (1280, 720), "480p": (854, 480), "360p": (640, 360), "270p": (480, 270)},
        ),
        (picture(854, 480), {"480p": (854, 480), "360p": (640, 360), "270p": (480, 270)}),
        (picture(768, 432), {"432p": (768, 432), "360p": (640, 360), "270p": (480, 270)}),
        (picture(640, 480), {"480p": (640, 480), "360p": (480, 360), "270p": (360, 270)}),
        (picture(64, 64), {"64p": (64, 64)}),
        (picture(65, 63), {"62p": (64, 62)}),
        (picture(500, 500), {"480p": (480, 480), "360p": (360, 360), "270p": (270, 270)}),
        (picture(720, 1280), {"720p": (720, 1280), "480p": (480, 854), "360p": (360, 640), "270p": (270, 480)}),
        (picture(854, 480, rotation=90), {"480p": (480, 854), "360p": (360, 640), "270p": (270, 480)}),
        (picture(720, 576, aspect=Fraction(16, 15)), {"576p": (768, 576)} | FOUR_BY_THREE),
        (picture(720, 480, aspect=Fraction(8, 9), rotation=180), FOUR_BY_THREE),
        (picture(320, 240), {"240p": (320, 240)}),
    ],
)  # fmt: skip
def test_rungs(stream: VideoStream, expected: dict[str, tuple[int, int]]) -> None:
    assert sizes(stream) == expected
    assert list(sizes(stream)) == list(expected)


@pytest.mark.parametrize(
    ("stream", "top"),
    [
        (picture(3840, 2160), ("1080p", (1920, 1080))),
        (picture(2560, 1080), ("1080p", (2560, 1080))),
        (picture(3840, 1600), ("1080p", (2592, 1080))),
        (picture(1920, 800), ("800p", (1920, 800))),
        (picture(1440, 1080, aspect=Fraction(4, 3)), ("1080p", (1920, 1080))),
        (picture(1920, 1079), ("1078p", (1918, 1078))),
        (picture(10000, 1000), ("408p", (4080, 408))),
        (picture(16, 4320), ("14p", (14, 3780))),
    ],
)
def test_the_top_rung(stream: VideoStream, top: tuple[str, tuple[int, int]]) -> None:
    name, size = next(iter(sizes(stream).items()))
    assert (name, size) == top


streams = st.builds(
    picture,
    st.integers(2, 8192),
    st.integers(2, 8192),
    aspect=st.fractions(Fraction(1, 2), 2, max_denominator=64),
    rotation=st.sampled_from([0, 90, 180, 270]),
)


@given(streams, st.sampled_from(STANDARD_RATES))
def test_rungs_of_any_source(stream: VideoStream, rate: Fraction) -> None:
    width, height = display_size(stream)
    plans = video_ladder(stream, rate)
    specs = [video_spec(plan) for plan in plans]
    assert 1 <= len(plans) <= 6
    assert len({plan.name for plan in plans}) == len(plans)
    for plan, spec in zip(plans, specs, strict=True):
        assert plan.name == f"{min(spec.width, spec.height)}p"
        assert spec.width % 2 == spec.height % 2 == 0
        assert spec.width <= max(Fraction(2), width)
        assert spec.height <= max(Fraction(2), height)
        assert spec.width == spec.height or (spec.width > spec.height) == (width > height)
        assert spec.level == h264_level(
            width=spec.width,
            height=spec.height,
            rate=rate,
            max_bitrate=spec.max_bitrate,
            buffer_bits=spec.buffer_bits,
        )
    for above, below in pairwise(specs):
        assert min(above.width, above.height) >= 1.07 * min(below.width, below.height)
        assert above.max_bitrate >= below.max_bitrate


@given(st.integers(270, 4096), st.integers(270, 4096))
def test_aspect_is_kept_as_well_as_even_sizes_can(width: int, height: int) -> None:
    for plan in video_ladder(picture(width, height), Fraction(25)):
        spec = video_spec(plan)
        ideal = min(spec.width, spec.height) * Fraction(max(width, height), min(width, height))
        assert abs(max(spec.width, spec.height) - ideal) < 2


def test_caps_rise_in_the_steps_players_want() -> None:
    plans = video_ladder(picture(1920, 1080), Fraction(30))
    caps = [video_spec(plan).max_bitrate for plan in plans]
    assert caps == [6_000_000, 3_270_000, 1_780_000, 1_150_000, 750_000]
    assert all(1.4 < above / below < 2 for above, below in pairwise(caps))
    fast = [video_spec(plan).max_bitrate for plan in video_ladder(picture(1920, 1080), Fraction(60))]
    slow = [video_spec(plan).max_bitrate for plan in video_ladder(picture(1920, 1080), Fraction(24))]
    assert fast[0] == 9_000_000
    assert slow == caps


@pytest.mark.parametrize(
    ("size", "rate", "level"),
    [
        ((1920, 1080), "30", "4.0"),
        ((1920, 1080), "60", "4.2"),
        ((1280, 720), "30", "3.1"),
        ((1280, 720), "60", "3.2"),
        ((854, 480), "24", "3.0"),
        ((854, 480), "30", "3.1"),
        ((640, 360), "30", "3.0"),
        ((480, 270), "30", "2.1"),
        ((2560, 1080), "30", "5.0"),
        ((64, 64), "25", "1.1"),
    ],
)
def test_levels_of_the_ladder(size: tuple[int, int], rate: str, level: str) -> None:
    assert video_spec(video_ladder(picture(*size), Fraction(rate))[0]).level == level


def test_levels_follow_every_column_of_the_table() -> None:
    def level(width: int, height: int, rate: int, kilobits: int, profile: str = "high") -> str:
        bits = kilobits * 1000
        return h264_level(
            width=width, height=height, rate=Fraction(rate), max_bitrate=bits, buffer_bits=bits, profile=profile
        )

    assert level(176, 144, 15, 64, "baseline") == "1.0"
    assert level(1280, 720, 30, 17_500) == "3.1"
    assert level(1280, 720, 30, 17_501) == "3.2"
    assert level(1280, 720, 30, 17_500, "main") == "3.2"
    assert level(1280, 720, 31, 1000) == "3.2"
    assert level(1920, 1088, 30, 1000) == "4.0"
    assert level(4096, 256, 1, 1000) == "4.0"  # 256 macroblocks wide: the root of 8 * 8192
    with pytest.raises(ValueError, match=r"no H\.264 level"):
        level(20000, 20000, 25, 1000)


def test_sound_becomes_mono_or_stereo_at_44100_or_48000() -> None:
    def row(stream: AudioStream) -> AudioSpec:
        (plan,) = audio_rows(SourceFacts(container="mov", size=1, video=None, audio=(stream,)))
        assert plan.name == "audio"
        assert isinstance(plan.spec, AudioSpec)
        return plan.spec

    assert row(sound(channels=1)) == AudioSpec(sample_rate=48000, channels=1, bitrate=80_000)
    assert row(sound(rate=44100)) == AudioSpec(sample_rate=44100, channels=2, bitrate=128_000)
    assert row(sound(rate=22050, channels=6, language="eng")) == AudioSpec(
        sample_rate=48000, channels=2, bitrate=128_000, language="eng"
    )


def test_a_plan_is_the_ladder_the_first_sound_and_the_trick_row() -> None:
    facts = SourceFacts(container="mov", size=1, video=picture(640, 360), audio=(sound(), sound(channels=1)))
    assert [plan.name for plan in plan_rows(facts, Fraction(25))] == ["360p", "270p", "audio", "trick"]
    silent = SourceFacts(container="mov", size=1, video=picture(640, 360), audio=())
    assert [plan.name for plan in plan_rows(silent, Fraction(25))] == ["360p", "270p", "trick"]
    unseen = SourceFacts(container="mov", size=1, video=None, audio=(sound(),))
    assert [plan.name for plan in plan_rows(unseen, Fraction(25))] == ["audio"]


@pytest.mark.parametrize(
    ("stream", "size"),
    [
        (picture(1920, 1080), (320, 180)),
        (picture(1080, 1920), (180, 320)),
        (picture(1920, 1080, rotation=90), (180, 320)),
        (picture(720, 576, aspect=Fraction(16, 15)), (240, 180)),
        (picture(640, 480), (240, 180)),
        (picture(2560, 1080), (426, 180)),
        (picture(161, 91), (160, 90)),
        (picture(2, 2), (2, 2)),
    ],
)
def test_the_trick_row_is_small(stream: VideoStream, size: tuple[int, int]) -> None:
    spec = trick_row(stream, Fraction(25)).spec
    assert isinstance(spec, TrickSpec)
    assert (spec.width, spec.height) == size
    assert spec.most_bytes >= 4096


@given(streams, st.sampled_from(STANDARD_RATES))
def test_a_trick_row_of_any_source(stream: VideoStream, rate: Fraction) -> None:
    width, height = display_size(stream)
    spec = trick_row(stream, rate).spec
    assert isinstance(spec, TrickSpec)
    assert spec.width % 2 == spec.height % 2 == 0
    assert spec.width <= max(Fraction(2), width)
    assert spec.height <= max(Fraction(2), height)
    assert min(spec.width, spec.height) <= 180
    assert ROW_SPEC.validate_json(ROW_SPEC.dump_json(spec)) == spec


@pytest.mark.parametrize(
    ("sizes", "copied", "encoded", "expected"),
    [
        ([(1920, 1080), (1280, 720), (854, 480), (640, 360)], False, False, 2),
        ([(1280, 720), (1920, 1080)], False, True, 0),
        ([(1920, 1080), (854, 480)], True, False, 0),
        ([(1920, 1080), (854, 480)], True, True, 1),
        ([(270, 480), (720, 1280)], False, True, 0),
    ],
)
def test_players_begin_with_what_is_there_soonest(
    sizes: list[tuple[int, int]], copied: bool, encoded: bool, expected: int
) -> None:
    specs: list[RowSpec] = [AudioSpec(sample_rate=48000, channels=2, bitrate=128_000)]
    for number, (width, height) in enumerate(sizes):
        if copied and number == 0:
            rate = Fraction(25)
            specs.append(CopySpec(width=width, height=height, rate=rate, bitrate=6_000_000, cell_bytes=4_000_000))
        else:
            specs.append(
                VideoSpec(
                    width=width,
                    height=height,
                    rate=Fraction(25),
                    crf=23,
                    max_bitrate=1_000_000,
                    buffer_bits=1_000_000,
                    level="4.0",
                )
            )
    assert starting_row(specs, encoded=encoded) == expected + 1
    assert starting_row(specs[:1], encoded=encoded) is None
