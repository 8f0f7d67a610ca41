"""The toolbox without domain words: identifiers, time, the base of all errors."""

from vidstead.kit.clock import now, to_unix
from vidstead.kit.errors import VidsteadError, all_error_classes
from vidstead.kit.ids import new_id, new_secret

__all__ = ["VidsteadError", "all_error_classes", "new_id", "new_secret", "now", "to_unix"]
