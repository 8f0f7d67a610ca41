"""Whatever JSON is sent: it is taken or refused, but nothing breaks, and what is taken can be read back."""

import json

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXT = st.text(max_size=20) | st.sampled_from(
    ["public", "signed", "drm", "https://example.com/a.mp4", "\x00", "\ud800"]
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
INPUT = st.just("https://example.com/film.mp4") | st.lists(st.fixed_dictionaries({"url": TEXT}), max_size=2) | VALUE
POLICIES = st.lists(st.sampled_from(["public", "signed"]), max_size=3) | st.just("public") | VALUE
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "inputs": INPUT,
        "input": INPUT,
        "playback_policies": POLICIES,
        "playback_policy": POLICIES,
        "advanced_playback_policies": VALUE,
        "passthrough": TEXT | VALUE,
        "meta": st.fixed_dictionaries({}, optional={"title": TEXT, "creator_id": TEXT | VALUE}) | VALUE,
        "video_quality": VALUE,
        "mp4_support": st.sampled_from(["none", "standard", "all"]) | VALUE,
        "static_renditions": VALUE,
        "normalize_audio": VALUE,
        "test": VALUE,
        "fill": VALUE,
    },
)
UPLOAD = st.fixed_dictionaries(
    {}, optional={"new_asset_settings": SETTINGS, "timeout": st.integers() | VALUE, "cors_origin": TEXT, "test": VALUE}
)
MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def check(client: httpx.AsyncClient, path: str, body: object) -> None:
    sent = json.dumps(body).encode()
    answer = await client.post(path, content=sent, headers={"content-type": "application/json"})
    assert answer.status_code in (201, 400), answer.text
    if answer.status_code == 400:
        assert answer.json()["error"]["messages"]
    else:
        made = answer.json()["data"]
        assert (await client.get(f"{path}/{made['id']}")).json()["data"] == made


@MANY
@given(body=SETTINGS)
async def test_any_asset(client: httpx.AsyncClient, body: object) -> None:
    await check(client, "/video/v1/assets", body)


@MANY
@given(body=UPLOAD)
async def test_any_upload(client: httpx.AsyncClient, body: object) -> None:
    await check(client, "/video/v1/uploads", body)


@MANY
@given(body=VALUE)
async def test_any_json_at_all(client: httpx.AsyncClient, body: object) -> None:
    await check(client, "/video/v1/uploads", body)
