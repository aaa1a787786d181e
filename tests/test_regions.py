"""Regions: what ends keeps its id, and says what follows it."""

import pytest
from httpx import AsyncClient

from app.resources.area_changes import AreaChangeData, area_changes
from app.rest.body import validate
from app.rest.writing import Writer
from app.settings import Settings
from tests.conftest import put, serving

BEFORE = ["dk-1084", "dk-1082", "dk-1081", "dk-1085", "se-12", "dk-1083"]
AFTER = ["dk-1082", "dk-1081", "se-12", "dk-1083", "dk-oestdanmark"]


async def ids(client: AsyncClient, query: str = "") -> list[str]:
    """The ids in a list."""
    return [item["id"] for item in (await client.get(f"/v1/regions{query}")).raise_for_status().json()["items"]]


async def test_the_map_of_a_day(client: AsyncClient) -> None:
    """Five Danish regions until 2026-12-31, four from 2027-01-01; none before 2007."""
    assert await ids(client, "?as_of=2026-12-31") == BEFORE
    assert await ids(client, "?as_of=2027-01-01") == AFTER
    assert await ids(client, "?as_of=2006-12-31") == ["se-12"]
    assert await ids(client, "?as_of=1990-01-01") == []


@pytest.mark.parametrize(("today", "expected"), [("2026-06-01", BEFORE), ("2027-01-01", AFTER), ("2030-01-01", AFTER)])
async def test_today_is_the_day_when_none_is_given(settings: Settings, today: str, expected: list[str]) -> None:
    """The service's clock decides, and the answer says which day that was."""
    async with serving(Settings.model_validate(settings.model_dump() | {"today": today})) as client:
        assert await ids(client) == expected
        assert (await client.get("/v1/regions/dk-1084")).headers["Broen-As-Of"] == today
        assert (await client.get("/v1/regions")).json()["as_of"] == today


@pytest.mark.parametrize("as_of", ["2026-01-01", "2027-01-01", "2030-01-01"])
async def test_an_ended_region_answers_with_its_end_and_its_successor(client: AsyncClient, as_of: str) -> None:
    """200, whatever the day: when it ended, what follows it and by which change."""
    region = (await client.get("/v1/regions/dk-1084", params={"as_of": as_of})).raise_for_status().json()
    assert region["period"] == {"start": "2007-01-01", "end": "2027-01-01"}
    assert region["successors"] == [
        {
            "id": "dk-oestdanmark",
            "name": "Region Østdanmark",
            "on": "2027-01-01",
            "kind": "merge",
            "change": "region-oestdanmark-2027",
        }
    ]


async def test_a_region_to_come_says_what_it_comes_from(client: AsyncClient) -> None:
    """Region Østdanmark is served today, with what is unknown left unknown."""
    region = (await client.get("/v1/regions/dk-oestdanmark")).raise_for_status().json()
    assert [p["id"] for p in region["predecessors"]] == ["dk-1084", "dk-1085"]
    assert (region["code"], region["code_system"], region["nuts2"]) == (None, None, None)
    assert region["seat"] == "Sorø"
    assert region["names"]["en"] == "Region of Eastern Denmark"
    assert await ids(client, "?id=dk-oestdanmark&as_of=2026-01-01") == ["dk-oestdanmark"], (
        "asked for by id, it is there"
    )


async def test_the_nearest_change_comes_first(writer: Writer, own_client: AsyncClient) -> None:
    """Looking back the latest, looking ahead the earliest."""
    changes = []
    for year, before, after in ((2001, "dk-1081", "dk-1082"), (2003, "dk-1083", "dk-1082"), (2002, "se-12", "dk-1082")):
        sides = {"before": [{"region": before, "name": before}], "after": [{"region": after, "name": after}]}
        body = {"kind": "transfer", "title": "Prøve", "effective_on": f"{year}-01-01", **sides}
        changes.append((area_changes, f"proeve-{year}", validate(AreaChangeData, body)))
        back = {"before": sides["after"], "after": sides["before"]}
        changes.append((area_changes, f"tilbage-{year}", validate(AreaChangeData, body | back)))
    await put(writer, *changes)
    region = (await own_client.get("/v1/regions/dk-1082")).json()
    assert [p["on"][:4] for p in region["predecessors"]] == ["2003", "2002", "2001"]
    assert [s["on"][:4] for s in region["successors"]] == ["2001", "2002", "2003"]


async def test_the_merger_and_its_legal_act(client: AsyncClient) -> None:
    """Two areas before, one after, found from either side."""
    for region in ("dk-1085", "dk-oestdanmark"):
        (change,) = (await client.get("/v1/area-changes", params={"region": region})).json()["items"]
        assert change["effective_on"] == "2027-01-01"
        assert "L 214" in change["legal_act"]
        assert [area["name"] for area in change["before"]] == ["Region Hovedstaden", "Region Sjælland"]
        assert [area["code"] for area in change["before"]] == ["1084", "1085"]
        assert [area["code"] for area in change["after"]] == [None]


async def test_skaane_is_swedish(client: AsyncClient) -> None:
    """Names in three languages, codes of another country."""
    (skaane,) = (await client.get("/v1/regions?country=SE")).json()["items"]
    assert (skaane["id"], skaane["code"], skaane["nuts2"], skaane["seat"]) == ("se-12", "12", "SE22", "Kristianstad")
    sjaelland = (await client.get("/v1/regions/dk-1085")).json()
    assert sjaelland["names"] == {"da": "Region Sjælland", "sv": "Region Själland", "en": "Region Zealand"}
