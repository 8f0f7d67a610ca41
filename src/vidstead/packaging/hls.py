"""HLS playlists (RFC 8216bis).

The multivariant playlist lives beside the folder of its tracks, a media playlist in the folder of its own. All
addresses in them are relative, so a presentation may be served from anywhere.

**Which variant is first** matters: players start with it when they know nothing of the network (AVPlayer always,
hls.js until it has measured). It is the best one of at most 480 lines: about 2 Mbit/s, which Apple's HLS authoring
specification wants first on Wi-Fi, and a rung that any worker encodes faster than real time. Who makes the presentation
may know better (``Presentation.first``): of a film that is not encoded yet, a rendition that passes through is there at
once. The others follow, the best first, as the Mux API lists them.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from urllib.parse import quote

from vidstead.media import FIRST_LINES, nearest
from vidstead.packaging.languages import language_tag, plain, unique_names
from vidstead.packaging.model import AudioTrack, Presentation, Track, VideoTrack

VERSION = 7
"""EXT-X-MAP needs 6 (RFC 8216bis, section 8); 7 is what players expect of fragmented MP4."""

_GROUP = "audio"
_MICROSECONDS = 1_000_000


def multivariant_playlist(presentation: Presentation, base: str = "") -> bytes:
    """The playlist of everything a viewer may choose from.

    ``base`` leads from this playlist to the folder of the tracks, such as ``PLAYBACK-ID/``. Raises ``ValueError``
    when there is no track.
    """
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    variants: Sequence[Track] = _first_then_best(presentation) or _default_first(presentation.audio)[:1]
    if not variants:
        raise ValueError("a presentation has at least one track")
    grouped = presentation.audio if presentation.video or len(presentation.audio) > 1 else ()
    lines += _group(grouped, base)
    for track in variants:
        lines += [f"#EXT-X-STREAM-INF:{_variant(track, grouped)}", _address(base, track)]
    if presentation.trick:
        lines.append(f"#EXT-X-I-FRAME-STREAM-INF:{_stills(presentation.trick, base)}")
    return _text(lines)


def media_playlist(track: Track, presentation: Presentation) -> bytes:
    """The playlist of one track of a presentation, complete before the first segment exists.

    Each EXTINF is the difference of two rounded places, so the sum never drifts from the timeline by more than half a
    microsecond. Of the trick row each segment is one picture and nothing else (EXT-X-I-FRAMES-ONLY, 4.4.3.6).
    """
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{presentation.target_duration}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        *(["#EXT-X-I-FRAMES-ONLY"] if track == presentation.trick else []),
        '#EXT-X-MAP:URI="init.mp4"',
    ]
    for index, (start, end) in enumerate(pairwise(_microseconds(track))):
        seconds, rest = divmod(end - start, _MICROSECONDS)
        lines += [f"#EXTINF:{seconds}.{rest:06d},", f"{index}.m4s"]
    return _text([*lines, "#EXT-X-ENDLIST"])


def _microseconds(track: Track) -> list[int]:
    """Where the segments begin and last the end, rounded; in whole numbers, since a film has thousands of them."""
    scale = 2 * track.timescale
    return [(2 * _MICROSECONDS * place + track.timescale) // scale for place in track.segment_ticks]


def _first_then_best(presentation: Presentation) -> list[VideoTrack]:
    video = presentation.video
    best_first = sorted(video, key=lambda track: (track.width * track.height, track.bandwidth), reverse=True)
    modest = [track.slug for track in best_first if min(track.width, track.height) <= FIRST_LINES]
    first = presentation.first or next(iter(modest), best_first[-1].slug if best_first else None)
    return sorted(best_first, key=lambda track: track.slug != first)


def _default_first(audio: Sequence[AudioTrack]) -> list[AudioTrack]:
    return sorted(audio, key=lambda track: not track.default)


def _variant(track: Track, grouped: Sequence[AudioTrack]) -> str:
    """The attributes of EXT-X-STREAM-INF: a variant takes as much as its picture and the largest of its sounds."""
    together: list[Sequence[Track]] = [[track], grouped] if isinstance(track, VideoTrack) else [[track, *grouped]]
    peak = sum(max(one.bandwidth for one in tracks) for tracks in together if tracks)
    average = sum(max(one.average_bandwidth for one in tracks) for tracks in together if tracks)
    codecs = dict.fromkeys([track.codecs, *(other.codecs for other in grouped)])
    attributes = [f"BANDWIDTH={peak}", f"AVERAGE-BANDWIDTH={average}", f"CODECS={_quoted(','.join(codecs))}"]
    if isinstance(track, VideoTrack):
        attributes += [f"RESOLUTION={track.width}x{track.height}", f"FRAME-RATE={_decimals(track.rate)}"]
    if grouped:
        attributes.append(f"AUDIO={_quoted(_GROUP)}")
    return ",".join(attributes)


def _stills(track: VideoTrack, base: str) -> str:
    """The attributes of EXT-X-I-FRAME-STREAM-INF (4.4.6.3), which has its address among them."""
    return ",".join(
        [
            f"BANDWIDTH={track.bandwidth}",
            f"AVERAGE-BANDWIDTH={track.average_bandwidth}",
            f"CODECS={_quoted(track.codecs)}",
            f"RESOLUTION={track.width}x{track.height}",
            f"URI={_quoted(_address(base, track))}",
        ]
    )


def _group(audio: Sequence[AudioTrack], base: str) -> list[str]:
    """EXT-X-MEDIA of every sound, each under a name of its own."""
    lines = []
    for track, label in zip(audio, unique_names(audio), strict=True):
        attributes = ["TYPE=AUDIO", f"GROUP-ID={_quoted(_GROUP)}", f"NAME={_quoted(label)}"]
        if language := language_tag(track.language):
            attributes.append(f"LANGUAGE={_quoted(language)}")
        attributes += [
            f"DEFAULT={'YES' if track.default else 'NO'}",
            "AUTOSELECT=YES",
            f"CHANNELS={_quoted(str(track.channels))}",
            f"URI={_quoted(_address(base, track))}",
        ]
        lines.append(f"#EXT-X-MEDIA:{','.join(attributes)}")
    return lines


def _address(base: str, track: Track) -> str:
    return quote(f"{base}{track.slug}/index.m3u8")


def _quoted(text: str) -> str:
    return f'"{plain(text)}"'


def _decimals(rate: Fraction) -> str:
    """Three decimals, as FRAME-RATE wants."""
    whole, rest = divmod(nearest(rate * 1000), 1000)
    return f"{whole}.{rest:03d}"


def _text(lines: Iterable[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()
