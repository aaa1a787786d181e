"""What the database fails with, and what a caller is told of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from app.errors import Unavailable, is_full

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
IN_THE_WAY: Final = (
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.SerializationError,
    asyncpg.TransactionTimeoutError,
)
"""What it fails with when others are in its way."""


@contextmanager
def told() -> Iterator[None]:
    """Turn what the database fails with into what a caller is told."""
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise Unavailable("The database took too long over this question; ask for less at once.") from error
    except IN_THE_WAY as error:
        raise Unavailable("Too many are writing right now.") from error
    except BEHIND as error:
        raise Unavailable("The database's schema is not the newest: run `broen migrate`.") from error
    except (ValueError, BrokenPipeError):  # a DataError is of our making; a pipe is whose output is read no more
        raise
    except asyncpg.DiskFullError as error:
        raise Unavailable("The database has no room left on its disk.") from error
    except AWAY as error:
        if is_full(error):
            raise
        raise Unavailable("The database cannot be reached right now.") from error


async def keep(_: object) -> None:
    """Nothing to reset when a connection goes back to its pool: nothing is left behind on it."""


async def fetch(pool: asyncpg.Pool, sql: str, *arguments: object, first: str = "") -> list[asyncpg.Record]:
    """All that a statement gives, told as above; it may be run twice, on a connection that has run `first`.

    All of it is fetched: under a limit of rows PostgreSQL runs a parallel plan in one process.
    """

    async def once() -> list[asyncpg.Record]:
        async with pool.acquire() as connection:
            if first:
                await connection.execute(first)
            return list(await connection.fetch(sql, *arguments))

    with told():
        try:
            return await once()
        except ValueError:
            raise
        except DROPPED:  # a connection died unnoticed, and others may have
            await pool.expire_connections()
            return await once()
