"""What a job is to the rest: a name, JSON arguments, and a lane."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Queue = Literal["hot", "pull", "bulk", "light", "system"]
"""``hot``: a viewer waits. ``pull``: files are fetched from elsewhere, as fast as elsewhere goes. ``bulk``:
hours of work that nobody waits for. ``light``: the cheap part of that, kept apart from the rest. ``system``: short, and
never starved."""

JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job to be: one of many that begin together."""

    task: str
    args: Mapping[str, JsonValue]
    queue: Queue
    priority: int = 0


@dataclass(frozen=True, kw_only=True)
class FailedJob:
    """A job that will not be tried again."""

    id: int
    name: str
    queue: str
    attempts: int
    """How often it was started."""
    args: Mapping[str, Any]
    """What it was deferred with."""
    error: str
    """What it failed of, last: the kind of the error and its message."""
