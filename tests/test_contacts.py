"""Contacts that are published for a while: afterwards nobody is told who they were, wherever they ask."""

import json
import unicodedata
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from httpx import AsyncClient

from app.auth import Role
from app.rest.following import Feed, Place
from app.rest.kept import Store
from app.rest.reading import Reader
from app.settings import COPENHAGEN, Settings
from tests.conftest import rows
from tests.test_writes import PATCH, signed_in

PATH: Final = "/v1/initiatives/ny"
SECRET: Final = ("Kvikling", "flimmerum@example.dk", "11 22 33 44")
TODAY: Final = datetime.now(COPENHAGEN).date()
EARLIER: Final = str(TODAY - timedelta(days=2))
LATER: Final = str(TODAY + timedelta(days=2))


def contact(publish_until: str | None) -> dict[str, Any]:
    """A contact, published until a day."""
    person, email, phone = SECRET
    return {"role": "Projektleder", "person": person, "email": email, "phone": phone, "publish_until": publish_until}


NEW: Final = {"If-None-Match": "*"}
NDJSON: Final = {"Content-Type": "application/x-ndjson"}
SAID: Final = ("person", "phone", "email")
OTHER: Final = {"role": "Sekretær", "person": "Mette"}


@pytest.fixture
async def steward(fresh: str, settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client that may write everything, on a register with an initiative whom nobody may be asked about any more."""
    async with signed_in(fresh, settings, Role.STEWARD) as client:
        body = {"kind": "project", "title": "Ny", "contacts": [contact(EARLIER), OTHER]}
        assert (await client.put(PATH, json=body, headers=NEW)).status_code == 201
        yield client


async def test_what_is_published_no_longer_is_told_nowhere(steward: AsyncClient) -> None:
    """Not now, nor of the past; the function stays in its place, for what points at it."""
    body = {"kind": "project", "title": "Ny", "contacts": [contact(EARLIER)]}
    assert (await steward.put(PATH, json=body, headers={"If-Match": "*"})).status_code == 200
    for question in (
        *(PATH, f"{PATH}?known_at=3", f"{PATH}?as_of=2020-01-01", f"{PATH}/history?limit=1"),
        *("/v1/initiatives?id=ny", "/v1/initiatives?id=ny&format=csv", "/v1/initiatives?id=ny&format=ndjson"),
        *("/v1/initiatives?q=kvikling&known_at=3", '/v1/search?q="kvikling"&known_at=3', "/v1/autocomplete?q=kvik"),
    ):
        answer = await steward.get(question)
        assert answer.status_code == 200
        assert [part for part in SECRET if part in answer.text] == [], question
    (only,) = (await steward.get(PATH)).json()["contacts"]
    assert only == contact(EARLIER) | {"person": None, "email": None, "phone": None, "organisation": None}
    before = (await steward.get(f"{PATH}?known_at=2")).json()["contacts"]
    assert [(c["role"], c["person"]) for c in before] == [("Projektleder", None), ("Sekretær", "Mette")]


async def test_what_is_still_published_is_told_but_not_searched(steward: AsyncClient) -> None:
    """On its last day too; contacts are never searched, with an end or without."""
    for until, told in ((LATER, "Kvikling"), (str(TODAY), "Kvikling"), (None, "Kvikling"), (EARLIER, None)):
        changed = await steward.patch(PATH, json={"contacts": [contact(until)]}, headers={**PATCH, "If-Match": "*"})
        assert changed.json()["contacts"][0]["person"] == told
        assert (await steward.get('/v1/search?q="kvikling"')).json()["total"] == 0


async def test_a_change_of_something_else_leaves_what_is_withheld(steward: AsyncClient, fresh: str) -> None:
    """A PATCH keeps what its author does not see."""
    await steward.patch(PATH, json={"title": "Nyere"}, headers={**PATCH, "If-Match": "*"})
    kept = await rows(fresh, "select person, email from initiative_contact where record_id = 'ny' order by position")
    assert kept == [SECRET[:2], ("Mette", None)]


async def test_the_feed_and_the_snapshot_tell_no_more_either(steward: AsyncClient) -> None:
    """Whoever begins to follow the register later does not get what is published no longer."""
    for question in (
        "/v1/changes?limit=1000&resource=initiatives",
        "/v1/snapshot",
        "/v1/changes?limit=1000&known_at=2",
    ):
        answer = await steward.get(question)
        assert "Sekretær" in answer.text
        assert [part for part in SECRET if part in answer.text] == [], question


WITHDRAWN: Final = {
    "brought forward": [contact(EARLIER), OTHER],
    "nulled": [{"role": "Projektleder", "publish_until": EARLIER}, OTHER],
    "in another function": [OTHER, contact(EARLIER) | {"role": "Tidligere projektleder"}],
    "under another name": [OTHER, contact(EARLIER) | {"role": "Leder", "person": "K. Kvikling", "phone": None}],
}
QUESTIONS: Final = (
    *(PATH, f"{PATH}/history", "/v1/initiatives?id=ny", "/v1/initiatives?q=ny&format=csv"),
    *("/v1/initiatives?id=ny&format=ndjson", "/v1/changes?limit=1000&record=initiatives/ny", "/v1/snapshot"),
    *('/v1/search?q="kvikling"', "/v1/autocomplete?q=kvik"),
)


@pytest.mark.parametrize("until", [LATER, None])
@pytest.mark.parametrize("contacts", WITHDRAWN.values(), ids=WITHDRAWN)
async def test_what_is_withdrawn_is_told_no_more_of_any_version(
    fresh: str, settings: Settings, contacts: list[Any], until: str | None
) -> None:
    """Neither of a version that had a later day, nor by an answer that was kept, nor after the contact is gone."""
    async with signed_in(fresh, settings, Role.STEWARD) as client:
        key, change = client.headers.pop("Authorization"), PATCH | {"If-Match": "*"}

        async def write(method: str, body: Any, **headers: str) -> None:
            answer = await client.request(method, PATH, json=body, headers={"Authorization": key, **headers})
            assert answer.is_success, answer.text

        async def told() -> set[str]:
            answers = {question: (await client.get(question)).text for question in questions}
            return {question for question, text in answers.items() if any(part in text for part in SECRET)}

        await write("PUT", {"kind": "project", "title": "Ny", "contacts": [contact(until), OTHER]}, **NEW)
        await write("PATCH", {"title": "Nyt"}, **change)
        then = [q + ("&" if "?" in q else "?") + f"known_at={n}" for n in (2, 3) for q in QUESTIONS]
        questions = [*QUESTIONS, *then, f"{PATH}/diff?from=1&to=2", f"{PATH}/diff?from=1&against=ny&to=2"]
        assert len(await told()) > len(then) / 2
        await write("PATCH", {"contacts": contacts}, **change)
        assert await told() == set()
        questions += [f"{PATH}/diff?from=1&to=3", f"{PATH}/diff?from=3&to=2"]
        await write("PATCH", {"contacts": [OTHER]}, **change)
        assert await told() == set()
        answer = await client.get(f"{PATH}?known_at=2")
        assert answer.json()["contacts"][0] == {
            **contact(until), "person": None, "email": None, "phone": None, "organisation": None
        }  # fmt: skip
        assert answer.json()["contacts"][1]["person"] == "Mette"


@pytest.mark.parametrize(
    ("said", "before", "after", "withdrawn"),
    [
        ("phone", "11223342", "+45 11 22 33 42", True),
        ("phone", "(0045) 1122-3342", "11 22 33 42", True),
        ("phone", "+46 40 12 34 56", "0046 40-123 456", True),
        ("phone", "+46 11 22 33 42", "11 22 33 42", False),
        ("phone", "45 11 22 33", "11 22 33", False),
        ("email", "Zzcc@Example.dk", "zzcc@example.dk", True),
        ("email", "zz.cc@example.dk", "zzcc@example.dk", False),
        ("person", "Åse  KVIK", unicodedata.normalize("NFD", "Åse Kvik"), True),
        ("person", "Åse Kvik", "Åse", False),
    ],
)
async def test_what_is_withdrawn_is_recognised_however_it_is_spelt(
    fresh: str, settings: Settings, said: str, before: str, after: str, *, withdrawn: bool
) -> None:
    """A number with its country or not, an address in capitals or not, a name with other spaces or letters."""
    async with signed_in(fresh, settings, Role.STEWARD) as client:
        body = {"kind": "project", "title": "Ny", "contacts": [{"role": "Leder", said: before}]}
        assert (await client.put(PATH, json=body, headers=NEW)).status_code == 201
        contacts = [{"role": "Sekretær", said: after, "publish_until": EARLIER}]
        changed = await client.patch(PATH, json={"contacts": contacts}, headers={**PATCH, "If-Match": "*"})
        assert changed.status_code == 200
        for question in (f"{PATH}?known_at=2", f"{PATH}/history", "/v1/changes?record=initiatives/ny"):
            assert (before in (await client.get(question)).text) is not withdrawn, question


async def test_whoever_begins_to_follow_later_is_not_told_what_was_withdrawn(
    steward: AsyncClient, fresh: str, settings: Settings
) -> None:
    """As a stream, nor what a colleague of theirs at the same place was told before."""
    for until in (LATER, EARLIER):
        await steward.patch(PATH, json={"contacts": [contact(until)]}, headers={**PATCH, "If-Match": "*"})
        place = Place("0", ("initiatives",), 100, None)
        async with Reader(fresh, settings) as read:
            told = (await Feed(Store(0, {}), 1).read(read, place)).events.decode()
        assert ("Kvikling" in told) is (until == LATER)


async def test_an_import_tells_what_it_was_sent_and_not_what_is_withheld(steward: AsyncClient) -> None:
    """Tried or done, whoever does it: nothing of a contact that the file says nothing of, nor what it was before."""
    titled = {"resource": "initiatives", "id": "ny", "title": "Nyere"}
    for says, expected in (
        ({}, ["/title"]),
        ({"contacts": [contact(EARLIER) | {"person": "Flimmer"}]}, ["/title", *(f"/contacts/0/{n}" for n in SAID)]),
        ({"contacts": []}, ["/title", "/contacts/0", "/contacts/1"]),
    ):
        line = json.dumps(titled | says)
        answer = await steward.post("/v1/imports?dry_run=true", content=line, headers=NDJSON)
        (record,) = answer.json()["records"]
        assert {change["pointer"] for change in record["changes"]} >= set(expected)
        assert record["changes"][0] == {"pointer": "/title", "before": "Ny", "after": "Nyere"}
        before = json.dumps([change["before"] for change in record["changes"]])
        assert [part for part in SECRET if part in before] == []
        if not says.get("contacts"):
            assert [part for part in SECRET if part in answer.text] == []


SENDER: Final = {"role": "Afsender", "person": "Anders", "publish_until": EARLIER}
KEPT: Final = "select role, person, email, phone from initiative_contact where record_id = 'ny' order by position"


async def test_what_is_written_back_as_it_was_told_stays_as_it_is_stored(steward: AsyncClient, fresh: str) -> None:
    """As a body, a patch or a file: what comes back as it was read is no version, however often."""
    two = [contact(EARLIER), contact(EARLIER) | {"person": "Anden"}, SENDER, OTHER]
    await steward.patch(PATH, json={"contacts": two}, headers={**PATCH, "If-Match": "*"})
    stored, read = await rows(fresh, KEPT), (await steward.get(PATH)).json()
    assert [c["person"] for c in read["contacts"]] == [None, None, None, "Mette"]
    body = {name: read[name] for name in ("kind", "title", "contacts")}
    for answer in (
        await steward.put(PATH, json=body, headers={"If-Match": "*"}),
        await steward.patch(PATH, json={"contacts": read["contacts"]}, headers={**PATCH, "If-Match": "*"}),
    ):
        assert (answer.status_code, answer.json()) == (200, read), answer.text
    for format, media_type in (("csv", "text/csv"), ("ndjson", "application/x-ndjson")):
        told = (await steward.get("/v1/initiatives", params={"id": "ny", "format": format})).content
        sent = {"params": {"resource": "initiatives"}, "headers": {"Content-Type": media_type}}
        answer = await steward.post("/v1/imports", content=told, **sent)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["unchanged"], answer.json()["records"]) == (200, 1, []), answer.text
    assert await rows(fresh, KEPT) == stored

    said = [*read["contacts"][:2], OTHER | {"email": "s@example.dk"}]
    line = json.dumps({"resource": "initiatives", "id": "ny", "contacts": said})
    answer = await steward.post("/v1/imports?dry_run=true", content=line, headers=NDJSON)
    assert [part for part in (*SECRET, "Anden", "Anders") if part in answer.text] == []
    changed = await steward.patch(PATH, json={"contacts": said}, headers={**PATCH, "If-Match": "*"})
    assert (changed.status_code, changed.json()["version"]) == (200, read["version"] + 1)
    assert await rows(fresh, KEPT) == [*stored[:2], ("Sekretær", "Mette", "s@example.dk", None)]
    cleared = [contact(LATER) | dict.fromkeys(SAID), read["contacts"][1]]
    await steward.patch(PATH, json={"contacts": cleared}, headers={**PATCH, "If-Match": "*"})
    assert await rows(fresh, KEPT) == [("Projektleder", None, None, None), stored[0]], "which of them, nobody can tell"
