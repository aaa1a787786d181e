"""A revision in the making: what is put and deleted in it, with what the log says of it."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import asyncpg
from sqlalchemy import BigInteger, BindParameter, Text, any_, bindparam, cast, delete, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.db import PartRow, table_of
from app.rest.changes import ChangeRow
from app.rest.checking import Checks, Place
from app.rest.holding import Held, View
from app.rest.kind import D, Kind
from app.rest.reading import Statement
from app.rest.refusing import Refused
from app.rest.rows import Row, as_json, cells, insert_rows, update_rows
from app.rest.schema import Schema

Outcome = Literal["created", "replaced", "unchanged"]
Operation = Literal["create", "replace", "delete", "restore", "erase"]

BATCH: Final = 1000
"""How many records are written at once."""
MOST_POINTERS: Final = 100
"""Of how many records it is told that a rule is broken in one of them."""

WITHIN: Final = """
do $$
declare
    rules constant text := (
        select string_agg(quote_ident(conname), ', ')
        from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1]
        where connamespace = 'public'::regnamespace and condeferrable and contype <> 'f' and attname = 'record_id'
    );
begin
    execute 'set constraints ' || rules || ' immediate';
    execute 'set constraints ' || rules || ' deferred';
end $$
"""
"""Checks at once what the parts of one record may not be, whatever other records there are."""
REPLAN: Final = "discard plans"
"""A check of a foreign key that was planned while its table was small reads all of the table for every row."""


class Prepared(NamedTuple):
    """What writes some records of a kind, worked out: statements with their values, and what the log is to say."""

    kind: Kind[Any, Any]
    steps: Sequence[tuple[Statement, Mapping[str, Any]]]
    ops: Mapping[str, str]


class Revision(View):
    """A revision in the making."""

    def __init__(self, connection: asyncpg.Connection, id: int, at: datetime) -> None:
        super().__init__(connection)
        self.id, self.at, self.changes = id, at, 0
        self.resources: set[str] = set()
        """The names of what it has written."""
        self._checks = Checks(self)
        self._checked, self._replan_at = 0, BATCH
        self._written: dict[str, Kind[Any, Any]] = {}

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

    async def create_all(self, kind: Kind[Any, D], records: Iterable[tuple[str, D]]) -> None:
        """Create records, each with its id, of which there never were any; of any number, as with `put_all`.

        There is nothing to look up, so that a thread works out all of the next statements meanwhile.
        """
        taken = (self._prepare(kind, some, dict.fromkeys(some, Held(0, None)), "create") for some in batches(records))
        prepared = await asyncio.to_thread(next, taken, None)
        while prepared:
            await self._replan()
            await self._fill(prepared)
            # Only now, while the database is busy for longest: two threads at once would keep each of them waiting.
            following = asyncio.create_task(asyncio.to_thread(next, taken, None))
            try:
                await self._record(prepared.kind, prepared.ops)
            finally:
                prepared = await following
            await self._checks.settle()

    async def attempt(self, kind: Kind[Any, D], records: Mapping[str, D]) -> Refused | None:
        """Put records, or none of them when a rule of the database refuses any: that is told, and nothing else."""
        await self._connection.execute("savepoint attempt")
        try:
            await self._put(kind, records)
            await self._connection.execute(WITHIN)
        except asyncpg.IntegrityConstraintViolationError as error:
            await self._connection.execute("rollback to savepoint attempt")
            return await self.refused(error)
        await self._connection.execute("release savepoint attempt")
        return None

    async def refused(self, error: Any) -> Refused:
        """What a broken constraint means."""
        return await Refused.by(self._connection, error)

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

    async def check(self) -> None:
        """That every record named exists and every rule holds; whatever does not is told at once."""
        if self._checked < self.changes:
            await self._checks.finish()
            await self._connection.execute("set constraints all immediate")
            self._checked = self.changes

    async def write(
        self, kind: Kind[Any, D], records: Mapping[str, D], held: Mapping[str, Held[D]], op: Operation | None = None
    ) -> None:
        """Write records that differ from what there is of them, their parts, and what the log says of them."""
        prepared = self._prepare(kind, records, held, op)
        await self._fill(prepared)
        await self._record(prepared.kind, prepared.ops)
        await self._checks.settle()

    def pointers(self, refused: Refused) -> Iterator[tuple[str, str]]:
        """The records, and the place in each, that what is refused may stand for; none where there are too many."""
        if len(self._written) < MOST_POINTERS:
            for path, kind in self._written.items():
                yield from ((path, place) for place in refused.places(kind))

    async def _put(self, kind: Kind[Any, D], batch: Mapping[str, D]) -> Counter[Outcome]:
        """Put records that are written at once."""
        await self._replan()
        held = await self.held(kind, list(batch))
        outcomes: dict[str, Outcome] = {
            id: "unchanged" if data == held[id].data else "replaced" if held[id].data else "created"
            for id, data in batch.items()
        }
        written = {id: data for id, data in batch.items() if outcomes[id] != "unchanged"}
        if written:
            await self.write(kind, written, held)
        return Counter(outcomes.values())

    async def _replan(self) -> None:
        if self.changes >= self._replan_at:
            await self._connection.execute(REPLAN)
            self._replan_at = 2 * self.changes

    def _prepare(
        self, kind: Kind[Any, D], records: Mapping[str, D], held: Mapping[str, Held[D]], op: Operation | None
    ) -> Prepared:
        """Work out what writes records, and note what is to be checked of them."""
        table = kind.table
        steps: list[tuple[Statement, Mapping[str, Any]]] = []
        created, replaced = [], []
        for id, data in records.items():
            row = {"id": id, "version": held[id].version + 1, "updated_at": self.at, **cells(data, table)}
            if held[id].data is None:
                created.append({**row, "created_at": held[id].since or self.at})
            else:
                replaced.append(row)
            before = held[id].data
            self._checks.record(f"{kind.name}/{id}", data, row, table, cells(before, table) if before else {})
        if created:
            steps.append((insert_rows(table, tuple(created[0])), {"rows": as_json(created)}))
        if replaced:
            steps.append((update_rows(table, tuple(replaced[0])), {"rows": as_json(replaced)}))
        for name in kind.parts:
            there = {id: getattr(held[id].data, name, []) for id in records}
            lists = {id: items for id, data in records.items() if (items := getattr(data, name)) != there[id]}
            steps += self._prepare_parts(kind, name, lists, [id for id in lists if there[id]])
        return Prepared(kind, steps, {id: op or ("replace" if held[id].data else "create") for id in records})

    def _prepare_parts(
        self, kind: Kind[Any, Any], name: str, lists: Mapping[str, Sequence[Schema]], replaced: list[str]
    ) -> Iterator[tuple[Statement, Mapping[str, Any]]]:
        """Work out what writes lists of parts; those that they replace are deleted before, for periods may touch."""
        part = kind.parts[name]
        table, shared = table_of(part), kind.shares(part)
        if replaced:
            yield _delete_parts(kind, part), {"ids": replaced}
        rows: list[Row] = []
        for id, items in lists.items():
            for n, item in enumerate(items):
                row = {"record_id": id, **shared, "position": n, **cells(item, table)}
                self._checks.names(Place(f"{kind.name}/{id}", f"/{name}/{n}"), item, row, table)
                rows.append(row)
        if rows:
            yield insert_rows(table, tuple(rows[0])), {"rows": as_json(rows)}

    async def _fill(self, prepared: Prepared) -> None:
        self._written |= {f"{prepared.kind.name}/{id}": prepared.kind for id in list(prepared.ops)[:MOST_POINTERS]}
        for statement, values in prepared.steps:
            await self.rows(statement, values)

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
