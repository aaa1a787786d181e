"""What there is: statements answered on one connection, and records as they are stored."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, NamedTuple

import asyncpg
from sqlalchemy import Text, bindparam, case, cast, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.rest.body import parse_json, validate
from app.rest.changes import ChangeRow, RevisionRow
from app.rest.kind import D, Kind
from app.rest.reading import BATCH, Statement


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
    told: D | None = None
    """The same as whoever reads it is told it: without what may be told no more."""
    since: datetime | None = None
    """When it was first written, of a record that was deleted."""

    def kept(self, data: D) -> D:
        """What is to be written for what somebody says: what comes back as it was told stays as it is stored.

        Of a list that goes for each of its members.
        """
        if self.data is None or self.told is None or self.told == self.data:
            return data
        fields = ((name, getattr(data, name), told, getattr(self.data, name)) for name, told in self.told)
        update = {name: _kept(said, told, stored) for name, said, told, stored in fields if told != stored}
        return data.model_copy(update=update)


class View:
    """What a connection sees: the register as it is in a transaction."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def row(self, statement: Statement, values: Mapping[str, Any]) -> asyncpg.Record | None:
        """The first row that a statement gives, as things are in this transaction."""
        return next(iter(await self.rows(statement, values)), None)

    async def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        """The rows that a statement gives."""
        found: list[asyncpg.Record] = await self._connection.fetch(statement.sql, *statement.arguments(values))
        return found

    async def each(self, statement: Statement) -> AsyncIterator[asyncpg.Record]:
        """The rows that a statement gives, some fetched at a time."""
        async for row in self._connection.cursor(statement.sql, *statement.arguments({}), prefetch=BATCH):
            yield row

    async def latest(self, records: Sequence[tuple[str, str]]) -> dict[tuple[str, str], LastChange]:
        """What was last done to each of these records, by the name of its resource and its id."""
        resources, ids = (list(half) for half in zip(*records, strict=True))
        found = await self.rows(_latest(), {"resources": resources, "ids": ids})
        return {(row["resource"], row["id"]): LastChange(row["by"], row["value"]) for row in found}

    async def last(self, kind: Kind[Any, Any], id: str) -> str | None:
        """The last value of a record that has been deleted, as JSON; None when there never was one."""
        row = await self.row(_last(), {"resource": kind.name, "id": id})
        return row and row["value"]

    async def held(self, kind: Kind[Any, D], ids: list[str]) -> dict[str, Held[D]]:
        """What there is of each of these records."""
        return as_held(kind, await self.stored(kind, ids))

    async def stored(self, kind: Kind[Any, Any], ids: list[str]) -> list[asyncpg.Record]:
        """The same as it comes: a row for each, for `as_held`."""
        return await self.rows(_held(kind), {"ids": ids})


def as_held(kind: Kind[Any, D], rows: Iterable[asyncpg.Record]) -> dict[str, Held[D]]:
    """What rows of `stored` say."""

    def read(value: str | None) -> D | None:
        return None if value is None else validate(kind.data, parse_json(value.encode()))

    return {
        row["id"]: Held(row["version"], data := read(row["value"]), read(row["told"]) or data, row["since"])
        for row in rows
    }


def _kept(said: Any, told: Any, stored: Any) -> Any:
    if said == told:
        return stored
    if not isinstance(said, list):
        return said
    pairs, kept = list(zip(told, stored, strict=True)), []
    for member in said:
        found = next((n for n, (before, _) in enumerate(pairs) if before == member), None)
        kept.append(member if found is None else pairs.pop(found)[1])
    return kept


def _texts(name: str) -> Any:
    return bindparam(name, type_=ARRAY(Text))


@lru_cache(maxsize=200)
def _held(kind: Kind[Any, Any]) -> Statement:
    given = func.unnest(_texts("ids")).table_valued("id").render_derived()
    this = (ChangeRow.resource == kind.name, ChangeRow.id == given.c.id)
    last = (
        select(ChangeRow.version, ChangeRow.revision, ChangeRow.value)
        .where(*this)
        .order_by(ChangeRow.version.desc())
        .limit(1)
        .lateral("last")
    )
    stored = select(kind.stored).where(kind.table.c.id == given.c.id).scalar_subquery()
    withheld = func.published(given.c.id, last.c.revision, last.c.value) != last.c.value
    told = func.published(given.c.id, last.c.revision, cast(stored, JSONB))  # the log may have it in an older shape
    first = select(RevisionRow.at).join(ChangeRow, ChangeRow.revision == RevisionRow.id).where(*this)
    since = first.order_by(ChangeRow.version).limit(1)
    return Statement(
        select(
            given.c.id,
            func.coalesce(last.c.version, 0).label("version"),
            cast(stored, Text).label("value"),
            case((withheld, cast(told, Text))).label("told"),
            case((last.c.value.is_(None), since.scalar_subquery())).label("since"),
        ).select_from(given.join(last, true(), isouter=True))
    )


@lru_cache(maxsize=1)
def _latest() -> Statement:
    given = func.unnest(_texts("resources"), _texts("ids")).table_valued("resource", "id").render_derived()
    last = (
        select(ChangeRow.id, ChangeRow.revision, ChangeRow.value)
        .where(ChangeRow.resource == given.c.resource, ChangeRow.id == given.c.id)
        .order_by(ChangeRow.version.desc())
        .limit(1)
        .lateral("last")
    )
    return Statement(
        select(
            given.c.resource,
            given.c.id,
            RevisionRow.by,
            cast(last.c.value, Text).label("value"),
        )
        .select_from(given.join(last, true()))
        .join(RevisionRow, RevisionRow.id == last.c.revision)
    )


@lru_cache(maxsize=1)
def _last() -> Statement:
    """What a record was before it was deleted."""
    this = (ChangeRow.resource == bindparam("resource", type_=Text()), ChangeRow.id == bindparam("id", type_=Text()))
    values = select(cast(ChangeRow.value, Text).label("value")).where(*this, ChangeRow.value.is_not(None))
    return Statement(values.order_by(ChangeRow.version.desc()).limit(1))
