"""Reading: one statement, compiled once, on an asyncpg pool of its own.

The Reader is the only way to the database for a GET. It turns whatever is wrong with the database into `Unavailable`,
and recovers by itself: the pool makes a new connection when it next needs one. What is too long for one answer is read
through a cursor, on a connection that is made for it and closed after it; of these there are few at a time.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, Any, Final, Protocol, Self, cast
from zoneinfo import ZoneInfo

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import ClauseElement, literal, make_url, select
from sqlalchemy.sql.compiler import SQLCompiler

from app.away import AWAY, fetch, told
from app.errors import Unavailable
from app.settings import Settings

COPENHAGEN: Final = ZoneInfo("Europe/Copenhagen")
DIALECT: Final = make_url("postgresql+asyncpg://").get_dialect()()
OLDEST_SERVER: Final = 18
READ_ONLY: Final = {
    "default_transaction_read_only": "on",
    "parallel_tuple_cost": "0.01",  # what is added up in parallel comes to few rows, whatever is estimated
    "random_page_cost": "1.1",  # what is asked for often is in memory
    "work_mem": "32MB",
}
BATCH: Final = 100
"""How many rows a cursor fetches at a time: few enough that nobody else waits while they are written."""


class ServerTooOldError(Exception):
    """The PostgreSQL server is older than what the register stands on."""


class Statement:
    """A statement as text, and the order in which its parameters go in."""

    def __init__(self, query: ClauseElement) -> None:
        compiled = cast("SQLCompiler", query.compile(dialect=DIALECT))
        self.sql = compiled.string
        self._names = compiled.positiontup or []
        self._literals = compiled.params

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters in their order: the values by name, and the statement's own literals."""
        return [values[name] if name in values else self._literals[name] for name in self._names]


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
        self._today = settings.today
        self._patience = settings.statement_seconds
        self._turns = asyncio.Semaphore(settings.pool_size)  # first come, first served, which the pool is not
        self._streams = asyncio.Semaphore(settings.export_pool_size)
        self._pool = asyncpg.create_pool(
            url,
            min_size=0,  # a database that is away must not keep the service from starting
            max_size=settings.pool_size,
            init=check_version,
            reset=keep,
            command_timeout=settings.statement_seconds + 1,
            timeout=5,
            server_settings=READ_ONLY | session("broen reads", statement_timeout=settings.statement_seconds),
        )

    async def __aenter__(self) -> Self:
        await self._pool
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._pool.close()
        except AWAY:  # a server that has just gone away cannot be told goodbye
            self._pool.terminate()

    async def check(self) -> None:
        """Raise ServerTooOldError when the server is; Unavailable when there is none to ask."""
        await self.row(Statement(select(literal(1))), {})

    def today(self) -> date:
        """The day that an answer is about when nothing else is said."""
        return self._today or datetime.now(COPENHAGEN).date()

    @asynccontextmanager
    async def _turn(self, turns: asyncio.Semaphore, busy: str) -> AsyncIterator[None]:
        """Wait for a connection to be free, but not without end."""
        try:
            async with asyncio.timeout(self._patience):
                await turns.acquire()
        except TimeoutError as error:
            raise Unavailable(busy) from error
        try:
            yield
        finally:
            turns.release()

    async def row(self, statement: Statement, values: Mapping[str, Any]) -> asyncpg.Record | None:
        """The first row that a statement gives; Unavailable when the database can't answer."""
        arguments = statement.arguments(values)
        async with self._turn(self._turns, "Too many questions are waiting for the database right now."):
            return next(iter(await fetch(self._pool, statement.sql, *arguments)), None)

    async def rows(self, statement: Statement, values: Mapping[str, Any]) -> AsyncGenerator[list[asyncpg.Record], None]:
        """All rows that a statement gives, some at a time, as they were at one moment.

        The next ones are fetched while the caller has these. The connection is free when all have been read or the
        generator is closed, whatever the database was doing. Unavailable as in `row`, between any two.
        """
        async with self._turn(self._streams, "Too many exports are under way right now."), self._connection() as held:
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
        with told():
            held = await asyncpg.connect(
                self._url, timeout=5, command_timeout=step + 1, server_settings=READ_ONLY | limits
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


async def keep(_: object) -> None:
    """Nothing to reset: a read leaves nothing behind on its connection."""


async def _reader(request: Request) -> Reader:
    reader: Reader = request.app.state.reader
    return reader


Reading = Annotated[Reader, Depends(_reader)]
"""What a route declares to read with."""
