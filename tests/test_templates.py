"""Templates: what to fill in, in Danish or English, with the values to choose from; filled in, they are imported."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

import pytest
from httpx import AsyncClient
from openpyxl import load_workbook

from app.resources import RESOURCES
from app.rest.export.columns import columns_of
from app.rest.export.headings import heading
from app.rest.importing.table import headed, written_columns
from app.rest.resource import Resource
from app.rest.writing import Writer
from tests.conftest import value
from tests.read_back import is_shape
from tests.test_importing import imported

INITIATIVE: Final = {
    "id": "en-ny-indsats",
    "kind": "project",
    "title": "En ny indsats: æøå",
    "status": "running",
    "lead_id": "region-sjaelland",
    "budget_amount": "1500,50",
    "budget_currency": "DKK",
    "areas_municipality_id": "dk-0360\ndk-0376",
    "partners_organisation_id": "lolland-kommune\nguldborgsund-kommune",
    "partners_role": "partner\npartner",
    "aims": "Flere raske\n'-5 % sygefravær",
}


async def workbook(client: AsyncClient, path: str, **query: Any) -> Any:
    """A template as a workbook."""
    answer = await client.get(f"{path}/template", params=query)
    assert answer.status_code == 200
    return load_workbook(io.BytesIO(answer.content))


@pytest.mark.parametrize("lang", [None, "da", "en"])
@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_a_heading_means_one_column(resource: Resource[Any, Any], lang: str | None) -> None:
    """Whatever the language in which it is written."""
    for column in columns_of(resource.public):
        assert headed(resource)[heading(column, lang).lower()].name == column.name


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
async def test_a_template_has_the_headings_that_are_taken(client: AsyncClient, resource: Resource[Any, Any]) -> None:
    """As a CSV that a spreadsheet knows to be UTF-8; as a workbook, where every column is explained."""
    answer = await client.get(f"{resource.path}/template", params={"format": "csv"})
    assert answer.headers["Content-Disposition"].endswith('-skabelon.csv"')
    assert answer.content.startswith(b"\xef\xbb\xbf")
    (headings,) = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert headings == [heading(column, "da") for column in written_columns(resource)]
    assert {"Id", "Ejer"} <= set(headings)
    assert not {"Version", "Oprettet"} & set(headings)
    for lang in ("da", "en"):
        table, explained, _ = await workbook(client, resource.path, lang=lang)
        first = [cell.value for cell in table[1]]
        assert first == [heading(column, lang) for column in written_columns(resource)]
        rows = list(explained.iter_rows(min_row=2, values_only=True))
        assert [row[0] for row in rows] == first
        assert all(row[3] and row[6] for row in rows)
    known = {row[1] for row in rows if row[2] == "yes"}
    fields = resource.data.model_fields.items()
    single = {name for name, info in fields if info.is_required() and not is_shape(info.annotation)}
    assert {name.removesuffix("_id") for name in known} >= single


async def test_values_are_chosen_from_lists(client: AsyncClient) -> None:
    """Of an enumeration, its values; a list that may have several members has none, but its values are explained."""
    table, explained, codes = await workbook(client, "/v1/initiatives")
    columns = {cell.value: cell.column_letter for cell in table[1]}
    lists = {str(of.sqref).partition("2:")[0]: of.formula1 for of in table.data_validations.dataValidation}
    place = lists[columns["Status"]].removeprefix("'Koder'!").replace("$", "")
    assert [row[0].value for row in codes[place]] == ["planned", "running", "completed", "cancelled"]
    assert columns["Partnere: rolle"] not in lists
    said = {row[0]: row for row in explained.iter_rows(values_only=True)}
    assert "lead_partner: answers for the whole, as Interreg has it" in said["Partnere: rolle"][5]


EXPLAINED: Final = {
    "Id": ("ja", "id: a-z, 0-9 og bindestreg", None),
    "Ejer": (None, "id på en post i organisations", "region-sjaelland"),
    "Titel": ("ja", "tekst", "Udvikling af de primære sundhedstjenester, Øresundsregionen"),
    "Status": (None, "en af værdierne", None),
    "Ledes af: id": (None, "id på en post i organisations", None),
    "Budget: beløb": (None, "tal", "199994,00"),
    "Formål": (None, "tekst; én linje for hver", "Flere raske"),
    "Partnere: rolle": ("i hver linje", "en af værdierne; én linje for hver", None),
    "Kontakter: offentlig til og med": (None, "dag, ÅÅÅÅ-MM-DD; én linje for hver", "2027-12-31"),
    "Kilder: dokument: id": ("i hver linje", "id på en post i documents; én linje for hver", None),
}


async def test_what_a_column_takes_is_told_in_danish(client: AsyncClient) -> None:
    """Whether it must be filled in, what may be in it, and an example; what only English tells, says so."""
    _, explained, _ = await workbook(client, "/v1/initiatives")
    head, *rows = explained.iter_rows(values_only=True)
    assert head[5:] == ("Værdier (forklaret på engelsk)", "Betydning (på engelsk)")
    assert {row[0]: row[2:5] for row in rows if row[0] in EXPLAINED} == EXPLAINED


@pytest.mark.parametrize(("lang", "delimiter", "shown"), [("da", ";", "199994,00"), ("en", ",", "199994.00")])
async def test_the_example_of_an_amount_is_one(
    client: AsyncClient, writer: Writer, fresh: str, lang: str, delimiter: str, shown: str
) -> None:
    """With two decimals, and the mark before them that a table in the language has; an import takes it."""
    _, explained, _ = await workbook(client, "/v1/initiatives", lang=lang)
    (example,) = (row[4] for row in explained.iter_rows(values_only=True) if row[1] == "budget_amount")
    assert example == shown
    rows = ("id", "kind", "title", "budget_amount", "budget_currency"), ("ny", "project", "Ny", example, "EUR")
    table = "\n".join(map(delimiter.join, rows)).encode()
    assert (await imported(writer, table, "csv", "initiatives")).created == 1
    amount = "select value->'budget'->>'amount' from change where revision = 2"
    assert await value(fresh, amount) == "199994.00"


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("lang", ["da", "en"])
async def test_what_is_filled_in_is_imported(
    client: AsyncClient, writer: Writer, fresh: str, lang: str, delimiter: str
) -> None:
    """With commas or semicolons, in either language; what is left empty is null."""
    answer = await client.get("/v1/initiatives/template", params={"format": "csv", "lang": lang})
    headings = next(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    names = [column.name for column in written_columns(RESOURCE)]
    text = io.StringIO()
    cells: Mapping[str, str] = INITIATIVE
    csv.writer(text, delimiter=delimiter).writerows([headings, [cells.get(name, "") for name in names]])
    told = await imported(writer, text.getvalue().encode("utf-8-sig"), "csv", "initiatives")
    assert (told.created, told.revision) == (1, 2)
    query = (
        "select value->>'title' || (value->'budget'->>'amount') || (value->'aims'->>1) from change where revision = 2"
    )
    assert await value(fresh, query) == "En ny indsats: æøå1500.50-5 % sygefravær"
    assert await value(fresh, "select count(*) from initiative_area where record_id = 'en-ny-indsats'") == 2


RESOURCE: Final = next(resource for resource in RESOURCES if resource.name == "initiatives")


async def test_a_template_stays_the_same(client: AsyncClient) -> None:
    """The same bytes each time, and a name that no record can take."""
    first, again = [await client.get("/v1/goals/template") for _ in range(2)]
    assert first.content == again.content
    told = await client.get("/v1/goals/template", headers={"If-None-Match": first.headers["ETag"]})
    assert told.status_code == 304
    assert (await client.get("/v1/goals?id=template")).status_code == 400
