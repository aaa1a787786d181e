"""Whole lists in every format: the same records, in the same order, and nothing in them that does harm."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from itertools import product
from typing import Any, Final

import openpyxl
import pytest
from httpx import AsyncClient, Response
from openpyxl.worksheet.worksheet import Worksheet

from app.insights import LISTINGS
from app.resources import RESOURCES
from app.resources.documents import DocumentData, documents
from app.resources.initiatives import InitiativeData, initiatives
from app.resources.municipalities import municipalities
from app.resources.municipalities.shapes import MunicipalityData
from app.resources.organisations import OrganisationData, organisations
from app.rest.export import sheet
from app.rest.export.answer import Listing
from app.rest.export.headings import heading
from app.rest.writing import Writer
from app.settings import Settings
from tests import read_back
from tests.conftest import put, serving
from tests.test_contract import LISTS, OPERATIONS, offered, validator

DAY: Final = "2026-11-22"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHAPES: Final = {resource.path: resource.public for resource in RESOURCES}
FORMATS: Final = [
    (path, media_type)
    for path in LISTS
    for media_type in OPERATIONS[path]["responses"]["200"]["content"]
    if media_type != "application/json"
]


def first_sheet(answer: Response) -> Worksheet:
    """The sheet of a workbook."""
    (only,) = openpyxl.load_workbook(BytesIO(answer.raise_for_status().content)).worksheets
    return only


def table(answer: Response) -> list[dict[str, Any]]:
    """The rows of a workbook, by their headings."""
    headings, *rows = first_sheet(answer).iter_rows(values_only=True)
    return [dict(zip(map(str, headings), row, strict=True)) for row in rows]


def records(path: str, answer: Response) -> list[Any]:
    """The records of a list in any format; of a workbook their ids."""
    media_type = answer.headers["Content-Type"].split(";")[0]
    if media_type == XLSX:
        return [{"id": row["id"]} for row in table(answer)]
    if media_type == "text/csv":
        return read_back.records(answer.text, SHAPES[path])
    if media_type == "application/x-ndjson":
        assert answer.text.endswith("\n")
        return [json.loads(line, parse_float=Decimal) for line in answer.text.removesuffix("\n").split("\n")]
    whole = json.loads(answer.text, parse_float=Decimal)
    validator(path, media_type=media_type).validate(json.loads(answer.text))
    return [feature["properties"] for feature in whole["features"]]


@pytest.mark.parametrize(("path", "media_type"), FORMATS)
async def test_every_list_is_the_same_in_every_format(client: AsyncClient, path: str, media_type: str) -> None:
    """All records of a list, in each of its orders, exactly as a page has them."""
    accept = {"Accept": media_type}
    for sort, as_of in product((None, f"-{(await first_sort(path))}"), (DAY, "2030-01-01")):
        asked = {"as_of": as_of} | ({"sort": sort} if sort else {})
        page = await client.get(path, params={**asked, "limit": 1000})
        expected = json.loads(page.text, parse_float=Decimal)["items"]
        answer = await client.get(path, params=asked, headers=accept)
        assert answer.status_code == 200
        found = records(path, answer)
        assert found == ([{"id": item["id"]} for item in expected] if media_type == XLSX else expected)
        assert answer.headers["Broen-As-Of"] == as_of
        assert "Accept" in answer.headers["Vary"]
        assert "Accept" in page.headers["Vary"]


async def first_sort(path: str) -> str:
    """The first thing that a list can be sorted by."""
    (schema,) = (p["schema"] for p in OPERATIONS[path]["parameters"] if p["name"] == "sort")
    return str(schema["default"])


@pytest.mark.parametrize("path", LISTS)
async def test_the_formats_that_are_declared_are_those_that_there_are(client: AsyncClient, path: str) -> None:
    """Each by its name; the file is called after the list and the day; what is not declared is refused with what is."""
    declared = offered(path, "format")
    kinds = list(OPERATIONS[path]["responses"]["200"]["content"])
    assert len(declared) == len(kinds)
    for name in ("ndjson", "csv", "xlsx", "geojson"):
        answer = await client.get(path, params={"format": name, "as_of": DAY})
        if name in declared:
            assert answer.headers["Content-Type"].split(";")[0] == kinds[declared.index(name)]
            file = f"broen-{path.removeprefix('/v1/').replace('/', '-')}-{DAY}.{name}"
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{file}"'
        else:
            assert answer.status_code == 400
            assert all(f"'{other}'" in answer.json()["errors"][0]["detail"] for other in declared)


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("application/*", "application/json"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/csv, application/json", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("application/geo+json, application/json;q=0.1", "application/json"),
        ("application/json;q=0, */*;q=0.1", "application/x-ndjson"),
        (XLSX, XLSX),
        ("text/csv;q=2, application/x-ndjson;q=0.001", "application/x-ndjson"),
    ],
)
async def test_a_client_gets_what_it_accepts(client: AsyncClient, accept: str, answered: str) -> None:
    """The format that it likes best of those that there are, JSON where it likes several as well."""
    answer = await client.get("/v1/plans", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, answered)


@pytest.mark.parametrize("accept", ["text/html", "application/geo+json", "text/csv;q=0", "text/csv;q=nan", "nonsense"])
async def test_a_client_that_accepts_nothing_of_what_there_is_is_told_so(client: AsyncClient, accept: str) -> None:
    """406, with what there is; `format` wins over Accept."""
    answer = await client.get("/v1/plans", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (406, "application/problem+json")
    assert "text/csv" in answer.json()["detail"]
    assert "Accept" in answer.headers["Vary"]
    validator("/v1/plans", 406).validate(answer.json())
    for name in ("json", "csv"):
        asked = await client.get("/v1/plans", params={"format": name}, headers={"Accept": accept})
        assert asked.status_code == 200


async def test_accept_of_one_request_says_nothing_about_another(client: AsyncClient) -> None:
    """A record is JSON whatever is accepted, and the next list is as it would have been."""
    csv = await client.get("/v1/plans", headers={"Accept": "text/csv"})
    one = await client.get("/v1/plans/sundhed-taet-paa-dig", headers={"Accept": "text/csv"})
    page = await client.get("/v1/plans")
    kinds = [answer.headers["Content-Type"].split(";")[0] for answer in (csv, one, page)]
    assert kinds == ["text/csv", "application/json", "application/json"]


@pytest.mark.parametrize(
    ("query", "parameter", "says"),
    [
        ("format=csv&limit=10", "limit", "goes with format=json; the answer is csv"),
        ("format=ndjson&cursor=x", "cursor", "goes with format=json"),
        ("format=xlsx&count=true", "count", "goes with format=json"),
        ("columns=id", "columns", "goes with format=csv or xlsx; the answer is json"),
        ("format=ndjson&columns=id", "columns", "goes with format=csv or xlsx"),
        ("format=ndjson&lang=da", "lang", "goes with format=csv or xlsx"),
        ("format=xlsx&bom=true", "bom", "goes with format=csv"),
        ("format=csv&columns=titel", "columns", "There is no column titel"),
        ("format=csv&columns=title&columns=title", "columns", "asked for 2 times"),
        ("format=csv&columns=id,title", "columns", "There is no column id,title"),
        ("format=pdf", "format", "'json', 'ndjson', 'csv' or 'xlsx'"),
        ("format=geojson", "format", "'json', 'ndjson', 'csv' or 'xlsx'"),
        ("format=csv&lang=sv", "lang", "'da' or 'en'"),
        (
            "format=csv&organisation=region-sjaeland",
            "organisation",
            "There is no region-sjaeland among the organisations",
        ),
    ],
)
async def test_what_a_format_cannot_do_is_refused(client: AsyncClient, query: str, parameter: str, says: str) -> None:
    """Nothing is left out in silence."""
    answer = await client.get(f"/v1/plans?{query}")
    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    assert fault["parameter"] == parameter
    assert says in fault["detail"]


async def test_a_misspelt_column_names_the_one_that_was_meant(client: AsyncClient) -> None:
    """Together with all else that is wrong."""
    answer = await client.get("/v1/plans?format=csv&columns=titel&limit=4")
    faults = {fault["parameter"]: fault["near"] for fault in answer.json()["errors"]}
    assert faults == {"limit": [], "columns": ["title"]}


async def test_a_filter_narrows_a_whole_list_too(client: AsyncClient) -> None:
    """Without a limit: all that match, and only they."""
    answer = await client.get("/v1/municipalities?region=dk-oestdanmark&as_of=2027-01-01&format=ndjson")
    assert len(records("/v1/municipalities", answer)) == 46


async def test_an_empty_list_is_a_whole_file(client: AsyncClient) -> None:
    """Headings without rows, a collection without features, no lines."""
    answers = {
        name: await client.get(f"/v1/municipalities?code=9999&format={name}")
        for name in ("csv", "ndjson", "xlsx", "geojson")
    }
    assert answers["csv"].text.startswith("id,version,created_at")
    assert answers["csv"].text.count("\r\n") == 1
    assert answers["ndjson"].text == ""
    assert table(answers["xlsx"]) == []
    assert answers["geojson"].json() == {"type": "FeatureCollection", "features": []}


async def test_columns_are_chosen_and_ordered(client: AsyncClient) -> None:
    """In both tables; of what is not asked for, nothing comes."""
    asked = "/v1/initiatives?columns=lead_name&columns=id&columns=areas_municipality_name&format="
    first, *_ = (await client.get(f"{asked}csv")).text.splitlines()
    assert first == "lead_name,id,areas_municipality_name"
    rows = table(await client.get(f"{asked}xlsx"))
    assert list(rows[0]) == ["lead_name", "id", "areas_municipality_name"]
    assert rows[0]["areas_municipality_name"] == "Lolland\nGuldborgsund"


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("lang", ["da", "en"])
async def test_headings_are_readable(client: AsyncClient, path: str, lang: str) -> None:
    """Of every column, in both tables."""
    (resource,) = (resource for resource in RESOURCES if resource.path == path)
    expected = [heading(column, lang) for column in resource.listing.columns]
    text = (await client.get(path, params={"format": "csv", "lang": lang})).text
    assert text.split("\r\n", 1)[0] == ",".join(expected)
    assert list(table(await client.get(path, params={"format": "xlsx", "lang": lang}))[0]) == expected


@pytest.mark.parametrize(
    ("asked", "headings"),
    [
        ("deadlines?columns=due&columns=updated_at", "Frist,Senest ændret"),
        ("coverage?columns=unknown_id", "Måske gældende: id"),
        ("initiatives?columns=lead_name", "Ledes af: navn"),
        ("regions?columns=seat&columns=predecessors_on", "Hjemsted,Forgængere: dato"),
    ],
)
async def test_danish_headings_are_what_one_would_write(client: AsyncClient, asked: str, headings: str) -> None:
    """Where a word by itself would say something else."""
    text = (await client.get(f"/v1/{asked}&format=csv&lang=da")).raise_for_status().text
    assert text.split("\r\n", 1)[0] == headings


async def test_a_byte_order_mark_comes_when_it_is_asked_for(client: AsyncClient) -> None:
    """Once, at the very beginning; and the Danish letters are UTF-8."""
    plain, marked = [(await client.get(f"/v1/regions?format=csv&bom={bom}")).content for bom in ("false", "true")]
    assert marked == b"\xef\xbb\xbf" + plain
    assert "Region Sjælland".encode() in plain


HARM: Final = ['=HYPERLINK("http://example.org")', "+45 57 87 57 87", "-2+3", "@SUM(A1)", "'quoted", "{}"]
MARKUP: Final = "<r><t>x</t></r>"


@pytest.fixture
async def harmful(writer: Writer, fresh: str, settings: Settings) -> AsyncIterator[AsyncClient]:
    """A register in which texts look like formulas, and one like the markup of a workbook."""
    names = enumerate([*HARM, MARKUP, "slut\x0b_x000B_\uffff"])
    harm = [(f"harm-{n}", OrganisationData.model_validate({"kind": "other", "name": name})) for n, name in names]
    await put(
        writer,
        *((organisations, *record) for record in harm),
        (
            initiatives,
            "minus",
            InitiativeData.model_validate(
                {
                    "kind": "project",
                    "title": "Minus",
                    "aims": ["- først", "=1+1"],
                    "budget": {"amount": "-5.00", "currency": "DKK"},
                }
            ),
        ),
    )
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        yield client


async def test_no_text_is_a_formula(harmful: AsyncClient) -> None:
    """In a CSV an apostrophe defuses it, and comes off again; in a workbook it is typed as a text. Numbers stay so."""
    asked = "/v1/organisations?kind=other&sort=name&columns=id&columns=name&format="
    text = (await harmful.get(f"{asked}csv")).text
    for name in HARM:
        assert f"'{name}".replace('"', '""') in text
    sheet = first_sheet(await harmful.get(f"{asked}xlsx"))
    cells = {row[0].value: row[1] for row in sheet.iter_rows(min_row=2) if str(row[0].value).startswith("harm-")}
    assert {cell.data_type for cell in cells.values()} <= {"s", "inlineStr"}
    assert [cells[f"harm-{n}"].value for n in range(len(HARM) + 1)] == [*HARM, MARKUP]
    assert [cells[f"harm-{n}"].quotePrefix for n in range(len(HARM))] == [True] * 5 + [False]
    assert len(cells) == len(HARM) + 2, "no text breaks the workbook"
    minus = (await harmful.get("/v1/initiatives?id=minus&format=csv")).text
    assert "Minus,,,,,,,,,-5.00,DKK," in minus
    (record,) = read_back.records(minus, SHAPES["/v1/initiatives"])
    assert (record["aims"], record["budget"]["amount"]) == (["- først", "=1+1"], Decimal("-5.00"))
    assert table(await harmful.get("/v1/initiatives?id=minus&format=xlsx"))[0]["budget_amount"] == -5


async def test_the_cells_of_a_workbook_have_types(client: AsyncClient) -> None:
    """Days are days, numbers are numbers, codes keep their zeros; the headings stay in sight, with a filter."""
    answer = await client.get("/v1/municipalities?format=xlsx")
    row = next(row for row in table(answer) if row["id"] == "dk-0360")
    assert (row["code"], row["population"]) == ("0360", 40816)
    assert row["population_on"] == datetime(2020, 7, 1)  # noqa: DTZ001 - a workbook knows no zones
    assert isinstance(row["created_at"], datetime)
    assert row["memberships_period_start"] == "2007-01-01\n2027-01-01"
    sheet = first_sheet(answer)
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, sheet.max_column).column_letter}{sheet.max_row}"
    milestones = table(await client.get("/v1/plans?format=xlsx&columns=id&columns=milestones_announced"))
    assert "true" in "\n".join(str(plan["milestones_announced"]) for plan in milestones)
    grants = table(await client.get("/v1/funding/grants?format=xlsx"))
    assert {type(grant["awarded_amount"]) for grant in grants} == {int}
    assert 2_000_000 in {grant["awarded_amount"] for grant in grants}
    cells = first_sheet(await client.get("/v1/funding/grants?format=xlsx&columns=id&columns=awarded_amount"))["B"][1:]
    assert {cell.number_format for cell in cells if cell.value is not None} == {"0.00####"}, "thousands are not apart"


async def test_a_workbook_says_what_it_cannot_hold(
    writer: Writer, fresh: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """413 with what to do: a text too long for its cell, too many records. Old days are texts; nothing is cut."""
    claims: list[Any] = [{"text": "æ" * 20_000, "quote": None, "about": []}] * 2
    long = {"kind": "report", "title": "Lang", "claims": claims, "retrieved_on": "1848-06-05"}
    await put(writer, (documents, "lang", DocumentData.model_validate(long)))
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        answer = await client.get("/v1/documents?format=xlsx")
        assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")
        assert "claims_text of lang is longer than the 32767 characters" in answer.json()["detail"]
        validator("/v1/documents", 413).validate(answer.json())
        (row,) = table(await client.get("/v1/documents?format=xlsx&id=lang&columns=id&columns=retrieved_on"))
        assert row == {"id": "lang", "retrieved_on": "1848-06-05"}
        csv = await client.get("/v1/documents?format=csv&id=lang")
        assert read_back.records(csv.text, SHAPES["/v1/documents"])[0]["claims"] == claims
        monkeypatch.setattr(sheet, "MOST_RECORDS", 5)
        many = await client.get("/v1/municipalities?format=xlsx")
        assert (many.status_code, "holds 5 records" in many.json()["detail"]) == (413, True)
        assert (await client.get("/v1/municipalities?format=csv")).status_code == 200


async def test_what_is_on_the_map_is_where_its_municipalities_are(
    writer: Writer, fresh: str, settings: Settings
) -> None:
    """Longitude first; a region's points are those of its municipalities on the day; what has none has no geometry."""
    places = {"dk-0360": (54.77, 11.5), "dk-0376": (54.83, 11.75), "dk-0101": (55.676, 12.568)}
    async with writer.revision(by="test") as revision:
        for id, (latitude, longitude) in places.items():
            held = (await revision.held(municipalities, [id]))[id].data
            assert isinstance(held, MunicipalityData)
            data = held.model_dump() | {"point": {"latitude": latitude, "longitude": longitude}}
            await revision.put(municipalities, id, MunicipalityData.model_validate(data))
        areas = [{"municipality": "dk-0360"}, {"region": "dk-1085"}]
        data = {"kind": "project", "title": "Overlap", "areas": areas}
        await revision.put(initiatives, "overlap", InitiativeData.model_validate(data))

    async def geometries(path: str, as_of: str) -> dict[str, Any]:
        answer = await client.get(path, params={"as_of": as_of}, headers={"Accept": "application/geo+json"})
        validator(path, media_type="application/geo+json").validate(answer.json())
        return {feature["id"]: feature["geometry"] for feature in answer.json()["features"]}

    lolland, guldborgsund, copenhagen = [11.5, 54.77], [11.75, 54.83], [12.568, 55.676]
    both = {"type": "MultiPoint", "coordinates": [lolland, guldborgsund]}
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        towns = await geometries("/v1/municipalities", DAY)
        assert towns["dk-0360"] == {"type": "Point", "coordinates": lolland}
        assert [id for id, place in towns.items() if place] == ["dk-0376", "dk-0101", "dk-0360"]
        now, later = await geometries("/v1/regions", DAY), await geometries("/v1/regions", "2027-01-01")
        assert (now["dk-1085"], now["dk-1081"]) == (both, None)
        assert later["dk-oestdanmark"]["coordinates"] == [lolland, guldborgsund, copenhagen]
        projects = await geometries("/v1/initiatives", DAY)
        assert (projects["overlap"], projects["broen-til-bedre-sundhed"]) == (both, both)
        assert projects["primaere-sundhedstjenester-oeresund"] is not None


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
async def test_an_insight_comes_whole_in_every_format(client: AsyncClient, listing: Listing) -> None:
    """The lines of NDJSON and the rows of each table are the items of the pages."""
    asked = {"as_of": DAY}
    page = (await client.get(listing.path, params=asked)).json()
    items = page["items"]
    while page.get("next"):
        page = (await client.get(listing.path, params={**asked, "cursor": page["next"]})).json()
        items += page["items"]
    lines, text = [
        (await client.get(listing.path, params={**asked, "format": format})).text for format in ("ndjson", "csv")
    ]
    assert [json.loads(line) for line in lines.splitlines()] == items
    exact = [json.loads(line, parse_float=Decimal) for line in lines.splitlines()]
    assert read_back.records(text, listing.public) == exact
    assert len(table(await client.get(listing.path, params={**asked, "format": "xlsx", "lang": "da"}))) == len(items)
    refused = await client.get(listing.path, params={**asked, "format": "csv", "region": "dk-10855"})
    assert refused.json()["errors"][0]["near"][0] == "dk-1085"
