"""Delivery: the byte paths of viewers, as plain ASGI."""

from vidstead.delivery.errors import (
    DeliveryError,
    InvalidClip,
    InvalidSegment,
    NotAllowed,
    NotReadyYet,
    PlaybackFailed,
    RowNotFound,
    SegmentNotReady,
)
from vidstead.delivery.routes import delivery_routes
from vidstead.delivery.service import Delivery

__all__ = [
    "Delivery",
    "DeliveryError",
    "InvalidClip",
    "InvalidSegment",
    "NotAllowed",
    "NotReadyYet",
    "PlaybackFailed",
    "RowNotFound",
    "SegmentNotReady",
    "delivery_routes",
]
