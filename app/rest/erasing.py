"""Erasing a person's details: looked for in every column of every table, taken out of each, and noted in the log.

Which tables and columns there are the database says: those that are made tomorrow are looked through as well. All is
one transaction and one revision. What the log says of it is an entry `erase` for each record of which any version held
a detail: the record as it is without, under a new version, so that whoever holds copies knows which. Ids stay as they
are, and so does what refers to them: they are in the hands of others, and never given to anything else.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

import asyncpg

from app.auth import Caller
from app.away import told
from app.db import Base, target_of
from app.errors import Conflict, Fault, Forbidden, InvalidBody, bad_value
from app.rest.body import parse_json, validate
from app.rest.derived import follow, unguarded, words_of
from app.rest.details import Details
from app.rest.kind import Kind
from app.rest.reading import session
from app.rest.revision import BATCH, Revision
from app.rest.writing import OPEN, PATIENT_TURN, author, end, refuse_mirrored

Kinds = Mapping[str, Kind[Any, Any]]
Row = tuple[str, str]
"""A row of a table: the table with its schema, and where in it the row stands."""

READ: Final = {"text": "::text", "texts": "::text[]", "json": "::text", "bytes": ""}
"""How the columns are read that hold one or the other."""
LIKELY: Final = dict.fromkeys(("json", "bytea"), "$1::text is not null")
"""What may have letters in other forms than their own, and is looked through whatever it seems to hold."""
NOT_OWNED: Final = (
    "This takes the role that owns the schema, as migrating does: set BROEN_MIGRATION_DATABASE_URL. "
    "The role that serves cannot change what is in the log."
)
FETCHED: Final = 500
"""How many rows are looked through at a time."""
OWNED: Final = "select pg_has_role(relowner, 'usage') from pg_class where oid = 'change'::regclass"
COLUMNS: Final = """
select format('%I.%I', nspname, relname) as table, format('%I', attname) as column, holds, type
from pg_namespace n
join pg_class c on relnamespace = n.oid
join pg_attribute a on attrelid = c.oid and attnum > 0 and not attisdropped
join pg_type own on own.oid = atttypid
join pg_type base on base.oid = coalesce(nullif(own.typbasetype, 0), own.oid)
left join pg_type item on item.oid = base.typelem and base.typcategory = 'A',
lateral (select format_type(atttypid, atttypmod) as type, case
    when base.typcategory = 'S' then 'text'
    when item.typcategory = 'S' then 'texts'
    when base.typname in ('json', 'jsonb') then 'json'
    when base.typname = 'bytea' then 'bytes'
    when coalesce(item.typcategory, base.typcategory) not in ('B', 'D', 'E', 'G', 'N', 'R', 'T', 'V')
        and base.typname <> 'uuid' then 'unknown' end as holds)
where nspname in ('public', 'history') and relkind = 'r' and relname <> 'search_word' and holds is not null
and not exists (
    select from pg_attribute made where made.attrelid = to_regclass(format('public.%I', relname))
    and made.attname = a.attname and made.attgenerated <> ''
)
order by nspname, relname, attnum
"""
"""The columns of all tables that may hold words. What a table makes of others is made anew afterwards, as are words."""
FIRST_WRITTEN: Final = """
select distinct on (revision) resource, id from change where revision = any($1::bigint[]) order by revision, seq
"""
GONE: Final = """
insert into change (revision, resource, id, version, op, replaced_by)
select $1, resource, id, version + 1, 'erase', replaced_by
from (
    select distinct on (resource, id) * from change
    where (resource, id) in (select * from unnest($2::text[], $3::text[])) order by resource, id, version desc
) as last where value is null order by resource, id
"""
"""What the log says of records that were deleted before."""
IDS: Final = frozenset(
    ("id", "resource", "path", "about", "replaced_by", "organisations", "by_organisations", "Location")
)
"""What holds ids, or paths that end with one, beside what refers to a record by itself."""
NAMES: Final = ("resource", "record_id", "id", "version", "revision", "recorded_from", "prefix", "created_at")
"""The columns that tell a person which row it is, where a table has them."""


class Found(NamedTuple):
    """A value that holds a detail."""

    row: Row
    column: str
    cast: str
    """How it is written."""
    said: Any
    """The value: a text, texts, a text of JSON, or bytes."""
    erased: Any
    """The same without."""
    of: Mapping[str, Any]
    """What tells which row it is."""

    @property
    def table(self) -> str:
        """The table, with its schema."""
        return self.row[0]


class Erased(NamedTuple):
    """What an erasure did."""

    found: Sequence[Found]
    revision: int | None
    """Its revision; None where nothing that is said to anybody held a detail."""
    records: Sequence[tuple[str, str]]
    """The records that it wrote, by their resources and ids."""


@asynccontextmanager
async def owner(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that may look into everything; Forbidden for a role that does not own the tables."""
    limits = session("broen erases", statement_timeout=0) | {"synchronous_commit": "on"}
    with told():
        connection = await asyncpg.connect(url, timeout=10, server_settings=limits)
        try:
            if not await connection.fetchval(OWNED):
                raise Forbidden(NOT_OWNED)
            yield connection
        finally:
            await end(connection)


async def find(connection: asyncpg.Connection, details: Details) -> list[Found]:
    """Every value that holds a detail, in the order of tables and rows, as things are in a transaction."""
    columns = await connection.fetch(COLUMNS)
    if unknown := [f"{one['table']}.{one['column']}" for one in columns if one["holds"] == "unknown"]:
        raise Conflict(f"Whether it holds words of a person is not known of {', '.join(unknown)}.")
    found = []
    for table, those in groupby(columns, key=itemgetter("table")):
        found += await _find(connection, details, table, list(those))
    return found


async def erase(
    connection: asyncpg.Connection, kinds: Kinds, details: Details, by: Caller, note: str | None, *, trial: bool = False
) -> Erased:
    """Take the details out of everything, in one revision that says so, or not at all."""
    await connection.execute(PATIENT_TURN)
    try:
        found = await _erase(connection, kinds, details)
        erased = await _note(connection, kinds, found, (*author(by), note))
        await connection.execute("rollback" if trial else "commit")
    except asyncpg.IntegrityConstraintViolationError as error:
        await connection.execute("rollback")
        raise Conflict(f"Without the details a rule would be broken: {error}") from error
    except BaseException:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.execute("rollback")
        raise
    return erased


async def _erase(connection: asyncpg.Connection, kinds: Kinds, details: Details) -> list[Found]:
    """Take the details out of everything that holds them; nothing does afterwards."""
    refuse_mirrored(await connection.fetchval("select source from mirror"))
    found = await find(connection, details)
    _refuse_broken(kinds, found)
    await _rewrite(connection, found)
    if left := await find(connection, details):
        raise Conflict(f"{left[0].table}.{left[0].column} was written meanwhile: nothing was erased. Try again.")
    return found


async def _find(
    connection: asyncpg.Connection, details: Details, table: str, columns: Sequence[asyncpg.Record]
) -> list[Found]:
    """The values of a table."""
    ids = _ids()
    how: dict[str, Callable[[Any], Any]] = {
        "json": partial(details.erased_json, ids=ids),
        "bytes": partial(details.erased_bytes, ids=ids),
    }
    texts = partial(_each, details.erased), partial(_each, details.erased_but_ids)
    found = []
    chosen = ", ".join(f"{one['column']}{READ[one['holds']]}" for one in columns)
    likely = " or ".join(LIKELY.get(one["type"], f'{one["column"]}::text collate "C" ~* $1') for one in columns)
    some = f"select ctid::text, {chosen} from {table} where {likely}"  # noqa: S608 - the database's own names
    async for row, *values in connection.cursor(some, details.likely, prefetch=FETCHED):
        for one, said in zip(columns, values, strict=True):
            without = how.get(one["holds"], texts[one["column"].strip('"') in ids])
            if said is not None and (erased := without(said)) != said:
                cast = f"::text::{one['type']}" if one["holds"] == "json" else READ[one["holds"]]
                found.append(Found((table, row), one["column"], cast, said, erased, {}))
    which = f"select to_json(found)::text from {table} as found where ctid = $1::text::tid"  # noqa: S608
    return [one._replace(of=_names(await connection.fetchval(which, one.row[1]))) for one in found]


@lru_cache(maxsize=1)
def _ids() -> frozenset[str]:
    """What columns are called that hold ids of records, and the members of JSON that do."""
    columns = [c.name for table in Base.metadata.tables.values() for c in table.c if target_of(c) is not None]
    return IDS.union(columns, (name.removesuffix("_id") for name in columns))


def _each(erased: Callable[[str], str], said: Any) -> Any:
    """A text without, or a list of texts, or of lists of them."""
    return [_each(erased, one) for one in said] if isinstance(said, list) else said and erased(said)


def _names(row: str | None) -> dict[str, Any]:
    """What tells a person which row it is; nothing of one that is gone meanwhile."""
    values = json.loads(row or "{}")
    return {name: values[name] for name in NAMES if name in values}


def _refuse_broken(kinds: Kinds, found: Iterable[Found]) -> None:
    """Conflict when a version of a record that has its shape would not have it any more."""
    faults: list[Fault] = []
    for one in found:
        if (one.table, one.column) != ("public.change", "value") or one.of["resource"] not in kinds:
            continue
        shape = kinds[one.of["resource"]].data
        with suppress(InvalidBody):
            validate(shape, parse_json(one.said.encode()))
            try:
                validate(shape, parse_json(one.erased.encode()))
            except InvalidBody as error:
                path = f"{one.of['resource']}/{one.of['id']}"
                faults += [bad_value(fault.pointer or "", fault.detail, path) for fault in error.faults]
    if faults:
        says = f"Nothing was erased, for what is left would be no record: {'; '.join(map(str, faults))}"
        raise Conflict(says, faults)


async def _rewrite(connection: asyncpg.Connection, found: Sequence[Found]) -> None:
    """Put what is left in place of what was found, and make anew what follows from it."""
    tables = dict.fromkeys(one.table for one in found)
    entries = [one.row[1] for one in found if one.table == "history.search_entry"]
    words = await words_of(connection, entries)
    async with unguarded(connection, tables):
        for (table, row), values in groupby(found, key=lambda one: one.row):
            ones = list(values)
            put = ", ".join(f"{one.column} = ${n}{one.cast}" for n, one in enumerate(ones, 2))
            change = f"update {table} set {put} where ctid = $1::text::tid"  # noqa: S608
            done = await connection.execute(change, row, *(one.erased for one in ones))
            if done != "UPDATE 1":
                raise Conflict(f"{table} was written meanwhile: nothing was erased. Try again.")
        await follow(connection, tables, words)


async def _note(
    connection: asyncpg.Connection, kinds: Kinds, found: Sequence[Found], by: tuple[str, list[str] | None, str | None]
) -> Erased:
    """Say in the log of which records something was erased."""
    revisions = [one.of["id"] for one in found if one.table == "public.revision"]
    touched = {(one.of["resource"], one.of["id"]) for one in found if one.table == "public.change"}
    touched |= {tuple(row) for row in await connection.fetch(FIRST_WRITTEN, revisions)}
    if not touched:
        return Erased(found, None, [])
    opened = await connection.fetchrow(OPEN, *by)
    revision = Revision(connection, opened["id"], opened["at"])
    for name, kind in kinds.items():
        ids = sorted(id for resource, id in touched if resource == name)
        for n in range(0, len(ids), BATCH):
            held = await revision.held(kind, ids[n : n + BATCH])
            there = {id: one.data for id, one in held.items() if one.data is not None}
            if there:
                await revision.write(kind, there, held, "erase")
    await connection.execute(GONE, revision.id, *(list(half) for half in zip(*sorted(touched), strict=True)))
    await revision.check()
    return Erased(found, revision.id, sorted(touched))
