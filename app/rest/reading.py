"""Reading: one statement, compiled once, on an asyncpg pool of its own.

The Reader is the only way to the database for a GET. It turns whatever is wrong with the database into `Unavailable`,
and recovers by itself: the pool makes a new connection when it next needs one. What is too long for one answer is read
through a cursor, on a connection that is made for it and closed after it; of these there are few at a time.
"""

import asyncio
import copy
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Protocol, Self, cast

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import ClauseElement, Select, literal, literal_column, make_url, select
from sqlalchemy.sql.compiler import SQLCompiler

from app.away import AWAY, fetch, keep, told
from app.db import Base
from app.errors import Unavailable
from app.rest.known import Past, asked, past
from app.settings import Settings

DIALECT: Final = make_url("postgresql+asyncpg://").get_dialect()()
OLDEST_SERVER: Final = 18
READ_ONLY: Final = {
    "default_transaction_read_only": "on",
    "parallel_setup_cost": "500",  # to begin takes as long as to read five hundred pages, at the most
    "parallel_tuple_cost": "0.01",  # what is added up in parallel comes to few rows, whatever is estimated
    "random_page_cost": "1.1",  # what is asked for often is in memory
    "work_mem": "32MB",
}
ANEW: Final = {"plan_cache_mode": "force_custom_plan"}
BACK: Final = {"search_path": "past, public"}
"""In `past` is a view of every table, of the same name, that shows it as it was at the revision `broen.known_at`."""
BATCH: Final = 100
"""How many rows a cursor fetches at a time: few enough that nobody else waits while they are written."""


class ServerTooOldError(Exception):
    """The PostgreSQL server is older than what the register stands on."""


@dataclass
class Read:
    """What was read for an answer: from which tables, and of which revision."""

    tables: frozenset[str] = frozenset()
    revision: int | None = None
    """The earliest that any of its statements saw; None while there was none."""
    newest: int | None = None
    """What was the newest revision when the past was asked about."""

    def note(self, tables: frozenset[str], revision: int) -> None:
        """Note what a statement has read."""
        self.tables = self.tables | tables if self.tables else tables
        self.revision = revision if self.revision is None else min(self.revision, revision)


READ: Final[ContextVar[Read | None]] = ContextVar("read", default=None)
"""Where it is noted for the request under way."""

NEWEST: Final = "(select coalesce(max(id), 0) from revision)"
"""The revision that a statement sees."""
WORDS: Final = re.compile(r"""'(?:[^']|'')*'|(?<![\w."])(?<!AS )"?(\w+)"?(?![\w."(])(?! AS own_)""")
"""The words of a statement that may name a table. An alias that begins with `own_` is for rows that are only ever
written with another record that the statement reads too: nothing depends on them that does not depend on that one."""


WITHHOLDS: Final = "published("
"""What a statement calls that leaves out what may be told no more, which what has been written since decides too."""


def tables_in(sql: str) -> frozenset[str]:
    """The tables that a statement names, but for what tells which revision it sees."""
    return frozenset(Base.metadata.tables.keys() & set(WORDS.findall(sql.replace(NEWEST, ""))))


class Statement:
    """A statement as text, the order in which its parameters go in, and the tables that it names.

    A select tells in the column `revision_read` what is newest to it, unless it is read `bare`. It is planned anew for
    the values that it is given, which may be common or rare, unless these make no difference: `planned_once`.
    """

    def __init__(self, query: ClauseElement, *, bare: bool = False, planned_once: bool = False) -> None:
        self.planned_once = planned_once
        if isinstance(query, Select) and not bare:
            query = query.add_columns(literal_column(NEWEST).label("revision_read"))
        compiled = cast("SQLCompiler", query.compile(dialect=DIALECT))
        self.sql = compiled.string
        self.tables = tables_in(self.sql)
        self.withholds = self.tables if WITHHOLDS in self.sql else frozenset[str]()
        """Those that decide, when they are written, what it tells of the past."""
        self._names = compiled.positiontup or []
        self._literals = compiled.params

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters in their order: the values by name, and the statement's own literals."""
        return [values[name] if name in values else self._literals[name] for name in self._names]


class Turns:
    """A number of connections, for which is waited in a fair queue: neither long nor without end."""

    def __init__(self, number: int, most: int, patience: float, what: str) -> None:
        self._free = asyncio.Semaphore(number)  # first come, first served, which a pool is not
        self._waiting, self._most, self._patience = 0, most, patience
        self._busy = f"Too many {what} right now."

    async def __aenter__(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        if self._waiting >= self._most:
            raise Unavailable(self._busy)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError as error:
            raise Unavailable(self._busy) from error
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._free.release()


class Asked(Protocol):
    """What answers a statement: a Reader, or a revision in the making."""

    async def row(self, statement: Statement, values: Mapping[str, Any]) -> asyncpg.Record | None:
        """The first row that a statement gives."""


class Reader:
    """What a route reads with."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.root = settings.root_path
        self.settings = settings
        self._url = url
        patience, waiting = settings.statement_seconds, settings.queue_size
        self._turns = Turns(settings.pool_size, waiting, patience, "questions are waiting for the database")
        self._streams = Turns(settings.export_pool_size, waiting, patience, "exports are under way")
        self.past: Past | None = None
        """Where it stands in the past; None for what is known now."""
        self._planned_anew, self._planned_once, self._looking_back = (
            asyncpg.create_pool(
                url,
                min_size=0,  # a database that is away must not keep the service from starting
                max_size=settings.pool_size,
                init=check_version,
                reset=keep,
                command_timeout=settings.statement_seconds + 1,
                timeout=5,
                statement_cache_size=300,
                max_cached_statement_lifetime=0,
                max_cacheable_statement_size=0,  # that is, however long they are
                server_settings=READ_ONLY | session("broen reads", statement_timeout=settings.statement_seconds) | own,
            )
            for own in (ANEW, {"plan_cache_mode": "force_generic_plan"}, ANEW | BACK)
        )

    async def __aenter__(self) -> Self:
        for pool in self.pools:
            await pool
        return self

    async def __aexit__(self, *_: object) -> None:
        for pool in self.pools:
            try:
                await pool.close()
            except AWAY:  # a server that has just gone away cannot be told goodbye
                pool.terminate()

    @property
    def pools(self) -> Sequence[asyncpg.Pool]:
        """The connections that it reads with."""
        return self._planned_anew, self._planned_once, self._looking_back

    async def check(self) -> None:
        """Raise ServerTooOldError when the server is; Unavailable when there is none to ask."""
        await self.row(Statement(select(literal(1)), bare=True), {})

    async def at(self, known_at: str) -> "Reader":
        """Who reads the register as it once stood; BadParameters when that is still to come."""
        if not (question := asked(known_at)):
            return self
        sql, value = question
        async with self._turns:
            (found,) = await fetch(self._planned_once, sql, value)
        there = copy.copy(self)
        there.past = past(value, found)
        return there

    def today(self) -> date:
        """The day that an answer is about when nothing else is said."""
        return self.past.day if self.past else self.settings.day()

    async def row(self, statement: Statement, values: Mapping[str, Any]) -> asyncpg.Record | None:
        """The first row that a statement gives; Unavailable when the database can't answer."""
        arguments = statement.arguments(values)
        pool = self._planned_once if statement.planned_once else self._planned_anew
        async with self._turns:
            if self.past:
                rows = await fetch(self._looking_back, statement.sql, *arguments, first=_known(self.past))
            else:
                rows = await fetch(pool, statement.sql, *arguments)
        row = next(iter(rows), None)
        if (read := READ.get()) is not None:
            if self.past:  # which is not written any more, but that something is erased or withheld
                read.tables |= statement.withholds
                read.revision, read.newest = self.past.revision, self.past.newest
            else:
                read.note(statement.tables, row.get("revision_read", -1) if row else -1)
        return row

    async def rows(self, statement: Statement, values: Mapping[str, Any]) -> AsyncGenerator[list[asyncpg.Record], None]:
        """All rows that a statement gives, some at a time, as they were at one moment.

        The next ones are fetched while the caller has these. The connection is free when all have been read or the
        generator is closed, whatever the database was doing. Unavailable as in `row`, between any two.
        """
        async with self._streams, self._connection() as held:
            with told():
                await held.transaction(isolation="repeatable_read", readonly=True).start()
                cursor = await held.cursor(statement.sql, *statement.arguments(values))
                ahead = asyncio.ensure_future(cursor.fetch(BATCH))
                try:
                    while found := await ahead:
                        ahead = asyncio.ensure_future(cursor.fetch(BATCH))
                        yield found
                finally:
                    ahead.cancel()
                    await asyncio.gather(ahead, return_exceptions=True)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of one's own, with more time than a page has."""
        step, whole = self.settings.export_step_seconds, self.settings.export_seconds
        limits = session("broen exports", statement_timeout=step, transaction_timeout=whole + step)
        there = BACK | {"broen.known_at": str(self.past.revision)} if self.past else {}
        with told():
            held = await asyncpg.connect(
                self._url, timeout=5, command_timeout=step + 1, server_settings=READ_ONLY | limits | there
            )
        try:
            yield held
        finally:
            try:
                await held.close(timeout=5)
            except AWAY:  # as when the pool is closed
                held.terminate()


def session(name: str, **seconds: float) -> dict[str, str]:
    """The settings of a session, with its timeouts."""
    limits = {limit: str(int(value * 1000)) for limit, value in seconds.items()}
    return {"application_name": name, "jit": "off", "timezone": "UTC", **limits}


async def check_version(connection: asyncpg.Connection) -> None:
    """Raise ServerTooOldError when the server of a connection is."""
    version = connection.get_server_version()
    if version.major < OLDEST_SERVER:
        raise ServerTooOldError(
            f"PostgreSQL {OLDEST_SERVER} is needed, and the server is {version.major}.{version.minor}."
        )


def _known(past: Past) -> str:
    return f"set broen.known_at = {past.revision}"


async def _reader(request: Request) -> Reader:
    reader: Reader = request.app.state.reader
    known_at = request.query_params.get("known_at")
    return reader if known_at is None else await reader.at(known_at)


Reading = Annotated[Reader, Depends(_reader)]
"""What a route declares to read with."""
