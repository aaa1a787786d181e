"""The schema's versions: bringing a database to the newest, and what the role that serves may do in it."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.db import create_engine

HERE: Final = Path(__file__).parent
SCRIPTS: Final = next(folder for folder in (HERE / "migrations", HERE.parent / "migrations") if folder.is_dir())
"""Inside the package when it was installed as a wheel, beside it in a checkout."""

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


def configured(url: str | None = None) -> Config:
    """Alembic's settings for a database."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["url"] = url
    return config


@cache
def head() -> str:
    """The newest version of the schema."""
    newest = ScriptDirectory.from_config(configured()).get_current_head()
    assert newest is not None
    return newest


def migrate(url: str, runtime_role: str | None = None) -> None:
    """Bring a database to the newest schema; several at once wait for each other, and only the first has work to do."""
    command.upgrade(configured(url), "head")
    if runtime_role:
        asyncio.run(_grant(url, runtime_role))


async def _grant(url: str, role: str) -> None:
    engine = create_engine(url, statement_seconds=60)
    quoted = engine.dialect.identifier_preparer.quote_identifier(role)
    try:
        async with engine.begin() as connection:
            for statement in (LOCK, *(grant.format(role=quoted) for grant in GRANTS)):
                await connection.execute(text(statement))
    finally:
        await engine.dispose()
