"""The description of the API: ``/openapi.json``."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

SUMMARY = "Video infrastructure that you own, through the API that Mux clients speak."
DESCRIPTION = """
Upload a film, play it a second later:

```sh
curl -u "$VIDSTEAD_TOKEN_ID:$VIDSTEAD_TOKEN_SECRET" -H 'Content-Type: application/json' \\
  -d '{"new_asset_settings": {"playback_policies": ["public"]}}' http://localhost:8080/video/v1/uploads
curl -T film.mp4 "<the url of the answer>"
```

Then `GET /video/v1/assets`, and play `/{playback_id}.m3u8` (HLS) or `/{playback_id}.mpd` (DASH), or open
`/watch/{playback_id}`.

Answers are `{"data": …}`; errors are `{"error": {"type", "messages", "code"}}`. Times are strings of Unix seconds;
keys without a value are absent. Every answer has an `x-request-id`, which is in the server's log too.
""".strip()
TAGS = [
    {"name": "Assets", "description": "What became of a file: its tracks, its state, how far it is encoded."},
    {"name": "Uploads", "description": "Addresses that take a file, for a while, without a token."},
    {"name": "Playback ids", "description": "Under which assets are played, and by whom."},
    {"name": "System", "description": "The access token itself."},
]
ERROR_SCHEMA = {
    "title": "Error",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "messages", "code"],
            "properties": {
                "type": {"type": "string", "description": "The kind of failure, as its status says."},
                "messages": {"type": "array", "items": {"type": "string"}},
                "code": {"type": "string", "description": "Stable; described in docs/errors."},
            },
        }
    },
    "example": {
        "error": {
            "type": "not_found",
            "messages": ["There is no asset with the id abc in this environment."],
            "code": "asset_not_found",
        }
    },
}
SCHEMES = {
    "AccessToken": {
        "type": "http",
        "description": "User: the token's id. Password: its secret.",
        "scheme": "basic",
    },
    "AccessTokenSecret": {"type": "http", "description": "The token's secret alone.", "scheme": "bearer"},
}
"""How a token is sent, on every route; the header itself is read by tenancy."""
ERRORS = {
    "400": "The request is not valid.",
    "401": "No valid access token.",
    "403": "The token may not do this, or it can't be done any more.",
    "404": "There is no such thing in this environment.",
}


def operation_id(route: APIRoute) -> str:
    """Names of operations are those of the functions, as in the Mux API's description."""
    return route.name


def describe(api: FastAPI) -> None:
    """Let ``api`` describe its tokens, and its errors as it sends them (FastAPI tells of 422)."""
    made = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _with_tokens_and_errors(made())
        return api.openapi_schema

    setattr(api, "openapi", openapi)  # noqa: B010  a method is replaced, as FastAPI documents


def _with_tokens_and_errors(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Error"] = ERROR_SCHEMA
    schema["components"]["securitySchemes"] = SCHEMES
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            operation["security"] = [{name: []} for name in SCHEMES]
            answers = operation["responses"]
            answers.pop("422", None)
            for status, description in ERRORS.items():
                if status != "404" or "{" in path:
                    answers.setdefault(status, {"description": description, "content": content})
    return schema
