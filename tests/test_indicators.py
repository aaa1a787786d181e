"""Indicators, their definitions and targets, and what was measured."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from httpx import AsyncClient

from app.errors import InvalidBody
from app.resources.indicators import IndicatorData, indicators
from app.resources.measurements import MeasurementData, measurements
from app.rest.body import validate
from app.rest.writing import Writer
from tests.conftest import put

GOAL = "sundhedsaftale-sjaelland-2019-maal-2"


def indicator(**more: Any) -> tuple[Any, str, IndicatorData]:
    """An indicator whose definition was revised once, followed by a goal in two areas and in all."""
    definitions = [{"number": 1, "text": "Alle indlæggelser"}, {"number": 2, "text": "Kun akutte indlæggelser"}]
    targets = [
        {"goal": GOAL, "municipality": "dk-0360", "value": "12.5", "due": {"edtf": "2023"}},
        {"goal": GOAL, "region": "dk-1085", "baseline": "13.1", "baseline_date": {"edtf": "2018"}},
        {"goal": GOAL},
    ]
    body = {"title": "Prøvetal", "unit": "procent", "better": "lower", "definitions": definitions, "targets": targets}
    return indicators, "proevetal", validate(IndicatorData, body | more)


def measurement(year: str, value: str | None, definition: int, **area: str) -> tuple[Any, str, MeasurementData]:
    """A measurement of a year."""
    area = area or {"municipality": "dk-0360"}
    body = {"indicator": "proevetal", "definition": definition, "date": {"edtf": year}, "value": value, **area}
    return measurements, f"proevetal-{'-'.join(area.values())}-{year}-{definition}", validate(MeasurementData, body)


async def test_a_municipality_is_compared_with_its_region_and_the_target(
    writer: Writer, own_client: AsyncClient
) -> None:
    """One request gives the series of both, exact figures, where the series breaks, and what is aimed at."""
    await put(
        writer,
        indicator(),
        measurement("2018", "14.2", 1),
        measurement("2019", "13.9", 1),
        measurement("2020", "11.125001", 2),
        measurement("2021", None, 2),
        measurement("2020", "12", 2, region="dk-1085"),
    )
    url = "/v1/measurements?indicator=proevetal"
    series = (await own_client.get(f"{url}&area=dk-0360&area=dk-1085")).raise_for_status().json()["items"]
    broken = (await own_client.get(f"{url}&breaks_series=true")).json()["items"]
    highest = (await own_client.get(f"{url}&sort=-value&municipality=dk-0360")).json()["items"]
    early = (await own_client.get(f"{url}&date_to=2019-12-31&date_from=2019-01-01")).json()["items"]
    served = (await own_client.get(f"/v1/indicators?goal={GOAL}")).json()["items"]
    found = [(m["date"]["edtf"], m["value"], m["definition"], m["breaks_series"]) for m in series if m["municipality"]]
    assert found == [
        ("2018", 14.2, 1, False),
        ("2019", 13.9, 1, False),
        ("2020", 11.125001, 2, True),
        ("2021", None, 2, False),
    ]
    (region,) = (m for m in series if m["region"])
    assert (region["value"], region["unit"], region["region"]["name"]) == (12, "procent", "Region Sjælland")
    assert [(aim["goal"], aim["value"]) for aim in series[0]["targets"]] == [(GOAL, 12.5), (GOAL, None)]
    assert [m["date"]["edtf"] for m in broken] == ["2020"]
    assert [m["value"] for m in highest] == [14.2, 13.9, 11.125001, None]
    assert [m["date"]["edtf"] for m in early] == ["2019"]
    assert [i["id"] for i in served] == ["proevetal"]
    assert served[0]["targets"][1]["baseline_date"]["latest"] == "2018-12-31"


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (measurement("2018", "1", 3), "names a definition that its indicator has"),
        (measurement("2018", "2", 1), "another source belongs to it"),
    ],
)
async def test_a_measurement_is_by_a_definition_that_there_is_and_made_once(
    writer: Writer, record: tuple[Any, str, MeasurementData], says: str
) -> None:
    """The database refuses the rest, and says why."""
    await put(writer, indicator(), measurement("2018", "1", 1))
    resource, id, data = record
    with pytest.raises(InvalidBody, match=says):
        await put(writer, (resource, f"{id}-igen", data))


async def test_a_definition_in_use_stays_when_its_indicator_is_written_again(writer: Writer) -> None:
    """Its measurements still name it; it cannot be taken away from them."""
    await put(writer, indicator(), measurement("2018", "1", 2))
    assert await put(writer, indicator(unit="per mille")) == ["replaced"]
    with pytest.raises(InvalidBody, match="names a definition that its indicator has"):
        await put(writer, indicator(definitions=[{"number": 1, "text": "Alle indlæggelser"}]))


def test_what_cannot_be_measured_is_refused() -> None:
    """Two areas, none, two definitions of a number, a target for two areas."""
    for area in ({}, {"region": "dk-1085", "municipality": "dk-0360"}):
        body = {"indicator": "folketal", "date": {"edtf": "2020"}, "value": 1, **area}
        with pytest.raises(InvalidBody, match="Name exactly one of region and municipality"):
            validate(MeasurementData, body)
    with pytest.raises(InvalidBody, match="number of its own"):
        indicator(definitions=[{"number": 1, "text": "a"}, {"number": 1, "text": "b"}])
    with pytest.raises(InvalidBody, match="one of the two at the most"):
        indicator(targets=[{"goal": GOAL, "region": "dk-1085", "municipality": "dk-0360"}])


async def test_population_is_measured_and_dated(client: AsyncClient) -> None:
    """A municipality shows what was last measured by the day, and nothing before anything was."""
    for day, shown in (("2020-06-30", (None, None)), ("2020-07-01", (40816, "2020-07-01"))):
        lolland = (await client.get(f"/v1/municipalities/dk-0360?as_of={day}")).json()
        assert (lolland["population"], lolland["population_on"]) == shown
    (measured,) = (await client.get("/v1/measurements?indicator=folketal&municipality=dk-0360")).json()["items"]
    assert (measured["value"], measured["unit"], measured["date"]["edtf"]) == (40816, "personer", "2020-07-01")
    assert measured["sources"][0]["document"]["id"] == "folk1a-2020-3"


@pytest.mark.parametrize("value", ["-1", "12.5", "2147483648"])
async def test_a_population_is_a_whole_number(writer: Writer, own_client: AsyncClient, value: str) -> None:
    """Another is refused when it is sent; where one is stored, its municipality is told without a population."""
    body = {"indicator": "folketal", "municipality": "dk-0360", "date": {"edtf": "2024"}, "value": Decimal(value)}
    with pytest.raises(InvalidBody, match="a whole number of people") as refused:
        validate(MeasurementData, body, date(2026, 11, 22))
    assert [fault.pointer for fault in refused.value.faults] == ["/value"]
    if value == "12.5":
        return
    await put(writer, (measurements, "folketal-ny", validate(MeasurementData, body)))
    for path in ("municipalities/dk-0360", "municipalities?sort=-population", "funding/summary?group_by=region"):
        for moment in ("", "known_at=2"):
            mark = "&" if "?" in path else "?"
            assert (await own_client.get(f"/v1/{path}{mark}{moment}")).status_code == 200, path
    lolland = (await own_client.get("/v1/municipalities/dk-0360")).json()
    assert (lolland["population"], lolland["population_on"]) == (None, "2024-12-31")


async def test_of_two_populations_that_end_on_a_day_one_is_told(writer: Writer, own_client: AsyncClient) -> None:
    """The same whichever was written last, now and then: the later begun, or that of the newer definition."""
    wide, narrow = (
        {"indicator": "folketal", "municipality": "dk-0360", "date": {"edtf": edtf}, "value": value}
        for edtf, value in (("2023-07", 111), ("2023-07-31", 222))
    )
    await put(
        writer,
        (measurements, "vid", validate(MeasurementData, wide)),
        (measurements, "dag", validate(MeasurementData, narrow)),
    )
    await put(writer, (measurements, "vid", validate(MeasurementData, wide | {"note": "Skrevet igen"})))
    for moment in ("", "?known_at=2", "?known_at=3"):
        assert (await own_client.get(f"/v1/municipalities/dk-0360{moment}")).json()["population"] == 222


async def test_the_official_indicators_of_the_agreements_are_there(client: AsyncClient) -> None:
    """Seven of eSundhed, and population."""
    found = (await client.get("/v1/indicators?publisher=eSundhed&count=true")).json()
    assert found["total"] == 7
    assert "Somatiske genindlæggelser inden for 30 dage" in [item["title"] for item in found["items"]]
