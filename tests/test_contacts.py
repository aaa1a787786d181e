"""Contacts that are published for a while: afterwards nobody is told who they were, wherever they ask."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from httpx import AsyncClient

from app.auth import Role
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


OTHER: Final = {"role": "Sekretær", "person": "Mette"}


@pytest.fixture
async def steward(fresh: str, settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client that may write everything, on a register with an initiative whom nobody may be asked about any more."""
    async with signed_in(fresh, settings, Role.STEWARD) as client:
        body = {"kind": "project", "title": "Ny", "contacts": [contact(EARLIER), OTHER]}
        assert (await client.put(PATH, json=body, headers={"If-None-Match": "*"})).status_code == 201
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
    """On its last day too; a contact without an end to it is found by name as before."""
    for until, told in ((LATER, "Kvikling"), (str(TODAY), "Kvikling"), (EARLIER, None)):
        changed = await steward.patch(PATH, json={"contacts": [contact(until)]}, headers={**PATCH, "If-Match": "*"})
        assert changed.json()["contacts"][0]["person"] == told
        assert (await steward.get('/v1/search?q="kvikling"')).json()["total"] == 0
    await steward.patch(PATH, json={"contacts": [contact(None)]}, headers={**PATCH, "If-Match": "*"})
    assert (await steward.get('/v1/search?q="kvikling"')).json()["total"] == 1


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
