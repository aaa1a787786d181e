"""Imports over HTTP: one file a request, of any resource, whole or not at all."""

import difflib
from typing import Final

from fastapi import APIRouter

from app.errors import BadParameters, bad_parameter
from app.resources import RESOURCES
from app.rest.importing.files import File
from app.rest.importing.run import Import
from app.rest.importing.sent import FileSent, Importing
from app.rest.importing.shapes import Imported
from app.rest.repeating import Repeat
from app.rest.response import Json

KINDS: Final = {resource.name: resource for resource in RESOURCES}
TAG: Final = "imports"
router: Final = APIRouter(prefix="/v1/imports", tags=[TAG])


@router.post("")
async def import_records(importing: Importing, file: FileSent) -> Json[Imported]:
    """Write all records of a file, in one revision or not at all: create what is not there, replace what differs.

    An NDJSON may mix resources, each line naming its own; a CSV is of one. What a row does not say of a record stays.
    """
    intent, query = importing
    if query.resource is not None and query.resource not in KINDS:
        near = difflib.get_close_matches(query.resource, KINDS)
        says = f"There is no resource {query.resource}; there are: {', '.join(KINDS)}"
        raise BadParameters(faults=[bad_parameter("resource", says, near)])
    given = File(None, file.stream, file.format, KINDS[query.resource] if query.resource else None)
    wanted = Import([given], KINDS, intent.caller, note=intent.note, dry_run=intent.dry_run)
    return await wanted.run(intent.writer, Repeat(intent, digest=file.digest))
