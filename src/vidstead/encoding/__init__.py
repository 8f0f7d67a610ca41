"""Encoding: how sources become grids, and spans become cells."""

from vidstead.encoding.errors import EncodingError, EncodingFailed, UnreadableSource
from vidstead.encoding.fill import defer_fill, plan_spans
from vidstead.encoding.publisher import Publisher, PublishPlan

__all__ = [
    "EncodingError",
    "EncodingFailed",
    "PublishPlan",
    "Publisher",
    "UnreadableSource",
    "defer_fill",
    "plan_spans",
]
