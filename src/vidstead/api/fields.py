"""Kinds of values that requests are made of, each with what it may be."""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Query
from pydantic import AfterValidator, BeforeValidator, StringConstraints

from vidstead.kit import DEFAULT_LIMIT, MAX_LIMIT, MAX_PAGE

MAX_URL_LENGTH = 4096
MUX_ASSET = re.compile(r"mux://assets/([A-Za-z0-9]{1,64})")
"""The address of an asset as the input of another one: of a clip."""
WEB_SCHEMES = frozenset({"http", "https"})


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not hold a zero byte")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not hold half a surrogate pair") from None
    return text


def _web_address(text: str) -> str:
    if any(character <= " " or character == "\x7f" for character in text):
        raise ValueError("must be an address without spaces and control characters")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("must be a valid address") from None
    if parts.scheme == "mux":
        if not MUX_ASSET.fullmatch(text):
            raise ValueError("must be mux://assets/{asset id}, or an http or https address")
        return text
    if parts.scheme not in WEB_SCHEMES or not parts.hostname:
        raise ValueError("must be an http or https address")
    return text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Words = Annotated[str, AfterValidator(_storable)]
"""Text that the database can hold."""

Passthrough = Annotated[Words, StringConstraints(max_length=255)]
WebAddress = Annotated[
    str, StringConstraints(max_length=MAX_URL_LENGTH), AfterValidator(_storable), AfterValidator(_web_address)
]

Origin = Annotated[str, StringConstraints(max_length=512, pattern=r"^[\x21-\x7e]*$")]
"""``*`` or an origin such as ``https://example.com``: it goes into a header, so only visible ASCII."""

OneOrMore = BeforeValidator(_as_list)
"""A list, for which a single value may be sent."""

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")]
PageNumber = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Which page, from 1.")]

__all__ = [
    "DEFAULT_LIMIT",
    "MUX_ASSET",
    "Limit",
    "OneOrMore",
    "Origin",
    "PageNumber",
    "Passthrough",
    "WebAddress",
    "Words",
]
