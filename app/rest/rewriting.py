"""Versions told anew: what a mirror does about those that it holds, when the other register has erased something.

It does not know what was erased, only what is left. So the log becomes what is told now; the past of each table, which
has what the log has, is made from it in place; and the present from the past.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import asyncpg
from sqlalchemy import Table

from app.db import table_of
from app.rest.body import validate
from app.rest.derived import follow, unguarded, words_of
from app.rest.kind import Kind
from app.rest.rows import as_json, cells
from app.rest.schema import RecordData
from app.rest.search import SearchEntryRow

DIFFERENT: Final = """
select exists (select from jsonb_to_recordset($1::jsonb -> 'items') as told (seq bigint, value jsonb)
join change using (seq) where change.value is distinct from told.value)
"""
LOG: Final = """
update change set value = told.value
from jsonb_to_recordset($1::jsonb -> 'items') as told (seq bigint, value jsonb) where change.seq = told.seq
"""
ENTRIES: Final = "select ctid::text from history.search_entry where id = any($1)"
FOUND_BY: Final = """
update history.search_entry as entry
set title = search_title(said.resource, value), text = search_said(value)
from (
    select distinct on (resource, id, revision) * from change
    where (resource, id) in (select * from unnest($1::text[], $2::text[])) order by resource, id, revision, seq desc
) as said
where entry.id = said.resource || '/' || said.id and recorded_from = revision and value is not null
"""
NOTE: Final = 'update revision set "by" = $2, note = $3 where id = $1 and ("by", note) is distinct from ($2, $3)'

CHANGE: Final = "public.change"
REVISION: Final = "public.revision"
ENTRY: Final = table_of(SearchEntryRow)


class Told(NamedTuple):
    """A version of a record, as the other register tells it now."""

    kind: Kind[Any, Any]
    id: str
    version: int
    revision: int
    value: Any
    """None of one that was deleted."""


async def rewrite(connection: asyncpg.Connection, versions: Sequence[Told], page: str) -> bool:
    """Make versions be what is told of them on a page of the feed; tells whether any was not."""
    if not versions or not await connection.fetchval(DIFFERENT, page):
        return False
    kinds = {told.kind.name: told.kind for told in versions}
    ids = {name: sorted({told.id for told in versions if told.kind.name == name}) for name in kinds}
    paths = [f"{name}/{id}" for name in kinds for id in ids[name]]
    tables = {ENTRY, *(table for kind in kinds.values() for table in _tables(kind))}
    present, past = ({f'{schema}."{table.name}"' for table in tables} for schema in ("public", "history"))
    words = await words_of(connection, [row for (row,) in await connection.fetch(ENTRIES, paths)])
    async with unguarded(connection, present | {CHANGE}):
        await connection.execute(LOG, page)
        for told in versions:
            if told.value is not None:
                await _past(connection, told, validate(told.kind.data, told.value))
        pairs = [(told.kind.name, told.id) for told in versions]
        await connection.execute(FOUND_BY, *(list(half) for half in zip(*pairs, strict=True)))
        await follow(connection, past, words)
        await connection.execute(_from_past(ENTRY, "id", ()), paths)
        for name, kind in kinds.items():
            await connection.execute(_from_past(kind.table, "id", ()), ids[name])
            for part in kind.parts.values():
                shared = kind.shares(part)
                sql = _from_past(table_of(part), "record_id", tuple(shared))
                await connection.execute(sql, ids[name], *shared.values())
    return True


async def rename(connection: asyncpg.Connection, revisions: Iterable[Mapping[str, Any]]) -> bool:
    """Say of revisions who made them and why as it is told now; tells whether anything was different."""
    async with unguarded(connection, [REVISION]):
        done = [await connection.execute(NOTE, one["number"], one["by"], one["note"]) for one in revisions]
    return "UPDATE 1" in done


def _tables(kind: Kind[Any, Any]) -> list[Table]:
    """The tables that a record is kept in."""
    return [kind.table, *map(table_of, kind.parts.values())]


async def _past(connection: asyncpg.Connection, told: Told, data: RecordData[Any]) -> None:
    """Make the rows of a version in the past be what it says now."""
    kind = told.kind
    row = {"id": told.id, "version": told.version, **cells(data, kind.table)}
    await connection.execute(_of_version(kind.table, tuple(row)), as_json([row]))
    for name, part in kind.parts.items():
        table, shared = table_of(part), kind.shares(part)
        rows = [
            {"record_id": told.id, **shared, "position": n, **cells(item, table)}
            for n, item in enumerate(getattr(data, name))
        ]
        if rows:
            sql = _at_revision(table, tuple(rows[0]), ("record_id", *shared, "position"))
            await connection.execute(sql, as_json(rows), told.revision)


@lru_cache(maxsize=200)
def _of_version(table: Table, columns: Sequence[str]) -> str:
    return _in_twin(table, columns, ("id", "version"))


@lru_cache(maxsize=1000)
def _at_revision(table: Table, columns: Sequence[str], same: Sequence[str]) -> str:
    return f"{_in_twin(table, columns, same)} and recorded_from <= $2 and (recorded_to > $2 or recorded_to is null)"


def _in_twin(table: Table, columns: Sequence[str], same: Sequence[str]) -> str:
    """What sets the columns of those rows of a table's twin that are the same as given ones in some of them."""
    put = ", ".join(f'"{name}" = given."{name}"' for name in columns if name not in same)
    where = " and ".join(f'kept."{name}" = given."{name}"' for name in same)
    given = f'json_populate_recordset(null::public."{table.name}", $1::json) as given'
    return f'update history."{table.name}" as kept set {put} from {given} where {where}'  # noqa: S608 - names of our own


@lru_cache(maxsize=1000)
def _from_past(table: Table, key: str, shared: Sequence[str]) -> str:
    """What makes rows of a table be what the past has of them now."""
    put = ", ".join(f'"{c.name}" = was."{c.name}"' for c in table.c if c.computed is None and c.name != "id")
    where = "".join(f' and now."{name}" = ${n}' for n, name in enumerate(shared, 2))
    return (
        f'update public."{table.name}" as now set {put} from history."{table.name}" as was '  # noqa: S608 - names of our own
        f'where was.recorded_to is null and was.id = now.id and now."{key}" = any($1){where}'
    )
