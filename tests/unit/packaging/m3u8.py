"""A strict reader of HLS playlists (RFC 8216bis): whatever it does not know or finds doubled is an error."""

import re
from dataclasses import dataclass, field
from decimal import Decimal

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)')
_MEDIA_TAGS = {"EXT-X-VERSION", "EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-PLAYLIST-TYPE"}
_QUOTED = {"URI", "GROUP-ID", "LANGUAGE", "NAME", "CODECS", "AUDIO", "CHANNELS"}


@dataclass
class Segment:
    seconds: Decimal
    uri: str


@dataclass
class Media:
    tags: dict[str, str] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    map_uri: str = ""
    i_frames_only: bool = False
    ended: bool = False


@dataclass
class Multivariant:
    media: list[dict[str, str]] = field(default_factory=list)
    variants: list[tuple[dict[str, str], str]] = field(default_factory=list)
    i_frames: list[dict[str, str]] = field(default_factory=list)


def attributes(text: str) -> dict[str, str]:
    """An attribute list: no spaces, no doubled names, quotes exactly where they belong."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _ATTRIBUTE.match(text, at)
        assert match, f"no attribute at {text[at:]!r}"
        name, value = match.groups()
        assert name not in found, name
        assert value.startswith('"') == (name in _QUOTED), f"{name} is quoted, or is not: {value}"
        found[name] = value.strip('"')
        at = match.end()
    assert not text.endswith(",")
    return found


def lines(data: bytes) -> list[str]:
    text = data.decode("utf-8")
    assert text.endswith("\n")
    assert not text.startswith("\ufeff")
    rows = text.split("\n")[:-1]
    assert rows[0] == "#EXTM3U"
    assert all(row.strip() for row in rows)
    return rows[1:]


def read_multivariant(data: bytes) -> Multivariant:
    playlist, rows, seen = Multivariant(), iter(lines(data)), set[str]()
    for row in rows:
        name, _, value = row.removeprefix("#").partition(":")
        assert row.startswith("#EXT-X-"), row
        if name == "EXT-X-MEDIA":
            playlist.media.append(attributes(value))
        elif name == "EXT-X-STREAM-INF":
            uri = next(rows)
            assert not uri.startswith("#")
            playlist.variants.append((attributes(value), uri))
        elif name == "EXT-X-I-FRAME-STREAM-INF":
            playlist.i_frames.append(attributes(value))
        else:
            assert name in {"EXT-X-VERSION", "EXT-X-INDEPENDENT-SEGMENTS"}, row
            assert name not in seen
            seen.add(name)
    groups = {entry["GROUP-ID"] for entry in playlist.media}
    assert {variant["AUDIO"] for variant, _ in playlist.variants if "AUDIO" in variant} == groups
    for group in groups:
        members = [entry for entry in playlist.media if entry["GROUP-ID"] == group]
        assert len({entry["NAME"] for entry in members}) == len(members)
        assert sum(entry["DEFAULT"] == "YES" for entry in members) <= 1
        assert all(entry["AUTOSELECT"] == "YES" for entry in members if entry["DEFAULT"] == "YES")
    for stills in playlist.i_frames:  # 8216bis, 4.4.6.3: no FRAME-RATE and no renditions but of pictures
        assert set(stills) == {"BANDWIDTH", "AVERAGE-BANDWIDTH", "CODECS", "RESOLUTION", "URI"}
    for variant in [*(variant for variant, _ in playlist.variants), *playlist.i_frames]:
        assert int(variant["AVERAGE-BANDWIDTH"]) <= int(variant["BANDWIDTH"])
        assert re.fullmatch(r"\d+\.\d{3}", variant.get("FRAME-RATE", "0.000"))
        assert re.fullmatch(r"\d+x\d+", variant.get("RESOLUTION", "0x0"))
    return playlist


def read_media(data: bytes) -> Media:
    playlist, rows = Media(), iter(lines(data))
    for row in rows:
        assert not playlist.ended, f"{row} after EXT-X-ENDLIST"
        name, _, value = row.removeprefix("#").partition(":")
        if name == "EXTINF":
            seconds = re.fullmatch(r"(\d+\.\d{6,}),", value)
            uri = next(rows)
            assert seconds, row
            assert not uri.startswith("#")
            playlist.segments.append(Segment(Decimal(seconds.group(1)), uri))
        elif name == "EXT-X-MAP":
            assert not playlist.segments
            playlist.map_uri = attributes(value)["URI"]
        elif name in _MEDIA_TAGS:
            assert name not in playlist.tags
            assert not playlist.segments
            playlist.tags[name] = value
        elif name == "EXT-X-ENDLIST":
            playlist.ended = True
        elif name == "EXT-X-I-FRAMES-ONLY":
            assert not playlist.i_frames_only
            assert not playlist.segments
            playlist.i_frames_only = True
        else:
            assert row == "#EXT-X-INDEPENDENT-SEGMENTS", row
    assert int(playlist.tags["EXT-X-VERSION"]) >= (6 if playlist.map_uri else 3)
    target = int(playlist.tags["EXT-X-TARGETDURATION"])
    for segment in playlist.segments:
        assert int(segment.seconds + Decimal("0.5")) <= target, "an EXTINF, rounded, is longer than the target"
    return playlist
