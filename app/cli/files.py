"""The commands that read files into the register, and write it into one."""

import asyncio
import difflib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer

from app.auth import Caller, Role
from app.cli.running import database, progress, shown
from app.errors import BadParameters, InvalidFile, bad_parameter
from app.imports import KINDS
from app.rest.export.whole import everything
from app.rest.importing.files import File, FileFormat, kind_named
from app.rest.importing.run import OUTCOMES, Import
from app.rest.importing.shapes import Imported
from app.rest.writing import Writer
from app.settings import load_settings

FORMATS: Final[dict[str, FileFormat]] = {".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv"}
IMPORTER: Final = Caller("broen import", Role.ADMIN)
"""In whose name the operator imports."""


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help="NDJSON or CSV.")],
    resource: Annotated[
        str | None, typer.Option(help="Of which resource the rows are that do not say so; else a file's name tells.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Why, for the history.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, show what would change.")] = False,
) -> None:
    """Write the records of files, in one revision or not at all; what is the same already is left as it is."""
    settings = load_settings()
    with ExitStack() as opened:
        given = [open_file(path, resource, opened) for path in files]

        async def done(url: str) -> Imported:
            async with Writer(url, settings) as writer:
                answer = await Import(given, KINDS, IMPORTER, note=note, dry_run=dry_run, shown=shown).run(writer)
                return Imported.model_validate_json(bytes(answer.body))

        try:
            with database(settings) as url:
                told = asyncio.run(done(url))
        except InvalidFile as error:
            for fault in error.rows:
                progress(str(fault))
            rest = f", and {error.more} more that are not shown" if error.more else ""
            sys.exit(f"broen: Nothing was written, for the file has faults: {len(error.rows)}{rest}.")
    for line in outcome(told):
        typer.echo(line)


def export(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; without it, to the output.")] = None,
) -> None:
    """Write all records as NDJSON, as they are at one moment: what `broen import` reads back."""
    settings = load_settings()

    async def done(url: str, put: Callable[[str], object]) -> int:
        async with Writer(url, settings) as writer, writer.view() as view:
            return await everything(view, KINDS, put)

    with database(settings) as url:
        if file is None or str(file) == "-":
            asyncio.run(done(url, sys.stdout.write))
            return
        if file.is_dir():
            sys.exit(f"broen: {file} is a directory; name a file in it.")
        part = file.with_name(f"{file.name}.part")  # half of it never looks whole
        try:
            with part.open("w", encoding="utf-8", newline="\n") as target:
                number = asyncio.run(done(url, target.write))
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        progress(f"{number} records are in {file}.")


def open_file(path: Path, resource: str | None, opened: ExitStack) -> File:
    """A file to import; BadParameters when its name does not tell its format, or there is no such resource."""
    if path.suffix.lower() not in FORMATS:
        raise BadParameters(
            faults=[bad_parameter("FILE", f"{path} should be called .ndjson or .csv, as which a sheet can be saved")]
        )
    if resource is not None and resource not in KINDS:
        near = difflib.get_close_matches(resource, KINDS) or KINDS
        raise BadParameters(faults=[bad_parameter("--resource", f"There is no {resource}; there is {', '.join(near)}")])
    kind = KINDS[resource] if resource else kind_named(path.name, KINDS)
    return File(str(path), opened.enter_context(path.open("rb")), FORMATS[path.suffix.lower()], kind)


def outcome(told: Imported) -> Iterator[str]:
    """What an import did, or would do, for a person."""
    if told.dry_run:
        for of in told.records:
            yield f"{of.operation} {of.record} (row {of.row})"
            for change in of.changes if of.operation == "replace" else ():
                before, after = (json.dumps(side, ensure_ascii=False) for side in (change.before, change.after))
                yield f"    {change.pointer}: {before} → {after}"
        if told.more:
            yield f"… and {told.more} more records"
    for resource in told.resources:
        counts = (f"{getattr(resource, what)} {what}" for what in OUTCOMES)
        yield f"{resource.resource}: {', '.join(counts)}"
    yield f"Revision {told.revision}." if told.revision else "Nothing was written."
