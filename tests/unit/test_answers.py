"""HTTP's rules for bytes: tags, ranges, HEAD."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from vidstead.delivery.answers import Answer, matches, wanted_range

TAG = '"abc"'
BODY = bytes(range(100))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        (b'"abc"', True),
        (b'W/"abc"', True),
        (b'"x", "abc"', True),
        (b"*", True),
        (b'"ab"', False),
        (b"", False),
    ],
)
def test_if_none_match(header: bytes | None, expected: bool) -> None:
    assert matches(header, TAG) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"bytes=0-0", (0, 1)),
        (b"bytes=10-19", (10, 20)),
        (b"bytes=90-", (90, 100)),
        (b"bytes=90-1000", (90, 100)),
        (b"bytes=-10", (90, 100)),
        (b"bytes=-1000", (0, 100)),
        (b"bytes = 1-2", (1, 3)),
        (b"bytes=-", None),
        (b"bytes=5-4", None),
        (b"bytes=0-1,4-5", None),
        (b"seconds=0-1", None),
        (b"", None),
    ],
)
def test_ranges(header: bytes, expected: tuple[int, int] | None) -> None:
    assert wanted_range({b"range": header}, 100, TAG) == expected


@pytest.mark.parametrize("header", [b"bytes=100-", b"bytes=-0", b"bytes=1000-2000"])
def test_ranges_that_can_not_be_satisfied(header: bytes) -> None:
    start, end = wanted_range({b"range": header}, 100, TAG) or (0, 100)
    assert start >= end


def test_a_stale_if_range_gets_the_whole() -> None:
    assert wanted_range({b"range": b"bytes=0-1", b"if-range": b'"old"'}, 100, TAG) is None
    assert wanted_range({b"range": b"bytes=0-1", b"if-range": TAG.encode()}, 100, TAG) == (0, 2)


async def ask(method: str = "GET", path: Path | None = None, **headers: str) -> list[MutableMapping[str, Any]]:
    """What the answer sends."""

    async def read(start: int, length: int) -> bytes:
        return BODY[start : start + length]

    answer = Answer(size=100, etag=TAG, media_type="video/mp4", cache_control="no-cache", read=read, path=path)
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("nothing is to be received")

    scope = {
        "type": "http",
        "method": method,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "extensions": {"http.response.pathsend": {}},
    }
    await answer(scope, receive, send)
    return sent


async def test_the_whole() -> None:
    start, body = await ask()
    headers = dict(start["headers"])
    assert (start["status"], body["body"]) == (200, BODY)
    assert headers[b"etag"] == TAG.encode()
    assert headers[b"content-length"] == b"100"
    assert headers[b"access-control-allow-origin"] == b"*"


async def test_a_file_goes_by_its_path() -> None:
    _, message = await ask(path=Path("/objects/cell"))
    assert message == {"type": "http.response.pathsend", "path": "/objects/cell"}


async def test_a_range_of_a_file_is_read_never_sent_by_path() -> None:
    start, message = await ask(path=Path("/objects/cell"), range="bytes=10-19")
    assert (start["status"], message["body"]) == (206, BODY[10:20])
    assert dict(start["headers"])[b"content-range"] == b"bytes 10-19/100"


async def test_not_modified_has_no_body() -> None:
    start, message = await ask(path=Path("/objects/cell"), if_none_match=TAG)
    assert (start["status"], message["body"]) == (304, b"")


async def test_head_has_the_length_and_no_body() -> None:
    start, message = await ask("HEAD", path=Path("/objects/cell"))
    assert (start["status"], message["body"]) == (200, b"")
    assert dict(start["headers"])[b"content-length"] == b"100"


async def test_an_unsatisfiable_range() -> None:
    start, _ = await ask(range="bytes=100-")
    assert start["status"] == 416
    assert dict(start["headers"])[b"content-range"] == b"bytes */100"
