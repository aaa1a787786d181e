"""The snapshot: all that there is after one change, whatever is written meanwhile, and however often it breaks off."""

import json
import random
from collections import Counter
from typing import Any

from httpx import AsyncClient
from jsonschema import Draft202012Validator, FormatChecker

from app.resources import RESOURCES
from app.resources.events import EventData, events
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import put, rows
from tests.test_contract import OPENAPI
from tests.test_feed import followed

CHANGE = Draft202012Validator(
    {"$ref": "#/components/schemas/Change", "components": OPENAPI["components"]}, format_checker=FormatChecker()
)


def event(title: str) -> EventData:
    """An event as it is written."""
    return validate(EventData, {"kind": "meeting", "title": title})


async def lines(client: AsyncClient, **query: str) -> list[Any]:
    """The lines of a snapshot, or of the rest of one."""
    answer = (await client.get("/v1/snapshot", params=query)).raise_for_status()
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_a_snapshot_has_every_record_as_it_is_stored(fresh: str, own_client: AsyncClient, writer: Writer) -> None:
    """Each as the feed told it last, in a known order; what is deleted is not there; the last line counts."""
    await put(writer, (events, "en", event("En")), (events, "to", event("To")))
    async with writer.revision("nogen") as revision:
        await revision.put(events, "to", event("To, igen"))
        await revision.delete(events, "en")
    head, *records, tail = await lines(own_client)
    assert (head["revision"], tail) == (3, {"complete": True, "counts": Counter(r["resource"] for r in records)})
    for record in records:
        CHANGE.validate(record)
    last = {(c["resource"], c["id"]): c for c in await followed(own_client, limit=1000)}
    assert records == [last[key] for key in sorted(last) if last[key]["value"]]
    stored = {r.name: dict(await rows(fresh, f'select id, version from "{r.table.name}"')) for r in RESOURCES}
    assert {(r["resource"], r["id"]): r["version"] for r in records} == {
        (name, id): version for name, ids in stored.items() for id, version in ids.items()
    }


async def test_it_goes_on_where_it_broke_off_whatever_is_written(own_client: AsyncClient, writer: Writer) -> None:
    """The rest of the same snapshot: neither what came later nor what was changed or deleted since shows."""
    await put(writer, *((events, f"e-{n}", event(str(n))) for n in range(20)))
    chance = random.Random(1)  # noqa: S311 - so that it can be repeated
    head, *whole, _ = await lines(own_client)
    found: list[Any] = []
    for n in range(8):
        place = {"after": f"{found[-1]['resource']}/{found[-1]['id']}"} if found else {}
        again, *rest, tail = await lines(own_client, at=head["position"], **place)
        assert again == head
        assert sum(tail["counts"].values()) == len(rest)
        found += rest[: chance.randint(1, 120)] if n < 7 else rest
        async with writer.revision("andre") as revision:
            await revision.put(events, f"e-{n}", event("Ændret"))
            await revision.put(events, f"ny-{n}", event("Ny"))
            await revision.delete(events, f"e-{19 - n}")
    assert found == whole
    assert len(await followed(own_client, head["position"])) == 8 * 3


async def test_what_it_cannot_be_is_told(own_client: AsyncClient) -> None:
    """A place that is not in this log, and what is no record's path."""
    answer = await own_client.get("/v1/snapshot", params={"at": "999-1"})
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:broen:problem:start-anew")
    answer = await own_client.get("/v1/snapshot", params={"after": "dk-0360"})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "after")
    answer = await own_client.get("/v1/snapshot", params={"after": "plan/nix"})
    assert (answer.status_code, answer.json()["errors"][0]["near"]) == (400, ["plans"])
    newest = (await lines(own_client))[0]["position"]
    answer = await own_client.get("/v1/snapshot", params={"at": newest, "known_at": "0"})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "at")
    assert [line["revision"] for line in (await lines(own_client, at="0"))[:1]] == [0]
    assert (await lines(own_client, after="regions/zzz"))[-1] == {"complete": True, "counts": {}}
    text = await own_client.get("/v1/snapshot?at=0", headers={"Accept": "text/plain"})
    assert (text.headers["Content-Type"], text.headers["Vary"][:6]) == ("text/plain; charset=utf-8", "Accept")
    head = await own_client.head("/v1/snapshot")
    assert (head.status_code, head.content) == (200, b"")
