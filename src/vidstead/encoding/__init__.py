"""Encoding: how sources become grids, and spans become cells."""

from vidstead.encoding.errors import (
    EncodingError,
    EncodingFailed,
    EncodingInterrupted,
    SourceCodecUnsupported,
    SourceCrashed,
    SourceNotMedia,
    SourceTruncated,
    SourceWithoutTracks,
    UnreadableSource,
)
from vidstead.encoding.fill import defer_fill, plan_spans
from vidstead.encoding.ports import EncodedCell, Encoder, Prober, Run
from vidstead.encoding.publisher import Publisher, PublishPlan
from vidstead.encoding.service import SpanFiller
from vidstead.encoding.tasks import register

__all__ = [
    "EncodedCell",
    "Encoder",
    "EncodingError",
    "EncodingFailed",
    "EncodingInterrupted",
    "Prober",
    "PublishPlan",
    "Publisher",
    "Run",
    "SourceCodecUnsupported",
    "SourceCrashed",
    "SourceNotMedia",
    "SourceTruncated",
    "SourceWithoutTracks",
    "SpanFiller",
    "UnreadableSource",
    "defer_fill",
    "plan_spans",
    "register",
]
