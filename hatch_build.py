"""Build hook: puts the built web pages into the wheel.

Soft by default: an editable install, a tree that is built already, or a machine without npm go on without it.
``VIDSTEAD_BUILD_WEB=strict`` (CI, releases) fails instead.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LAST_OF_BUILD = Path("src/vidstead/static/watch.html")
NOT_SOURCES = {"node_modules", "dist", "test"}
MOST_SECONDS = 600


class WebBuildHook(BuildHookInterface[Any]):
    """Runs the web build before the wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build ``web/`` unless that was done or can't be; ``version`` is ``editable`` for an editable install."""
        root = Path(self.root)
        if version == "editable" or is_current(root):
            return
        try:
            build(root)
        except (OSError, subprocess.SubprocessError) as error:
            if os.environ.get("VIDSTEAD_BUILD_WEB") == "strict":
                raise
            self.app.display_warning(f"The web pages are not in this wheel: {error}")


def is_current(root: Path) -> bool:
    """Whether the pages are built, and newer than everything they are built from."""
    built = root / LAST_OF_BUILD
    return built.is_file() and built.stat().st_mtime >= newest_source(root / "web")


def newest_source(web: Path) -> float:
    """Unix seconds of the last change below ``web``, what npm and the build put there apart; 0 without sources."""
    newest = 0.0
    for folder, names, files in os.walk(web):
        names[:] = [name for name in names if name not in NOT_SOURCES]
        newest = max([newest, *(os.stat(os.path.join(folder, name)).st_mtime for name in files)])
    return newest


def build(root: Path) -> None:
    """Install what the pages need by the lock file, and build them.

    Raises:
        FileNotFoundError: npm or the sources are missing.
        subprocess.SubprocessError: npm failed, or took longer than ten minutes.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed; the pages need Node 20.19 or newer")
    if not (root / "web" / "package-lock.json").is_file():
        raise FileNotFoundError("web/ is not part of this source tree")
    for arguments in (["ci"], ["run", "build"]):
        subprocess.run([npm, *arguments], cwd=root / "web", check=True, timeout=MOST_SECONDS)  # noqa: S603
