"""HLS playlists, read back by a strict reader."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from tests.unit.packaging.m3u8 import read_media, read_multivariant
from tests.unit.packaging.presentations import audio, clip, film, presentations

from vidstead.media import uniform_timeline
from vidstead.packaging import Presentation, media_playlist, multivariant_playlist


def test_a_multivariant_playlist_word_for_word() -> None:
    assert multivariant_playlist(film(names=("720p", "360p"), rate=Fraction(30000, 1001)), "PID/").decode() == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",'
        'URI="PID/audio-1/index.m3u8"\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=1600000,AVERAGE-BANDWIDTH=1208000,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO="audio"\n'
        "PID/360p-1/index.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=3040000,AVERAGE-BANDWIDTH=2288000,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="audio"\n'
        "PID/720p-1/index.m3u8\n"
    )


def test_a_media_playlist_word_for_word() -> None:
    presentation = film(frames=240)
    assert media_playlist(presentation.video[0], presentation).decode() == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:4\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MAP:URI="init.mp4"\n'
        "#EXTINF:4.000000,\n0.m4s\n#EXTINF:5.600000,\n1.m4s\n#EXT-X-ENDLIST\n"
    ).replace("DURATION:4", "DURATION:6")


def test_the_trick_row_is_no_variant_but_an_i_frame_stream() -> None:
    presentation = film(names=("720p", "360p"), frames=240, trick=True)
    playlist = read_multivariant(multivariant_playlist(presentation, "PID/"))
    assert [uri for _, uri in playlist.variants] == ["PID/360p-1/index.m3u8", "PID/720p-1/index.m3u8"]
    assert playlist.i_frames == [
        {
            "BANDWIDTH": "35000",
            "AVERAGE-BANDWIDTH": "12000",
            "CODECS": "avc1.64000d",
            "RESOLUTION": "320x180",
            "URI": "PID/trick-1/index.m3u8",
        }
    ]
    assert presentation.trick is not None
    assert media_playlist(presentation.trick, presentation).decode() == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:6\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-I-FRAMES-ONLY\n"
        '#EXT-X-MAP:URI="init.mp4"\n'
        "#EXTINF:4.000000,\n0.m4s\n#EXTINF:5.600000,\n1.m4s\n#EXT-X-ENDLIST\n"
    )


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (("1080p", "720p", "480p", "360p"), ["480p", "1080p", "720p", "360p"]),
        (("720p", "360p"), ["360p", "720p"]),
        (("1080p", "720p"), ["720p", "1080p"]),
        (("360p", "480p"), ["480p", "360p"]),
        (("1080p",), ["1080p"]),
    ],
)
def test_the_first_variant_starts_quickly_and_the_rest_come_best_first(
    names: tuple[str, ...], order: list[str]
) -> None:
    playlist = read_multivariant(multivariant_playlist(film(names=names)))
    assert [uri.removesuffix("-1/index.m3u8") for _, uri in playlist.variants] == order


def test_sound_alone_is_a_variant_of_its_own() -> None:
    timeline = uniform_timeline(rate=Fraction(25), frames=1000, segment_seconds=4)
    one = Presentation(timeline=timeline, video=(), audio=(audio(timeline),))
    playlist = read_multivariant(multivariant_playlist(one, "PID/"))
    assert playlist.media == []
    ((variant, uri),) = playlist.variants
    assert uri == "PID/audio-1/index.m3u8"
    assert variant == {"BANDWIDTH": "160000", "AVERAGE-BANDWIDTH": "128000", "CODECS": "mp4a.40.2"}


def test_several_sounds_alone_form_a_group_that_begins_with_the_default() -> None:
    timeline = uniform_timeline(rate=Fraction(25), frames=1000, segment_seconds=4)
    sounds = (
        audio(timeline, slug="en-1", language="eng", name="English", default=False, bandwidth=200_000),
        audio(timeline, slug="de-1", language="ger", name="Deutsch"),
    )
    playlist = read_multivariant(multivariant_playlist(Presentation(timeline=timeline, video=(), audio=sounds)))
    assert [(entry["LANGUAGE"], entry["DEFAULT"]) for entry in playlist.media] == [("en", "NO"), ("de", "YES")]
    ((variant, uri),) = playlist.variants
    assert uri == "de-1/index.m3u8"
    assert variant["BANDWIDTH"] == "200000"


def test_names_cannot_break_out_of_their_quotes_and_are_told_apart() -> None:
    timeline = uniform_timeline(rate=Fraction(25), frames=1000, segment_seconds=4)
    evil = 'a"\n#EXT-X-KEY:METHOD=NONE'
    sounds = tuple(audio(timeline, slug=f"audio{number}-1", name=evil, default=number == 0) for number in range(3))
    presentation = Presentation(timeline=timeline, video=film().video, audio=sounds)
    playlist = read_multivariant(multivariant_playlist(presentation, 'a b"\n/'))
    expected = "a' #EXT-X-KEY:METHOD=NONE"
    assert [entry["NAME"] for entry in playlist.media] == [expected, f"{expected} 2", f"{expected} 3"]
    assert playlist.media[0]["URI"] == "a%20b%22%0A/audio0-1/index.m3u8"


def test_sounds_whose_names_are_written_alike_are_told_apart() -> None:
    timeline = film().timeline
    names = (" ", "\x1f", "\x7f")
    sounds = tuple(audio(timeline, slug=f"a{n}-1", name=name, default=n == 0) for n, name in enumerate(names))
    playlist = read_multivariant(multivariant_playlist(Presentation(timeline=timeline, video=(), audio=sounds), ""))
    assert [entry["NAME"] for entry in playlist.media] == [" ", "  2", "  3"]


def test_nothing_gives_no_playlist() -> None:
    nothing = Presentation(timeline=film().timeline, video=(), audio=())
    with pytest.raises(ValueError, match="at least one track"):
        multivariant_playlist(nothing)


@given(presentations())
def test_playlists_are_what_the_standard_wants(presentation: Presentation) -> None:
    top = read_multivariant(multivariant_playlist(presentation, "PID/"))
    assert len(top.variants) == max(1, len(presentation.video))
    assert len(top.i_frames) == (presentation.trick is not None)
    targets = set()
    for track in presentation.tracks:
        playlist = read_media(media_playlist(track, presentation))
        assert playlist.ended
        assert playlist.map_uri == "init.mp4"
        assert playlist.i_frames_only == (track == presentation.trick)
        assert playlist.tags["EXT-X-PLAYLIST-TYPE"] == "VOD"
        assert [segment.uri for segment in playlist.segments] == [f"{i}.m4s" for i in range(len(track.bounds) - 1)]
        length = Fraction(track.bounds[-1] * track.frame_ticks, track.timescale)
        total = sum((segment.seconds for segment in playlist.segments), Decimal(0))
        assert abs(Fraction(total) - length) <= Fraction(1, 2_000_000)
        targets.add(playlist.tags["EXT-X-TARGETDURATION"])
    assert len(targets) == 1


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60000, 1001)])
def test_ten_hours_do_not_drift(rate: Fraction) -> None:
    presentation = film(rate=rate, frames=int(36_000 * rate))
    for track in presentation.tracks:
        playlist = read_media(media_playlist(track, presentation))
        at = Decimal(0)
        for index, segment in enumerate(playlist.segments):
            exact = Fraction(track.bounds[index] * track.frame_ticks, track.timescale)
            assert abs(Fraction(at) - exact) <= Fraction(1, 2_000_000)
            at += segment.seconds


def test_the_first_segment_of_sound_is_as_long_as_its_frames() -> None:
    """Players hold decode times against the playlist: whole frames before time 0 count, the edit list does not."""
    timeline = film().timeline
    plain, led = audio(timeline), audio(timeline, lead=1024 + 500)
    presentation = Presentation(timeline=timeline, video=(), audio=(led,))
    lengths = [
        [float(line[8:-1]) for line in media_playlist(track, presentation).decode().splitlines() if "EXTINF" in line]
        for track in (plain, led)
    ]
    assert lengths[1][0] - lengths[0][0] == pytest.approx(1024 / 48000, abs=2e-6)
    assert lengths[1][1:] == pytest.approx(lengths[0][1:], abs=2e-6)


def test_a_clip_is_as_long_as_its_frames() -> None:
    shown = clip()
    for track in shown.tracks:
        lines = media_playlist(track, shown).decode().splitlines()
        total = sum(float(line[8:-1]) for line in lines if "EXTINF" in line)
        assert total == pytest.approx(304 * 1001 / 30000, abs=0.033)
        assert [line for line in lines if line.endswith(".m4s")] == ["0.m4s", "1.m4s", "2.m4s", "3.m4s"]
        assert not any("DISCONTINUITY" in line for line in lines)
