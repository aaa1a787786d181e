"""The schema's versions: bringing a database to the newest, and what the role that serves may do in it."""

import asyncio
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy import text

from app.db import create_engine

HERE: Final = Path(__file__).parent
SCRIPTS: Final = next(folder for folder in (HERE / "migrations", HERE.parent / "migrations") if folder.is_dir())
"""Inside the package when it was installed as a wheel, beside it in a checkout."""
NUMBER: Final = re.compile(r'^revision = "(\d{4})"$', re.MULTILINE)

LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('broen.migration', 0))"
"""One process at a time; the others wait, and find nothing left to do."""
GRANTS: Final = (
    "grant usage on schema public, past to {role}",
    "grant select on all tables in schema public, past to {role}",
    "grant insert, update, delete on all tables in schema public to {role}",
    "revoke update, delete, truncate on revision, change from {role}",
    "revoke insert, update, delete on alembic_version, search_entry, search_word, api_key, mirror from {role}",
    "grant update (last_used_at) on api_key to {role}",
)
"""The role that serves reads and writes records, adds to the log, and sees the past through its views alone.

What is searched is kept by the log itself. Of keys it reads the hashes, and notes that they are in use.
"""


OWNS: Final = """
select $1 = current_user
    or exists (select from pg_tables where schemaname = 'public' and tablename = 'revision' and tableowner = $1)
"""


class SchemaError(Exception):
    """A database that cannot be migrated; the message says why, and what would be right."""


@cache
def versions() -> tuple[str, ...]:
    """The versions of the schema that this version of the service knows, of which the migrations themselves tell."""
    files = (file.read_text() for file in (SCRIPTS / "versions").glob("*.py"))
    return tuple(sorted(found[1] for found in map(NUMBER.search, files) if found))


def mismatch(found: str | None) -> str | None:
    """What is wrong with a database whose schema has this version, and what would help; None when nothing is."""
    newest = versions()[-1]
    if found is None or found in versions():
        needed = f"The database has schema {found or 'none'}, and {newest} is needed: run `broen migrate`."
        return None if found == newest else needed
    return f"The database has schema {found}, which is newer than {newest}: run the newer version of Broen."


def migrate(url: str, runtime_role: str | None = None) -> None:
    """Bring a database to the newest schema; several at once wait for each other, and only the first has work to do.

    A SchemaError when its schema is newer than any that is known, or when the role that is to serve owns the tables.
    """
    found = asyncio.run(version_of(url))
    if found not in (None, *versions()):
        raise SchemaError(mismatch(found))
    if runtime_role and asyncio.run(_owns(url, runtime_role)):
        right = "Name the role that the service connects as, which may do less, or leave it out."
        raise SchemaError(f"BROEN_RUNTIME_ROLE: {runtime_role} owns the tables. {right}")
    if mismatch(found):
        upgrade(url, "head")
    if runtime_role:
        asyncio.run(_grant(url, runtime_role))


def upgrade(url: str, to: str) -> None:
    """Run the migrations up to a version."""
    from alembic import command  # noqa: PLC0415 - whoever serves does without it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["url"] = url
    command.upgrade(config, to)


async def version_of(url: str) -> str | None:
    """The version of a database's schema; None of one that has none yet."""
    try:
        version: str | None = await _value(url, "select version_num from alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    return version


async def _owns(url: str, role: str) -> bool:
    """Whether the tables are a role's, or will be."""
    return bool(await _value(url, OWNS, role))


async def _value(url: str, query: str, *values: str) -> Any:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(query, *values)
    finally:
        await connection.close()


async def _grant(url: str, role: str) -> None:
    engine = create_engine(url, statement_seconds=60)
    quoted = engine.dialect.identifier_preparer.quote_identifier(role)
    try:
        async with engine.begin() as connection:
            for statement in (LOCK, *(grant.format(role=quoted) for grant in GRANTS)):
                await connection.execute(text(statement))
    finally:
        await engine.dispose()
