"""Facets count what each value of a filter would find; what is unknown can be asked for."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.test_contract import LISTS, offered


async def ask(client: AsyncClient, path: str, **asked: Any) -> dict[str, Any]:
    """A page, with its total."""
    page: dict[str, Any] = (await client.get(path, params={**asked, "count": True})).raise_for_status().json()
    return page


@pytest.mark.parametrize("path", LISTS)
async def test_a_facet_says_what_its_filter_finds(client: AsyncClient, path: str) -> None:
    """Every value of every facet of every list, against the count of the list filtered by it."""
    facets = (await ask(client, path, facet=offered(path, "facet"), limit=1))["facets"]
    assert set(facets) == set(offered(path, "facet"))
    for name, facet in facets.items():
        assert facet["others"] == 0 or len(facet["values"]) == 100
        counts = [value["count"] for value in facet["values"]]
        assert counts == sorted(counts, reverse=True)
        for value in facet["values"][:5]:
            asked = {"unknown": name} if value["value"] is None else {name: value["value"]}
            assert (await ask(client, path, limit=1, **asked))["total"] == value["count"], asked


@pytest.mark.parametrize("path", LISTS)
async def test_what_is_unknown_is_found(client: AsyncClient, path: str) -> None:
    """Every field that may be null or empty: just those records of which it is."""
    every = (await ask(client, path, limit=1000))["items"]
    for name in {*offered(path, "unknown")} & every[0].keys():
        found = (await ask(client, path, limit=1000, unknown=name))["items"]
        assert {item["id"] for item in found} == {item["id"] for item in every if item[name] in (None, [])}, name


async def test_a_facet_leaves_out_its_own_filter_alone(client: AsyncClient) -> None:
    """So that a page can offer the other choices; all other filters count, names stand beside ids, null has a line."""
    asked = {"facet": ["kind", "municipality", "status"], "kind": "sub_project"}
    facets = (await ask(client, "/v1/initiatives", **asked))["facets"]
    assert {value["value"] for value in facets["kind"]["values"]} == {"pre_project", "programme", "sub_project"}
    assert facets["municipality"]["values"] == [
        {"value": "dk-0360", "name": "Lolland", "count": 1},
        {"value": "dk-0376", "name": "Guldborgsund", "count": 1},
    ]
    assert facets["status"]["values"] == [{"value": None, "name": None, "count": 1}]
    day = {"as_of": "2027-01-01", "country": "DK", "facet": "region"}
    regions = (await ask(client, "/v1/municipalities", **day))["facets"]["region"]["values"]
    assert [(value["name"], value["count"]) for value in regions] == [
        ("Region Østdanmark", 46),
        ("Region Syddanmark", 22),
        ("Region Midtjylland", 19),
        ("Region Nordjylland", 11),
    ]


async def test_a_name_that_is_none_is_refused_with_those_that_are(client: AsyncClient) -> None:
    """For both parameters."""
    answer = await client.get("/v1/initiatives", params={"unknown": "colour", "facet": "colour"})
    assert answer.status_code == 400
    assert {fault["parameter"] for fault in answer.json()["errors"]} == {"unknown", "facet"}
    assert "'municipality'" in answer.json()["detail"]
