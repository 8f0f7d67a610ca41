"""The laws of the house, held against the house."""

import importlib
import pkgutil
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from scripts import write_docs
from tests.laws import forms, imports, papers
from tests.laws.tree import REPOSITORY, SourceFile, python_files

import vidstead
from vidstead.kit import VidsteadError, all_error_classes
from vidstead.settings import Settings

SOURCE = REPOSITORY / "src" / "vidstead"
DOCS = REPOSITORY / "docs"
FILES = python_files(SOURCE)


def ours() -> list[Path]:
    """Every file of the project, by its path from the top: what git knows or would add."""
    if shutil.which("git") and (REPOSITORY / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY, capture_output=True, text=True, check=True,
        ).stdout.splitlines()  # fmt: skip
        return [Path(name) for name in listed if (REPOSITORY / name).is_file()]
    built = {".venv", "node_modules", "static", "data", "dist", "test-results"}
    found = (path.relative_to(REPOSITORY) for path in REPOSITORY.rglob("*") if path.is_file())
    return [path for path in found if not built & set(path.parts)]


def error_classes() -> list[type[VidsteadError]]:
    """Every error class of the package, after everything in it was imported."""
    for module in pkgutil.walk_packages(vidstead.__path__, "vidstead."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)
    return [error for error in all_error_classes() if error.__module__.startswith("vidstead.")]


@pytest.mark.parametrize(
    "law", [imports.import_order, imports.vendors, imports.purity, forms.sql, forms.doors], ids=lambda law: law.__name__
)
def test_source(law: Callable[[Sequence[SourceFile]], list[str]]) -> None:
    assert len(FILES) > 20
    assert law(FILES) == []


def test_no_file_is_longer_than_500_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert forms.sizes(ours()) == []


def test_no_module_is_named_after_nothing() -> None:
    assert forms.names(ours()) == []


def test_every_error_has_a_code_a_status_and_a_page() -> None:
    assert papers.errors(error_classes(), DOCS / "errors") == []


def test_every_error_page_has_an_error() -> None:
    assert papers.orphans(error_classes(), DOCS / "errors") == []


def test_every_setting_has_a_description() -> None:
    assert papers.undescribed({name: field.description for name, field in Settings.model_fields.items()}) == []


@pytest.mark.parametrize("page", write_docs.PAGES, ids=str)
def test_generated_page_is_up_to_date(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == write_docs.PAGES[page](), "run `make docs`"


def test_relative_links_are_alive() -> None:
    documents = [REPOSITORY / path for path in ours() if path.suffix == ".md"]
    assert len(documents) > 5
    assert papers.links(documents, REPOSITORY) == []


def test_every_page_is_found_from_the_readme() -> None:
    documents = [REPOSITORY / path for path in ours() if path.suffix == ".md" and path.parts[0] == "docs"]
    assert papers.unlinked(documents, REPOSITORY / "README.md") == []


def test_documents_tell_commands_that_exist() -> None:
    documents = [REPOSITORY / path for path in ours() if path.suffix == ".md"]
    targets = set(re.findall(r"^\.PHONY: (\S+)", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert papers.commands(documents, targets, write_docs.options_of_commands()) == []


def test_lock_files_hold_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    paths = ours()
    assert Path("requirements.txt") in paths
    assert papers.locks(paths) == []


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, more in (("requirements.txt", []), ("requirements-dev.txt", project["optional-dependencies"]["dev"])):
        lock = (REPOSITORY / name).read_text(encoding="utf-8")
        assert papers.unlocked([*project["dependencies"], *more], lock) == []


def test_make_help_lists_every_command() -> None:
    assert papers.helped((REPOSITORY / "Makefile").read_text(encoding="utf-8")) == []
