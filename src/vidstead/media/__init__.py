"""Pure knowledge of media: sources, timelines, ladders, ffmpeg's arguments, fragmented MP4."""

from vidstead.media.rows import ROW_SPEC, AudioSpec, RowHeader, RowPlan, RowSpec, VideoSpec
from vidstead.media.source import (
    SOURCE_FACTS,
    SOURCE_INDEX,
    AudioStream,
    Colour,
    KeyPacket,
    SourceFacts,
    SourceIndex,
    VideoStream,
)
from vidstead.media.timeline import (
    AAC_FRAME,
    STANDARD_RATES,
    Timeline,
    audio_bounds,
    standard_rate,
    uniform_timeline,
)

__all__ = [
    "AAC_FRAME",
    "ROW_SPEC",
    "SOURCE_FACTS",
    "SOURCE_INDEX",
    "STANDARD_RATES",
    "AudioSpec",
    "AudioStream",
    "Colour",
    "KeyPacket",
    "RowHeader",
    "RowPlan",
    "RowSpec",
    "SourceFacts",
    "SourceIndex",
    "Timeline",
    "VideoSpec",
    "VideoStream",
    "audio_bounds",
    "standard_rate",
    "uniform_timeline",
]
