"""What was granted: every grant counted once, each currency by itself, nothing divided by a guess."""

import json
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any, Final

import pytest
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.resources.area_changes import AreaChangeData, area_changes
from app.resources.grants import GrantData, grants
from app.resources.initiatives import InitiativeData, initiatives
from app.resources.municipalities import municipalities
from app.resources.municipalities.shapes import MunicipalityData
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import put
from tests.test_contract import OPENAPI, validator

SUMMARY: Final = "/v1/funding/summary"
AMOUNTS: Final = ("awarded", "sought", "paid", "recovered")
KEYS: Final[list[str]] = OPENAPI["components"]["schemas"]["GroupBy"]["enum"]
POOL: Final = "pulje-til-at-reducere-ulighed-i-sundhed"


def money(amount: str, currency: str = "DKK") -> dict[str, str]:
    """An amount."""
    return {"amount": amount, "currency": currency}


def grant(id: str, **more: Any) -> tuple[Any, str, GrantData]:
    """A grant of the packaged pool."""
    return grants, id, validate(GrantData, {"title": id, "programme": POOL, **more})


def initiative(id: str, *areas: dict[str, str]) -> tuple[Any, str, InitiativeData]:
    """An initiative in these areas."""
    return initiatives, id, validate(InitiativeData, {"kind": "project", "title": id, "areas": list(areas)})


def municipality(id: str, region: str, start: str | None, end: str | None) -> tuple[Any, str, MunicipalityData]:
    """A municipality of a region for a time."""
    period = {"start": start, "end": end}
    memberships = [{"region": region, "period": {"start": start or "2007-01-01", "end": end}}]
    body = {"country": "DK", "name": id.title(), "period": period, "memberships": memberships}
    return municipalities, id, validate(MunicipalityData, body)


def change(kind: str, before: list[str], after: list[str], on: str) -> tuple[Any, str, AreaChangeData]:
    """A change of municipalities."""
    sides = {"before": before, "after": after}
    areas = {side: [{"municipality": id, "name": id} for id in ids] for side, ids in sides.items()}
    body = {"kind": kind, "title": kind, "effective_on": on, **areas}
    return area_changes, f"{kind}-{on}", validate(AreaChangeData, body)


async def ask(client: AsyncClient, question: str) -> dict[str, Any]:
    """A summary, held against the OpenAPI, with its numbers exact."""
    answer = (await client.get(f"{SUMMARY}?{question}")).raise_for_status()
    validator(SUMMARY).validate(answer.json())
    summary: dict[str, Any] = json.loads(answer.content, parse_float=Decimal)
    return summary


def by_key(summary: dict[str, Any]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The lines by the ids of their keys and their currency."""
    return {(*(key["id"] for key in line["keys"]), line["currency"]): line for line in summary["lines"]}


async def test_the_pool_by_region_per_inhabitant_today_and_in_2027(client: AsyncClient) -> None:
    """Lolland and Guldborgsund lie in Region Sjælland, and from 2027 in Region Østdanmark."""
    question = f"programme={POOL}&group_by=region&as_of=2026-11-22"
    (today,) = (await ask(client, question))["lines"]
    later = await ask(client, f"{question}&areas_as_of=2027-01-01")
    (then,) = later["lines"]
    assert today["keys"] == [{"by": "region", "id": "dk-1085", "name": "Region Sjælland"}]
    assert then["keys"] == [{"by": "region", "id": "dk-oestdanmark", "name": "Region Østdanmark"}]
    assert (later["as_of"], later["areas_as_of"]) == ("2026-11-22", "2027-01-01")
    for line, region, as_of in ((today, "dk-1085", "2026-11-22"), (then, "dk-oestdanmark", "2027-01-01")):
        page = await client.get(f"/v1/municipalities?region={region}&as_of={as_of}&limit=1000")
        people = sum(item["population"] for item in page.json()["items"])
        assert (line["inhabitants"], line["population_on"], line["allocated"]) == (people, "2020-07-01", True)
        assert line["awarded"] == 2_000_000
        assert line["awarded_per_inhabitant"] == round(Decimal(2_000_000) / people, 2)


async def test_what_lies_in_two_regions_is_allocated_to_none(client: AsyncClient) -> None:
    """The pre-project works in Region Sjælland and in Region Skåne; no population of Skåne is known."""
    summary = await ask(client, "group_by=region&currency=EUR")
    assert [(line["keys"][0]["id"], line["allocated"], line["inhabitants"]) for line in summary["lines"]] == [
        (None, False, None)
    ]
    (total,) = summary["totals"]
    assert (total["currency"], total["grants"], total["awards_unknown"]) == ("EUR", 1, 0)
    assert [total[name] for name in AMOUNTS] == [99994, None, None, None]


async def test_a_population_is_unknown_when_one_municipalitys_is(writer: Writer, own_client: AsyncClient) -> None:
    """And before anybody was counted."""
    area = {"region": "se-12"}
    await put(writer, initiative("skaane", area), grant("g", initiative="skaane", awarded=money("5.00", "SEK")))
    line = by_key(await ask(own_client, "group_by=region"))["se-12", "SEK"]
    assert (line["inhabitants"], line["population_on"], line["awarded_per_inhabitant"]) == (None, None, None)
    early = by_key(await ask(own_client, "group_by=region&as_of=2020-06-30"))["dk-1085", "DKK"]
    assert (early["inhabitants"], early["awarded_per_inhabitant"]) == (None, None)


async def test_areas_that_merged_and_split_on_the_map_of_any_day(writer: Writer, own_client: AsyncClient) -> None:
    """Two municipalities become one, and that one two: then nobody knows in which of them the money is."""
    east = "dk-oestdanmark"
    await put(
        writer,
        municipality("vest", east, "2027-01-01", "2030-01-01"),
        municipality("oest", east, "2027-01-01", "2030-01-01"),
        municipality("midt", east, "2030-01-01", "2040-01-01"),
        municipality("nord", east, "2040-01-01", None),
        municipality("syd", east, "2040-01-01", None),
        change("merge", ["vest", "oest"], ["midt"], "2030-01-01"),
        change("split", ["midt"], ["nord", "syd"], "2040-01-01"),
        initiative("begge", {"municipality": "vest"}, {"municipality": "oest"}),
        initiative("den-ene", {"municipality": "vest"}),
        grant("til-begge", initiative="begge", awarded=money("1.00")),
        grant("til-den-ene", initiative="den-ene", awarded=money("2.00")),
    )
    mine = "id=til-begge&id=til-den-ene"
    for day, found in (
        ("2026-12-31", {None: 3}),
        ("2029-12-31", {None: 1, "vest": 2}),
        ("2030-01-01", {"midt": 3}),
        ("2040-01-01", {None: 3}),
    ):
        summary = await ask(own_client, f"{mine}&group_by=municipality&areas_as_of={day}")
        assert {key: line["awarded"] for (key, _), line in by_key(summary).items()} == found, day
    summary = await ask(own_client, f"{mine}&group_by=region&areas_as_of=2040-01-01")
    assert by_key(summary)[east, "DKK"]["awarded"] == 3, "both new ones lie in it"


async def test_currencies_are_never_mixed(writer: Writer, own_client: AsyncClient) -> None:
    """An amount is in the line of its own currency; a grant is counted once, where its award is, or what comes next."""
    await put(
        writer,
        grant("to-valutaer", sought=money("9.00", "EUR"), awarded=money("70.10")),
        grant("kun-soegt", sought=money("8.00", "SEK")),
        grant("kun-udbetalt", instalments=[{"planned_on": "2015-01-01"}, *2 * [{"paid": money("0.50", "NOK")}]]),
        grant("kun-tilbagebetalt", recovered=money("4.00", "NOK")),
        grant("intet"),
    )
    mine = "id=to-valutaer&id=kun-soegt&id=kun-udbetalt&id=kun-tilbagebetalt&id=intet"
    summary = await ask(own_client, mine)
    names = ("currency", "grants", "awards_unknown", *AMOUNTS)
    found = [tuple(line[name] for name in names) for line in summary["totals"]]
    assert found == [
        ("DKK", 1, 0, Decimal("70.10"), None, None, None),
        ("EUR", 0, 0, None, 9, None, None),
        ("NOK", 2, 2, None, None, 1, 4),
        ("SEK", 1, 1, None, 8, None, None),
        (None, 1, 1, None, None, None, None),
    ]
    assert [{k: line[k] for k in names} for line in summary["lines"]] == [
        {k: t[k] for k in names} for t in summary["totals"]
    ]
    assert summary["grants"] == 5


async def test_a_year_is_one_that_the_award_certainly_lies_in(writer: Writer, own_client: AsyncClient) -> None:
    """A month does, an interval over New Year does not; years ascend, and the unknown comes last."""
    dates = {"a": "2014-09", "b": "2013-12-24", "c": "2013-12-24/2014-01-02", "d": "2014/..", "e": None}
    await put(writer, *(grant(id, award_date=edtf and {"edtf": edtf}) for id, edtf in dates.items()))
    summary = await ask(own_client, "group_by=year&" + "&".join(f"id={id}" for id in dates))
    assert [(line["keys"][0]["id"], line["grants"]) for line in summary["lines"]] == [
        ("2013", 1),
        ("2014", 1),
        (None, 3),
    ]


async def test_names_are_in_danish_order(writer: Writer, own_client: AsyncClient) -> None:
    """Ærø before Ø…, Aabenraa among the å's; each municipality's own inhabitants."""
    areas = {"aeroe": "dk-0492", "aabenraa": "dk-0580", "odense": "dk-0461", "solroed": "dk-0269"}
    await put(writer, *(initiative(id, {"municipality": area}) for id, area in areas.items()))
    await put(writer, *(grant(f"til-{id}", initiative=id, awarded=money("10.00")) for id in areas))
    mine = "&".join(f"id=til-{id}" for id in areas)
    summary = await ask(own_client, f"{mine}&group_by=municipality")
    assert [line["keys"][0]["name"] for line in summary["lines"]] == ["Odense", "Solrød", "Ærø", "Aabenraa"]
    odense = (await own_client.get("/v1/municipalities/dk-0461")).json()
    assert summary["lines"][0]["inhabitants"] == odense["population"]


@pytest.mark.parametrize(
    ("question", "parameter", "says"),
    [
        ("group_by=region&group_by=region", "group_by", "Group by two different things"),
        ("group_by=region&group_by=year&group_by=fund", "group_by", "at most 2 items"),
        ("group_by=colour", "group_by", "'region', 'municipality'"),
        ("limit=10", "limit", "There is no such parameter here"),
        ("areas_as_of=2027", "areas_as_of", "YYYY-MM-DD"),
        ("unknown=title", "unknown", "'funder'"),
    ],
)
async def test_what_cannot_be_asked_is_told(client: AsyncClient, question: str, parameter: str, says: str) -> None:
    """400, the parameter and a sentence."""
    answer = await client.get(f"{SUMMARY}?{question}")
    assert answer.status_code == 400
    fault = answer.json()["errors"][0]
    assert fault["parameter"].startswith(parameter)
    assert says in fault["detail"]


async def test_unknown_ids_are_named_with_near_ones(client: AsyncClient) -> None:
    """As on lists, all at once."""
    answer = await client.get(f"{SUMMARY}?programme=delprogram-oresund&funder=sundhedsministerium&group_by=fund")
    assert answer.status_code == 400
    near = {fault["parameter"]: fault["near"] for fault in answer.json()["errors"]}
    assert "delprogram-oeresund" in near["programme"]
    assert "sundhedsministeriet" in near["funder"]


async def test_a_summary_can_be_kept(client: AsyncClient) -> None:
    """Its ETag gives a 304, and its day is told."""
    answer = await client.get(f"{SUMMARY}?as_of=2026-01-01")
    assert answer.headers["Broen-As-Of"] == answer.json()["as_of"] == answer.json()["areas_as_of"] == "2026-01-01"
    again = await client.get(f"{SUMMARY}?as_of=2026-01-01", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


PLACES: Final[dict[str, list[dict[str, str]]]] = {
    "uden-steder": [],
    "i-lolland": [{"municipality": "dk-0360"}],
    "i-to": [{"municipality": "dk-0360"}, {"municipality": "dk-0376"}],
    "i-region": [{"region": "dk-1085"}, {"municipality": "dk-0360"}],
    "over-sundet": [{"region": "dk-1085"}, {"region": "se-12"}],
    "i-oestdanmark": [{"municipality": "dk-0101"}, {"municipality": "dk-0360"}],
    "i-malmoe": [{"municipality": "se-1280"}],
}
WHERE: Final = {
    **PLACES,
    "sammenhaengende-borgerforloeb-for-multibrugere": PLACES["i-to"],
    "primaere-sundhedstjenester-oeresund": PLACES["over-sundet"],
}
REGIONS: Final = {"dk-0360": "dk-1085", "dk-0376": "dk-1085", "dk-0101": "dk-1084", "se-1280": "se-12"}
RECIPIENTS: Final = ("region-sjaelland", "region-hovedstaden", "lolland-kommune", "broen-til-bedre-sundhed")
CENTS: Final = st.integers(0, 10**7).map(lambda cents: str(Decimal(cents) / 100))
CURRENCIES: Final = st.sampled_from(["DKK", "EUR", "SEK", "NOK"])


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A possible grant: what is paid is in one currency, that of an award which is known, and within it."""
    some_money = st.none() | st.builds(money, CENTS, CURRENCIES)
    awarded = draw(some_money)
    part = st.none() | st.builds(money, CENTS, st.just(draw(CURRENCIES)))
    if awarded:
        most = int(Decimal(awarded["amount"]) * 100) // 3
        part = st.none() | st.integers(0, most).map(lambda n: money(str(Decimal(n) / 100), awarded["currency"]))
    return {
        "title": "Prøve",
        "programme": draw(st.sampled_from([POOL, "delprogram-oeresund", "interreg-oeks-2014"])),
        "funder": draw(st.sampled_from([None, "sundhedsministeriet", "trygfonden"])),
        "initiative": draw(st.sampled_from([None, *PLACES])),
        "status": draw(st.sampled_from([None, "applied", "awarded", "closed", "rejected"])),
        "sought": draw(some_money),
        "awarded": awarded,
        "recovered": draw(part),
        "award_date": draw(
            st.sampled_from([None, "2014", "2014-09-19", "2015-06", "2013/2014"]).map(lambda e: e and {"edtf": e})
        ),
        "conditional": draw(st.sampled_from([None, True, False])),
        "recipients": [
            {"organisation": id} for id in draw(st.lists(st.sampled_from(RECIPIENTS), unique=True, max_size=3))
        ],
        "instalments": [{"paid": draw(part)} for _ in range(draw(st.integers(0, 3)))],
        "accounts": draw(st.sampled_from([[], [{"due_on": "2016-01-01"}]])),
    }


FILTERS: Final = {
    "programme": st.sampled_from([POOL, "delprogram-oeresund"]),
    "funder": st.just("sundhedsministeriet"),
    "recipient": st.sampled_from(RECIPIENTS),
    "initiative": st.sampled_from(["i-lolland", "over-sundet"]),
    "status": st.sampled_from(["awarded", "closed"]),
    "currency": CURRENCIES,
    "awarded_min": st.just("100.5"),
    "awarded_max": st.just("50000"),
    "awarded_from": st.just("2014-01-01"),
    "conditional": st.sampled_from(["true", "false"]),
    "recovered": st.sampled_from(["true", "false"]),
    "account": st.just("missing"),
    "unknown": st.sampled_from(["awarded", "recipients", "initiative"]),
    "document": st.just("pressemeddelelse-broen-2014"),
}


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """A few filters of the list of grants."""
    return {
        name: draw(FILTERS[name]) for name in draw(st.lists(st.sampled_from(sorted(FILTERS)), unique=True, max_size=2))
    }


class Register:
    """What the list of grants and other records say, to be summed anew."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.kept: dict[str, dict[str, dict[str, Any]]] = {}

    async def records(self, path: str) -> dict[str, dict[str, Any]]:
        """All records of a list, by id."""
        if path not in self.kept:
            page = (await self.client.get(f"/v1/{path}", params={"limit": 1000})).raise_for_status().json()
            self.kept[path] = {item["id"]: item for item in page["items"]}
        return self.kept[path]

    async def keys(self, item: dict[str, Any], day: str) -> dict[str, str | None]:
        """What a grant has of everything that grants can be grouped by."""
        areas = WHERE.get(item["initiative"]["id"], []) if item["initiative"] else []
        regions = {REGIONS.get(id, id) for area in areas for id in area.values()}
        if day >= "2027-01-01":
            regions = {"dk-oestdanmark" if region.startswith("dk-108") else region for region in regions}
        towns = {area.get("municipality") for area in areas}
        organisations = await self.records("organisations")
        kinds = {organisations[recipient["organisation"]["id"]]["kind"] for recipient in item["recipients"]}
        years = {item["award_date"][bound][:4] for bound in ("earliest", "latest")} if item["award_date"] else set()
        return {
            "region": only(regions),
            "municipality": only(towns),
            "programme": item["programme"]["id"],
            "fund": (await self.records("funding/programmes"))[item["programme"]["id"]]["fund"],
            "funder": item["funder"] and item["funder"]["id"],
            "recipient_kind": only(kinds),
            "year": only(years),
            "status": item["status"],
        }


def only(values: set[Any]) -> Any:
    """The one value; None when there are several, or none."""
    return next(iter(values)) if len(values) == 1 else None


def amounts(item: dict[str, Any]) -> list[tuple[str, str, Decimal]]:
    """Every amount of a grant, by what it is and its currency, in the order in which a grant takes its currency."""
    paid = [("paid", instalment["paid"]) for instalment in item["instalments"]]
    stated = [("awarded", item["awarded"]), ("sought", item["sought"]), *paid, ("recovered", item["recovered"])]
    return [(what, money["currency"], Decimal(money["amount"])) for what, money in stated if money]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    written=st.lists(bodies(), max_size=4),
    question=questions(),
    group_by=st.lists(st.sampled_from(KEYS), unique=True, max_size=2),
    day=st.sampled_from(["2026-06-01", "2027-01-01"]),
)
async def test_the_lines_add_up_to_the_list(
    writer: Writer,
    own_client: AsyncClient,
    written: list[dict[str, Any]],
    question: dict[str, Any],
    group_by: list[str],
    day: str,
) -> None:
    """Whatever the grants, the filters and the grouping: line by line, in all, and in number."""
    await put(writer, *(initiative(id, *areas) for id, areas in PLACES.items()))
    await put(writer, *((grants, f"g-{n}", validate(GrantData, body)) for n, body in enumerate(written)))
    register = Register(own_client)
    listed = await own_client.get("/v1/funding/grants", params={**question, "limit": 1000, "count": True})
    page = json.loads(listed.raise_for_status().content, parse_float=Decimal)
    answer = await own_client.get(SUMMARY, params={**question, "group_by": group_by, "areas_as_of": day})
    summary = json.loads(answer.raise_for_status().content, parse_float=Decimal)

    sums: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(dict)
    counts: Counter[tuple[Any, ...]] = Counter()
    unknown: Counter[tuple[Any, ...]] = Counter()
    for item in page["items"]:
        keys = await register.keys(item, day)
        key = tuple(keys[name] for name in group_by)
        own = next((currency for _, currency, _ in amounts(item)), None)
        counts[*key, own] += 1
        unknown[*key, own] += item["awarded"] is None
        for what, currency, amount in amounts(item):
            line = sums[*key, currency]
            line[what] = line.get(what, Decimal(0)) + amount
    lines = by_key(summary)
    assert set(lines) == {*sums, *counts}
    for key, line in lines.items():
        expected = {name: sums[key].get(name) for name in AMOUNTS}
        expected |= {"grants": counts[key], "awards_unknown": unknown[key], "allocated": None not in key[:-1]}
        assert {name: line[name] for name in expected} == expected
    assert summary["grants"] == page["total"] == sum(line["grants"] for line in summary["lines"])
    for total in summary["totals"]:
        parts = [line for line in summary["lines"] if line["currency"] == total["currency"]]
        for name in ("grants", "awards_unknown", *AMOUNTS):
            assert (total[name] or 0) == sum(line[name] or 0 for line in parts)
