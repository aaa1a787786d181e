"""Municipalities: the map of any day, Danish order, codes that mean nothing without their country."""

from httpx import AsyncClient


async def names(client: AsyncClient, query: str) -> list[str]:
    """The names in a list."""
    answer = await client.get(f"/v1/municipalities?limit=1000&{query}")
    return [item["name"] for item in answer.raise_for_status().json()["items"]]


async def test_region_sjaelland_has_seventeen_until_the_merger(client: AsyncClient) -> None:
    """As of 2026 Region Sjælland has 17 municipalities, as of 2027 none, and no error."""
    assert len(await names(client, "region=dk-1085&as_of=2026-06-01")) == 17
    assert len(await names(client, "region=dk-1085&as_of=2026-12-31")) == 17
    assert await names(client, "region=dk-1085&as_of=2027-01-01") == []
    assert await names(client, "region=dk-1084&as_of=2027-01-01") == []


async def test_oestdanmark_has_forty_six(client: AsyncClient) -> None:
    """Region Østdanmark is served today for 2027: 29 + 17 municipalities, Bornholm and Lolland among them."""
    after = await names(client, "region=dk-oestdanmark&as_of=2027-01-01")
    before = await names(client, "region=dk-1084&region=dk-1085&as_of=2026-12-31")
    assert len(after) == 46
    assert after == before
    assert {"Bornholm", "Lolland", "København"} <= set(after)


async def test_danish_order_ends_with_ae_oe_aa(client: AsyncClient) -> None:
    """Æ (and Swedish Ä), Ø (and Ö) and Å (and Aa) come last, in that order, and the other way round with -name."""
    expected = ["Ängelholm", "Ærø", "Örkelljunga", "Östra Göinge", "Aabenraa", "Aalborg", "Aarhus", "Åstorp"]
    ordered = await names(client, "")
    assert len(ordered) == 98 + 33
    assert ordered[-8:] == expected
    assert ordered[0] == "Albertslund"
    assert await names(client, "sort=-name") == ordered[::-1]


async def test_codes_keep_their_zeros_and_mean_nothing_without_a_country(client: AsyncClient) -> None:
    """0360 in Denmark is Lolland; in Sweden it would be Tierp, which is not Skåne's."""
    assert await names(client, "code=0360&country=DK") == ["Lolland"]
    assert await names(client, "code=0360&country=SE") == []
    assert await names(client, "code=360") == []
    lolland = (await client.get("/v1/municipalities/dk-0360")).json()
    assert (lolland["code"], lolland["country"], lolland["nuts3"]) == ("0360", "DK", "DK022")


async def test_the_region_is_the_one_of_the_day(client: AsyncClient) -> None:
    """`region` follows as_of; the memberships are all there, whatever the day."""
    url = "/v1/municipalities/dk-0360"
    before = (await client.get(url, params={"as_of": "2026-12-31"})).json()
    after = (await client.get(url, params={"as_of": "2027-01-01"})).json()
    assert before["region"] == {"id": "dk-1085", "name": "Region Sjælland"}
    assert after["region"] == {"id": "dk-oestdanmark", "name": "Region Østdanmark"}
    assert before["memberships"] == after["memberships"]
    assert [m["period"] for m in after["memberships"]] == [
        {"start": "2007-01-01", "end": "2027-01-01"},
        {"start": "2027-01-01", "end": None},
    ]


async def test_a_list_claims_no_municipality_before_the_map_that_is_known(client: AsyncClient) -> None:
    """Nobody has told when each began; a list shows those that belong to a region on the day, and by id any."""
    assert len(await names(client, "country=DK&as_of=2007-01-01")) == 98
    assert await names(client, "country=DK&as_of=2006-12-31") == []
    assert len(await names(client, "as_of=2006-12-31")) == 33
    assert await names(client, "as_of=1800-01-01") == []
    assert await names(client, "as_of=1800-01-01&id=dk-0360") == ["Lolland"]


async def test_population_filters_and_sorts_with_the_unknown_last(client: AsyncClient) -> None:
    """Skåne's population is unknown: it meets no bound, and comes last in either direction."""
    largest = await names(client, "sort=-population")
    smallest = await names(client, "sort=population")
    assert largest[:4] == ["København", "Aarhus", "Aalborg", "Odense"]
    assert smallest[:3] == ["Læsø", "Fanø", "Samsø"]
    assert set(largest[-33:]) == set(smallest[-33:]) == set(await names(client, "country=SE"))
    assert await names(client, "population_min=217316") == ["København", "Aalborg", "Aarhus"]
    assert len(await names(client, "population_min=0")) == 98
    assert await names(client, "population_max=3486") == ["Fanø", "Læsø"]


async def test_every_danish_municipality_has_its_count_and_its_date(client: AsyncClient) -> None:
    """Statistics Denmark's figures for 2020-07-01 add up."""
    items = (await client.get("/v1/municipalities?country=DK&limit=1000")).json()["items"]
    assert sum(item["population"] for item in items) == 5_825_250
    assert {item["population_on"] for item in items} == {"2020-07-01"}
