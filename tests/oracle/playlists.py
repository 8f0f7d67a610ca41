"""The first oracle over HTTP: every rendition of a playlist, as a player gets it."""

from dataclasses import dataclass

import httpx


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """One rendition of a multivariant playlist, fetched."""

    address: str
    """Of its media playlist."""
    kind: str
    """``video``, ``audio``, or ``trick`` for the still pictures of an I-frame playlist."""
    init: bytes
    cells: tuple[bytes, ...]
    names: tuple[str, ...]
    """Addresses of the cells, in their order."""

    @property
    def joined(self) -> bytes:
        """The whole of it as one file."""
        return self.init + b"".join(self.cells)


def renditions(viewer: httpx.Client, multivariant: str) -> list[Rendition]:
    """Every rendition that a multivariant playlist names. Raises ``httpx.HTTPStatusError`` where one can't be had."""
    lines = viewer.get(multivariant).raise_for_status().text.splitlines()
    found = [(line, "video") for line in lines if line.endswith(".m3u8") and not line.startswith("#")]
    for tag, kind in (("#EXT-X-MEDIA:TYPE=AUDIO", "audio"), ("#EXT-X-I-FRAME-STREAM-INF:", "trick")):
        found += [(line.split('URI="')[1].split('"')[0], kind) for line in lines if line.startswith(tag)]
    return [_rendition(viewer, httpx.URL(multivariant).join(name), kind) for name, kind in found]


def _rendition(viewer: httpx.Client, address: httpx.URL, kind: str) -> Rendition:
    lines = viewer.get(address).raise_for_status().text.splitlines()
    (init,) = [line.split('URI="')[1].split('"')[0] for line in lines if line.startswith("#EXT-X-MAP:")]
    names = [str(address.join(line)) for line in lines if line and not line.startswith("#")]
    return Rendition(
        address=str(address),
        kind=kind,
        init=viewer.get(address.join(init)).raise_for_status().content,
        cells=tuple(viewer.get(name).raise_for_status().content for name in names),
        names=tuple(names),
    )
