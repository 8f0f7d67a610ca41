"""A law that can't be broken holds nothing: each is shown a small tree that breaks it, and one that does not."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.laws import forms, imports, papers
from tests.laws.tree import SourceFile, python_files

from vidstead.kit import VidsteadError

Law = Callable[[Sequence[SourceFile]], list[str]]

BROKEN: list[tuple[Law, str, str]] = [
    (imports.import_order, "kit/clock.py", "import vidstead.db"),
    (imports.import_order, "db/engine.py", "from vidstead.storage import ObjectStore"),
    (imports.import_order, "grid/service.py", "from vidstead.encoding import Run"),
    (imports.import_order, "grid/service.py", "def f():\n    from vidstead import api"),
    (imports.import_order, "grid/service.py", "from vidstead.db.engine import Database"),
    (imports.import_order, "grid/service.py", "import vidstead.db.engine"),
    (imports.import_order, "grid/service.py", "from ..encoding import Run"),
    (imports.import_order, "grid/service.py", "from vidstead.settings import Settings"),
    (imports.import_order, "grid/service.py", "from vidstead.storage.adapters.local import LocalStore"),
    (imports.import_order, "storage/service.py", "from vidstead.storage.adapters import local"),
    (imports.import_order, "storage/service.py", "from .adapters.local import LocalStore"),
    (imports.import_order, "cli/app.py", "from vidstead.storage.adapters.local import LocalStore"),
    (imports.import_order, "bootstrap.py", "from vidstead.cli import main"),
    (imports.import_order, "settings.py", "from vidstead.kit import now"),
    (imports.import_order, "sheds/__init__.py", ""),
    (imports.import_order, "grid/service.py", "from vidstead.sheds import spade"),
    (imports.vendors, "storage/service.py", "import obstore.store"),
    (imports.vendors, "encoding/service.py", "def f():\n    import av"),
    (imports.vendors, "encoding/service.py", "import subprocess"),
    (imports.vendors, "encoding/service.py", "async def f(a):\n    await a.create_subprocess_exec('x')"),
    (imports.purity, "media/probe.py", "import httpx"),
    (imports.purity, "media/probe.py", "from sqlalchemy import text"),
    (imports.purity, "media/probe.py", "from pathlib import Path"),
    (imports.purity, "media/probe.py", "from urllib import request"),
    (imports.purity, "packaging/hls.py", "import time"),
    (imports.purity, "packaging/hls.py", "from datetime import datetime\nx = datetime.now()"),
    (imports.purity, "packaging/hls.py", "from vidstead.kit import now"),
    (imports.purity, "shapes/asset.py", "x = open('a')"),
    (imports.purity, "shapes/asset.py", "import subprocess"),
    (forms.sql, "grid/service.py", "from sqlalchemy import text"),
    (forms.sql, "grid/service.py", "Q = 'select * from cells'"),
    (forms.sql, "grid/service.py", "f('''\n  update cells set x = 1\n''')"),
    (forms.doors, "grid/__init__.py", "from vidstead.grid.model import Grid"),
    (forms.doors, "grid/__init__.py", "from vidstead.grid.model import Grid\n__all__ = []"),
    (forms.doors, "grid/__init__.py", "__all__ = ['Grid']"),
    (forms.doors, "kit/__init__.py", "if TYPE_CHECKING:\n    from vidstead.kit.logs import redact\n__all__ = []"),
    (forms.doors, "kit/__init__.py", "def f(): ...\n__all__ = []"),
]

LAWFUL: list[tuple[str, str]] = [
    ("kit/clock.py", "import time"),
    ("bootstrap.py", "from vidstead.storage.adapters.local import LocalStore"),
    ("bootstrap.py", "from vidstead.db.migrate import migrate\nfrom vidstead.settings import Settings"),
    ("cli/serve.py", "import subprocess\nfrom vidstead.bootstrap import load_settings\nfrom vidstead.kit import now"),
    ("storage/adapters/local.py", "import obstore, subprocess\nfrom vidstead.storage.ports import ObjectStore"),
    ("storage/adapters/other.py", "from vidstead.storage.adapters.local import LocalStore"),
    ("grid/repository.py", "from sqlalchemy import text\nQ = text('select * from cells')"),
    ("grid/service.py", "from vidstead.db import Database\nfrom vidstead.grid.repository import Q\n'select x from y'"),
    ("grid/__init__.py", "from vidstead.grid.model import Grid\n__all__ = ['Grid']"),
    ("kit/__init__.py", "if TYPE_CHECKING:\n    from vidstead.kit.logs import redact\n__all__ = ['redact']\nLAZY = 1"),
    ("grid/__init__.py", "import asyncio\nfrom vidstead.kit import now\nLIMIT = 5\n__all__ = ['LIMIT']"),
    ("media/probe.py", "'''Select rows from the ladder.'''\nfrom datetime import timedelta"),
    ("media/probe.py", "from pathlib import PurePosixPath"),
    ("tenancy/__init__.py", ""),
]


def plant(tree: Path, relative: str, text: str) -> list[SourceFile]:
    path = tree / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return python_files(tree)


@pytest.mark.parametrize(("law", "relative", "text"), BROKEN)
def test_broken_law_is_seen(tmp_path: Path, law: Law, relative: str, text: str) -> None:
    assert len(law(plant(tmp_path, relative, text))) == 1


@pytest.mark.parametrize(("relative", "text"), LAWFUL)
def test_lawful_file_is_left_alone(tmp_path: Path, relative: str, text: str) -> None:
    files = plant(tmp_path, relative, text)
    for law in (imports.import_order, imports.vendors, imports.purity, forms.sql, forms.doors):
        assert law(files) == []


def test_long_file(tmp_path: Path) -> None:
    long, right, table = tmp_path / "a.py", tmp_path / "b.ts", tmp_path / "c.csv"
    long.write_text("x\n" * 501)
    right.write_text("x\n" * 500)
    table.write_text("x\n" * 900)
    assert forms.sizes([long, right, table]) == [f"{long}: 501 lines; split it by verb before 500"]


@pytest.mark.parametrize("name", ["src/vidstead/grid/utils.py", "web/helpers/x.ts", "src/common/__init__.py"])
def test_name_after_nothing(name: str) -> None:
    assert len(forms.names([Path(name), Path("src/vidstead/grid/service.py")])) == 1


class Undocumented(VidsteadError):
    code = "undocumented"
    status = 400


class Coded(VidsteadError):
    """It went wrong."""

    code = "coded"
    status = 400


class CodedToo(VidsteadError):
    """It went wrong as well."""

    code = "coded"
    status = 400


class Inheriting(Coded):
    """It has no code of its own."""


class Fine(VidsteadError):
    """It is fine."""

    code = "fine"
    status = 200


def test_error_classes(tmp_path: Path) -> None:
    page = "# coded\n\nWhat happened.\n\nWhat to do.\n"
    (tmp_path / "coded.md").write_text(page)
    assert papers.errors([Coded], tmp_path) == []
    assert "is the code of" in papers.errors([Coded, CodedToo], tmp_path)[0]
    assert "no code of its own" in papers.errors([Inheriting], tmp_path)[0]
    assert len(papers.errors([Undocumented], tmp_path)) == 2
    (tmp_path / "fine.md").write_text(page)
    problems = papers.errors([Fine], tmp_path)
    assert "not the status of an error" in problems[0]
    assert "its title" in problems[1]
    (tmp_path / "coded.md").write_text("# coded\n")
    assert "too short" in papers.errors([Coded], tmp_path)[0]
    assert len(papers.orphans([Coded], tmp_path)) == 1


def test_dead_links(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading, *here*\n")
    document = tmp_path / "a.md"
    document.write_text(
        "[a](there.md) [b](there.md#a-heading-here) [c](https://example.org/x) [d](#own)\n# Own\n```\n[e](no.md)\n```\n"
    )
    assert papers.links([document], tmp_path) == []
    document.write_text("[a](gone.md) ![b](gone.png) [c](there.md#gone) [d](../../etc)")
    assert len(papers.links([document], tmp_path)) == 4


def test_command_that_does_not_exist(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    options = {"serve": {"--port"}, "token create": {"--name"}}

    def problems(text: str) -> int:
        document.write_text(text)
        return len(papers.commands([document], {"run"}, options))

    assert problems("`make run PORT=1`, `vidstead`, `vidstead serve --port 1`, `vidstead token`, we make tea") == 0
    assert problems("```sh\ncd vidstead && make run\n.venv/bin/vidstead token create --name x\n```") == 0
    assert problems("`make tea`") == 1
    assert problems("```sh\nA=b vidstead pour | more\nvidstead serve --tea\n```") == 2
    assert problems("```sh\n.venv/bin/vidstead pour\n```") == 1
    assert problems("`vidstead token create --tea`") == 1


def test_page_that_nobody_links_to(tmp_path: Path) -> None:
    start, middle, end, lonely = (tmp_path / name for name in ("a.md", "b.md", "c.md", "d.md"))
    start.write_text("[b](b.md#x)")
    middle.write_text("[c](c.md) [a](a.md)")
    end.write_text("")
    lonely.write_text("[a](a.md)")
    assert papers.unlinked([start, middle, end], start) == []
    assert papers.unlinked([start, middle, end, lonely], start) == [f"{lonely}: no page links to it"]


def test_registry_addresses(tmp_path: Path) -> None:
    lock, npm, other = tmp_path / "requirements.txt", tmp_path / "package-lock.json", tmp_path / "notes.txt"
    lock.write_text("a==1 --hash=sha256:00\n")
    npm.write_text('{"funding": {"url": "x"}, "resolved": "a.tgz"}')
    other.write_text("--index-url https://example.org/")
    assert papers.locks([lock, npm, other]) == []
    lock.write_text("--index-url https://example.org/\na==1\n")
    npm.write_text('{"resolved": "https://example.org/a.tgz"}')
    assert len(papers.locks([lock, npm, other])) == 2


def test_dependency_that_is_not_locked() -> None:
    lock = "mux-python==5 \\\n    --hash=sha256:00\npsycopg==3\n"
    assert papers.unlocked(["mux_python>=5", "psycopg[binary,pool]>=3"], lock) == []
    assert papers.unlocked(["mux>=5"], lock) == ["mux>=5 is not locked: run `make lock`"]


def test_target_without_help() -> None:
    assert papers.helped(".PHONY: a\na: b ## does a thing\n") == []
    assert papers.helped(".PHONY: a\na: b\n") == ["make a has no line of help"]


def test_setting_without_description() -> None:
    assert papers.undescribed({"a": "What it is.", "b": None, "c": "no sentence"}) != []
    assert papers.undescribed({"a": "What it is."}) == []
