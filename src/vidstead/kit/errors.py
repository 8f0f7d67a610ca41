"""The base of every error that a user may see.

One family per room, each in the room's ``errors.py``. The docstring of a class is its message: one sentence
that says what happened and what to do, with ``{fact}`` for every keyword argument. A test holds that every
class has a code of its own, a status and a page ``docs/errors/<code>.md``.
"""

from collections.abc import Iterator
from typing import Any, ClassVar


class VidsteadError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    expected: ClassVar[bool] = False
    """Whether a status of 500 and more is part of normal work: then its sentence is told, and no alarm is logged."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        self.headers: dict[str, str] = {}
        """HTTP headers that the answer must carry, such as those of CORS."""
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The sentence for the user: the docstring's first paragraph with the facts filled in."""
        text = (type(self).__doc__ or "").split("\n\n")[0]
        return " ".join(text.split()).format(**self.facts)


def all_error_classes() -> Iterator[type[VidsteadError]]:
    """Every error class that is loaded, the base included; for the tests and the error pages."""
    todo: list[type[VidsteadError]] = [VidsteadError]
    while todo:
        found = todo.pop()
        yield found
        todo.extend(found.__subclasses__())


class OutboundError(VidsteadError):
    """The address {host} could not be used: {reason}."""

    code = "outbound_error"
    status = 502


class OutboundRefused(OutboundError):
    """The address {host} is not allowed: {reason}. Use a public http or https address."""

    code = "url_not_allowed"
    status = 422


class OutboundFailed(OutboundError):
    """The address {host} could not be fetched: {reason}. Check that it can be reached, and try again."""

    code = "url_unreachable"
    status = 502


class OutboundTooLarge(OutboundError):
    """The file at {host} is larger than the allowed {limit_bytes} bytes: use a smaller one."""

    code = "url_too_large"
    status = 413
