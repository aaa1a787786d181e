"""Reading: one statement, compiled once, on an asyncpg pool of its own.

The Reader is the only way to the database for a GET. It turns whatever is wrong with the database into `Unavailable`,
and recovers by itself: the pool makes a new connection when it next needs one.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import Select, literal, make_url, select

from app.errors import Unavailable
from app.settings import Settings

COPENHAGEN: Final = ZoneInfo("Europe/Copenhagen")
DIALECT: Final = make_url("postgresql+asyncpg://").get_dialect()()
OLDEST_SERVER: Final = 18
DROPPED: Final = (
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    ConnectionError,
)
"""What a statement fails with on a connection that has been lost."""
AWAY: Final = (
    *DROPPED,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.OperatorInterventionError,
    OSError,
    TimeoutError,
)
"""What it fails with when there is no server to connect to, or none that lets us in."""
BEHIND: Final = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError)
"""What it fails with when the database has not been migrated."""


class ServerTooOldError(Exception):
    """The PostgreSQL server is older than what the register stands on."""


class Statement:
    """A SELECT as text, and the order in which its parameters go in."""

    def __init__(self, query: Select[Any]) -> None:
        compiled = query.compile(dialect=DIALECT)
        self.sql = compiled.string
        self._names = compiled.positiontup or []
        self._literals = compiled.params

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters in their order: the values by name, and the statement's own literals."""
        return [values[name] if name in values else self._literals[name] for name in self._names]


class Reader:
    """What a route reads with."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.root = settings.root_path
        self._today = settings.today
        self._patience = settings.statement_seconds
        self._turns = asyncio.Semaphore(settings.pool_size)  # first come, first served, which the pool is not
        self._pool = asyncpg.create_pool(
            url,
            min_size=0,  # a database that is away must not keep the service from starting
            max_size=settings.pool_size,
            init=_check_version,
            reset=_keep,
            command_timeout=settings.statement_seconds + 1,
            timeout=5,
            server_settings={
                "application_name": "broen reads",
                "default_transaction_read_only": "on",
                "jit": "off",
                "work_mem": "32MB",
                "statement_timeout": str(int(settings.statement_seconds * 1000)),
                "timezone": "UTC",
            },
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
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for a connection to be free, but not without end."""
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Unavailable("Too many questions are waiting for the database right now.") from error
        try:
            yield
        finally:
            self._turns.release()

    async def row(self, statement: Statement, values: Mapping[str, Any]) -> asyncpg.Record | None:
        """The first row that a statement gives; Unavailable when the database can't answer."""
        arguments = statement.arguments(values)
        async with self._turn():
            try:
                try:
                    return await self._pool.fetchrow(statement.sql, *arguments)
                except ValueError:  # asyncpg's DataError is an InterfaceError too, but of our making
                    raise
                except DROPPED:  # a connection died unnoticed, and others may have; a read may be run again
                    await self._pool.expire_connections()
                    return await self._pool.fetchrow(statement.sql, *arguments)
            except asyncpg.QueryCanceledError as error:
                raise Unavailable("The database took too long over this question; ask for less at once.") from error
            except BEHIND as error:
                raise Unavailable("The database's schema is not the newest: run `broen migrate`.") from error
            except ValueError:
                raise
            except AWAY as error:
                raise Unavailable("The database cannot be reached right now.") from error


async def _check_version(connection: asyncpg.Connection) -> None:
    version = connection.get_server_version()
    if version.major < OLDEST_SERVER:
        raise ServerTooOldError(
            f"PostgreSQL {OLDEST_SERVER} is needed, and the server is {version.major}.{version.minor}."
        )


async def _keep(_: object) -> None:
    """Nothing to reset: a read leaves nothing behind on its connection."""


async def _reader(request: Request) -> Reader:
    reader: Reader = request.app.state.reader
    return reader


Reading = Annotated[Reader, Depends(_reader)]
"""What a route declares to read with."""
