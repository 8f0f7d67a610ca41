"""The build hook builds the pages when it must, leaves them when it may, and fails only when told to be strict."""

import os
import subprocess
from pathlib import Path
from typing import Any

import hatch_build
import pytest


class Shown:
    """What the hook said to whoever builds."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def display_warning(self, message: str) -> None:
        self.warnings.append(message)


class Hook(hatch_build.WebBuildHook):
    """The hook without hatch around it."""

    def __init__(self, root: Path) -> None:
        self.shown = Shown()
        self._root = root

    @property
    def root(self) -> str:
        return str(self._root)

    @property
    def app(self) -> Any:
        return self.shown


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree with pages that were built after their sources were written."""
    for name in ("web/package-lock.json", "web/pages/src/home.ts", str(hatch_build.LAST_OF_BUILD)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    set_age(tmp_path / "web", 100)
    set_age(tmp_path / hatch_build.LAST_OF_BUILD, 50)
    return tmp_path


def set_age(path: Path, seconds: int) -> None:
    """Let a file, or every file below a folder, be so old."""
    for each in [path, *path.rglob("*")]:
        when = each.stat().st_mtime_ns - seconds * 10**9
        os.utime(each, ns=(when, when))


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that only writes down how it was called, and ends with the status in the file ``status``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "npm"
    script.write_text(
        f'#!/bin/sh\necho "$PWD $*" >> {folder}/calls\nexit $(cat {folder}/status 2>/dev/null || echo 0)\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("VIDSTEAD_BUILD_WEB", raising=False)
    return folder


def calls(npm: Path) -> list[str]:
    path = npm / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_pages_that_are_newer_than_their_sources_are_left(tree: Path, npm: Path) -> None:
    Hook(tree).initialize("standard", {})

    assert calls(npm) == []


def test_what_npm_installed_is_no_source(tree: Path, npm: Path) -> None:
    (tree / "web" / "node_modules").mkdir()
    (tree / "web" / "node_modules" / "new.js").touch()

    assert hatch_build.is_current(tree)


@pytest.mark.parametrize("reason", ["changed", "missing"])
def test_pages_are_built_from_the_lock_file(tree: Path, npm: Path, reason: str) -> None:
    if reason == "changed":
        (tree / "web/pages/src/home.ts").touch()
    else:
        (tree / hatch_build.LAST_OF_BUILD).unlink()

    Hook(tree).initialize("standard", {})

    assert calls(npm) == [f"{tree}/web ci", f"{tree}/web run build"]


def test_editable_install_builds_nothing(tree: Path, npm: Path) -> None:
    (tree / hatch_build.LAST_OF_BUILD).unlink()

    Hook(tree).initialize("editable", {})

    assert calls(npm) == []


@pytest.mark.parametrize("trouble", ["no npm", "npm fails", "no sources"])
def test_trouble_is_a_warning_unless_strict(
    tree: Path, npm: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    (tree / hatch_build.LAST_OF_BUILD).unlink()
    if trouble == "no npm":
        monkeypatch.setenv("PATH", str(tree))
    elif trouble == "npm fails":
        (npm / "status").write_text("1")
    else:
        (tree / "web/package-lock.json").unlink()
    hook = Hook(tree)

    hook.initialize("standard", {})
    assert len(hook.shown.warnings) == 1

    monkeypatch.setenv("VIDSTEAD_BUILD_WEB", "strict")
    with pytest.raises((OSError, subprocess.SubprocessError)):
        hook.initialize("standard", {})
