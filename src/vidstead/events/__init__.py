"""What happened, in order: one log, written in the transaction of each change, read by cursors."""

from vidstead.events.follower import Follower
from vidstead.events.log import append
from vidstead.events.model import Event

__all__ = ["Event", "Follower", "append"]
