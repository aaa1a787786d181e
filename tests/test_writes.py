"""Writes over HTTP, on every resource: what is written is what is read, and nobody's work is lost."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from httpx import AsyncClient, Response

from app.auth import Role
from app.resources import RESOURCES
from app.rest.resource import Resource
from app.settings import Settings
from tests.conftest import make_key, serving, value

PATCH: Final = {"Content-Type": "application/merge-patch+json"}
SOURCE: Final = {"document": "sundhedsloven", "fields": [""]}
BODY: Final = {"kind": "association", "name": "Foreningen Prøve"}


@pytest.fixture
async def steward(fresh: str, settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client that may write everything, on a register of its own."""
    async with signed_in(fresh, settings, Role.STEWARD) as client:
        yield client


class signed_in:  # noqa: N801 - it is used as a function
    """A client with a key for a role, and for an editor with organisations."""

    def __init__(self, url: str, settings: Settings, role: Role, *organisations: str, **more: Any) -> None:
        self._url, self._role, self._organisations = url, role, organisations
        most = {"database_url": url, "writes_per_minute": 1_000_000}
        self._serving = serving(settings.model_copy(update=most | more))

    async def __aenter__(self) -> AsyncClient:
        key = await make_key(self._url, self._role, *self._organisations)
        client = await self._serving.__aenter__()
        client.headers["Authorization"] = f"Bearer {key}"
        return client

    async def __aexit__(self, *_: object) -> None:
        await self._serving.__aexit__(None, None, None)


async def stored(url: str, kind: Resource[Any, Any]) -> dict[str, Any]:
    """The body of a record of a kind, as the change log has it, with as much in it as there is."""
    query = f"select value from change where resource = '{kind.name}' order by length(value::text) desc, id limit 1"
    body: dict[str, Any] = json.loads(await value(url, query))
    if kind.name == "measurements":  # of which there is one of each day
        body["date"] = {"edtf": "1999"}
    return body


def faults(answer: Response) -> dict[str | None, str]:
    """What a problem says of each place in a body."""
    return {fault["pointer"] or fault["parameter"]: fault["detail"] for fault in answer.json()["errors"]}


async def count(url: str) -> int:
    """How many revisions there are."""
    return int(await value(url, "select count(*) from revision"))


@pytest.mark.parametrize("kind", RESOURCES, ids=lambda kind: kind.name)
async def test_a_record_lives_and_comes_back(steward: AsyncClient, fresh: str, kind: Resource[Any, Any]) -> None:
    """Created, replaced, changed, deleted and restored: each answer is what a GET shows, and history tells it all."""
    body = await stored(fresh, kind)
    made = await steward.post(kind.path, json=body, headers={"Broen-Note": "Pr%C3%B8ve"})
    assert made.status_code == 201, made.text
    path = made.headers["Location"]
    assert path == f"{kind.path}/{made.json()['id']}"
    read = await steward.get(path)
    assert (read.content, read.headers["ETag"]) == (made.content, made.headers["ETag"])
    assert made.json()["version"] == 1

    tag = {"If-Match": made.headers["ETag"]}
    same = await steward.put(path, json=body, headers=tag)
    assert (same.status_code, same.content) == (200, made.content), "what changes nothing is no version"
    owned = await steward.put(path, json={**body, "owner": "region-sjaelland"}, headers=tag)
    assert (owned.status_code, owned.json()["version"], owned.json()["owner"]) == (200, 2, "region-sjaelland")
    tag = {"If-Match": owned.headers["ETag"]}
    changed = await steward.patch(path, content=b'{"owner": null}', headers=PATCH | tag)
    assert (changed.status_code, changed.json()["version"], changed.json()["owner"]) == (200, 3, None)
    assert (await steward.get(path)).content == changed.content
    assert {**changed.json(), "version": 1, "updated_at": 0} == {**made.json(), "updated_at": 0}

    gone = await steward.delete(path, headers={"If-Match": changed.headers["ETag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await steward.get(path)).status_code == 410
    assert (await steward.post(kind.path, json={**body, "id": made.json()["id"]})).status_code == 409
    back = await steward.post(f"{path}/restore")
    assert (back.status_code, back.json()["version"]) == (200, 5), back.text
    assert {**back.json(), "version": 3} == {**changed.json(), **stamps(back)}

    page = (await steward.get(f"{path}/history", params={"limit": 3})).json()
    assert [item["operation"] for item in page["items"]] == ["restore", "delete", "replace"]
    assert page["items"][-1]["changes"] == [{"pointer": "/owner", "before": "region-sjaelland", "after": None}]
    rest = (await steward.get(f"{path}/history", params={"before": page["next"]})).json()
    assert [(item["operation"], item["note"]) for item in rest["items"]] == [("replace", None), ("create", "Prøve")]
    assert rest["next"] is None
    assert rest["items"][-1]["changes"][0]["pointer"] == ""


def stamps(answer: Response) -> dict[str, Any]:
    """What differs between a record and itself restored."""
    return {name: answer.json()[name] for name in ("created_at", "updated_at")}


@pytest.mark.parametrize("kind", RESOURCES, ids=lambda kind: kind.name)
async def test_nothing_is_changed_unconditionally(steward: AsyncClient, fresh: str, kind: Resource[Any, Any]) -> None:
    """428 without If-Match, 412 with that of another version, and nothing is written."""
    before = await count(fresh)
    path, body = f"{kind.path}/{kind.example}", await stored(fresh, kind)
    for headers, status in (({}, 428), ({"If-Match": '"7.abc"'}, 412)):
        for answer in (
            await steward.put(path, json=body, headers=headers),
            await steward.patch(path, content=b"{}", headers=headers | PATCH),
            await steward.delete(path, headers=headers),
        ):
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (await steward.put(path, json=body, headers={"If-None-Match": "*"})).status_code == 412
    assert await count(fresh) == before
