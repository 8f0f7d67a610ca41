"""DASH manifests, read back from their XML."""

import re
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given
from tests.unit.packaging.presentations import audio, clip, film, presentations, stills, video

from vidstead.media import timeline_with_bounds, uniform_timeline
from vidstead.packaging import AudioTrack, Presentation, VideoTrack, manifest

MPD = "{urn:mpeg:dash:schema:mpd:2011}"


def read(presentation: Presentation, base: str = "") -> ElementTree.Element:
    root = ElementTree.fromstring(manifest(presentation, base))
    assert root.tag == f"{MPD}MPD"
    return root


def seconds(text: str) -> Fraction:
    match = re.fullmatch(r"PT(\d+(?:\.\d+)?)S", text)
    assert match, text
    return Fraction(match.group(1))


def segments(found: ElementTree.Element) -> list[tuple[int, int]]:
    """Begin and length of every segment of a set in ticks."""
    at, times = 0, []
    for entry in found.iter(f"{MPD}S"):
        at = int(entry.get("t", at))
        for _ in range(int(entry.get("r", 0)) + 1):
            times.append((at, int(entry.attrib["d"])))
            at += int(entry.attrib["d"])
    return times


def test_what_a_film_says() -> None:
    root = read(film(rate=Fraction(30000, 1001), frames=1000), "PID/")
    assert root.get("type") == "static"
    assert root.get("profiles") == "urn:mpeg:dash:profile:isoff-live:2011"
    picture, sound = root.iter(f"{MPD}AdaptationSet")
    template = picture.find(f"{MPD}SegmentTemplate")
    assert template is not None
    assert template.attrib == {
        "timescale": "30000",
        "startNumber": "0",
        "initialization": "PID/$RepresentationID$/init.mp4",
        "media": "PID/$RepresentationID$/$Number$.m4s",
    }
    entries = [entry.attrib for entry in template.iter(f"{MPD}S")]
    assert entries == [{"t": "0", "d": "120120", "r": "6"}, {"d": "160160"}]
    best = next(picture.iter(f"{MPD}Representation"))
    assert best.attrib == {
        "id": "1080p-1",
        "codecs": "avc1.64001f",
        "bandwidth": "4320000",
        "width": "1920",
        "height": "1080",
        "frameRate": "30000/1001",
        "sar": "1:1",
    }
    (voice,) = sound.iter(f"{MPD}Representation")
    assert voice.get("audioSamplingRate") == "48000"
    channels = voice.find(f"{MPD}AudioChannelConfiguration")
    assert channels is not None
    assert channels.get("value") == "2"


def test_whole_frame_rates_are_whole() -> None:
    assert next(read(film()).iter(f"{MPD}Representation")).get("frameRate") == "25"


def test_everything_is_escaped() -> None:
    timeline = film().timeline
    sound = audio(timeline, name='<"&\x00\x1b>', language='e"<n')
    root = read(Presentation(timeline=timeline, video=(), audio=(sound,)), 'a b"$<&/')
    label = root.find(f".//{MPD}Label")
    assert label is not None
    assert label.text == '<"&>'
    (found,) = root.iter(f"{MPD}AdaptationSet")
    assert found.get("lang") is None
    template = found.find(f"{MPD}SegmentTemplate")
    assert template is not None
    assert template.get("media") == "a%20b%22%24%3C%26/$RepresentationID$/$Number$.m4s"


def test_tracks_cut_at_other_frames_have_a_set_of_their_own() -> None:
    even = uniform_timeline(rate=Fraction(25), frames=300, segment_seconds=4)
    other = timeline_with_bounds(rate=Fraction(25), starts=[0, 60, 170], frames=300)
    tracks = (video(even, "1080p"), video(other, "720p"), video(even, "480p"))
    root = read(Presentation(timeline=even, video=tracks, audio=()))
    sets = [[one.get("id") for one in found.iter(f"{MPD}Representation")] for found in root.iter(f"{MPD}AdaptationSet")]
    assert sorted(map(tuple, sets)) == [("1080p-1", "480p-1"), ("720p-1",)]


def test_the_trick_row_stands_for_the_set_of_pictures() -> None:
    root = read(film(trick=True), "PID/")
    picture, sound, trick = root.iter(f"{MPD}AdaptationSet")
    assert [found.get("id") for found in (picture, sound, trick)] == ["1", "2", "3"]
    said = trick[0]  # before the segments, as the schema wants it
    assert said.tag == f"{MPD}EssentialProperty"
    assert said.attrib == {"schemeIdUri": "http://dashif.org/guidelines/trickmode", "value": picture.get("id")}
    assert (trick.get("codingDependency"), trick.get("maxPlayoutRate")) == ("false", "32")
    (one,) = trick.iter(f"{MPD}Representation")
    assert one.attrib == {
        "id": "trick-1",
        "codecs": "avc1.64000d",
        "bandwidth": "35000",
        "width": "320",
        "height": "180",
        "sar": "1:1",
    }
    assert [one.tag for found in (picture, sound) for one in found.iter(f"{MPD}EssentialProperty")] == []


def test_the_trick_row_stands_for_every_set_of_pictures() -> None:
    even = uniform_timeline(rate=Fraction(25), frames=300, segment_seconds=4)
    other = timeline_with_bounds(rate=Fraction(25), starts=[0, 60, 170], frames=300)
    tracks = (video(even, "1080p"), video(other, "720p"))
    root = read(Presentation(timeline=even, video=tracks, audio=(), trick=stills(even)))
    *_, trick = root.iter(f"{MPD}AdaptationSet")
    assert trick[0].get("value") == "1 2"


def test_nothing_gives_no_manifest() -> None:
    with pytest.raises(ValueError, match="at least one track"):
        manifest(Presentation(timeline=film().timeline, video=(), audio=()))


@given(presentations())
def test_segments_are_exactly_those_of_the_tracks(presentation: Presentation) -> None:
    root = read(presentation, "PID/")
    tracks: dict[str | None, VideoTrack | AudioTrack] = {track.slug: track for track in presentation.tracks}
    longest = seconds(root.attrib["mediaPresentationDuration"])
    assert 0 <= longest - presentation.duration < Fraction(1, 1_000_000)
    found_ids = []
    for found in root.iter(f"{MPD}AdaptationSet"):
        times = segments(found)
        for one in found.iter(f"{MPD}Representation"):
            track = tracks[one.get("id")]
            assert times == [
                (start * track.frame_ticks, (end - start) * track.frame_ticks)
                for start, end in zip(track.bounds, track.bounds[1:], strict=False)
            ]
            found_ids.append(track.slug)
            template = found.find(f"{MPD}SegmentTemplate")
            assert template is not None
            assert template.get("timescale") == str(track.timescale)
            assert all(
                Fraction(length, track.timescale) <= seconds(root.attrib["maxSegmentDuration"]) for _, length in times
            )
    assert sorted(found_ids) == sorted(slug for slug in tracks if slug)


def test_ten_hours_end_exactly() -> None:
    rate = Fraction(30000, 1001)
    presentation = film(rate=rate, frames=int(36_000 * rate))
    picture, sound = read(presentation).iter(f"{MPD}AdaptationSet")
    start, length = segments(picture)[-1]
    assert start + length == int(36_000 * rate) * 1001
    start, length = segments(sound)[-1]
    assert abs(Fraction(start + length, 48000) - presentation.timeline.duration) < Fraction(1024, 48000)


def test_sound_is_told_by_when_it_is_heard() -> None:
    """What the edit list takes away before time 0 is in no segment; a broken frame of it makes all ends earlier."""
    timeline = film().timeline
    track = audio(timeline, lead=1024 + 500)
    (found,) = read(Presentation(timeline=timeline, video=(), audio=(track,)), "").iter(f"{MPD}AdaptationSet")
    times = segments(found)
    assert times[0] == (0, track.bounds[1] * 1024 - 500)
    assert sum(times[-1]) == track.bounds[-1] * 1024 - 500


def test_a_clip_keeps_the_times_of_its_film() -> None:
    """The period begins at the clip's first frame, wherever that lies on the timeline (5.3.9.2.2)."""
    shown = clip()
    root = read(shown)
    picture, sound, trick = root.iter(f"{MPD}AdaptationSet")
    offsets = []
    for found in (picture, sound, trick):
        (template,) = found.iter(f"{MPD}SegmentTemplate")
        offsets.append(int(template.attrib["presentationTimeOffset"]))
    assert offsets == [101 * 1001, round(Fraction(101 * 1001, 30000) * 48000), 101 * 1001]
    assert segments(picture)[0] == (101 * 1001, 19 * 1001)
    assert sum(length for _, length in segments(picture)) == 304 * 1001
    assert segments(sound)[0][0] == offsets[1]
    assert sum(segments(sound)[0]) % 1024 == 0
    assert seconds(root.attrib["mediaPresentationDuration"]) == pytest.approx(304 * 1001 / 30000, abs=0.022)
