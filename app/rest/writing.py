"""Writing: one transaction is one revision, and everything that it changes is recorded.

Writers take turns (one advisory lock), so that revisions follow the order of commits and writers cannot deadlock.
A revision is checked as a whole, references and deferred constraints included, before it is committed.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, Generic, Literal, NamedTuple

from sqlalchemy import Text, any_, bindparam, cast, delete, func, insert, literal, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.auth import Caller
from app.db import table_of
from app.errors import InvalidBody
from app.rest.body import parse_json, validate
from app.rest.changes import ChangeRow, RevisionRow
from app.rest.checking import Checks, Place
from app.rest.resource import D, Resource
from app.rest.rows import cells, insert_rows, update_rows
from app.rest.schema import Schema

Outcome = Literal["created", "replaced", "unchanged"]

BATCH: Final = 1000
"""How many records are written at once."""

LOCK: Final = (
    text("set local statement_timeout = 0"),  # a turn may be waited for as long as any lock
    text("select pg_advisory_xact_lock(hashtextextended('broen.revision', 0))"),
)
HURRY: Final = text("set local statement_timeout to default")
REPLAN: Final = text("discard plans")
"""A check of a foreign key that was planned while its table was small reads all of the table for every row."""
OPEN: Final = text("""
    insert into revision (id, at, by, note, by_organisations)
    select coalesce(max(id), 0) + 1, greatest(clock_timestamp(), max(at) + interval '1 microsecond'), :by, :note, :of
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
    async def revision(
        self, by: str | Caller, note: str | None = None, *, patient: bool = False
    ) -> AsyncIterator["Revision"]:
        """A transaction that is one revision: committed at the end, unless it changed nothing or failed.

        It is by a caller, or by a part of the service under its own name. A patient one may write any number of
        records: its statements take the time that they need.
        """
        try:
            async with self._engine.connect() as connection, connection.begin() as transaction:
                for statement in LOCK if patient else (*LOCK, HURRY):
                    await connection.execute(statement)
                opened = (await connection.execute(OPEN, {**author(by), "note": note})).one()
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


def author(by: str | Caller) -> dict[str, object]:
    """What a revision says of who made it."""
    if isinstance(by, str):
        return {"by": by, "of": None}
    return {"by": by.name, "of": sorted(by.organisations) or None}


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

    def __init__(self, connection: AsyncConnection, id: int, at: datetime) -> None:
        self.id, self.at, self.changes = id, at, 0
        self._connection = connection
        self._checks = Checks(connection)
        self._replan_at = BATCH

    async def put(self, resource: Resource[Any, D], id: str, data: D) -> Outcome:
        """Make a record be `data`: create it, replace it, or leave it when it is that already."""
        (outcome,) = await self._put(resource, {id: data})
        return outcome

    async def put_all(self, resource: Resource[Any, D], records: Iterable[tuple[str, D]]) -> Counter[Outcome]:
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
                outcomes += await self._put(resource, batch)
            finally:
                batch = await following
        return outcomes

    async def delete(self, resource: Resource[Any, Any], id: str) -> bool:
        """Delete a record and its parts; tells whether there was one. Its id is never given to anything else."""
        held = (await self.held(resource, [id]))[id]
        if held.data is None:
            return False
        table = resource.table
        for part in resource.parts.values():
            own, shared = table_of(part), resource.shares(part)
            theirs = [own.c[column] == value for column, value in shared.items()]
            await self._connection.execute(delete(own).where(own.c.record_id == id, *theirs))
        await self._connection.execute(delete(table).where(table.c.id == id))
        change = {"resource": resource.name, "id": id, "version": held.version + 1, "op": "delete", "value": None}
        await self._connection.execute(insert(ChangeRow).values(revision=self.id, **change))
        self.changes += 1
        return True

    async def latest(self, records: Sequence[tuple[str, str]]) -> dict[tuple[str, str], LastChange]:
        """What was last done to each of these records, by the name of its resource and its id."""
        pairs = (bindparam(None, list(half), type_=ARRAY(Text)) for half in zip(*records, strict=True))
        given = func.unnest(*pairs).table_valued("resource", "id").render_derived()
        last = (
            select(ChangeRow.revision, ChangeRow.value)
            .where(ChangeRow.resource == given.c.resource, ChangeRow.id == given.c.id)
            .order_by(ChangeRow.version.desc())
            .limit(1)
            .lateral("last")
        )
        found = await self._connection.execute(
            select(given.c.resource, given.c.id, RevisionRow.by, cast(last.c.value, Text))
            .select_from(given.join(last, true()))
            .join(RevisionRow, RevisionRow.id == last.c.revision)
        )
        return {(resource, id): LastChange(by, value) for resource, id, by, value in found}

    async def check(self) -> None:
        """That every record named exists and every rule holds; whatever does not is told at once."""
        await self._checks.finish()
        await self._connection.execute(text("set constraints all immediate"))

    async def held(self, resource: Resource[Any, D], ids: list[str]) -> dict[str, Held[D]]:
        """What there is of each of these records."""
        given = func.unnest(bindparam(None, ids, type_=ARRAY(Text))).column_valued("given")
        version = select(func.coalesce(func.max(ChangeRow.version), 0)).where(
            ChangeRow.resource == resource.name, ChangeRow.id == given
        )
        stored = select(cast(resource.stored, Text)).where(resource.table.c.id == given)
        found = await self._connection.execute(select(given, version.scalar_subquery(), stored.scalar_subquery()))
        return {
            id: Held(version, None if value is None else validate(resource.data, parse_json(value.encode())))
            for id, version, value in found
        }

    async def _put(self, resource: Resource[Any, D], batch: Mapping[str, D]) -> Counter[Outcome]:
        """Put records that are written at once."""
        if self.changes >= self._replan_at:
            await self._connection.execute(REPLAN)
            self._replan_at = 2 * self.changes
        held = await self.held(resource, list(batch))
        outcomes: dict[str, Outcome] = {
            id: "unchanged" if data == held[id].data else "replaced" if held[id].data else "created"
            for id, data in batch.items()
        }
        written = {id: data for id, data in batch.items() if outcomes[id] != "unchanged"}
        if written:
            await self._write(resource, written, held)
        return Counter(outcomes.values())

    async def _write(self, resource: Resource[Any, D], written: Mapping[str, D], held: Mapping[str, Held[D]]) -> None:
        """Write records that differ from what there is of them, their parts, and what the log says of them."""
        table = resource.table
        created, replaced = [], []
        for id, data in written.items():
            row = {"id": id, "version": held[id].version + 1, "updated_at": self.at, **cells(data, table)}
            if held[id].data is None:
                created.append({**row, "created_at": self.at})
            else:
                replaced.append(row)
            self._checks.record(f"{resource.name}/{id}", data, row, table)
        if created:
            await self._connection.execute(insert_rows(table, created))
        if replaced:
            await self._connection.execute(update_rows(table, replaced))
        for name in resource.parts:
            before = {id: getattr(held[id].data, name, []) for id in written}
            lists = {id: items for id, data in written.items() if (items := getattr(data, name)) != before[id]}
            await self._put_parts(resource, name, lists, [id for id in lists if before[id]])
        await self._record(resource, {id: "replace" if held[id].data else "create" for id in written})
        await self._checks.settle()

    async def _put_parts(
        self, resource: Resource[Any, Any], name: str, lists: Mapping[str, Sequence[Schema]], replaced: list[str]
    ) -> None:
        """Write lists of parts; those that they replace are deleted before, for their periods may touch."""
        part = resource.parts[name]
        table, shared = table_of(part), resource.shares(part)
        if replaced:
            theirs = table.c.record_id == any_(bindparam(None, replaced, type_=ARRAY(Text)))
            await self._connection.execute(
                delete(table).where(theirs, *(table.c[column] == value for column, value in shared.items()))
            )
        rows = []
        for id, items in lists.items():
            for n, item in enumerate(items):
                row = {"record_id": id, **shared, "position": n, **cells(item, table)}
                self._checks.names(Place(f"{resource.name}/{id}", f"/{name}/{n}"), item, row, table)
                rows.append(row)
        if rows:
            await self._connection.execute(insert_rows(table, rows))

    async def _record(self, resource: Resource[Any, Any], ops: Mapping[str, str]) -> None:
        """Add to the change log what was done to records, with each as it is stored now."""
        pairs = (bindparam(None, list(half), type_=ARRAY(Text)) for half in (ops.keys(), ops.values()))
        given = func.unnest(*pairs).table_valued("id", "op", with_ordinality="number").render_derived()
        table, value = resource.table, cast(resource.stored, JSONB)
        change = (
            select(literal(self.id), literal(resource.name), table.c.id, table.c.version, given.c.op, value)
            .join_from(given, table, table.c.id == given.c.id)
            .order_by(given.c.number)
        )
        names = ["revision", "resource", "id", "version", "op", "value"]
        await self._connection.execute(insert(ChangeRow).from_select(names, change))
        self.changes += len(ops)


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
