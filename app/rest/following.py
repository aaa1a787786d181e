"""Following the change log: pages of it, and waiting for what comes next.

Writers take turns, and a turn ends after the commit is visible: whoever sees a change sees all before it, so that a
follower who keeps where he was sees each change once, and in order. Nobody holds a connection to the database while
waiting: the one listener wakes all, and those who wait at the same place share one read.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final, NamedTuple

from sqlalchemy import text

from app.errors import StartAnew, Unavailable
from app.rest.kept import Store
from app.rest.known import Past
from app.rest.position import Position, position_of, proof_of
from app.rest.reading import NEWEST, READ, Reader, Statement

LIVE: Final = "/v1/changes"
"""The path below which answers wait for what comes, so that nobody waits for another's, and none is kept."""
HEARTBEAT: Final = 15.0
"""After how many seconds without a change a stream says that it is there: before proxies take it for dead."""
RETRY: Final = 2000
"""After how many milliseconds a client asks again when its stream has broken off."""
FULL: Final = 30
"""After how many seconds somebody may try again who is one too many."""
LOST: Final = (
    "This register does not hold the change that {} names: it was restored to an earlier state, or is another one. "
    "Start anew, from /v1/snapshot or with after=0."
)

EPOCH: Final = """(
    select left(md5(concat_ws('/', system_identifier, timeline_id, pg_database.oid)), 12)
    from pg_control_system(), pg_control_checkpoint(), pg_database where datname = current_database()
)"""
"""What names the server's timeline and the database: another after either was restored, moved or failed over."""
HELD: Final = f"""exists (
    select from change c join revision r on r.id = c.revision where c.seq = :seq and {proof_of("r")} = :proof
)"""
"""Whether the log holds the change that a position names."""
CHANGE: Final = f"""json_build_object(
    'position', {position_of("c", "r")}, 'seq', c.seq, 'revision', c.revision, 'at', r.at, 'resource', c.resource,
    'id', c.id, 'version', c.version, 'op', c.op, 'value', published(c.id, c.revision, c.value),
    'replaced_by', c.replaced_by)::text"""
"""A change as it is told, over a row of the log and the row of its revision."""
RECORDS: Final = """(
    select c.* from unnest(cast(:records as text[])) as path
    join change c on c.resource = regexp_replace(path, '/[^/]+$', '') and c.id = substring(path from '[^/]+$')
)"""
"""The changes of some records alone."""
PAGE: Final = f"""
with page as (
    select c.seq, {position_of("c", "r")} as position, {CHANGE} as item
    from {{changes}} c join revision r on r.id = c.revision
    where c.seq > coalesce(:seq, (select max(seq) from change), 0)
        and (cast(:resources as text[]) is null or c.resource = any(:resources))
    order by c.seq limit cast(:limit as integer)
),
newest as (
    select {position_of("c", "r")} as position from change c join revision r on r.id = c.revision
    order by c.seq desc limit 1
)
select array(select item from page order by seq) as items, array(select position from page order by seq) as positions,
    case when (select count(*) = :limit from page) then (select position from page order by seq desc limit 1)
        else coalesce((select position from newest), '0') end as next,
    coalesce(:seq, 0) = 0 or {HELD} as held, {EPOCH} as epoch, {NEWEST} as revision_read
"""  # noqa: S608 - put together from constants beside it


class Place(NamedTuple):
    """Where somebody follows the log, and which of its changes they want to see."""

    after: str
    """A position."""
    resources: tuple[str, ...] | None
    limit: int
    records: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Changes:
    """Some changes, as they were read."""

    items: list[str]
    """Each as JSON."""
    positions: list[str]
    next: str
    """The position to go on from: of the last of them, or of the end of the log when there are no more."""
    epoch: str
    revision: int
    """The revision that they show."""

    @cached_property
    def events(self) -> bytes:
        """The changes as server-sent events, made once for all who follow."""
        both = zip(self.positions, self.items, strict=True)
        return "".join(f"id: {position}\ndata: {item}\n\n" for position, item in both).encode()


class Feed:
    """What those read with who follow the log: `most` of them at a time wait."""

    def __init__(self, store: Store, most: int) -> None:
        self.ended = False
        self._store, self._most = store, most
        self._reads: dict[tuple[Place, int, Past | None], asyncio.Task[Changes]] = {}
        self._waiting = 0
        self._patience: set[asyncio.Timeout] = set()

    async def read(self, read: Reader, place: Place) -> Changes:
        """The changes after a place, in one read for all who want them now; StartAnew when there is no such place."""
        wanted = place, self._store.seen, read.past  # a read begun before a write was heard of may not show it
        task = self._reads.get(wanted)
        if task is None:
            task = self._reads[wanted] = asyncio.create_task(_read(read, place), context=Context())
            task.add_done_callback(lambda done: (self._reads.pop(wanted), done.cancelled() or done.exception()))
        changes = await asyncio.shield(task)
        if (noted := READ.get()) is not None:
            noted.revision = changes.revision
        return changes

    async def wait(self, read: Reader, place: Place, seconds: float) -> Changes:
        """The changes after a place; when there are none, those that come within some seconds."""
        deadline = asyncio.get_running_loop().time() + seconds
        changes = await self.read(read, place)
        if changes.items or not seconds or read.past:
            return changes
        with self.following():
            while not changes.items and not self.ended:
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    break
                await self._news(changes, left)
                changes = await self.read(read, place._replace(after=changes.next))
        return changes

    async def stream(self, read: Reader, place: Place, changes: Changes) -> AsyncGenerator[bytes, None]:
        """The changes after a place as server-sent events, of which some have been read, without end.

        An event that has but an id is none to a client, who keeps the id all the same.
        """
        yield f"retry: {RETRY}\n".encode()
        while not self.ended:
            here = f"id: {changes.next}\n\n".encode()
            yield changes.events or here
            while len(changes.items) < place.limit and not await self._news(changes, HEARTBEAT):
                if self.ended:
                    return
                yield here
            changes = await self.read(read, place._replace(after=changes.next))

    @contextmanager
    def following(self) -> Iterator[None]:
        """Count somebody who waits; Unavailable when they are one too many."""
        if self._waiting >= self._most:
            raise Unavailable("Too many follow the changes here right now.", FULL)
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def end(self) -> None:
        """Have nobody wait any more, for the service is about to stop."""
        self.ended = True
        for patience in self._patience:
            patience.reschedule(0)

    async def _news(self, changes: Changes, seconds: float) -> bool:
        """Wait until more has been written than some changes show; tells whether it was in time."""
        try:
            async with asyncio.timeout(None) as patience:
                self._patience.add(patience)
                return await self._store.wait_for(changes.revision + 1, seconds)
        except TimeoutError:
            return False
        finally:
            self._patience.discard(patience)


async def _read(read: Reader, place: Place) -> Changes:
    seq, proof = Position.read(place.after) or (None, None)
    asked = {"seq": seq, "proof": proof, **place._asdict()}
    row = await read.row(_page(RECORDS if place.records else "change"), asked)
    assert row is not None, "a SELECT without a FROM gives a row"
    if not row["held"]:
        raise StartAnew(LOST.format("`after`"))
    return Changes(row["items"], row["positions"], row["next"], row["epoch"], row["revision_read"])


@cache
def _page(changes: str) -> Statement:
    return Statement(text(PAGE.format(changes=changes)))
