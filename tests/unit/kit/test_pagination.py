"""Cursors survive the way to the client and back, and refuse what was never one."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstead.kit import Cursor, InvalidCursor, new_id, offset_of


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_cursor_comes_back_as_it_was(moment: datetime) -> None:
    cursor = Cursor(created_at=moment, id=new_id())
    assert Cursor.decode(cursor.encode()) == cursor


@given(st.text(max_size=300))
def test_anything_else_is_refused_in_words(word: str) -> None:
    with suppress(InvalidCursor):
        assert Cursor.decode(word).id.isalnum()


@pytest.mark.parametrize("word", ["", "AAAA", "MjAyNi0wMS0wMQ", "ä", "a" * 10_000])
def test_broken_words(word: str) -> None:
    with pytest.raises(InvalidCursor):
        Cursor.decode(word)


def test_a_moment_without_a_zone_is_refused() -> None:
    word = Cursor(created_at=datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None), id="x").encode()
    with pytest.raises(InvalidCursor):
        Cursor.decode(word)


def test_pages_begin_at_one() -> None:
    assert offset_of(limit=25, page=1) == 0
    assert offset_of(limit=25, page=3) == 50
