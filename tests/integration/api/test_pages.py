"""The pages are served with the right headers, are asked for again cheaply, and say so where they were not built."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from vidstead.api.pages import page_routes

SCRIPT = "export const a = 1;\n" * 40
PAGES = {"/": "home.html", "/watch/abc123": "watch.html", "/docs": "docs.html"}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the build leaves it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    for name in PAGES.values():
        (folder / name).write_text(f"<!doctype html><title>{name}</title>")
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets" / "home-1a2b.js").write_text(SCRIPT)
    (folder / "assets" / "home-1a2b.js.br").write_bytes(b"\x8b\x02\x80brotli\x03")
    (tmp_path / "secret.txt").write_text("not for you")
    return folder


def client_of(folder: Path, *origins: str) -> httpx.AsyncClient:
    app = Starlette(routes=page_routes(folder=folder, origins=origins))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://pages")


@pytest.fixture
def client(built: Path) -> httpx.AsyncClient:
    return client_of(built)


@pytest.mark.parametrize(("path", "name"), PAGES.items())
async def test_page_is_served_under_a_strict_policy(client: httpx.AsyncClient, path: str, name: str) -> None:
    response = await client.get(path)

    assert response.status_code == 200
    assert name in response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-content-type-options"] == "nosniff"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy


async def test_only_the_watch_page_may_be_embedded(client: httpx.AsyncClient) -> None:
    assert "frame-ancestors *" in (await client.get("/watch/abc123")).headers["content-security-policy"]
    for path in ("/", "/docs", "/static/watch.html"):
        assert "frame-ancestors 'none'" in (await client.get(path)).headers["content-security-policy"]


async def test_page_that_did_not_change_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/")
    again = await client.get("/", headers={"If-None-Match": first.headers["etag"]})

    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]


async def test_page_that_changed_is_sent(client: httpx.AsyncClient, built: Path) -> None:
    etag = (await client.get("/")).headers["etag"]
    (built / "home.html").write_text("<!doctype html><title>new and longer</title>")

    assert (await client.get("/", headers={"If-None-Match": etag})).status_code == 200


async def test_hashed_file_is_kept_for_ever_and_others_are_not(client: httpx.AsyncClient) -> None:
    kept = await client.get("/static/assets/home-1a2b.js", headers={"Accept-Encoding": "identity"})

    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"].startswith("text/javascript")
    assert kept.text == SCRIPT
    assert (await client.get("/static/favicon.svg")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, br", "br"), ("BR;q=0.5", "br"), ("gzip, br;q=0", None), ("gzip", None), ("", None)],
)
async def test_compressed_form_goes_to_those_who_take_it(
    client: httpx.AsyncClient, accepted: str, encoding: str | None
) -> None:
    async with client.stream("GET", "/static/assets/home-1a2b.js", headers={"Accept-Encoding": accepted}) as response:
        assert response.headers.get("content-encoding") == encoding
        assert response.headers["content-type"] == "text/javascript; charset=utf-8"
        assert response.headers["vary"] == "Accept-Encoding"


async def test_head_has_no_body(client: httpx.AsyncClient) -> None:
    response = await client.head("/")

    assert response.status_code == 200
    assert response.content == b""
    assert int(response.headers["content-length"]) > 0


@pytest.mark.parametrize(
    "path",
    [
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/assets/%2e%2e/%2e%2e/secret.txt",
        "/static//etc/passwd",
        "/static/assets/missing.js",
        "/static/%00",
        "/static/" + "a" * 5000,
        "/static/",
    ],
)
async def test_nothing_outside_the_folder_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_other_origins_are_let_in_where_videos_and_uploads_go(built: Path) -> None:
    policy = (await client_of(built, "https://cdn.example/some/path").get("/")).headers["content-security-policy"]

    assert "connect-src 'self' https://cdn.example;" in policy
    assert "media-src 'self' blob: https://cdn.example;" in policy
    assert "script-src 'self';" in policy


async def test_missing_build_is_said_in_a_sentence(tmp_path: Path) -> None:
    client = client_of(tmp_path / "nothing")

    for path in PAGES:
        response = await client.get(path)
        assert response.status_code == 503
        assert "make build" in response.text
        assert response.headers["cache-control"] == "no-store"
        assert "content-security-policy" in response.headers
    assert (await client.get("/static/assets/home.js")).status_code == 404


async def test_pages_can_only_be_read(client: httpx.AsyncClient) -> None:
    assert (await client.post("/")).status_code == 405
    assert (await client.post("/static/favicon.svg")).status_code == 405
