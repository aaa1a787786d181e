"""Paging holds while others write: whatever is there throughout is seen once, in order."""

from random import Random
from typing import Any, Final

import pytest
from httpx import AsyncClient

from app.resources.initiatives import InitiativeData, initiatives
from app.rest.body import validate
from app.rest.writing import Writer
from tests.test_contract import offered

SORTS: Final = offered("/v1/initiatives", "sort")
STAY: Final = [f"bliver-{n}" for n in range(12)]
COME_AND_GO: Final = [f"kommer-og-gaar-{n}" for n in range(12)]


def anything(random: Random) -> InitiativeData:
    """An initiative with values that many others share, or with none."""
    money = {"amount": random.choice(["1.00", "2.50"]), "currency": random.choice(["DKK", "EUR"])}
    period = {"start": random.choice(["2019-01-01", "2020-01-01", None]), "end": None}
    body = {
        "kind": "project",
        "title": random.choice(["Æble", "Aalborg", "ål", "Zebra", "x", "X"]),
        "budget": random.choice([money, None]),
        "period": random.choice([period, None]),
    }
    return validate(InitiativeData, body)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_what_stays_is_seen_once_and_in_order(
    writer: Writer, own_client: AsyncClient, sort: str, seed: int
) -> None:
    """Pages of every size, by every sort, with records that come, change and go between them."""
    random = Random(seed)  # noqa: S311 - nothing secret
    async with writer.revision(by="test") as revision:
        await revision.put_all(initiatives, ((id, anything(random)) for id in (*STAY, *COME_AND_GO[::2])))
    whole = (await own_client.get("/v1/initiatives", params={"sort": sort, "limit": 1000})).json()["items"]
    expected = [item["id"] for item in whole if item["id"] in STAY]
    asked: dict[str, Any] = {"sort": sort, "limit": 2}
    seen, pages = [], 0
    while True:
        page = (await own_client.get("/v1/initiatives", params=asked)).raise_for_status().json()
        seen += [item["id"] for item in page["items"] if item["id"] in STAY]
        pages += 1
        if page["next"] is None:
            break
        asked |= {"cursor": page["next"], "limit": random.randint(1, 4)}
        async with writer.revision(by="test") as revision:
            for id in random.sample(COME_AND_GO, 4):
                if not await revision.delete(initiatives, id):
                    await revision.put(initiatives, id, anything(random))
    assert pages > 5
    assert seen == expected
