"""Writing: one transaction is one revision, everything is recorded, and nothing is half-written."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient

from app.data import LOADER, load
from app.errors import InvalidBody
from app.resources import RESOURCES
from app.resources.area_changes import AreaChangeData
from app.resources.initiatives import InitiativeData, initiatives
from app.resources.municipalities import municipalities
from app.resources.municipalities.shapes import MunicipalityData
from app.resources.organisations import OrganisationData, organisations
from app.resources.regions import RegionData, regions
from app.rest.body import validate
from app.rest.writing import Writer
from app.settings import load_settings
from tests.conftest import connected, execute, loaded, put, rows, value


def municipality(name: str, *memberships: tuple[str, str | None, str | None], **more: Any) -> MunicipalityData:
    """A municipality as it is written."""
    parts = [{"region": region, "period": {"start": start, "end": end}} for region, start, end in memberships]
    period = {"start": None, "end": None}
    return validate(MunicipalityData, {"country": "DK", "name": name, "period": period, "memberships": parts} | more)


def organisation(name: str, **more: Any) -> OrganisationData:
    """An organisation as it is written."""
    return validate(OrganisationData, {"kind": "association", "name": name} | more)


async def test_loading_is_one_revision_with_a_change_for_every_record(fresh: str) -> None:
    """Revision 1, by the loader; the change log holds every record as it was stored."""
    ((id, by, note),) = await rows(fresh, "select id, by, note from revision")
    assert (id, by) == (1, LOADER)
    assert note
    tables = [resource.table.name for resource in RESOURCES]
    counts = [await value(fresh, f'select count(*) from "{table}"') for table in tables]
    assert await value(fresh, "select count(*) from change where revision = 1 and op = 'create'") == sum(counts)
    stored = json.loads(await value(fresh, "select value from change where id = 'dk-0360'"))
    assert stored["name"] == "Lolland"
    assert stored["memberships"][0] == {"region": "dk-1085", "period": {"start": "2007-01-01", "end": "2027-01-01"}}


async def test_loading_again_changes_nothing(fresh: str, writer: Writer) -> None:
    """No revision, no version, no row."""
    before = await rows(fresh, "select * from change order by seq")
    outcomes = await load(writer)
    assert set(outcomes) == {"unchanged"}
    assert await value(fresh, "select count(*) from revision") == 1
    assert await rows(fresh, "select * from change order by seq") == before


async def test_loading_keeps_what_others_have_written(fresh: str, writer: Writer) -> None:
    """An editor's correction stays; what the loader wrote itself is brought up to date."""
    await put(writer, (organisations, "lolland-kommune", organisation("Rettet")), by="en redaktør")
    await put(writer, (organisations, "faxe-kommune", organisation("Faxe")), by=LOADER)
    outcomes = await load(writer)
    assert (outcomes["kept"], outcomes["replaced"]) == (1, 1)
    assert await value(fresh, "select name from organisation where id = 'lolland-kommune'") == "Rettet"
    assert await value(fresh, "select name from organisation where id = 'faxe-kommune'") == "Faxe Kommune"


async def test_many_loading_at_once_load_once(empty: str, register: str) -> None:
    """Whoever comes second waits, and finds nothing left to do."""
    outcomes = await asyncio.gather(*(loaded(empty) for _ in range(4)))
    assert sorted(tuple(outcome) for outcome in outcomes) == [("created",), *[("unchanged",)] * 3]
    assert await value(empty, "select count(*) from revision") == 1
    loaded_once = "select count(*) from change"
    assert await value(empty, loaded_once) == await value(register, loaded_once)


async def test_a_version_counts_the_writes_and_history_keeps_each(fresh: str, writer: Writer) -> None:
    """Create, replace, replace with the same, replace: versions 1, 2, 3; every version is in the twin."""
    for name, outcome in (("En", "created"), ("To", "replaced"), ("To", "unchanged"), ("Tre", "replaced")):
        assert await put(writer, (organisations, "ny", organisation(name))) == [outcome]
    query = (
        "select name, version, recorded_from, recorded_to from history.organisation where id = 'ny' order by version"
    )
    assert await rows(fresh, query) == [("En", 1, 2, 3), ("To", 2, 3, 4), ("Tre", 3, 4, None)]
    query = "select op, version, revision from change where id = 'ny' order by seq"
    assert await rows(fresh, query) == [("create", 1, 2), ("replace", 2, 3), ("replace", 3, 4)]
    assert await value(fresh, "select count(*) from revision") == 4


async def test_the_past_is_read_through_views_of_the_same_names(fresh: str, writer: Writer) -> None:
    """The schema past shows every table as it was at a revision."""
    await put(writer, (organisations, "ny", organisation("En", name_variants=[{"name": "A"}])))
    await put(writer, (organisations, "ny", organisation("To", name_variants=[{"name": "A"}, {"name": "B"}])))
    seen = {}
    async with connected(fresh) as connection:
        for revision in (1, 2, 3):
            await connection.execute(f"set broen.known_at = '{revision}'")
            name = await connection.fetchval("select name from past.organisation where id = 'ny'")
            parts = await connection.fetchval(
                "select array_agg(name order by position) from past.organisation_name_variant where record_id = 'ny'"
            )
            seen[revision] = (name, parts)
    assert seen == {1: (None, None), 2: ("En", ["A"]), 3: ("To", ["A", "B"])}


async def test_parts_that_stay_the_same_are_not_written_again(fresh: str, writer: Writer) -> None:
    """Only the list that differs is replaced."""
    parts = {"name_variants": [{"name": "A"}], "identifiers": [{"scheme": "CVR", "value": "01234567"}]}
    await put(writer, (organisations, "ny", organisation("En", **parts)))
    await put(writer, (organisations, "ny", organisation("En", **parts | {"name_variants": [{"name": "B"}]})))
    assert await value(fresh, "select count(*) from history.organisation_identifier where record_id = 'ny'") == 1
    assert await value(fresh, "select count(*) from history.organisation_name_variant where record_id = 'ny'") == 2


async def test_a_record_written_twice_in_a_revision_has_one_version_in_history(fresh: str, writer: Writer) -> None:
    """A revision is the smallest step of recorded time."""
    await put(writer, (organisations, "ny", organisation("En")), (organisations, "ny", organisation("To")))
    query = "select name, recorded_from, recorded_to from history.organisation where id = 'ny'"
    assert await rows(fresh, query) == [("To", 2, None)]


async def test_writing_outside_a_revision_is_refused(fresh: str) -> None:
    """By the table itself, whoever tries; so is emptying it."""
    for statement in (
        "update region set seat = 'Roskilde' where id = 'dk-1085'",
        "delete from municipality_membership",
        "insert into organisation_identifier (record_id, position, scheme, value) values ('psykiatrien', 0, 'a', 'b')",
    ):
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="outside a revision"):
            await execute(fresh, statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(fresh, "truncate region cascade")


@pytest.mark.parametrize("table", ["revision", "change"])
@pytest.mark.parametrize("statement", ["update {} set {} = 1", "delete from {}", "truncate {} cascade"])
async def test_the_log_is_only_added_to(fresh: str, table: str, statement: str) -> None:
    """Not even its owner changes it in passing."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only ever added to"):
        await execute(fresh, statement.format(table, "id" if table == "revision" else "revision"))


async def test_two_regions_at_once_are_refused_whole(fresh: str, writer: Writer) -> None:
    """Nothing of the revision stays, and the reason is in words."""
    overlapping = municipality("Ny", ("dk-1081", "2020-01-01", None), ("dk-1082", "2024-01-01", None))
    with pytest.raises(InvalidBody, match="belongs to one region at a time"):
        await put(writer, (organisations, "ny", organisation("Ny")), (municipalities, "dk-ny", overlapping))
    assert await value(fresh, "select count(*) from revision") == 1
    assert await value(fresh, "select count(*) from organisation where id = 'ny'") == 0


@pytest.mark.parametrize(("start", "end"), [("2020-01-01", None), ("2006-01-01", "2010-01-01")])
async def test_a_membership_lies_within_its_region(writer: Writer, start: str, end: str | None) -> None:
    """Region Hovedstaden exists from 2007 to 2026."""
    outside = municipality("Ny", ("dk-1084", start, end))
    with pytest.raises(InvalidBody, match="only while the region exists"):
        await put(writer, (municipalities, "dk-ny", outside))


async def test_a_region_does_not_end_before_its_memberships(writer: Writer) -> None:
    """Shortening the region alone is refused; shortening both in one revision is not."""
    body = {"country": "DK", "name": "Region Prøve", "names": {"da": None, "sv": None, "en": None}}
    whole = validate(RegionData, body | {"period": {"start": "2000-01-01", "end": None}})
    short = validate(RegionData, body | {"period": {"start": "2000-01-01", "end": "2010-01-01"}})
    await put(
        writer, (regions, "dk-p", whole), (municipalities, "dk-m", municipality("M", ("dk-p", "2005-01-01", None)))
    )
    with pytest.raises(InvalidBody, match="only while the region exists"):
        await put(writer, (regions, "dk-p", short))
    ended = municipality("M", ("dk-p", "2005-01-01", "2010-01-01"))
    assert await put(writer, (regions, "dk-p", short), (municipalities, "dk-m", ended)) == ["replaced", "replaced"]


async def test_memberships_that_touch_are_replaced(writer: Writer) -> None:
    """Parts are deleted before they are inserted: a new border between two periods is no overlap."""
    for border in ("2015-01-01", "2014-01-01", "2016-01-01"):
        moved = municipality("Ny", ("dk-1081", "2010-01-01", border), ("dk-1082", border, None))
        assert (await put(writer, (municipalities, "dk-ny", moved)))[0] in ("created", "replaced")


async def test_every_unknown_reference_is_named_with_its_pointer(writer: Writer) -> None:
    """All at once, in fields and in parts."""
    body = {
        "kind": "project",
        "title": "Prøve",
        "lead": "ingen",
        "partners": [
            {"organisation": "region-sjaelland", "role": "partner"},
            {"organisation": "nul", "role": "partner"},
        ],
        "areas": [{"municipality": "dk-9999"}],
    }
    with pytest.raises(InvalidBody) as refused:
        await put(writer, (initiatives, "proeve", validate(InitiativeData, body)))
    faults = {fault.pointer: fault.detail for fault in refused.value.faults}
    assert set(faults) == {"/lead", "/partners/1/organisation", "/areas/0/municipality"}
    assert "dk-9999" in faults["/areas/0/municipality"]


async def test_records_of_one_revision_may_name_each_other(writer: Writer) -> None:
    """In any order: references are checked when the revision is whole."""
    first = organisation("Første", owner="anden", members=[{"organisation": "anden"}])
    second = organisation("Anden", members=[{"organisation": "foerste"}])
    assert await put(writer, (organisations, "foerste", first), (organisations, "anden", second)) == ["created"] * 2


async def test_revisions_follow_the_order_of_commits(fresh: str) -> None:
    """Writers take turns: ids without a gap, instants that increase strictly, every write there."""
    async with Writer(fresh, load_settings()) as writer:
        await asyncio.gather(*(put(writer, (organisations, f"ny-{n}", organisation(f"Ny {n}"))) for n in range(30)))
    revisions = await rows(fresh, "select id, at from revision order by id")
    assert [id for id, _ in revisions] == list(range(1, 32))
    instants = [at for _, at in revisions]
    assert instants == sorted(set(instants))
    assert await value(fresh, "select count(*) from organisation where id like 'ny-%'") == 30


async def test_a_failure_midway_leaves_nothing(fresh: str, writer: Writer) -> None:
    """Neither rows nor history nor a gap in the revisions."""

    class MidwayError(Exception):
        pass

    async def fail() -> None:
        async with writer.revision(by="test") as revision:
            await revision.put(organisations, "ny", organisation("Ny"))
            raise MidwayError

    with pytest.raises(MidwayError):
        await fail()
    assert await value(fresh, "select count(*) from history.organisation where id = 'ny'") == 0
    await put(writer, (organisations, "ny", organisation("Ny")))
    assert await value(fresh, "select max(id) from revision") == 2


async def test_what_the_database_refuses_for_other_reasons_is_no_invalid_body(writer: Writer) -> None:
    """A body that passed its shape and still does not fit is our fault, and says so."""
    data = organisation("Ny").model_copy(update={"name": "nul\x00"})
    with pytest.raises(asyncpg.DataError):
        await put(writer, (organisations, "ny", data))


def test_a_body_names_each_fault_with_its_pointer() -> None:
    """All of them at once."""
    body = {"kind": "merg", "effective_on": "2027-01", "title": "", "before": [{"name": "A"}], "colour": 1}
    with pytest.raises(InvalidBody) as refused:
        validate(AreaChangeData, body)
    assert {fault.pointer for fault in refused.value.faults} == {
        "/kind",
        "/effective_on",
        "/title",
        "/before/0",
        "/colour",
    }


async def test_a_deleted_record_is_gone_and_may_come_back_as_itself(writer: Writer, own_client: AsyncClient) -> None:
    """With its parts and sources; its versions go on where they ended."""
    data = organisation("Kort", name_variants=[{"name": "K"}], sources=[{"document": "sundhedsloven", "fields": [""]}])
    await put(writer, (organisations, "kort", data))
    async with writer.revision(by="test") as revision:
        assert await revision.delete(organisations, "kort")
        assert not await revision.delete(organisations, "kort")
    answer = await own_client.get("/v1/organisations/kort")
    assert answer.status_code == 410
    assert (await own_client.get("/v1/organisations?id=kort")).status_code == 400
    assert await put(writer, (organisations, "kort", data)) == ["created"]
    back = (await own_client.get("/v1/organisations/kort")).json()
    assert (back["version"], len(back["sources"]), len(back["name_variants"])) == (3, 1, 1)


async def test_what_others_name_is_not_deleted(writer: Writer) -> None:
    """The constraint that it would break is told, and nothing is lost."""
    with pytest.raises(InvalidBody, match="region-sjaelland"):
        async with writer.revision(by="test") as revision:
            await revision.delete(organisations, "region-sjaelland")
