"""The commands that make, list and revoke API keys."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Final, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Role
from app.auth import keys as api_keys
from app.cli.running import database, progress
from app.db import create_engine
from app.settings import COPENHAGEN, load_settings

T = TypeVar("T")
HEADINGS: Final = [
    "prefix",
    "role",
    "label",
    "organisations",
    "created_at",
    "expires_at",
    "revoked_at",
    "last_used_at",
]

keys = typer.Typer(help="API keys, for programs and people who write.", no_args_is_help=True)


@keys.command("create")
def create_key(
    role: Annotated[Role, typer.Option(help="An editor of certain organisations, or who writes everything.")],
    label: Annotated[str, typer.Option(help="Whose it is; it stands in the history of what is written with it.")],
    organisation: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Whose records an editor writes; repeat it for several.")
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The first day on which it no longer counts."),
    ] = None,
) -> None:
    """Make a key and print it: this once, for only its hash is kept."""
    until = expires.replace(tzinfo=COPENHAGEN) if expires else None
    key = on_keys(partial(api_keys.create, label=label, role=role, organisations=organisation or (), until=until))
    try:
        typer.echo(key)
    except OSError as error:
        prefix = "_".join(key.split("_")[:2])
        sys.exit(f"broen: {error.strerror}. Nobody has seen the key that was made: `broen keys revoke {prefix}`.")
    progress("This is the only time that it is shown. Send it in the header `Authorization: Bearer …`.")


@keys.command("list")
def list_keys() -> None:
    """List the keys, by their prefixes: whose they are, what they may do, and when they were last used."""
    found = [key._mapping for key in on_keys(api_keys.listed)]  # noqa: SLF001 - public, as its documentation says
    table = [HEADINGS] + [[cell(key[heading]) for heading in HEADINGS] for key in found]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        typer.echo("  ".join(map(str.ljust, row, widths)).rstrip())


@keys.command("revoke")
def revoke_key(prefix: Annotated[str, typer.Argument(help="How the key begins, such as brn_3f9a1c2e.")]) -> None:
    """Have a key not count any more, from the next request on."""
    typer.echo(f"{on_keys(partial(api_keys.revoke, key=prefix))} has been revoked.")


def on_keys(work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do something with the keys, as the role that owns them."""
    settings = load_settings()

    async def done(url: str) -> T:
        engine = create_engine(url, settings.statement_seconds)
        try:
            async with engine.begin() as connection:
                return await work(connection)
        finally:
            await engine.dispose()

    with database(settings, settings.migration_database_url) as url:
        return asyncio.run(done(url))


def cell(value: object) -> str:
    """A value in a table for a person."""
    if isinstance(value, datetime):
        return f"{value.astimezone(COPENHAGEN):%Y-%m-%d %H:%M}"
    return ", ".join(value) if isinstance(value, list) else str(value or "-")
