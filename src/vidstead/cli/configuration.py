"""The settings for a command: what is not valid becomes one sentence."""

from pydantic import ValidationError

from vidstead import bootstrap
from vidstead.cli.errors import InvalidSetting
from vidstead.settings import Settings


def load_settings() -> Settings:
    """The settings from the environment. Raises ``InvalidSetting``, which never shows a value that is a secret."""
    try:
        return bootstrap.load_settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"][:1]).upper()
        reason = str(first["msg"])
    raise InvalidSetting(name=f"VIDSTEAD_{name}", reason=reason[0].lower() + reason[1:])
