"""The commands that tell what is held on a person, and erase it."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any, Final

import asyncpg
import typer

from app.auth import Caller, Role
from app.cli.running import database, progress
from app.errors import BadParameters, bad_parameter
from app.imports import KINDS
from app.rest.details import MARKER, Details
from app.rest.erasing import Erased, Found, erase, find, owner
from app.rest.naming import slug
from app.rest.sweeping import sweep
from app.rest.versions import differences
from app.settings import COPENHAGEN, load_settings

ERASER: Final = Caller("broen erase", Role.ADMIN)
"""In whose name the operator erases."""
SHOWN: Final = 160
"""How much of a value is shown, in characters."""
VERSIONS: Final = """
select version, at, lead(at) over (order by version) as until
from change join revision on revision.id = revision where resource = $1 and change.id = $2
"""
ALIKE: Final = """
select distinct resource || '/' || id as path, id ~ any($1::text[]) as words, id from change
where id ~ any($1::text[]) or id collate "C" ~* $2 order by path
"""
COPIES: Final = {"change", "search_entry", "source", *(table for kind in KINDS.values() for table in kind.tables)}
"""The tables that say what the log says of records."""

DetailsGiven = Annotated[
    list[str],
    typer.Argument(metavar="DETAIL…", help="A name, an address or a number, whole, as it is written; each by itself."),
]


def person(details: DetailsGiven) -> None:
    """List all that is held on a person, now and in the past: what says it, where, and since when."""
    given = Details(details)

    async def done(url: str) -> None:
        async with owner(url) as connection:
            await _report(connection, given)

    _run(done)


def erase_(
    details: DetailsGiven,
    note: Annotated[str | None, typer.Option(help="Why, for the history; without the details.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try it, and erase nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it is done for good.")] = False,
) -> None:
    """Erase a person's details from records, their history and all else that is kept; nobody can take it back."""
    given = Details(details)
    if note and given.erased(note) != note:
        raise BadParameters(faults=[bad_parameter("--note", "should not have the details, for it stays")])

    async def done(url: str) -> None:
        async with owner(url) as connection:
            if not await _report(connection, given):
                return
            if not (dry_run or yes or typer.confirm("Erase all of this, for good?", err=True)):
                sys.exit("broen: Nothing was erased.")
            erased = await erase(connection, KINDS, given, ERASER, note, trial=dry_run)
            typer.echo(_outcome(erased, dry_run=dry_run))
            if not dry_run:
                progress("Rewriting the tables, so that nothing of it stays in their files …")
                left = await sweep(connection)
                progress(f"Not done, for the operator of the database: {', '.join(left)}." if left else "Done.")

    _run(done)


def _run(done: Callable[[str], Coroutine[Any, Any, None]]) -> None:
    """Do something as the role that owns the schema."""
    settings = load_settings()
    with database(settings, settings.migration_database_url) as url:
        asyncio.run(done(url))


async def _report(connection: asyncpg.Connection, details: Details) -> bool:
    """Tell a person what is held, as it is at one moment; tells whether there is anything."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await find(connection, details)
        for (resource, id), places in groupby(sorted(_said(found), key=itemgetter(0)), key=itemgetter(0)):
            typer.echo(f"{resource}/{id}")
            times = {row["version"]: row for row in await connection.fetch(VERSIONS, resource, id)}
            for (pointer, value), versions in groupby(sorted(places, key=itemgetter(1, 2)), key=itemgetter(1)):
                typer.echo(f"    {pointer}: {value}\n        {_since([times[version] for *_, version in versions])}")
        for one in found:
            if _table(one).rpartition(".")[2].strip('"') not in COPIES:
                which = ", ".join(f"{name} {value}" for name, value in one.of.items())
                typer.echo(f"{_column(one)} ({_plain(which)}): {_shown(one.said, one.erased)}")
        counted = Counter(map(_column, found))
        where = ", ".join(f"{column} {number}" for column, number in sorted(counted.items()))
        records = {(one.of["resource"], one.of["id"]) for one in _logged(found)}
        held = f"{len(records)} record{'' if len(records) == 1 else 's'} in all"
        typer.echo(f"Kept in {where}: {held}." if found else "Nothing is held on this person.")
        if called := _called(found):
            typer.echo(f"Whole titles or names, of which nothing would be left: those of {', '.join(called)}.")
        words = [f"(^|-){words}s?(-|$)" for text in details.texts if (words := slug(text))]
        alike = await connection.fetch(ALIKE, words, details.likely)
        if paths := [path for path, made_of, id in alike if made_of or details.erased(id) != id]:
            typer.echo(f"Made of the same, and permanent, so that they stay: the ids {', '.join(paths)}.")
    return bool(found)


def _said(found: Sequence[Found]) -> Iterator[tuple[tuple[str, str], tuple[str, str], int]]:
    """What the log says: of which record, where and what, in which version."""
    for one in _logged(found):
        for pointer, before, after in differences(json.loads(one.said), json.loads(one.erased)):
            yield (one.of["resource"], one.of["id"]), (_plain(pointer), _shown(before, after)), one.of["version"]


def _called(found: Sequence[Found]) -> list[str]:
    """The records of which a detail is the whole title or name, now or before."""
    values = ((one.of, json.loads(one.said), json.loads(one.erased)) for one in _logged(found))
    return sorted(
        {
            f"{of['resource']}/{of['id']}"
            for of, said, erased in values
            if any(erased.get(name) == MARKER != said.get(name) for name in ("title", "name"))
        }
    )


def _logged(found: Sequence[Found]) -> Iterator[Found]:
    """The versions of records among what was found."""
    return (one for one in found if one.table == "public.change" and one.column == "value")


def _since(versions: Sequence[asyncpg.Record]) -> str:
    """When it was said, by the versions of a record that say it."""
    first, last = versions[0], versions[-1]
    until = f"until {_moment(last['until'])}" if last["until"] else "and still"
    numbers = f"version {first['version']}" if first is last else f"versions {first['version']} to {last['version']}"
    return f"since {_moment(first['at'])} {until} ({numbers})"


def _moment(at: Any) -> str:
    return f"{at.astimezone(COPENHAGEN):%Y-%m-%d %H:%M}"


def _shown(said: Any, erased: Any) -> str:
    """A value on one line, shortened to what stands around a detail."""
    text, other = (one.decode() if isinstance(one, bytes) else str(one) for one in (said, erased))
    begin = next((n for n, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
    first = max(0, min(begin - SHOWN // 4, len(text) - SHOWN))
    shown = _plain(" ".join(text[first : first + SHOWN].split()))
    return f"{'…' if first else ''}{shown}{'…' if first + SHOWN < len(text) else ''}"


def _plain(text: str) -> str:
    """A text of which a terminal shows everything, and obeys nothing."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _table(one: Found) -> str:
    return one.table.removeprefix("public.")


def _column(one: Found) -> str:
    return f"{_table(one)}.{one.column}".replace('"', "")


def _outcome(erased: Erased, *, dry_run: bool) -> str:
    """What an erasure did, for a person."""
    records = ", ".join(f"{resource}/{id}" for resource, id in erased.records)
    said = f" Revision {erased.revision} says so of {records}." if erased.revision else ""
    return f"{len(erased.found)} values {'would be' if dry_run else 'were'} erased.{'' if dry_run else said}"
