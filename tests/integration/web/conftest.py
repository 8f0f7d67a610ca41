"""The built pages in a real Chromium, over a backend that the test holds in its hands."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.integration.web.server import TOKEN, Backend, running
from tests.oracle.browser import Browser, open_browser

from vidstead.api.pages import STATIC

expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert (STATIC / "watch.html").is_file(), "the pages are not built: run `make build`"
    with open_browser() as opened:
        yield opened


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def base(backend: Backend) -> Iterator[str]:
    with running(backend) as address:
        yield address


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.chromium.new_context(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(20_000)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the page's console complained about, broken policies included, but for answers that the test gave."""
    return []


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type == "error" and not message.text.startswith("Failed to load resource")
            else None
        ),
    )
    yield opened
    assert complaints == []


@pytest.fixture
def home(page: Page, base: str) -> Page:
    """The home page, signed in."""
    page.goto(f"{base}/#token={TOKEN}")
    page.get_by_role("heading", name="Assets").wait_for()
    return page
