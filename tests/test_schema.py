"""The schema in the database: temporal keys, twins, and migrations over history."""

from typing import Any, Final, get_args

import pytest
from sqlalchemy import ScalarSelect, select

from app.auth.keys import ApiKeyRow
from app.auth.limits import AllowanceRow
from app.db import Base
from app.migrating import mismatch
from app.resources import RESOURCES
from app.rest.changes import ChangeRow, MirrorRow, RevisionRow
from app.rest.paging import sort_key
from app.rest.query import stored_column
from app.rest.reading import Statement
from app.rest.repeating import RepeatableRow
from app.rest.resource import Resource
from app.rest.search import SearchWordRow
from tests.conftest import connected, rows, value

TEMPORAL: Final = {
    "uq_region_period": "UNIQUE (id, period WITHOUT OVERLAPS)",
    "uq_municipality_period": "UNIQUE (id, period WITHOUT OVERLAPS)",
    "uq_municipality_membership_period": "UNIQUE (record_id, period WITHOUT OVERLAPS) DEFERRABLE INITIALLY DEFERRED",
    "fk_municipality_membership_record_period": "FOREIGN KEY (record_id, PERIOD period) REFERENCES "
    "municipality(id, PERIOD period) DEFERRABLE INITIALLY DEFERRED",
    "fk_municipality_membership_region_period": "FOREIGN KEY (region_id, PERIOD period) REFERENCES "
    "region(id, PERIOD period) DEFERRABLE INITIALLY DEFERRED",
}

ADDED_TO: Final = {row.__tablename__ for row in (RevisionRow, ChangeRow, SearchWordRow)}
WITHOUT_A_PAST: Final = {row.__tablename__ for row in (ApiKeyRow, AllowanceRow, MirrorRow, RepeatableRow)}
"""What is no record, and not written by revisions."""
TRACKED: Final = sorted(set(Base.metadata.tables) - ADDED_TO - WITHOUT_A_PAST)


async def test_temporal_keys_are_as_designed(register: str) -> None:
    """Alembic cannot see them, so they are asserted here."""
    query = "select conname, pg_get_constraintdef(oid) from pg_constraint where conperiod"
    assert dict(await rows(register, query)) == TEMPORAL


async def test_every_rule_has_its_reason_in_words(register: str) -> None:
    """Whoever breaks a constraint of ours is told why by its comment."""
    query = """
        select conname from pg_constraint
        where connamespace = 'public'::regnamespace and contype in ('c', 'u', 'x')
        and obj_description(oid, 'pg_constraint') is null
    """
    assert await rows(register, query) == []


LOST: Final = {
    "municipality": [("population", "integer"), ("population_on", "date")],
    "grant_account": [("auditor", "text")],
}
"""The columns that tables no longer have, and that their twins keep."""


async def columns(url: str, schema: str, table: str) -> list[tuple[str, str]]:
    """A table's columns and their types."""
    query = f"""
        select attname, format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = '{schema}."{table}"'::regclass and attnum > 0 and not attisdropped order by attname
    """
    return [(name, kind) for name, kind in await rows(url, query)]


@pytest.mark.parametrize("table", TRACKED)
async def test_every_table_has_a_twin_and_a_view_of_the_same_columns(register: str, table: str) -> None:
    """Nothing is written unrecorded: the column lists are one, but for what a table lost and its twin keeps."""
    own = await columns(register, "public", table)
    twin = await columns(register, "history", table)
    beside = {("recorded_from", "bigint"), ("recorded_to", "bigint"), *LOST.get(table, ())}
    assert set(twin) == {*own, *beside}
    assert await columns(register, "past", table) == own
    assert sorted(c.name for c in Base.metadata.tables[table].columns) == [name for name, _ in own]


@pytest.mark.parametrize("table", TRACKED)
async def test_every_twin_holds_what_its_table_holds(register: str, table: str) -> None:
    """After loading, the current versions in history are the rows of the table."""
    names = ", ".join(f'"{name}"' for name, _ in await columns(register, "public", table))
    own, twin = f'select {names} from "{table}"', f'select {names} from history."{table}" where recorded_to is null'
    assert await value(register, f"select count(*) from ({own} except all {twin}) as d") == 0
    assert await value(register, f"select count(*) from ({twin} except all {own}) as d") == 0


async def test_a_migration_of_a_database_that_holds_history_keeps_it_readable(fresh: str) -> None:
    """A new column, another type, a lost column: the past answers as before, with the default that the rows got."""
    async with connected(fresh) as connection:
        await connection.execute("set broen.known_at = '1'")
        before = await connection.fetchval("select count(*) from past.region")
        await connection.execute("alter table region add column inhabitants bigint not null default 0")
        await connection.execute("alter table region alter column nuts_year type text using nuts_year::text")
        await connection.execute("alter table region drop column seat")
        for _ in range(2):
            await connection.execute("select track('region')")
        past = await connection.fetchrow("select * from past.region where id = 'dk-1085'")
        assert (past["inhabitants"], past["nuts_year"], past["name"]) == (0, "2021", "Region Sjælland")
        assert "seat" not in past
        assert await connection.fetchval("select seat from history.region where id = 'dk-1085'") == "Sorø"
        assert await connection.fetchval("select count(*) from past.region") == before
        async with connection.transaction():
            await connection.execute("insert into revision values (2, now(), 'test', null)")
            await connection.execute("select set_config('broen.revision', '2', true)")
            await connection.execute("update region set inhabitants = 800000, version = 2 where id = 'dk-1085'")
        seen = []
        for revision in (1, 2):
            await connection.execute(f"set broen.known_at = '{revision}'")
            seen.append(await connection.fetchval("select inhabitants from past.region where id = 'dk-1085'"))
    assert seen == [0, 800000]


async def test_a_twin_has_its_tables_indexes(register: str) -> None:
    """A question about the past finds its rows the same way."""
    query = "select indexname from pg_indexes where schemaname = '{}' and tablename = 'municipality_membership'"
    own = {name for (name,) in await rows(register, query.format("public"))}
    twin = {name for (name,) in await rows(register, query.format("history"))}
    assert own
    assert own <= twin


async def test_danish_order_folds_what_danes_fold(register: str) -> None:
    """…z, æ, ø, å; aa as å, Swedish letters with their Danish kin, accents and case folded."""
    words = ["Zebra", "Æble", "Ällevad", "Ø", "Öland", "Aalborg", "Åstorp", "éclair", "Eclair", "ü", "yver", "ABE"]
    ordered = await rows(register, f'select w from unnest(array{words}) w order by danish_order(w) collate "C", w')
    assert [w for (w,) in ordered] == [
        "ABE", "Eclair", "éclair", "ü", "yver", "Zebra", "Æble", "Ällevad", "Ø", "Öland", "Aalborg", "Åstorp",
    ]  # fmt: skip


async def test_the_schema_is_at_head(register: str) -> None:
    """And head is what the scripts say."""
    assert mismatch(await value(register, "select version_num from alembic_version")) is None


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
async def test_every_sort_has_an_index_that_it_is_read_by(register: str, resource: Resource[Any, Any]) -> None:
    """In either direction; what is computed from other tables cannot have one."""
    for sort in get_args(resource.query.model_fields["sort"].annotation):
        key = sort_key(resource.query, sort)
        if isinstance(stored_column(resource.query.sorts()[sort.removeprefix("-")]), ScalarSelect):
            continue
        order = (key.desc(), resource.table.c.id.desc()) if sort.startswith("-") else (key, resource.table.c.id)
        page = Statement(select(resource.table.c.id).order_by(*order).limit(50)).sql
        async with connected(register) as connection, connection.transaction():
            await connection.execute("set local enable_seqscan = off; set local enable_sort = off")
            plan = "\n".join(line for (line,) in await connection.fetch(f"explain {page}", 50))
        assert f"using sort_{resource.table.name}_" in plan, (sort, plan)
