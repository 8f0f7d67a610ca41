"""HLS playlists and DASH manifests: pure functions over a timeline, bytes out."""

from vidstead.packaging.dash import manifest
from vidstead.packaging.hls import media_playlist, multivariant_playlist
from vidstead.packaging.languages import language_tag
from vidstead.packaging.model import AudioTrack, Presentation, Track, VideoTrack

__all__ = [
    "AudioTrack",
    "Presentation",
    "Track",
    "VideoTrack",
    "language_tag",
    "manifest",
    "media_playlist",
    "multivariant_playlist",
]
