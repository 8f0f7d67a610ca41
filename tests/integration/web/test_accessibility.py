"""What axe finds in the pages: names, roles, contrast; in both themes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect
from tests.integration.web.server import TOKEN, Backend, asset

AXE = Path(__file__).parents[3] / "web" / "node_modules" / "axe-core" / "axe.min.js"


def findings(page: Page) -> list[str]:
    """What axe complains about, one line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result: dict[str, Any] = page.evaluate("() => axe.run(document)")
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def sign_in(page: Page, base: str, backend: Backend) -> None:
    page.goto(f"{base}/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def empty(page: Page, base: str, backend: Backend) -> None:
    page.goto(f"{base}/#token={TOKEN}")
    expect(page.get_by_text("Nothing uploaded yet")).to_be_visible()


def full(page: Page, base: str, backend: Backend) -> None:
    backend.assets = [
        asset("a1", status="preparing"),
        asset("a2", progress={"progress": 4, "state": "transcoding"}),
        asset("a3"),
        asset("a4", status="errored", errors={"type": "x", "messages": ["It can't be read."]}),
    ]
    page.goto(f"{base}/#token={TOKEN}")
    expect(page.get_by_text("Film a4")).to_be_visible()
    page.locator("input[type=file]").set_input_files({"name": "b.mp4", "mimeType": "video/mp4", "buffer": b"0" * 99})
    expect(page.locator(".uploads li.playable")).to_have_count(1)


def notice(page: Page, base: str, backend: Backend) -> None:
    page.goto(f"{base}/watch/nothing")
    expect(page.get_by_text("There is no video here")).to_be_visible()


def reference(page: Page, base: str, backend: Backend) -> None:
    field = {"name": "limit", "in": "query", "schema": {"type": "integer"}, "description": "How many."}
    operation = {"tags": ["Assets"], "summary": "List assets", "parameters": [field], "responses": {"200": {}}}
    backend.openapi = {"info": {"title": "V", "version": "1"}, "paths": {"/a": {"get": operation, "delete": operation}}}
    page.goto(f"{base}/docs")
    expect(page.locator("main").get_by_text("List assets").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("show", [sign_in, empty, full, notice, reference], ids=lambda show: str(show.__name__))
def test_axe_finds_nothing(
    page: Page,
    base: str,
    backend: Backend,
    show: Callable[[Page, str, Backend], None],
    scheme: Literal["light", "dark"],
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    show(page, base, backend)

    assert findings(page) == []
