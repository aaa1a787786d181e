"""Importing: what an export writes is read back as it was; what is wrong is told row by row, and nothing is written."""

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from httpx import AsyncClient
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from app.auth import Caller, Role
from app.cli import cli
from app.errors import BadParameters, Conflict, ForbiddenRows, InvalidFile, Unavailable
from app.imports import KINDS
from app.resources.goals import GoalData, goals
from app.rest.export.whole import everything
from app.rest.importing.checked import Checked
from app.rest.importing.files import File, FileFormat, kind_named
from app.rest.importing.run import Import
from app.rest.importing.shapes import Imported
from app.rest.writing import Writer
from app.settings import Settings, load_settings
from tests.conftest import make_key, put, serving, value
from tests.test_contract import OPENAPI, WRITES

STEWARD = Caller("prøve", Role.STEWARD)
NDJSON: Final = "application/x-ndjson"
GOAL: Final = {"resource": "goals", "plan": "sundhedsplan-syddanmark", "number": 1}


def lines(*records: dict[str, Any]) -> bytes:
    """Records as NDJSON."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


async def imported(
    writer: Writer,
    content: bytes,
    format: FileFormat = "ndjson",
    resource: str | None = None,
    *,
    by: Caller = STEWARD,
    dry_run: bool = False,
) -> Imported:
    """Import one file."""
    file = File("prøve", io.BytesIO(content), format, KINDS[resource] if resource else None)
    answer = await Import([file], KINDS, by, dry_run=dry_run).run(writer)
    return Imported.model_validate_json(bytes(answer.body))


async def refused(writer: Writer, content: bytes, format: FileFormat = "ndjson", resource: str | None = None) -> Any:
    """The faults of a file that is refused, each with its row, its pointer, its value and what would be right."""
    with pytest.raises(InvalidFile) as error:
        await imported(writer, content, format, resource)
    return [(fault.row, fault.pointer, fault.value, fault.detail) for fault in error.value.rows]


async def exported(writer: Writer) -> bytes:
    """All records as they are exported."""
    out: list[str] = []
    async with writer.view() as view:
        await everything(view, KINDS, out.append)
    return "".join(out).encode()


async def test_an_export_is_read_back_as_it_was(writer: Writer, empty: str) -> None:
    """Into an empty register, in one revision; exported again it gives the same bytes, and again it changes nothing."""
    whole = await exported(writer)
    async with Writer(empty, load_settings()) as other:
        told = await imported(other, whole)
        assert (told.created, told.replaced, told.unchanged, told.revision) == (len(whole.splitlines()), 0, 0, 1)
        assert await exported(other) == whole
        again = await imported(other, whole)
        assert (again.created, again.unchanged, again.revision) == (0, told.created, None)
    assert await value(empty, "select count(*) from revision") == 1
    assert await value(empty, "select count(*) from search_entry") == told.created
    assert await value(empty, "select count(*) from change where version = 1") == told.created


@pytest.mark.parametrize("lang", [None, "da", "en"])
async def test_every_list_is_read_back(writer: Writer, settings: Settings, fresh: str, lang: str | None) -> None:
    """As NDJSON and as CSV, with headings in either language: what changes nothing is no revision."""
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        for name in KINDS:
            asked: dict[str, Any] = {"format": "csv"} | ({"lang": lang, "bom": True} if lang else {})
            table = await client.get(f"/v1/{name}", params=asked)
            told = await imported(writer, table.content, "csv", name)
            assert (told.created, told.replaced, told.revision) == (0, 0, None), told.records[:3]
            if lang is None:
                text = await client.get(f"/v1/{name}", params={"format": "ndjson"})
                assert (await imported(writer, text.content, "ndjson", name)).unchanged == told.unchanged


async def test_what_a_csv_defuses_comes_back(writer: Writer, settings: Settings, fresh: str) -> None:
    """Apostrophes, line breaks, backslashes, objects of which nothing is known."""
    nothing = {"start": None, "end": None}
    harm = {
        "kind": "pilot",
        "title": "=1+1",
        "summary": "{}",
        "vision": "'",
        "aims": ["'", "-\\n", "+a\nb", "{}", '@x;y,"z"', "\\", "a\\\nb"],
        "period": nothing,
        "stages": [{"name": "{}", "period": nothing}, {"name": "=a", "persons_min": 3}],
    }
    await imported(writer, lines({"resource": "initiatives", "id": "harm", **harm}))
    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        table = (await client.get("/v1/initiatives?id=harm&format=csv")).content
        before = (await client.get("/v1/initiatives/harm")).json()
        assert (await imported(writer, table, "csv", "initiatives")).unchanged == 1
        changed = table.replace(b"'=1+1", b"'=2+2")
        assert (await imported(writer, changed, "csv", "initiatives")).replaced == 1
        after = (await client.get("/v1/initiatives/harm", headers={"Min-Revision": "3"})).json()
    assert after == before | {"title": "=2+2", "version": 2, "updated_at": after["updated_at"]}


async def test_every_bad_row_is_told_and_nothing_is_written(writer: Writer, fresh: str) -> None:
    """With its row, its place, its value and what would be right; of a shape, of references, of what comes twice."""
    many = [{**GOAL, "id": f"maal-{n}", "title": f"Mål {n}", "number": n} for n in range(1, 2501)]
    many[9]["number"] = "ti"
    many[1499]["plan"] = "ingen-plan"
    many[2498]["id"] = "maal-1"
    found = await refused(writer, lines(*many))
    assert [fault[:3] for fault in found] == [
        (10, "/number", "ti"),
        (1500, "/plan", "ingen-plan"),
        (2499, "/id", "maal-1"),
    ]
    assert "an integer" in found[0][3]
    assert found[1][3] == "There is no ingen-plan among the plans"
    assert "row 1" in found[2][3]
    assert await value(fresh, "select count(*) from goal where id like 'maal-%'") == 0
    assert await value(fresh, "select count(*) from revision") == 1


async def test_faults_have_an_end(writer: Writer) -> None:
    """The first thousand are told, and how many more there are."""
    with pytest.raises(InvalidFile) as error:
        await imported(writer, b"{}\n" * 1200, resource="goals")
    assert (len(error.value.rows), error.value.more) == (1000, 200)
    assert "Nothing was written. prøve:1:/id: Give each record its id" in str(error.value)


HEADINGS = "id,agreement_id,plan_id,number,title\n"
ROW = "a,,sundhedsplan-syddanmark,1,Mål\n"


@pytest.mark.parametrize(
    ("content", "format", "says"),
    [
        (b"", "ndjson", "The file holds no record"),
        (b"", "csv", "The file holds no record"),
        (b"\n\n", "csv", "The file holds no record"),
        (HEADINGS.encode(), "csv", "The file holds no record"),
        (
            (HEADINGS + ROW).encode("latin-1"),
            "csv",
            "not UTF-8, perhaps Latin-1: byte 31 of line 2 is E5",
        ),
        ((HEADINGS + ROW).encode("utf-16"), "csv", "The file is UTF-16"),
        ('{"title": "Mål"}'.encode("utf-16-be"), "ndjson", "The file is UTF-16"),
        ('{"title": "Mål"}\n'.encode("latin-1"), "ndjson", "not UTF-8"),
        (HEADINGS.replace(",", "\t").encode(), "csv", "The headings have a tab between them"),
        (HEADINGS.replace("number", "numer").encode(), "csv", "»numer« is no heading here, perhaps nummer or number"),
        (HEADINGS.replace("number", "title").encode(), "csv", "»title« is there twice"),
        (HEADINGS.replace("id,", "", 1).encode(), "csv", "There is no column id"),
        ((HEADINGS + "a,b\n").encode(), "csv", "The row has 2 cells, and there are 5 headings"),
        ((HEADINGS + "a,,,1,b,,c\n").encode(), "csv", "The row has 7 cells, and there are 5 headings"),
        (HEADINGS.replace("number", "").encode(), "csv", "»« is no heading here"),
        ((HEADINGS + ROW).replace("\n", "\r").encode(), "csv", "The lines end with a carriage return alone"),
        ((HEADINGS + "a,,b\rc,1,d\n").encode(), "csv", "a cell with a carriage return in it should have quotation"),
        ((HEADINGS + 'a,"b"c,,1,d\n').encode(), "csv", "cannot be read as CSV"),
        (b"[1]\n", "ndjson", "A line should be a JSON object"),
        (b'{"id": "a", "id": "b"}\n', "ndjson", "given twice"),
        (b'{"id": \n', "ndjson", "A line must be JSON"),
        (b'{"resource": "gols", "id": "a"}\n', "ndjson", "Say which resource the record is of: goals"),
        (b'{"id": "' + b"a" * 2**20 + b'"}\n', "ndjson", "A line may have 1048576 bytes"),
        (b'{"id": "A b", "title": "x"}\n', "ndjson", "Input should be an id"),
        (b'{"id": "a", "colour": "x", "number": 1, "title": "x", "plan": "x"}\n', "ndjson", "Extra inputs"),
    ],
)
async def test_what_is_no_such_file_is_told(writer: Writer, content: bytes, format: FileFormat, says: str) -> None:
    """In words that say what to do."""
    found = await refused(writer, content, format, "goals")
    assert any(says in fault[3] for fault in found), found


async def test_what_is_wrong_is_shown_as_it_was_written(writer: Writer) -> None:
    """In the spelling of the cell; and what would be right is told in no words of a programming language."""
    content = "id,title,programme_id,conditional\nny,Ny,delprogram-oeresund,Nej\nen,En,delprogram-oeresund,FALSK\n"
    with pytest.raises(InvalidFile) as error:
        await imported(writer, content.encode(), "csv", "funding/grants")
    (fault,) = error.value.rows
    assert str(fault) == "prøve:2:conditional: Input should be true or false (here: Nej)"


async def test_a_fault_names_its_column_as_the_file_does(writer: Writer) -> None:
    """Whoever has a sheet before him knows headings, and no pointers; NDJSON has none."""
    table = (
        "Id;Titel;Program: id;Bevilget: beløb;Bevilget: valuta;Modtagere: organisation: id\n"
        'ny;Ny;delprogram-oeresund;mange;DKK;"lolland-kommune\nnix"\n'
    ).encode()
    line = {"id": "ny", "title": "Ny", "awarded": {"amount": "mange", "currency": "DKK"}}
    files: list[tuple[FileFormat, bytes, set[str | None]]] = [
        ("csv", table, {"Bevilget: beløb"}),
        ("csv", table.replace(b"mange", b"1"), {"Modtagere: organisation: id"}),
        ("ndjson", lines({**line, "programme": "delprogram-oeresund"}), {None}),
    ]
    for format, content, columns in files:
        with pytest.raises(InvalidFile) as error:
            await imported(writer, content, format, "funding/grants")
        assert {fault.column for fault in error.value.rows} == columns


async def test_what_a_cell_cannot_say_is_shown_as_it_stands(writer: Writer) -> None:
    """Where it is no JSON, or its lines are not those of its neighbours."""
    content = (
        "id,kind,title,sources_document_id,sources_stated,areas_municipality_id,areas_region_id\n"
        'ny,project,Ny,sundhedsaftaler-sammenstilling,[1,"dk-0360\ndk-0376",dk-1085\n'
    )
    found = await refused(writer, content.encode(), "csv", "initiatives")
    assert [fault[:3] for fault in found] == [
        (2, "/sources/0/stated", "[1"),
        (2, "/areas", '{"areas_region_id":"dk-1085","areas_municipality_id":"dk-0360\\ndk-0376"}'),
    ]


async def test_a_table_of_a_spreadsheet_is_read(writer: Writer, fresh: str) -> None:
    """Semicolons, Danish headings, a byte-order mark, a decimal comma; what is empty to the right, or below."""
    text = (
        "\ufeffsep=;\r\nId;Art;Titel;Budget: beløb;Budget: valuta;Områder: kommune: id;; \r\n"
        'ny-indsats;project;Ny indsats;1500,50;DKK;"dk-0360\r\ndk-0376";;\r\n;; ;;;;;;\r\n'
    )
    told = await imported(writer, text.encode(), "csv", "initiatives")
    assert told.created == 1
    query = "select budget_amount::text from initiative where id = 'ny-indsats'"
    assert await value(fresh, query) == "1500.50"
    places = "select array_agg(municipality_id order by position) from initiative_area where record_id = 'ny-indsats'"
    assert await value(fresh, places) == ["dk-0360", "dk-0376"]


async def test_blanks_around_values_say_nothing(writer: Writer, fresh: str) -> None:
    """Of ids, codes, days, numbers, and lines of a list; what is blank is empty."""
    text = (
        "id;kind;title;lead_id;period_start;period_end;budget_amount;budget_currency;areas_municipality_id;"
        "areas_region_id\n ny ;project\xa0; Ny;\u202flolland-kommune; 2026-01-01; ;\xa01 000,50 ;DKK ;"
        '"dk-0360 \n ";"\xa0\ndk-1085 "\n'
    )
    assert (await imported(writer, text.encode(), "csv", "initiatives")).created == 1
    query = "select concat_ws('|', kind, title, lead_id, period, budget_amount) from initiative where id = 'ny'"
    assert await value(fresh, query) == "project|Ny|lolland-kommune|[2026-01-01,)|1000.50"


async def test_a_source_says_which_fields_it_states(writer: Writer, fresh: str) -> None:
    """In a line of its own: as JSON, as the one pointer that it is, or none."""
    text = (
        "id,kind,title,sources_document_id,sources_fields,sources_quote,sources_read_on,sources_stated\n"
        'ny,project,Ny,"{0}\n{0}\n{0}","/title\n\n[""/kind"",""/title""]",,,\n'
        "anden,project,Ny,{0},,,,\n"
    ).format("sundhedsaftaler-sammenstilling")
    assert (await imported(writer, text.encode(), "csv", "initiatives")).created == 2
    query = "select json_agg(fields order by record_id, position)::text from source where record_id in ('ny', 'anden')"
    assert json.loads(await value(fresh, query)) == [[], ["/title"], [], ["/kind", "/title"]]


async def test_what_a_row_does_not_say_stays(writer: Writer, fresh: str) -> None:
    """Columns that a file does not have keep what the record has; a dry run shows the difference and writes nothing."""
    goal = "sundhedsaftale-sjaelland-2019-maal-1"
    text = f"id,title\n{goal},Et andet navn\n".encode()
    trial = await imported(writer, text, "csv", "goals", dry_run=True)
    assert (trial.dry_run, trial.replaced, trial.revision) == (True, 1, None)
    (change,) = trial.records[0].changes
    before = await value(fresh, f"select title from goal where id = '{goal}'")
    assert (change.pointer, change.before, change.after) == ("/title", before, "Et andet navn")
    done = await imported(writer, text, "csv", "goals")
    assert (done.records, done.revision) == (trial.records, 2)
    assert await value(fresh, f"select agreement_id from goal where id = '{goal}'") == "sundhedsaftale-sjaelland-2019"
    assert await value(fresh, f"select title from goal where id = '{goal}'") == "Et andet navn"
    log = "select by || version || op from change join revision on revision.id = revision where revision = 2"
    assert await value(fresh, log) == "prøve2replace"


async def test_a_part_of_what_a_field_says_does_not_lose_the_rest(writer: Writer, fresh: str) -> None:
    """Some columns of an amount or of a list are refused where the record has others; of a new one they are read."""
    before = await value(fresh, "select count(*) from revision")
    for columns, cells, pointer, missing in (
        ("budget_amount", "5.00", "/budget", "budget_currency"),
        ("partners_organisation_id", "lolland-kommune", "/partners", "partners_role"),
    ):
        table = f"id,{columns}\nprimaere-sundhedstjenester-oeresund,{cells}\n".encode()
        ((row, place, _, says),) = await refused(writer, table, "csv", "initiatives")
        assert (row, place, missing in says) == (2, pointer, True)
    assert await value(fresh, "select count(*) from revision") == before
    new = b"id,kind,title,sources_document_id\nny,project,Ny,sundhedsloven\n"
    assert (await imported(writer, new, "csv", "initiatives")).created == 1


async def test_editors_import_what_is_theirs(writer: Writer, fresh: str) -> None:
    """Each row that is not is told; a new record is his organisation's where it does not say."""
    by = Caller("redaktør", Role.EDITOR, frozenset({"region-sjaelland"}))
    own = {**GOAL, "id": "ny", "title": "Ny"}
    others = {**GOAL, "id": "anden", "title": "Anden", "owner": "region-syddanmark"}
    with pytest.raises(ForbiddenRows) as error:
        await imported(writer, lines(own, others), by=by)
    assert [(fault.row, fault.pointer) for fault in error.value.rows] == [(2, "/owner")]
    assert (await imported(writer, lines(own), by=by)).created == 1
    assert await value(fresh, "select owner_id from goal where id = 'ny'") == "region-sjaelland"


async def test_what_the_database_refuses_is_told_of_its_row(writer: Writer, fresh: str) -> None:
    """Circles, and rules that only it knows, of every row; ids that were deleted are not given away."""
    first, second = ({**GOAL, "id": f"maal-{n}", "title": "Mål", "parent": f"maal-{3 - n}"} for n in (1, 2))
    assert {fault[:2] for fault in await refused(writer, lines(first, second))} == {(1, "/parent"), (2, "/parent")}
    goal = {"goal": "sundhedsaftale-sjaelland-2019-maal-1"}
    twice = {"resource": "initiatives", "id": "ny", "kind": "project", "title": "Ny", "goals": [goal, goal]}
    ((row, _, _, says),) = await refused(writer, lines({**GOAL, "id": "maal-3", "title": "Mål"}, twice))
    assert (row, "goal" in says) == (2, True)
    many = [{**twice, "id": f"ny-{n}", "goals": [goal] * (1 + (n in {7, 30, 119}))} for n in range(120)]
    found = await refused(writer, lines(*many))
    assert [(row, pointer) for row, pointer, *_ in found] == [(8, "/goals"), (31, "/goals"), (120, "/goals")]
    assert await value(fresh, "select count(*) from revision") == 1
    async with writer.revision(by="prøve") as revision:
        await revision.put(
            goals, "vaek", GoalData.model_validate({"plan": "sundhedsplan-syddanmark", "number": 1, "title": "x"})
        )
    async with writer.revision(by="prøve") as revision:
        await revision.delete(goals, "vaek")
    ((_, pointer, shown, says),) = await refused(writer, lines({**GOAL, "id": "vaek", "title": "x"}))
    assert (pointer, shown, says) == ("/id", "vaek", "This was deleted, and can only be restored")


async def test_what_others_write_meanwhile_is_not_lost(
    writer: Writer, fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was quicker stays; the import is refused, and can be sent again. Other records do not matter."""
    goal = {"plan": "sundhedsplan-syddanmark", "number": 1, "title": "En andens"}
    whole, others = Checked.check, ["maal-1", "helt-andet"]

    async def slow(self: Checked, view: Any) -> None:
        await whole(self, view)
        if others:
            await put(writer, (goals, others.pop(0), GoalData.model_validate(goal)), by="en anden")

    monkeypatch.setattr(Checked, "check", slow)
    with pytest.raises(Conflict, match="Others have written 1 of the records"):
        await imported(writer, lines({**GOAL, "id": "maal-1", "title": "Vores"}))
    assert await value(fresh, "select title from goal where id = 'maal-1'") == "En andens"
    assert (await imported(writer, lines({**GOAL, "id": "maal-1", "title": "Vores"}))).replaced == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("goals.csv", "goals"),
        ("health-agreements.ndjson", "health-agreements"),
        ("broen-funding-grants-2026-11-22.csv", "funding/grants"),
        ("broen-health-agreements-skabelon.csv", "health-agreements"),
        ("noget.csv", None),
    ],
)
def test_a_file_s_name_tells_what_it_holds(name: str, kind: str | None) -> None:
    """As exports and templates are named."""
    found = kind_named(Path(name).name, KINDS)
    assert (found and found.name) == kind


def names(records: Sequence[Any]) -> list[str]:
    """The paths of records."""
    return [record.record for record in records]


async def test_kinds_may_be_mixed_in_any_order(writer: Writer, fresh: str) -> None:
    """They are written lower kinds first, and may name each other."""
    plan = {"resource": "plans", "id": "ny-plan", "kind": "strategy", "title": "Ny plan"}
    goal = {"resource": "goals", "id": "nyt-maal", "plan": "ny-plan", "number": 1, "title": "Nyt mål"}
    told = await imported(writer, lines(goal, plan))
    assert names(told.records) == ["goals/nyt-maal", "plans/ny-plan"]
    assert await value(fresh, "select array_agg(resource order by seq) from change where revision = 2") == [
        "plans",
        "goals",
    ]


async def send(
    client: AsyncClient, content: bytes, key: str, media_type: str = "application/x-ndjson", **more: Any
) -> Any:
    """Import over HTTP."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": media_type, **more.pop("headers", {})}
    return await client.post("/v1/imports", content=content, headers=headers, params=more)


def operation(status: int) -> Draft202012Validator:
    """A validator of what an import answers."""
    (content,) = WRITES["import_records"]["responses"][str(status)]["content"].values()
    return Draft202012Validator({**content["schema"], "components": OPENAPI["components"]})


async def test_a_file_is_imported_over_http(own_client: AsyncClient, fresh: str) -> None:
    """As declared: tried, written with a note, sent again with its key, read at once."""
    key = await make_key(fresh, Role.EDITOR, "region-sjaelland")
    goal = lines({**GOAL, "id": "ny", "title": "Ny"})
    trial = await send(own_client, goal, key, dry_run=True)
    assert (trial.status_code, trial.json()["created"], trial.json()["revision"]) == (200, 1, None)
    headers = {"Broen-Note": "Fra%20et%20ark", "Idempotency-Key": "en-gang"}
    done = [await send(own_client, goal, key, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in done] == [200, 200]
    assert done[0].json() == done[1].json()
    operation(200).validate(done[0].json())
    assert (done[0].json()["revision"], done[0].headers["Broen-Revision"]) == (2, "2")
    other = await send(own_client, goal + goal, key, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:broen:problem:idempotency-key-used")
    operation(422).validate(other.json())
    assert (await own_client.get("/v1/goals/ny")).json()["owner"] == "region-sjaelland"
    assert await value(fresh, "select note from revision where id = 2") == "Fra et ark"
    assert await value(fresh, "select count(*) from allowance where name like 'writes by%'") == 1


async def test_what_is_wrong_with_a_request_is_a_problem(
    own_client: AsyncClient, settings: Settings, fresh: str
) -> None:
    """Rows, rights, media types, lengths, resources that nobody has."""
    key = await make_key(fresh, Role.EDITOR, "region-sjaelland")
    bad = await send(own_client, b"id;nummer\nmaal-1;ti\n", key, "text/csv; charset=utf-8", resource="goals")
    assert bad.status_code == 422
    operation(422).validate(bad.json())
    assert {(f["row"], f["pointer"], f["value"]) for f in bad.json()["errors"]} == {
        (2, "/number", "ti"),
        (2, "/title", None),
    }
    theirs = await send(own_client, lines({**GOAL, "id": "ny", "title": "Ny", "owner": "region-syddanmark"}), key)
    assert (theirs.status_code, theirs.json()["errors"][0]["pointer"]) == (403, "/owner")
    operation(403).validate(theirs.json())
    unknown = await send(own_client, b"", key, resource="gols")
    assert (unknown.status_code, unknown.json()["errors"][0]["near"][0]) == (400, "goals")
    assert (await send(own_client, b"", key, "application/json")).status_code == 415
    assert (await own_client.post("/v1/imports", content=b"")).status_code == 401
    small = settings.model_copy(update={"database_url": fresh, "max_import_bytes": 100})
    async with serving(small) as client:
        assert (await send(client, b" " * 101, key)).status_code == 413


async def test_a_name_says_nothing_without_its_id(own_client: AsyncClient, fresh: str) -> None:
    """Of a record that is there or a new one, in a column of its own or in a line of a list; an empty one is none."""
    key = await make_key(fresh, Role.STEWARD)
    there = "primaere-sundhedstjenester-oeresund"
    before = (await own_client.get(f"/v1/initiatives/{there}")).json()

    async def told(*rows: str) -> Any:
        text = "".join(f"{row}\r\n" for row in rows).encode()
        return (await send(own_client, text, key, "text/csv", resource="initiatives")).json()

    for table, pointers in (
        (("id,lead_name", f"{there},Guldborgsund Kommune"), ["/lead"]),
        (("Id;Art;Titel;Ledes af: id;Ledes af: navn", "ny;project;Ny;;Guldborgsund Kommune"), ["/lead"]),
        (("id,lead_name,budget_amount", f"{there},Guldborgsund Kommune,mange"), ["/lead"]),
        (
            ("id,areas_municipality_name", f'{there},"Lolland\nGuldborgsund"'),
            ["/areas/0/municipality", "/areas/1/municipality"],
        ),
        (
            ("id,areas_municipality_id,areas_municipality_name", f'{there},"dk-0360","Lolland\nGuldborgsund"'),
            ["/areas/1/municipality"],
        ),
    ):
        faults = (await told(*table))["errors"]
        assert [(fault["row"], fault["pointer"]) for fault in faults] == [(2, pointer) for pointer in pointers]
        assert {fault["value"] for fault in faults} <= {"Guldborgsund Kommune", "Lolland", "Guldborgsund"}
        assert {fault["detail"] for fault in faults} <= {
            "lead_name is only told: give lead_id",
            "areas_municipality_name is only told: give areas_municipality_id",
        }
    assert (await told("id,lead_name", f"{there},"))["unchanged"] == 1
    areas = ",".join(f'"{text}"' for text in ("\n", "dk-0360\ndk-0376", "Lolland"))
    table = "id,areas_region_id,areas_municipality_id,areas_municipality_name", f"{there},{areas}"
    assert (await told(*table))["replaced"] == 1
    after = (await own_client.get(f"/v1/initiatives/{there}", headers={"Min-Revision": "2"})).json()
    assert (after["lead"], len(after["areas"])) == (before["lead"], 2)


async def test_one_imports_at_a_time(own_client: AsyncClient, writer: Writer, fresh: str) -> None:
    """Each has a file on disk; writers of single records are told so when they have waited for their turn."""
    key = await make_key(fresh, Role.STEWARD)
    async with writer.imports, writer.revision(by="en anden"):
        with pytest.raises(Unavailable, match="Too many imports"):
            await imported(writer, lines({**GOAL, "id": "ny", "title": "Ny"}))
    assert (await send(own_client, lines({**GOAL, "id": "ny", "title": "Ny"}), key)).status_code == 200


def broen(url: str, *arguments: str | Path) -> Any:
    """Run a command on a register."""
    return CliRunner().invoke(cli, [*map(str, arguments)], env={"BROEN_DATABASE_URL": url})


def test_the_commands_give_and_take(fresh: str, empty: str, tmp_path: Path) -> None:
    """A register goes into a file and out of it; faults end with an exit code; a trial shows what differs."""
    whole, again, bad = tmp_path / "alt.ndjson", tmp_path / "igen.ndjson", tmp_path / "goals.csv"
    assert broen(fresh, "export", whole).exit_code == 0
    came = broen(empty, "import", whole, "--note", "Alt")
    assert (came.exit_code, came.stdout.splitlines()[-1]) == (0, "Revision 1."), came.stderr
    assert broen(empty, "export", again).exit_code == 0
    assert again.read_bytes() == whole.read_bytes()
    for output in ((), ("-",)):
        assert broen(empty, "export", *output).stdout.encode() == whole.read_bytes()
    bad.write_text("id;nummer;titel\nsundhedsaftale-sjaelland-2019-maal-1;ti;\n", "utf-8")
    refused = broen(empty, "import", bad)
    assert refused.exit_code == 1
    assert f"{bad}:2:nummer: Input should be an integer" in refused.stderr
    assert "(here: ti)" in refused.stderr
    bad.write_text("id;nummer\nsundhedsaftale-sjaelland-2019-maal-1;7\n", "utf-8")
    trial = broen(empty, "import", "--dry-run", bad)
    assert "    /number: 1 → 7\n" in trial.stdout
    assert trial.stdout.endswith("Nothing was written.\n")
    assert isinstance(broen(empty, "import", whole, "--resource", "gols").exception, BadParameters)


async def until(url: str, query: str, *, there: bool, process: subprocess.Popen[bytes]) -> None:
    """Wait until a query counts something, or nothing, while a process runs."""
    async with asyncio.timeout(60):
        while bool(await value(url, query)) is not there:
            assert not there or process.poll() is None, "it ended too soon"
            await asyncio.sleep(0.02)


async def test_what_is_killed_midway_leaves_nothing(fresh: str, tmp_path: Path) -> None:
    """Neither records nor what waited to be written, in the database or on disk."""
    many, folder = tmp_path / "goals.ndjson", tmp_path / "tmp"
    folder.mkdir()
    many.write_bytes(lines(*({**GOAL, "id": f"maal-{n}", "title": f"Mål {n}"} for n in range(5000))))
    environment = {**os.environ, "BROEN_DATABASE_URL": fresh, "TMPDIR": str(folder)}
    tables = "select count(*) from pg_class where relkind = 'r'"
    before = await value(fresh, tables)
    command = [str(Path(sys.executable).with_name("broen")), "import", str(many)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - as users run it
    await until(fresh, "select count(*) from pg_locks where locktype = 'advisory'", there=True, process=process)
    process.kill()
    assert process.wait() < 0, "it was killed before it was done"
    writing = "select count(*) from pg_stat_activity where application_name = 'broen writes'"
    await until(fresh, writing, there=False, process=process)
    assert await value(fresh, "select count(*) from goal where id like 'maal-%'") == 0
    assert await value(fresh, "select count(*) from revision") == 1
    assert await value(fresh, tables) == before
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("delimiter", "amount", "told"),
    [
        (";", "200.000", "200.000 could be two numbers: write it with nothing between thousands, as 200000"),
        (",", '"200,000"', "as 200000"),
        (",", "1.500", "as 1500"),
        (";", "1.50.000", "should be a number"),
        (";", "1.234.50", "should be a number"),
        (";", "1_000", "the digits 0-9 alone, as 1000"),
        (";", "１０００", "the digits 0-9 alone, as 1000"),
        (";", "2,35E+06", "the digits 0-9 alone, as 2350000"),
        (",", "2.35e+06", "the digits 0-9 alone, as 2350000"),
        (";", "1E+999999999", "digits"),
        (";", "NaN", "should be"),
        (";", "99.994,00", 99994),
        (",", '"99,994.00"', 99994),
        (";", "1 000,50", 1000.5),
        (";", "1\xa0000\xa0000", 1_000_000),
        (";", "1\u202f000", 1000),
        (";", "+5,5", 5.5),
        (";", "1234,50", 1234.5),
        (",", "1234.50", 1234.5),
        (";", "200000", 200_000),
    ],
)
async def test_thousands_that_are_apart_are_not_guessed(
    writer: Writer, delimiter: str, amount: str, told: str | float
) -> None:
    """Two hundred thousand is no two hundred: what could be either is refused, with what would be right."""
    headings = ["id", "title", "programme_id", "awarded_amount", "awarded_currency"]
    cells = ["x", "X", "pulje-til-at-reducere-ulighed-i-sundhed", amount, "DKK"]
    content = "".join(f"{delimiter.join(row)}\n" for row in (headings, cells)).encode()
    if not isinstance(told, str):
        (record,) = (await imported(writer, content, "csv", "funding/grants", dry_run=True)).records
        assert record.changes[0].after["awarded"] == {"amount": told, "currency": "DKK"}
        return
    ((row, pointer, shown, says),) = await refused(writer, content, "csv", "funding/grants")
    assert (row, pointer, shown, told in says) == (2, "/awarded/amount", amount.strip('"'), True)


@pytest.mark.parametrize(
    ("delimiter", "number", "is_one"),
    [
        *((",", "40.816", True), (";", "40,816", True), (";", "0.125", True)),
        *((";", "40.816", False), (",", '"40,816"', False)),
    ],
)
async def test_what_is_no_amount_may_have_three_decimals(
    writer: Writer, delimiter: str, number: str, *, is_one: bool
) -> None:
    """After the mark that the file has for them: a point among commas, a comma among semicolons."""
    headings = ["id", "indicator_id", "municipality_id", "date_edtf", "value"]
    cells = ["x", "ventetid-til-genoptraening", "dk-0360", "2020", number]
    content = "".join(f"{delimiter.join(row)}\n" for row in (headings, cells)).encode()
    if is_one:
        assert (await imported(writer, content, "csv", "measurements", dry_run=True)).resources[0].created == 1
    else:
        ((_, pointer, _, says),) = await refused(writer, content, "csv", "measurements")
        assert (pointer, says.endswith("as 40816")) == ("/value", True)


async def test_a_workbook_is_told_apart_from_a_csv(writer: Writer) -> None:
    """By its first bytes, with how to save it."""
    ((_, _, _, says),) = await refused(writer, b"PK\x03\x04\x14\x00\n", "csv", "goals")
    assert "workbook" in says
    assert "CSV UTF-8" in says
