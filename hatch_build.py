"""Build hook: puts the built web pages into the wheel.

Soft by default: an editable install, a tree that is built already, or a machine without npm go on without it.
``VIDSTEAD_BUILD_WEB=strict`` (CI, releases) fails instead.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebBuildHook(BuildHookInterface[Any]):
    """Runs the web build before the wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build ``web/`` unless that was done or can't be."""
