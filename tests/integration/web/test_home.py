"""The home page: signing in, the newest assets, uploading, deleting, and what it says when something fails."""

import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.integration.web.server import TOKEN, Backend, asset, wait_until

PUBLIC = {"playback_policies": ["public"]}


def row(page: Page, title: str) -> Locator:
    return page.locator("tbody tr", has_text=title)


def files(folder: Path, *names: str, size: int = 2000) -> list[str]:
    paths = [folder / name for name in names]
    for path in paths:
        path.write_bytes(b"film" * (size // 4))
    return [str(path) for path in paths]


def choose(page: Page, paths: list[str]) -> None:
    page.locator("input[type=file]").set_input_files(paths)


def test_token_in_the_address_signs_in_and_leaves_the_address(page: Page, base: str, backend: Backend) -> None:
    backend.assets = [asset("a1")]
    page.goto(f"{base}/#token={TOKEN}")

    expect(page.get_by_text("Film a1")).to_be_visible()
    assert page.url == f"{base}/"
    page.reload()
    expect(page.get_by_text("Film a1")).to_be_visible()


def test_token_can_be_pasted_and_a_wrong_one_is_told(page: Page, base: str, backend: Backend) -> None:
    backend.assets = [asset("a1")]
    page.goto(f"{base}/")
    for wrong, said in (("two words", "does not look like"), ("another-token-000", "is not accepted")):
        page.get_by_label("Access token").fill(wrong)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
    page.get_by_label("Access token").fill(f" {TOKEN} ")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("Film a1")).to_be_visible()


def test_signing_out_forgets_the_token(home: Page, base: str) -> None:
    home.get_by_role("button", name="Sign out").click()
    home.goto(f"{base}/")

    expect(home.get_by_role("heading", name="Sign in")).to_be_visible()
    assert TOKEN not in home.evaluate("JSON.stringify(localStorage)")


def test_rows_say_what_the_api_says(page: Page, base: str, backend: Backend) -> None:
    backend.assets = [
        asset("new", status="preparing", duration=None, tracks=None),
        asset("part", duration=3623.2, progress={"progress": 37.5, "state": "transcoding"}),
        asset("bad", status="errored", errors={"type": "x", "messages": ["No picture and no sound."]}),
    ]
    page.goto(f"{base}/#token={TOKEN}")

    expect(row(page, "Film new")).to_contain_text("Preparing")
    expect(row(page, "Film part")).to_contain_text("38 %")
    expect(row(page, "Film part")).to_contain_text("1:00:23")
    expect(row(page, "Film bad")).to_contain_text("No picture and no sound.")
    expect(row(page, "Film bad").get_by_role("link", name="Watch")).to_be_hidden()
    assert row(page, "Film part").get_by_role("link", name="Watch").get_attribute("href") == "/watch/ppart"
    expect(page.get_by_text("3 assets")).to_be_visible()


def test_rows_follow_the_encoding_without_being_asked(page: Page, base: str, backend: Backend) -> None:
    backend.assets = [asset("a1", progress={"progress": 10, "state": "transcoding"})]
    page.goto(f"{base}/#token={TOKEN}")
    expect(row(page, "Film a1")).to_contain_text("10 %")
    backend.assets = [asset("a1", progress={"progress": 60, "state": "transcoding"})]

    expect(row(page, "Film a1")).to_contain_text("60 %")


def test_skeletons_stand_until_the_list_is_there(page: Page, base: str, backend: Backend) -> None:
    backend.hold_assets = threading.Event()
    backend.assets = [asset("a1")]
    page.goto(f"{base}/#token={TOKEN}")
    expect(page.locator("tr.skeleton").first).to_be_visible()
    backend.hold_assets.set()

    expect(row(page, "Film a1")).to_be_visible()
    expect(page.locator("tr.skeleton")).to_have_count(0)


def test_first_run_shows_the_first_steps(home: Page) -> None:
    expect(home.get_by_text("Nothing uploaded yet")).to_be_visible()
    expect(home.get_by_text("vidstead demo")).to_be_visible()
    expect(home.locator("table")).to_be_hidden()


def test_uploads_are_sent_whole_and_become_playable(home: Page, backend: Backend, tmp_path: Path) -> None:
    choose(home, files(tmp_path, "Harbour.mp4", "Interview.mkv", "Third.mov", size=400_000))

    expect(home.locator(".uploads li.playable")).to_have_count(3)
    titles = {each["new_asset_settings"]["meta"]["title"] for each in backend.created}
    assert titles == {"Harbour", "Interview", "Third"}
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(home.url))
    assert all(each["new_asset_settings"].items() >= PUBLIC.items() for each in backend.created)
    assert {each["cors_origin"] for each in backend.created} == {origin}
    assert [len(body) for body in backend.received.values()] == [400_000] * 3
    line = home.locator(".uploads li", has_text="Harbour")
    assert str(line.get_by_role("link", name="Watch").get_attribute("href")).startswith("/watch/pau")
    expect(row(home, "Harbour")).to_be_visible()


def test_deleted_asset_leaves_the_uploads_too(home: Page, tmp_path: Path) -> None:
    choose(home, files(tmp_path, "Harbour.mp4"))
    expect(home.locator(".uploads li.playable")).to_have_count(1)
    row(home, "Harbour").get_by_role("button", name="Delete asset").click()

    expect(home.locator(".uploads li")).to_have_count(0)


def test_refused_upload_says_why_and_can_be_tried_again(home: Page, backend: Backend, tmp_path: Path) -> None:
    backend.refuse_bytes = 507
    choose(home, files(tmp_path, "Harbour.mp4"))
    line = home.locator(".uploads li")
    expect(line).to_contain_text("The disk is full.")
    backend.refuse_bytes = None
    line.get_by_role("button", name="Try again").click()

    expect(line).to_contain_text("Playable")
    assert backend.cancelled == ["u1"]


def test_cancelled_upload_is_cancelled_on_the_server_too(home: Page, backend: Backend, tmp_path: Path) -> None:
    slow = home.context.new_cdp_session(home)
    slow.send("Network.enable")
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 1, "downloadThroughput": 1e7, "uploadThroughput": 3e5},
    )
    choose(home, files(tmp_path, "Long.mp4", size=8_000_000))
    line = home.locator(".uploads li")
    expect(line).to_contain_text("of 8.0 MB")
    line.get_by_role("button", name="Cancel").click()

    expect(line).to_contain_text("Cancelled")
    wait_until(home, lambda: backend.cancelled == ["u1"])
    assert backend.received == {}


def test_deleting_can_be_taken_back(home: Page, backend: Backend) -> None:
    backend.assets = [asset("a1"), asset("a2")]
    home.reload()
    row(home, "Film a1").get_by_role("button", name="Delete asset").click()
    row(home, "Film a1").get_by_role("button", name="Undo").click()
    row(home, "Film a2").get_by_role("button", name="Delete asset").click()

    expect(row(home, "Film a2")).to_have_count(0)
    expect(row(home, "Film a1").get_by_role("button", name="Delete asset")).to_be_visible()
    assert backend.deleted == ["a2"]


def test_deleting_is_carried_out_when_the_page_is_left(home: Page, base: str, backend: Backend) -> None:
    backend.assets = [asset("a1")]
    home.reload()
    row(home, "Film a1").get_by_role("button", name="Delete asset").click()
    home.goto(f"{base}/docs")

    wait_until(home, lambda: backend.deleted == ["a1"])


def test_server_that_fails_is_told_and_the_page_recovers(home: Page, backend: Backend) -> None:
    backend.assets = [asset("a1", progress={"progress": 10, "state": "transcoding"})]
    home.reload()
    expect(row(home, "Film a1")).to_be_visible()
    backend.fail = 503

    expect(home.get_by_role("alert")).to_contain_text("The test says no. Trying again in")
    expect(row(home, "Film a1")).to_be_visible()
    backend.fail = None
    expect(home.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_nothing_sticks_out_at_any_width(home: Page, backend: Backend, tmp_path: Path, width: int, scheme: str) -> None:
    backend.assets = [asset("a1", meta={"title": "A very long title " * 9}), asset("b2", status="errored")]
    home.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    home.set_viewport_size({"width": width, "height": 800})
    home.reload()
    expect(row(home, "A very long title")).to_be_visible()

    assert home.evaluate("document.documentElement.scrollWidth") <= width
