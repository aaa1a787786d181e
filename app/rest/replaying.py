"""Making a revision again that was made in another register: the same records, the same history, the same log."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple, Self

import asyncpg
from sqlalchemy import text

from app.rest.body import parse_json, validate
from app.rest.kind import Kind
from app.rest.reading import Statement
from app.rest.revision import BATCH, REPLAN, Revision

OPEN: Final = """
    insert into revision (id, at, by, by_organisations, note) values ($1, $2, $3, $4, $5)
    returning set_config('broen.revision', id::text, true)
"""
LOG: Final = """
    insert into change (seq, revision, resource, id, version, op, value, replaced_by) overriding system value
    select * from jsonb_to_recordset(cast(:page as jsonb) -> 'items') as told (
        seq bigint, revision bigint, resource text, id text, version integer, op text, value jsonb, replaced_by text
    ) where seq = any(cast(:seqs as bigint[])) order by seq
"""


class Entry(NamedTuple):
    """An entry of the other register's log."""

    position: str
    seq: int
    revision: int
    resource: str
    id: str
    version: int
    op: str
    value: Any
    replaced_by: str | None


class Page(NamedTuple):
    """A page of the feed: its entries, and its text, from which the log takes them as they are."""

    entries: Sequence[Entry]
    epoch: str
    next: str
    text: str

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """A page as it was sent."""
        page = parse_json(raw)
        entries = [Entry(**{name: item[name] for name in Entry._fields}) for item in page["items"]]
        return cls(entries, page["epoch"], page["next"], raw.decode())

    def revisions(self) -> Iterator[tuple[int, list[Entry]]]:
        """Its entries by their revisions, of which the first may have begun before and the last may go on."""
        some: list[Entry] = []
        for entry in self.entries:
            if some and some[-1].revision != entry.revision:
                yield some[-1].revision, some
                some = []
            some.append(entry)
        if some:
            yield some[-1].revision, some


class Replay(Revision):
    """A revision that is made again."""

    _page = ""
    _seqs: Mapping[tuple[str, str], int] = {}

    @classmethod
    async def begin(cls, connection: asyncpg.Connection, told: Mapping[str, Any]) -> Self:
        """Open the revision that `/v1/revisions` tells of, in a transaction whose turn it is."""
        at = datetime.fromisoformat(told["at"])
        organisations = told["organisations"] or None
        await connection.execute(OPEN, told["number"], at, told["by"], organisations, told["note"])
        return cls(connection, told["number"], at)

    async def again(self, kinds: Mapping[str, Kind[Any, Any]], entries: Iterable[Entry], page: str) -> None:
        """Do what entries of its log say, a page of which is at hand; as many as can be are done at once."""
        self._page = page
        for some in batches(entries):
            if self.changes >= self._replan_at:
                await self._connection.execute(REPLAN)
                self._replan_at = 2 * self.changes
            kind, op = kinds[some[0].resource], some[0].op
            self._seqs = {(entry.resource, entry.id): entry.seq for entry in some}
            if op == "delete":
                await self.delete(kind, some[0].id, some[0].replaced_by)
            elif some[0].value is None:  # of what was deleted before, something was erased
                await self._record(kind, {entry.id: op for entry in some})
            else:
                records = {entry.id: validate(kind.data, entry.value) for entry in some}
                await self.write(kind, records, await self.held(kind, list(records)), op)  # type: ignore[arg-type]

    async def _record(self, kind: Kind[Any, Any], ops: Mapping[str, str]) -> None:
        """Add the entries of the other log to this one."""
        await self._log(kind, *ops)
        self.changes += len(ops)
        self.resources.add(kind.name)

    async def _record_deletion(self, kind: Kind[Any, Any], entry: Mapping[str, Any]) -> None:
        await self._log(kind, entry["id"])

    async def _log(self, kind: Kind[Any, Any], *ids: str) -> None:
        await self.rows(_log(), {"page": self._page, "seqs": [self._seqs[kind.name, id] for id in ids]})


def batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Entries that can be done at once: of one resource and one kind of change, each of another record."""
    some: list[Entry] = []
    for entry in entries:
        same = some and _sort(some[0]) == _sort(entry) and entry.op != "delete"
        if some and (not same or len(some) == BATCH or entry.id in {one.id for one in some}):
            yield some
            some = []
        some.append(entry)
    if some:
        yield some


def _sort(entry: Entry) -> tuple[str, str, bool]:
    return entry.resource, entry.op, entry.value is None


@cache
def _log() -> Statement:
    return Statement(text(LOG))
