"""One feel for every list: pages, sorting, batches, and clear refusals."""

import base64
import json
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient

from tests.test_contract import LISTS, offered

SORTS = [(path, sort) for path in LISTS for sort in offered(path, "sort")]


async def follow(client: AsyncClient, url: str) -> list[dict[str, Any]]:
    """Every record of a list, page by page, by the header Link."""
    items: list[dict[str, Any]] = []
    while True:
        answer = (await client.get(url)).raise_for_status()
        items += answer.json()["items"]
        if "next" not in answer.links:
            assert answer.json()["next"] is None
            return items
        url = answer.links["next"]["url"]


@pytest.mark.parametrize(("path", "sort"), SORTS)
async def test_pages_add_up_to_the_list(client: AsyncClient, path: str, sort: str) -> None:
    """Page by page, in every order, every record comes once and in the same order as all at once."""
    whole = (await client.get(path, params={"sort": sort, "limit": 1000, "as_of": "2026-11-22"})).json()["items"]
    paged = await follow(client, f"{path}?sort={sort}&limit={max(1, len(whole) // 4)}&as_of=2026-11-22")
    assert paged == whole
    assert len({item["id"] for item in paged}) == len(paged) > 0


async def test_descending_is_ascending_reversed_but_for_the_unknown(client: AsyncClient) -> None:
    """What has no value comes last in either direction."""
    up = (await client.get("/v1/municipalities?sort=population&limit=1000")).json()["items"]
    down = (await client.get("/v1/municipalities?sort=-population&limit=1000")).json()["items"]
    known = [item["population"] for item in up if item["population"] is not None]
    assert all(a <= b for a, b in pairwise(known))
    assert [item["population"] for item in down] == [*known[::-1], *[None] * 33]


async def test_a_cursor_pins_the_day(client: AsyncClient) -> None:
    """Pages of a list asked for as of 2027 stay in 2027."""
    first = (await client.get("/v1/municipalities?region=dk-oestdanmark&as_of=2027-01-01&limit=40")).json()
    params = {"region": "dk-oestdanmark", "cursor": first["next"], "limit": 1000}
    second = (await client.get("/v1/municipalities", params=params)).raise_for_status().json()
    assert second["as_of"] == "2027-01-01"
    assert len(first["items"]) + len(second["items"]) == 46


async def test_a_cursor_belongs_to_its_question(client: AsyncClient) -> None:
    """Another filter, order or day with the same cursor is refused, and so is what is no cursor."""
    cursor = (await client.get("/v1/municipalities?country=DK&limit=1")).json()["next"]
    for query in ("country=SE", "country=DK&sort=-name", "country=DK&as_of=1999-01-01", ""):
        answer = await client.get(f"/v1/municipalities?{query}&cursor={cursor}")
        assert answer.status_code == 400, query
        assert answer.json()["errors"][0]["parameter"] == "cursor"
    for nonsense in ("x", "===", quote("ø"), "W10", "bnVsbA", cursor[:-4], "WzEsMiwzLDRd" * 50):
        answer = await client.get(f"/v1/municipalities?cursor={nonsense}")
        assert answer.status_code == 400, nonsense
        assert answer.json()["errors"][0]["parameter"] == "cursor"


FORGED = [
    ("sort=name", "a\x00", "dk-1"),
    ("sort=name", "\ud800", "dk-1"),
    ("sort=name", 7, "dk-1"),
    ("sort=name", "a", "nul\x00"),
    ("sort=name", "a", "\ud800"),
    ("sort=population", 2**40, "dk-1"),
    ("sort=population", "x", "dk-1"),
]


@pytest.mark.parametrize(("query", "key", "id"), FORGED)
async def test_a_forged_cursor_is_refused_like_any_other_nonsense(
    client: AsyncClient, query: str, key: object, id: str
) -> None:
    """Whatever is in it: 400, never a failure of ours."""
    cursor = (await client.get(f"/v1/municipalities?{query}&limit=1")).json()["next"]
    question, day, *_ = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for forged in (
        [question, day, key, id],
        [question, "0001-01-01", "a", "dk-1"],
        [question, "20270101", "a", "dk-1"],
    ):
        token = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
        answer = await client.get(f"/v1/municipalities?{query}&cursor={token}")
        assert answer.status_code == 400, forged
        assert answer.json()["errors"][0]["parameter"] == "cursor"


async def test_a_parameter_takes_so_many_values_and_no_more(client: AsyncClient) -> None:
    """And unknown ones by the hundred are told without a statement for each."""
    answer = await client.get("/v1/municipalities?" + "&".join(f"region=dk-{n}" for n in range(1001)))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"] == "This parameter takes 1000 values at the most"
    answer = await client.get("/v1/municipalities?" + "&".join(f"region=dk-{n}" for n in range(10850, 11350)))
    faults = answer.json()["errors"]
    assert len(faults) == 500
    assert all(fault["near"] for fault in faults[:10])
    assert not any(fault["near"] for fault in faults[10:])


async def test_ids_make_a_batch(client: AsyncClient) -> None:
    """Ended areas too; an id twice is one record; an unknown one is named with near ones."""
    url = "/v1/regions?id=dk-1085&id=dk-1084&id=dk-1085&as_of=2030-01-01"
    assert [item["id"] for item in (await client.get(url)).json()["items"]] == ["dk-1084", "dk-1085"]
    answer = await client.get("/v1/regions?id=dk-1085&id=dk-1804")
    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    assert fault["parameter"] == "id"
    assert fault["near"][0] == "dk-1084"


async def test_an_unknown_id_in_a_filter_is_named_with_near_ones(client: AsyncClient) -> None:
    """All unknown ids of a request at once; names lead to ids too."""
    answer = await client.get("/v1/municipalities?region=sjaelland&region=dk-1084&region=dk-10855")
    assert answer.status_code == 400
    faults = answer.json()["errors"]
    assert [fault["parameter"] for fault in faults] == ["region", "region"]
    assert "dk-1085" in faults[0]["near"]
    assert "dk-1085" in faults[1]["near"]


async def test_an_id_of_another_resource_is_told_as_such(client: AsyncClient) -> None:
    """A region is no municipality, and nobody need guess what it is."""
    answer = await client.get("/v1/initiatives?municipality=dk-1085")
    (fault,) = answer.json()["errors"]
    assert fault["detail"] == "There is no dk-1085 among the municipalities; it is among the regions"


@pytest.mark.parametrize(
    ("query", "parameter", "says"),
    [
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=1001", "limit", "less than or equal to 1000"),
        ("limit=ten", "limit", "an integer"),
        ("as_of=2027-02-30", "as_of", "day of the calendar as YYYY-MM-DD"),
        ("format=csv&facet=region", "facet", "goes with format=json"),
        ("as_of=0", "as_of", "YYYY-MM-DD"),
        ("as_of=2027-01-01T00:00", "as_of", "YYYY-MM-DD"),
        ("sort=size", "sort", "'name', '-name'"),
        ("sort=name&sort=-name", "sort", "takes one value"),
        ("count=perhaps", "count", "true or false"),
        ("region=", "region", "Input should be an id"),
        ("region=DK-1085", "region", "such as dk-1085"),
        ("country=NO", "country", "'DK' or 'SE'"),
        ("code=%00", "code", "no NUL character"),
        ("code=%ff", "query", "should be UTF-8"),
        ("id=dk-0360,dk-0376", "id", "repeat the parameter"),
        ("as_of=9999-12-31", "as_of", "of the years 1000 to 9998"),
        ("population_min=-1", "population_min", "greater than or equal to 0"),
        ("population_min=99999999999", "population_min", "less than or equal to"),
        ("regoin=dk-1085", "regoin", "There is no such parameter here"),
    ],
)
async def test_bad_parameters_are_named_with_what_would_be_right(
    client: AsyncClient, query: str, parameter: str, says: str
) -> None:
    """400, one fault, its parameter and a sentence."""
    answer = await client.get(f"/v1/municipalities?{query}")
    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    assert fault["parameter"] == parameter
    assert says in fault["detail"]


async def test_thousands_of_faults_are_not_all_told(client: AsyncClient) -> None:
    """Nobody would read them; how many more there are is the last."""
    answer = await client.get("/v1/initiatives?" + "&".join(f"a{n}=x" for n in range(2000)))
    assert answer.status_code == 400
    told = answer.json()["errors"]
    assert (len(told), told[-1]["detail"]) == (21, "There are 1980 more faults")


@pytest.mark.parametrize(
    ("path", "low", "high"),
    [
        ("municipalities", "population_min=10", "population_max=5"),
        ("funding/grants", "awarded_from=2015-01-02", "awarded_to=2015-01-01"),
        ("funding/summary", "awarded_min=2", "awarded_max=1.5"),
        ("health-agreements", "effective_from=2020-01-01", "effective_to=2019-01-01"),
    ],
)
async def test_bounds_that_are_crossed_are_refused(client: AsyncClient, path: str, low: str, high: str) -> None:
    """They would find nothing, and nobody would know why; equal ones are a day, or a number."""
    answer = await client.get(f"/v1/{path}?{low}&{high}")
    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    assert fault["parameter"] == low.split("=", maxsplit=1)[0]
    assert high.split("=", maxsplit=1)[0] in fault["detail"]
    value = low.split("=")[1]
    assert (await client.get(f"/v1/{path}?{low}&{high.split('=', maxsplit=1)[0]}={value}")).status_code == 200


async def test_a_misspelt_parameter_names_the_one_that_was_meant(client: AsyncClient) -> None:
    """The near ones, best first."""
    answer = await client.get("/v1/municipalities?regoin=dk-1085")
    assert answer.json()["errors"][0]["near"] == ["region"]


async def test_all_faults_of_a_request_come_at_once(client: AsyncClient) -> None:
    """Nobody fixes one parameter at a time."""
    answer = await client.get("/v1/municipalities?limit=0&as_of=x&colour=blue&population_min=-1")
    assert {fault["parameter"] for fault in answer.json()["errors"]} == {"limit", "as_of", "colour", "population_min"}


async def test_a_list_can_be_empty(client: AsyncClient) -> None:
    """No records is an answer."""
    page = (await client.get("/v1/municipalities?code=9999&count=true")).raise_for_status().json()
    assert (page["items"], page["next"], page["total"]) == ([], None, 0)


async def test_a_page_is_one_json_document_in_utf_8(client: AsyncClient) -> None:
    """Danish letters come as they are."""
    answer = await client.get("/v1/municipalities?code=0492")
    assert answer.headers["Content-Type"] == "application/json"
    assert "Ærø" in answer.content.decode("utf-8")
    assert json.loads(answer.content)["items"][0]["name"] == "Ærø"
