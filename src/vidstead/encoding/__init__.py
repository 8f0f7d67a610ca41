"""Encoding: how sources become grids, and spans become cells."""

from vidstead.encoding.errors import (
    CalibrationFailed,
    EncodingError,
    EncodingFailed,
    EncodingInterrupted,
    SourceCodecUnsupported,
    SourceCrashed,
    SourceNotMedia,
    SourceOverLimit,
    SourceTruncated,
    SourceWithoutTracks,
    UnreadableSource,
)
from vidstead.encoding.fill import defer_clip_fill, defer_fill, plan_spans
from vidstead.encoding.ports import EncodedCell, Encoder, Meter, Prober, Run, Urgency
from vidstead.encoding.publisher import Publisher, PublishPlan
from vidstead.encoding.service import SpanFiller
from vidstead.encoding.speeds import BestSpeed, Calibration, Speeds
from vidstead.encoding.tasks import register

__all__ = [
    "BestSpeed",
    "Calibration",
    "CalibrationFailed",
    "EncodedCell",
    "Encoder",
    "EncodingError",
    "EncodingFailed",
    "EncodingInterrupted",
    "Meter",
    "Prober",
    "PublishPlan",
    "Publisher",
    "Run",
    "SourceCodecUnsupported",
    "SourceCrashed",
    "SourceNotMedia",
    "SourceOverLimit",
    "SourceTruncated",
    "SourceWithoutTracks",
    "SpanFiller",
    "Speeds",
    "UnreadableSource",
    "Urgency",
    "defer_clip_fill",
    "defer_fill",
    "plan_spans",
    "register",
]
