"""What a manifest is written from: tracks over one timeline. Nothing in it depends on which cells exist."""

from dataclasses import dataclass
from fractions import Fraction

from vidstead.media import AAC_FRAME, Timeline, longest_cell, segment_bounds, target_duration


@dataclass(frozen=True, kw_only=True)
class VideoTrack:
    """A row of pictures as manifests tell it."""

    slug: str
    """Its folder under the playback id, such as ``720p-1``: ``{slug}/init.mp4``, ``{slug}/{index}.m4s``."""
    codecs: str
    timescale: int
    bounds: tuple[int, ...]
    """Where segments begin, in frames, and last the end."""
    frame_ticks: int
    """Ticks of one frame in ``timescale``."""
    bandwidth: int
    """Peak, in bit/s."""
    average_bandwidth: int
    """bit/s over the whole."""
    width: int
    height: int
    rate: Fraction

    @property
    def segment_ticks(self) -> tuple[int, ...]:
        """Decode times of the segments, and the end, in ticks."""
        return self.shown_ticks

    @property
    def shown_ticks(self) -> tuple[int, ...]:
        """Where segments are shown from, and the end, in ticks."""
        return tuple(bound * self.frame_ticks for bound in self.bounds)


@dataclass(frozen=True, kw_only=True)
class AudioTrack:
    """A row of sound as manifests tell it; its bounds are in frames of 1024 samples."""

    slug: str
    codecs: str
    timescale: int
    """Ticks per second: the sample rate, or a multiple of it."""
    bounds: tuple[int, ...]
    bandwidth: int
    average_bandwidth: int
    sample_rate: int
    channels: int
    language: str | None
    name: str
    default: bool
    lead: int = 0
    """Ticks at the beginning of the first segment that are not heard (an edit list says so)."""
    start: int = 0
    """Decode time of the first segment in ticks: of a clip within its film, where its picture begins."""

    @property
    def frame_ticks(self) -> int:
        """Ticks of 1024 samples in ``timescale``."""
        return AAC_FRAME * self.timescale // self.sample_rate

    @property
    def segment_ticks(self) -> tuple[int, ...]:
        """Decode times of the segments, which players hold against HLS playlists, and the end; lead included."""
        behind = segment_bounds(self.bounds, self.lead // self.frame_ticks)[1:]
        return (self.start, *(bound * self.frame_ticks for bound in behind))

    @property
    def shown_ticks(self) -> tuple[int, ...]:
        """Where segments are heard from, and the end, in ticks."""
        part = self.lead % self.frame_ticks
        first = self.start - (part if self.start and self.lead < self.frame_ticks else 0)
        return (first, *(bound * self.frame_ticks - part for bound in self.bounds[1:]))


Track = VideoTrack | AudioTrack


@dataclass(frozen=True, kw_only=True)
class Presentation:
    """Everything a viewer may choose from: HLS and DASH are two ways to write it down."""

    timeline: Timeline
    video: tuple[VideoTrack, ...]
    """The best first."""
    audio: tuple[AudioTrack, ...]
    first: str | None = None
    """Slug of the picture that players should begin with; by default the best of at most 480 lines."""
    trick: VideoTrack | None = None
    """Still pictures for jumping about, one for each segment; a choice of players, never of viewers."""
    unlisted: tuple[VideoTrack, ...] = ()
    """Pictures that are not offered, since they can't be made in time: kept for players that chose one before."""

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All of them, the still pictures last. Raises ``ValueError`` when there is none to play."""
        if not self.video and not self.audio:
            raise ValueError("a presentation has at least one track")
        return (*self.video, *self.audio, *([self.trick] if self.trick else []))

    @property
    def start(self) -> Fraction:
        """Where it begins on the timeline, in seconds: 0, but of a clip where that lies in its film."""
        return self.timeline.start(0)

    @property
    def duration(self) -> Fraction:
        """Seconds until the last track ends: sound may outlast the picture by less than a segment."""
        return max(Fraction(track.shown_ticks[-1], track.timescale) for track in self.tracks) - self.start

    @property
    def longest_segment(self) -> Fraction:
        """Seconds of the longest segment of any track."""
        return max(Fraction(longest_cell(track.segment_ticks), track.timescale) for track in self.tracks)

    @property
    def target_duration(self) -> int:
        """EXT-X-TARGETDURATION of all playlists: they must agree (RFC 8216, 6.2.4)."""
        return max(target_duration(track.segment_ticks, Fraction(1, track.timescale)) for track in self.tracks)
