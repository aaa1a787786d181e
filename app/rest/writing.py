"""Writing: one transaction is one revision, and everything that it changes is recorded.

Writers take turns (one advisory lock), so that revisions follow the order of commits and writers cannot deadlock.
A revision is checked as a whole, references and deferred constraints included, before it is committed.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import (
    Column,
    FromClause,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Range, distinct_on
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db import table_of, target_of
from app.errors import Fault, InvalidBody, bad_value
from app.rest.body import parse_json, validate
from app.rest.changes import ChangeRow, RevisionRow
from app.rest.dates import Period
from app.rest.resource import D, Resource
from app.rest.schema import RecordPath, Schema
from app.rest.sources import dangling
from app.rest.view import Parts, kind_of

Outcome = Literal["created", "replaced", "unchanged"]

LOCK: Final = (
    text("set local statement_timeout = 0"),  # a turn may be waited for as long as any lock
    text("select pg_advisory_xact_lock(hashtextextended('broen.revision', 0))"),
    text("set local statement_timeout to default"),
)
OPEN: Final = text("""
    insert into revision (id, at, by, note)
    select coalesce(max(id), 0) + 1, greatest(clock_timestamp(), max(at) + interval '1 microsecond'), :by, :note
    from (select id, at from revision order by id desc limit 1) as last
    returning id, at, set_config('broen.revision', id::text, true)
""")
"""Taken after the lock, so that `at` follows the order of commits too; the setting tells the history triggers."""
REASON: Final = text("select obj_description(oid, 'pg_constraint') from pg_constraint where conname = :name")


class Writer:
    """The only way to change the register."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def revision(self, by: str, note: str | None = None) -> AsyncIterator["Revision"]:
        """A transaction that is one revision: committed at the end, unless it changed nothing or failed."""
        try:
            async with self._engine.connect() as connection, connection.begin() as transaction:
                for statement in LOCK:
                    await connection.execute(statement)
                opened = (await connection.execute(OPEN, {"by": by, "note": note})).one()
                revision = Revision(connection, opened.id, opened.at)
                yield revision
                await revision.check()
                if not revision.changes:
                    await transaction.rollback()
        except IntegrityError as error:
            raise await self._refusal(error) from error

    async def _refusal(self, error: IntegrityError) -> InvalidBody:
        """What a broken constraint means: the comment that its migration gave it, and the row that broke it."""
        cause: Any = error.orig.__cause__ if error.orig else None
        name = getattr(cause, "constraint_name", None)
        async with self._engine.connect() as connection:
            reason = (await connection.execute(REASON, {"name": name})).scalar()
        return InvalidBody(
            " ".join(filter(None, (reason or f"The rule {name} is broken.", getattr(cause, "detail", None))))
        )


class LastChange(NamedTuple):
    """The latest entry of the change log about one record."""

    by: str
    value: str | None
    """The record as stored, as JSON; None when it was deleted."""


class Reference(NamedTuple):
    """That a body names another record."""

    target: Column[Any]
    id: str
    pointer: str


class Revision:
    """A revision in the making."""

    def __init__(self, connection: AsyncConnection, id: int, at: datetime) -> None:
        self.id, self.at, self.changes = id, at, 0
        self._connection = connection
        self._references: list[Reference] = []
        self._put: dict[Table, list[str]] = {}
        self._paths: dict[str, str] = {}
        self._faults: list[Fault] = []

    async def put(self, resource: Resource[Any, D], id: str, data: D) -> Outcome:
        """Make a record be `data`: create it, replace it, or leave it when it is that already."""
        table = resource.table
        held = await self.stored(resource, id)
        if held == data:
            return "unchanged"
        self._faults += dangling(data)
        values = {"updated_at": self.at, **cells(data, table, resource.parts)}
        self._references += references(values, table)
        self._put.setdefault(table, []).append(id)
        if held is None:
            earlier = select(func.coalesce(func.max(ChangeRow.version), 0)).where(
                ChangeRow.resource == resource.name, ChangeRow.id == id
            )
            values |= {"id": id, "version": earlier.scalar_subquery() + 1, "created_at": self.at}
            await self._connection.execute(insert(table).values(values))
        else:
            values["version"] = table.c.version + 1
            await self._connection.execute(update(table).where(table.c.id == id).values(values))
        for name, part in resource.parts.items():
            items: Sequence[Schema] = getattr(data, name)
            if items != (getattr(held, name) if held else []):
                owner = resource.owner_of_parts(part, id)
                await self._put_parts(table_of(part), owner, name, items, replace=held is not None)
        await self._record(resource, id, "create" if held is None else "replace")
        return "created" if held is None else "replaced"

    async def stored(self, resource: Resource[Any, D], id: str) -> D | None:
        """A record as it is stored now; None when there is none."""
        query = select(cast(resource.stored, Text)).where(resource.table.c.id == id)
        found = (await self._connection.execute(query)).scalar()
        return None if found is None else validate(resource.data, parse_json(found.encode()))

    async def latest(self) -> dict[tuple[str, str], LastChange]:
        """What was last done to every record, by the name of its resource and its id."""
        query = (
            select(ChangeRow.resource, ChangeRow.id, RevisionRow.by, cast(ChangeRow.value, Text))
            .join(RevisionRow, RevisionRow.id == ChangeRow.revision)
            .ext(distinct_on(ChangeRow.resource, ChangeRow.id))
            .order_by(ChangeRow.resource, ChangeRow.id, ChangeRow.version.desc())
        )
        found = await self._connection.execute(query)
        return {(resource, id): LastChange(by, value) for resource, id, by, value in found}

    async def check(self) -> None:
        """That every record named exists and every rule holds; whatever does not is told at once."""
        faults = list(self._faults)
        for target in {reference.target for reference in self._references}:
            named = [reference for reference in self._references if reference.target is target]
            ids = bindparam("ids", list({reference.id for reference in named}), type_=ARRAY(Text))
            given = func.unnest(ids).column_valued("given")
            unknown = set(await self._connection.scalars(select(given).where(~exists().where(target == given))))
            missing = f"among the {target.table.name} records"
            faults += [bad_value(r.pointer, f"There is no {r.id} {missing}") for r in named if r.id in unknown]
        faults += await self._unknown_paths()
        faults += await self._circles()
        if faults:
            raise InvalidBody(faults=faults)
        await self._connection.execute(text("set constraints all immediate"))

    async def _unknown_paths(self) -> list[Fault]:
        """A fault for each path that leads to no record: the change log knows every record that there is."""
        if not self._paths:
            return []
        named = [(resource, id) for resource, _, id in (path.rpartition("/") for path in self._paths)]
        pairs = func.unnest(*(bindparam(None, list(half), type_=ARRAY(Text)) for half in zip(*named, strict=True)))
        given = pairs.table_valued("resource", "id").render_derived()
        known = exists().where(ChangeRow.resource == given.c.resource, ChangeRow.id == given.c.id)
        unknown = await self._connection.execute(select(given.c.resource, given.c.id).where(~known))
        return [bad_value(self._paths[f"{r}/{id}"], f"There is no record {r}/{id}") for r, id in unknown]

    async def _circles(self) -> list[Fault]:
        """A fault for each record that is above itself, by any column in which records of a table name each other."""
        own = [
            (table, column)
            for table in self._put
            for column in table.c
            if (target := target_of(column)) is not None and target.table is table
        ]
        faults = []
        for table, column in own:
            begun = table.c.id == any_(bindparam("ids", self._put[table], type_=ARRAY(Text)))
            way = select(table.c.id.label("start"), column.label("id")).where(begun).cte(recursive=True)
            way = way.union(select(way.c.start, column).join(table, table.c.id == way.c.id))
            circle = await self._connection.scalars(select(way.c.start).where(way.c.start == way.c.id))
            name = column.name.removesuffix("_id")
            faults += [bad_value(f"/{name}", f"{id} would come before itself by way of {name}") for id in circle]
        return faults

    async def _put_parts(
        self, table: Table, owner: dict[str, Any], name: str, items: Sequence[Schema], *, replace: bool
    ) -> None:
        """Replace a record's parts; deleted before they are inserted, for their periods may touch."""
        if replace:
            await self._connection.execute(
                delete(table).where(*(table.c[column] == value for column, value in owner.items()))
            )
        rows = [{**owner, "position": n, **cells(item, table)} for n, item in enumerate(items)]
        for n, (row, item) in enumerate(zip(rows, items, strict=True)):
            self._references += references(row, table, f"/{name}/{n}")
            self._paths |= paths(item, f"/{name}/{n}")
        if rows:
            await self._connection.execute(insert(table), rows)

    async def _record(self, resource: Resource[Any, Any], id: str, op: str) -> None:
        table = resource.table
        value = cast(resource.stored, JSONB)
        change = select(literal(self.id), literal(resource.name), table.c.id, table.c.version, literal(op), value)
        names = ["revision", "resource", "id", "version", "op", "value"]
        await self._connection.execute(insert(ChangeRow).from_select(names, change.where(table.c.id == id)))
        self.changes += 1


def cells(data: Schema, table: FromClause, parts: Parts | None = None) -> dict[str, Any]:
    """The columns that a shape fills, and their values."""
    filled: dict[str, Any] = {}
    for name, info in type(data).model_fields.items():
        value, kind = getattr(data, name), kind_of(info.annotation)
        if name in (parts or {}):
            continue
        if kind is Period and name in table.c:
            filled[name] = value and Range(value.start, value.end)
        elif isinstance(kind, type) and issubclass(kind, Schema):
            filled |= {f"{name}_{inner}": value and getattr(value, inner) for inner in kind.model_fields}
        else:
            filled[name if name in table.c else f"{name}_id"] = value
    return filled


def references(values: Mapping[str, Any], table: FromClause, pointer: str = "") -> list[Reference]:
    """The records that a row names."""
    return [
        Reference(target, value, f"{pointer}/{name.removesuffix('_id')}")
        for name, value in values.items()
        if value is not None
        if name not in ("record_id", "position", "resource")
        if (target := target_of(table.c[name])) is not None
    ]


def paths(item: Schema, pointer: str) -> dict[str, str]:
    """The records of any resource that a part names, and where it names them."""
    return {
        path: f"{pointer}/{name}/{n}"
        for name, info in type(item).model_fields.items()
        if info.annotation == list[RecordPath]
        for n, path in enumerate(getattr(item, name))
    }
