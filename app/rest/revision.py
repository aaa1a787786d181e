"""A revision in the making: what is put and deleted in it, with what the log says of it."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Generic, Literal, NamedTuple

import asyncpg
from sqlalchemy import BigInteger, BindParameter, Text, any_, bindparam, cast, delete, func, insert, select, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.db import PartRow, table_of
from app.rest.body import parse_json, validate
from app.rest.changes import ChangeRow, RevisionRow
from app.rest.checking import Checks, Place
from app.rest.kind import D, Kind
from app.rest.reading import Statement
from app.rest.rows import Row, as_json, cells, insert_rows, update_rows
from app.rest.schema import Schema

Outcome = Literal["created", "replaced", "unchanged"]
Operation = Literal["create", "replace", "delete", "restore"]

BATCH: Final = 1000
"""How many records are written at once."""
MOST_POINTERS: Final = 100
"""Of how many records it is told that a rule is broken in one of them."""

REPLAN: Final = "discard plans"
"""A check of a foreign key that was planned while its table was small reads all of the table for every row."""


class LastChange(NamedTuple):
    """The latest entry of the change log about one record."""

    by: str
    value: str | None
    """The record as stored, as JSON; None when it was deleted."""


class Held(NamedTuple, Generic[D]):
    """What there is of a record before it is written."""

    version: int
    """Its last version; 0 when there never was one."""
    data: D | None
    """The record as it is stored; None when there is none."""


class Revision:
    """A revision in the making."""

    def __init__(self, connection: asyncpg.Connection, id: int, at: datetime) -> None:
        self.id, self.at, self.changes = id, at, 0
        self.resources: set[str] = set()
        """The names of what it has written."""
        self._connection = connection
        self._checks = Checks(self)
        self._checked, self._replan_at = 0, BATCH
        self._written: dict[str, Kind[Any, Any]] = {}

    async def row(self, statement: Statement, values: Mapping[str, Any]) -> asyncpg.Record | None:
        """The first row that a statement gives, as things are in this revision."""
        return next(iter(await self.rows(statement, values)), None)

    async def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        """The rows that a statement gives."""
        found: list[asyncpg.Record] = await self._connection.fetch(statement.sql, *statement.arguments(values))
        return found

    async def put(self, kind: Kind[Any, D], id: str, data: D) -> Outcome:
        """Make a record be `data`: create it, replace it, or leave it when it is that already."""
        (outcome,) = await self._put(kind, {id: data})
        return outcome

    async def put_all(self, kind: Kind[Any, D], records: Iterable[tuple[str, D]]) -> Counter[Outcome]:
        """Put records, each with its id; tells how many were created, replaced and left.

        There may be any number of them. Some are written at a time, with one statement a table, while a thread takes
        the next from the iterable: reading and checking what comes in need not wait for the database.
        """
        outcomes: Counter[Outcome] = Counter()
        taken = batches(records)
        batch = next(taken, None)
        while batch:
            following = asyncio.create_task(asyncio.to_thread(next, taken, None))
            try:
                outcomes += await self._put(kind, batch)
            finally:
                batch = await following
        return outcomes

    async def delete(self, kind: Kind[Any, Any], id: str, replaced_by: str | None = None) -> bool:
        """Delete a record and its parts; tells whether there was one. Its id is never given to anything else."""
        held = (await self.held(kind, [id]))[id]
        if held.data is None:
            return False
        for part in kind.parts.values():
            await self.rows(_delete_parts(kind, part), {"ids": [id]})
        await self.rows(_delete(kind), {"id": id})
        entry = {"revision": self.id, "id": id, "version": held.version + 1, "replaced_by": replaced_by}
        await self._record_deletion(kind, entry)
        self.changes += 1
        self.resources.add(kind.name)
        return True

    async def latest(self, records: Sequence[tuple[str, str]]) -> dict[tuple[str, str], LastChange]:
        """What was last done to each of these records, by the name of its resource and its id."""
        resources, ids = (list(half) for half in zip(*records, strict=True))
        found = await self.rows(_latest(), {"resources": resources, "ids": ids})
        return {(row["resource"], row["id"]): LastChange(row["by"], row["value"]) for row in found}

    async def last(self, kind: Kind[Any, Any], id: str) -> str | None:
        """The last value of a record that has been deleted, as JSON; None when there never was one."""
        row = await self.row(_last(), {"resource": kind.name, "id": id})
        return row and row["value"]

    async def check(self) -> None:
        """That every record named exists and every rule holds; whatever does not is told at once."""
        if self._checked < self.changes:
            await self._checks.finish()
            await self._connection.execute("set constraints all immediate")
            self._checked = self.changes

    async def held(self, kind: Kind[Any, D], ids: list[str]) -> dict[str, Held[D]]:
        """What there is of each of these records."""
        return {
            row["id"]: Held(
                row["version"],
                None if row["value"] is None else validate(kind.data, parse_json(row["value"].encode())),
            )
            for row in await self.rows(_held(kind), {"ids": ids})
        }

    async def write(
        self, kind: Kind[Any, D], records: Mapping[str, D], held: Mapping[str, Held[D]], op: Operation | None = None
    ) -> None:
        """Write records that differ from what there is of them, their parts, and what the log says of them."""
        table = kind.table
        created, replaced = [], []
        for id, data in records.items():
            row = {"id": id, "version": held[id].version + 1, "updated_at": self.at, **cells(data, table)}
            if held[id].data is None:
                created.append({**row, "created_at": self.at})
            else:
                replaced.append(row)
            before = held[id].data
            self._checks.record(f"{kind.name}/{id}", data, row, table, cells(before, table) if before else {})
        if created:
            await self.rows(insert_rows(table, tuple(created[0])), {"rows": as_json(created)})
        if replaced:
            await self.rows(update_rows(table, tuple(replaced[0])), {"rows": as_json(replaced)})
        for name in kind.parts:
            there = {id: getattr(held[id].data, name, []) for id in records}
            lists = {id: items for id, data in records.items() if (items := getattr(data, name)) != there[id]}
            await self._put_parts(kind, name, lists, [id for id in lists if there[id]])
        await self._record(kind, {id: op or ("replace" if held[id].data else "create") for id in records})
        self._written |= {f"{kind.name}/{id}": kind for id in list(records)[:MOST_POINTERS]}
        await self._checks.settle()

    def pointers(self, table: str) -> Iterator[tuple[str, str]]:
        """The records, and the place in each, that a row of a table may stand for; none where there are too many."""
        if len(self._written) < MOST_POINTERS:
            for path, kind in self._written.items():
                names = [name for name, part in kind.parts.items() if part.__tablename__ == table]
                yield from ((path, f"/{name}") for name in names)
                if kind.table.name == table:
                    yield path, ""

    async def _put(self, kind: Kind[Any, D], batch: Mapping[str, D]) -> Counter[Outcome]:
        """Put records that are written at once."""
        if self.changes >= self._replan_at:
            await self._connection.execute(REPLAN)
            self._replan_at = 2 * self.changes
        held = await self.held(kind, list(batch))
        outcomes: dict[str, Outcome] = {
            id: "unchanged" if data == held[id].data else "replaced" if held[id].data else "created"
            for id, data in batch.items()
        }
        written = {id: data for id, data in batch.items() if outcomes[id] != "unchanged"}
        if written:
            await self.write(kind, written, held)
        return Counter(outcomes.values())

    async def _put_parts(
        self, kind: Kind[Any, Any], name: str, lists: Mapping[str, Sequence[Schema]], replaced: list[str]
    ) -> None:
        """Write lists of parts; those that they replace are deleted before, for their periods may touch."""
        part = kind.parts[name]
        table, shared = table_of(part), kind.shares(part)
        if replaced:
            await self.rows(_delete_parts(kind, part), {"ids": replaced})
        rows: list[Row] = []
        for id, items in lists.items():
            for n, item in enumerate(items):
                row = {"record_id": id, **shared, "position": n, **cells(item, table)}
                self._checks.names(Place(f"{kind.name}/{id}", f"/{name}/{n}"), item, row, table)
                rows.append(row)
        if rows:
            await self.rows(insert_rows(table, tuple(rows[0])), {"rows": as_json(rows)})

    async def _record_deletion(self, kind: Kind[Any, Any], entry: Mapping[str, Any]) -> None:
        await self.rows(_record_deletion(kind), entry)

    async def _record(self, kind: Kind[Any, Any], ops: Mapping[str, str]) -> None:
        """Add to the change log what was done to records, with each as it is stored now."""
        await self.rows(
            _record(kind), {"revision": self.id, "resource": kind.name, "ids": list(ops), "ops": list(ops.values())}
        )
        self.changes += len(ops)
        self.resources.add(kind.name)


def batches(records: Iterable[tuple[str, D]]) -> Iterator[dict[str, D]]:
    """Records by their ids, some at a time; one that comes twice is in two batches, for it is written twice."""
    batch: dict[str, D] = {}
    for id, data in records:
        if len(batch) == BATCH or id in batch:
            yield batch
            batch = {}
        batch[id] = data
    if batch:
        yield batch


def _texts(name: str) -> Any:
    return bindparam(name, type_=ARRAY(Text))


@lru_cache(maxsize=200)
def _held(kind: Kind[Any, Any]) -> Statement:
    given = func.unnest(_texts("ids")).column_valued("given")
    version = select(func.coalesce(func.max(ChangeRow.version), 0)).where(
        ChangeRow.resource == kind.name, ChangeRow.id == given
    )
    stored = select(cast(kind.stored, Text)).where(kind.table.c.id == given)
    return Statement(
        select(given.label("id"), version.scalar_subquery().label("version"), stored.scalar_subquery().label("value"))
    )


@lru_cache(maxsize=1)
def _latest() -> Statement:
    given = func.unnest(_texts("resources"), _texts("ids")).table_valued("resource", "id").render_derived()
    last = (
        select(ChangeRow.revision, ChangeRow.value)
        .where(ChangeRow.resource == given.c.resource, ChangeRow.id == given.c.id)
        .order_by(ChangeRow.version.desc())
        .limit(1)
        .lateral("last")
    )
    return Statement(
        select(given.c.resource, given.c.id, RevisionRow.by, cast(last.c.value, Text).label("value"))
        .select_from(given.join(last, true()))
        .join(RevisionRow, RevisionRow.id == last.c.revision)
    )


@lru_cache(maxsize=1)
def _last() -> Statement:
    """What a record was before it was deleted."""
    this = (ChangeRow.resource == bindparam("resource", type_=Text()), ChangeRow.id == bindparam("id", type_=Text()))
    values = select(cast(ChangeRow.value, Text).label("value")).where(*this, ChangeRow.value.is_not(None))
    return Statement(values.order_by(ChangeRow.version.desc()).limit(1))


@lru_cache(maxsize=200)
def _record(kind: Kind[Any, Any]) -> Statement:
    given = func.unnest(_texts("ids"), _texts("ops")).table_valued("id", "op", with_ordinality="number")
    given = given.render_derived()
    table, value = kind.table, cast(kind.stored, JSONB)
    revision: BindParameter[int] = bindparam("revision", type_=BigInteger())
    name: BindParameter[str] = bindparam("resource", type_=Text())
    change = (
        select(revision, name, table.c.id, table.c.version, given.c.op, value)
        .join_from(given, table, table.c.id == given.c.id)
        .order_by(given.c.number)
    )
    return Statement(insert(ChangeRow).from_select(["revision", "resource", "id", "version", "op", "value"], change))


@lru_cache(maxsize=200)
def _record_deletion(kind: Kind[Any, Any]) -> Statement:
    given: dict[str, Any] = {name: bindparam(name) for name in ("revision", "id", "version", "replaced_by")}
    return Statement(insert(ChangeRow).values(**given, resource=kind.name, op="delete"))


@lru_cache(maxsize=200)
def _delete(kind: Kind[Any, Any]) -> Statement:
    return Statement(delete(kind.table).where(kind.table.c.id == bindparam("id", type_=Text())))


@lru_cache(maxsize=1000)
def _delete_parts(kind: Kind[Any, Any], part: type[PartRow]) -> Statement:
    table = table_of(part)
    shared = (table.c[column] == value for column, value in kind.shares(part).items())
    return Statement(delete(table).where(table.c.record_id == any_(_texts("ids")), *shared))
