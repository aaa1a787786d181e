"""Revisions as they are told: who wrote what, when and why, as far as the asker may know."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.auth import Role
from app.resources.events import EventData, events
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import make_key, put
from tests.test_contract import validator


def event(title: str) -> EventData:
    """An event as it is written."""
    return validate(EventData, {"kind": "meeting", "title": title})


async def listed(client: AsyncClient, **query: Any) -> Any:
    """A page of revisions, exactly as declared."""
    answer = (await client.get("/v1/revisions", params=query)).raise_for_status()
    validator("/v1/revisions").validate(answer.json())
    return answer.json()


async def test_each_revision_says_what_it_changed(own_client: AsyncClient, writer: Writer) -> None:
    """The list counts, the record names each change, and leads to the feed at the right place."""
    await put(writer, (events, "en", event("En")), (events, "to", event("To")))
    async with writer.revision("nogen", "En og to") as revision:
        await revision.put(events, "to", event("To, igen"))
        await revision.delete(events, "en", "to")
    page = await listed(own_client, count=True)
    assert [(item["number"], item["note"]) for item in page["items"]] == [
        *[(3, "En og to"), (2, None), (1, "Registrets medfølgende data")]
    ]
    assert (page["total"], page["next"]) == (3, None)
    assert page["items"][0]["counts"] == [{"resource": "events", "count": 2}]
    assert {"resource": "municipalities", "count": 131} in page["items"][2]["counts"]
    one = (await own_client.get("/v1/revisions/3")).json()
    validator("/v1/revisions/{number}").validate(one)
    assert {name: one[name] for name in page["items"][0]} == page["items"][0]
    assert [(c["id"], c["version"], c["op"]) for c in one["changes"]] == [("to", 2, "replace"), ("en", 2, "delete")]


async def test_pages_follow_each_other_in_either_direction(own_client: AsyncClient, writer: Writer) -> None:
    """None is told twice or left out, by `next` as by the header Link, also while others write."""
    for n in range(5):
        await put(writer, (events, f"e-{n}", event(str(n))))
    for sort, numbers in (("number", [1, 2, 3, 4, 5, 6]), ("-number", [6, 5, 4, 3, 2, 1])):
        found: list[int] = []
        url = f"/v1/revisions?limit=2&sort={sort}"
        while url:
            answer = (await own_client.get(url)).raise_for_status()
            found += [item["number"] for item in answer.json()["items"]]
            url = answer.links.get("next", {}).get("url", "")
            assert bool(url) == bool(answer.json()["next"])
        assert found == numbers


async def test_filters_narrow_down(own_client: AsyncClient, writer: Writer) -> None:
    """By time, by author as they are shown, by what was written; nonsense is told."""
    await put(writer, (events, "en", event("En")))
    first, second = (await listed(own_client, sort="number"))["items"]
    assert [i["number"] for i in (await listed(own_client, **{"from": second["at"]}))["items"]] == [2]
    assert [i["number"] for i in (await listed(own_client, to=second["at"]))["items"]] == [1]
    assert (await listed(own_client, resource=["events"], to=first["at"]))["items"] == []
    assert [i["number"] for i in (await listed(own_client, resource=["regions", "goals"]))["items"]] == [1]
    assert len((await listed(own_client, by="register"))["items"]) == 2
    assert (await listed(own_client, by="test"))["items"] == [], "a name that is not shown finds nothing"
    for parameter, wrong in (("from", "2026-11-22"), ("to", "i går"), ("resource", "hospitals"), ("after", "-1")):
        answer = await own_client.get("/v1/revisions", params={parameter: wrong})
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, parameter)


@pytest.mark.parametrize(
    ("role", "organisations", "shown"),
    [
        (None, [], "register"),
        (Role.EDITOR, ["region-sjaelland"], "register"),
        (Role.STEWARD, [], "test"),
    ],
)
async def test_names_are_shown_to_those_who_may_know_them(
    fresh: str, own_client: AsyncClient, writer: Writer, role: Role | None, organisations: list[str], shown: str
) -> None:
    """As the history of a record does."""
    await put(writer, (events, "en", event("En")))
    headers = {"Authorization": f"Bearer {await make_key(fresh, role, *organisations)}"} if role else {}
    answer = await own_client.get("/v1/revisions/2", headers=headers)
    assert (answer.json()["by"], answer.json()["organisations"]) == (shown, None)
    assert (answer.headers["Cache-Control"], answer.headers["Vary"][:13]) == ("private, no-cache", "Authorization")


async def test_a_revision_that_is_not_there_is_told(own_client: AsyncClient) -> None:
    """404 as a problem that names the parameter."""
    answer = await own_client.get("/v1/revisions/99")
    assert answer.status_code == 404
    validator("/v1/revisions/{number}", 404).validate(answer.json())
    assert answer.json()["errors"][0]["parameter"] == "number"
