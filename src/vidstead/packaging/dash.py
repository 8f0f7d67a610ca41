"""DASH manifests (ISO/IEC 23009-1), of the profile isoff-live, over the same cells as the HLS playlists.

``@bandwidth`` is a promise with ``@minBufferTime``: whoever has a line of that rate, and begins to play that many
seconds after the first byte, never runs dry (5.3.5.4). A cell begins with half of the encoder's buffer at most in
hand, and no cell takes more than the peak rate times its length (``vidstead.media.rates``), so the arrears are never
more than half a buffer: 0.75 s at the cap. Two seconds hold it with room for sound, whose encoder has no buffer; more
would only make players wait, since some take ``@minBufferTime`` for what they must have before they start.

The trick row is a set of its own that says for which sets it stands in (DASH-IF IOP, 3.2.9), by an
EssentialProperty: whoever does not know it must leave the set alone.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby, pairwise
from math import ceil
from urllib.parse import quote
from xml.etree import ElementTree

from vidstead.media import nearest
from vidstead.packaging.languages import language_tag
from vidstead.packaging.model import AudioTrack, Presentation, Track, VideoTrack

_NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
_PROFILE = "urn:mpeg:dash:profile:isoff-live:2011"
_CHANNELS = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
_ROLE = "urn:mpeg:dash:role:2011"
_TRICK = "http://dashif.org/guidelines/trickmode"
_TRICK_SPEED = 32
"""The fastest that still pictures are meant for, in multiples of normal speed: eight of four seconds in each second."""
_MIN_BUFFER = "PT2S"

Grid = tuple[int, int, tuple[int, ...]]


def manifest(presentation: Presentation, base: str = "") -> bytes:
    """The manifest of a presentation, complete before the first segment exists.

    ``base`` leads from the manifest to the folder of the tracks, such as ``PLAYBACK-ID/``. Raises ``ValueError`` when
    there is no track.
    """
    root = ElementTree.Element(
        "MPD",
        {
            "xmlns": _NAMESPACE,
            "profiles": _PROFILE,
            "type": "static",
            "mediaPresentationDuration": _seconds(presentation.duration),
            "minBufferTime": _MIN_BUFFER,
            "maxSegmentDuration": _seconds(presentation.longest_segment),
        },
    )
    period = ElementTree.SubElement(root, "Period", {"id": "0", "start": "PT0S"})
    # Players switch seamlessly only within a set, whose segments must meet: one set for each grid of segments.
    pictures = []
    for _, tracks in groupby(sorted(presentation.video, key=_grid), key=_grid):
        best_first = sorted(tracks, key=lambda track: track.bandwidth, reverse=True)
        pictures.append(_video_set(period, best_first, presentation.start, base))
    for track in presentation.audio:
        _audio_set(period, track, presentation.start, base)
    if presentation.trick:
        _trick_set(period, presentation.trick, pictures, presentation.start, base)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _video_set(
    period: ElementTree.Element, tracks: Sequence[VideoTrack], start: Fraction, base: str
) -> ElementTree.Element:
    found = _set(period, "video", tracks[0], start, base)
    for track in tracks:
        _representation(
            found,
            track,
            {"width": str(track.width), "height": str(track.height), "frameRate": str(track.rate), "sar": "1:1"},
        )
    return found


def _trick_set(
    period: ElementTree.Element,
    track: VideoTrack,
    pictures: Sequence[ElementTree.Element],
    start: Fraction,
    base: str,
) -> None:
    found = _set(period, "video", track, start, base)
    found.set("maxPlayoutRate", str(_TRICK_SPEED))
    found.set("codingDependency", "false")
    stands_for = " ".join(one.attrib["id"] for one in pictures)
    found.insert(0, ElementTree.Element("EssentialProperty", {"schemeIdUri": _TRICK, "value": stands_for}))
    _representation(found, track, {"width": str(track.width), "height": str(track.height), "sar": "1:1"})


def _audio_set(period: ElementTree.Element, track: AudioTrack, start: Fraction, base: str) -> None:
    found = _set(period, "audio", track, start, base)
    if language := language_tag(track.language):
        found.set("lang", language)
    label = ElementTree.Element("Label")
    label.text = "".join(letter for letter in track.name if letter.isprintable())
    role = ElementTree.Element("Role", {"schemeIdUri": _ROLE, "value": "main" if track.default else "alternate"})
    found.insert(0, label)  # the schema wants both before the segments, in this order
    found.insert(1, role)
    representation = _representation(found, track, {"audioSamplingRate": str(track.sample_rate)})
    channels = {"schemeIdUri": _CHANNELS, "value": str(track.channels)}
    ElementTree.SubElement(representation, "AudioChannelConfiguration", channels)


def _set(period: ElementTree.Element, kind: str, track: Track, start: Fraction, base: str) -> ElementTree.Element:
    """An AdaptationSet with the segments that its tracks share.

    ``start`` is what the period begins with on the timeline, in seconds: ``@presentationTimeOffset`` (5.3.9.2).
    """
    found = ElementTree.SubElement(
        period,
        "AdaptationSet",
        {
            "id": str(len(period) + 1),
            "contentType": kind,
            "mimeType": f"{kind}/mp4",
            "segmentAlignment": "true",
            "startWithSAP": "1",
        },
    )
    folder = f"{quote(base)}$RepresentationID$/"
    template = ElementTree.SubElement(
        found,
        "SegmentTemplate",
        {
            "timescale": str(track.timescale),
            **({"presentationTimeOffset": str(nearest(start * track.timescale))} if start else {}),
            "startNumber": "0",
            "initialization": f"{folder}init.mp4",
            "media": f"{folder}$Number$.m4s",
        },
    )
    _timeline(ElementTree.SubElement(template, "SegmentTimeline"), track)
    return found


def _representation(found: ElementTree.Element, track: Track, facts: dict[str, str]) -> ElementTree.Element:
    attributes = {"id": track.slug, "codecs": track.codecs, "bandwidth": str(track.bandwidth)} | facts
    return ElementTree.SubElement(found, "Representation", attributes)


def _timeline(timeline: ElementTree.Element, track: Track) -> None:
    """One ``S`` for each run of segments of the same length, in the track's own ticks: exact (5.3.9.6)."""
    lengths = [end - start for start, end in pairwise(track.shown_ticks)]
    for index, (length, run) in enumerate(groupby(lengths)):
        first = {"t": str(track.shown_ticks[0])} if index == 0 else {}
        entry = ElementTree.SubElement(timeline, "S", first)
        entry.set("d", str(length))
        if repeats := len(list(run)) - 1:
            entry.set("r", str(repeats))


def _grid(track: VideoTrack) -> Grid:
    return track.timescale, track.frame_ticks, track.bounds


def _seconds(value: Fraction) -> str:
    """An xs:duration, rounded up to a microsecond, so that no end is cut."""
    seconds, rest = divmod(ceil(value * 1_000_000), 1_000_000)
    return f"PT{seconds}.{rest:06d}S"
