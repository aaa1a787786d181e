"""Having PostgreSQL give up what it still keeps of rows that are no more: in its files, and in its statistics.

A row that is changed or deleted stays in its file, and is only passed by: also one from long before an erasure, in a
table that says nothing of a person any more. So all tables are written anew.
"""

import asyncio
import re
from typing import Any, Final

import asyncpg

TABLES: Final = """
select oid::regclass::text from pg_class
where relkind = 'r' and relnamespace in ('public'::regnamespace, 'history'::regnamespace) order by oid
"""
STATISTICS: Final = "pg_catalog.pg_statistic"
"""Where the most common values of each column stand."""
STILL_SEEN: Final = re.compile(r"[1-9]\d* ")
"""How PostgreSQL tells that it could not give up rows yet, since somebody who began before may still read them."""
TRIES: Final = 30
PAUSE: Final = 2.0
"""How many seconds lie between two tries, and how long one waits for its turn: others wait behind it."""


async def sweep(connection: asyncpg.Connection) -> list[str]:
    """Write all tables and the statistics anew, one after the other; tells what could not be done.

    Nobody reads a table while it is rewritten. Of the log that PostgreSQL writes ahead a new file is begun, so that the
    old ones are given up: removed, or kept to be overwritten, as the server is set (`wal_recycle`).
    """
    await connection.execute(f"set lock_timeout = '{PAUSE}s'")
    tables = [table for (table,) in await connection.fetch(TABLES)]
    left = [table for table in (*tables, STATISTICS) if not await _rewritten(connection, table)]
    try:
        await connection.execute("select pg_switch_wal()")
        await connection.execute("checkpoint")
    except asyncpg.InsufficientPrivilegeError:
        left.append("pg_wal")
    return left


async def _rewritten(connection: asyncpg.Connection, table: str) -> bool:
    """Rewrite a table, once nobody sees any more what it was."""
    told: list[Any] = []

    def note(_: object, message: Any) -> None:
        told.append(message)

    connection.add_log_listener(note)
    try:
        for n in range(TRIES):
            if n:
                await asyncio.sleep(PAUSE)
            told.clear()
            try:
                await connection.execute(f"vacuum (full, verbose, analyze) {table}")
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                continue
            if any(message.severity == "WARNING" for message in told):
                return False
            if not any(STILL_SEEN.match(message.detail or "") for message in told):
                return True
        return False
    finally:
        connection.remove_log_listener(note)
