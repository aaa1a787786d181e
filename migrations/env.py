"""Alembic's entry: runs the migrations on the register's database, one process at a time."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from app.auth import Gate
from app.db import Base, create_engine
from app.migrating import LOCK
from app.resources import RESOURCES
from app.settings import load_settings

assert Gate, "importing it declares its tables"
assert RESOURCES, "importing the resources declares theirs"


def compared(_: object, name: str | None, __: str, reflected: bool, ___: object) -> bool:  # noqa: FBT001 - Alembic's call
    """Leave out temporal keys and the indexes of sorts, which Alembic takes for others; tests assert them."""
    return not (reflected and name and (name.endswith("_period") or name.startswith("sort_")))


def migrate(connection: Connection) -> None:
    """Run the migrations in one transaction; a second process waits for the first and finds nothing left to do."""
    context.configure(connection=connection, target_metadata=Base.metadata, include_object=compared)
    with context.begin_transaction():
        connection.execute(text(LOCK))
        context.run_migrations()


async def main() -> None:
    """Connect with the address that the caller gave, or else with the settings'."""
    settings = load_settings()
    url = context.config.attributes.get("url") or settings.migration_database_url or settings.database_url
    if not url:
        raise SystemExit("Set BROEN_DATABASE_URL, or run `broen migrate`, which starts the embedded server.")
    engine = create_engine(url, statement_seconds=0)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
