"""A file that comes as the body of a request: kept on disk while it is imported, never in memory."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Annotated, BinaryIO, Final

from fastapi import Depends, Query, Request
from pydantic import Field

from app.auth import SignedIn
from app.rest.importing.files import FileFormat
from app.rest.intent import Intent, WriteQuery, intent_of
from app.rest.reading import Reading
from app.rest.schema import Absent
from app.rest.sent import check_type, pieces
from app.settings import Settings

FORMATS: Final[dict[str, FileFormat]] = {"application/x-ndjson": "ndjson", "text/csv": "csv"}


class ImportQuery(WriteQuery):
    """How to import."""

    resource: str | Absent = Field(None, examples=["goals"])
    """Of which resource the rows are that do not say so in a field `resource`: all of a CSV, and of an NDJSON that a
    list was given as. As it is called below /v1."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that was sent: its bytes, and what tells it from others."""

    stream: BinaryIO
    format: FileFormat
    digest: str


async def _file(request: Request) -> AsyncIterator[SentFile]:
    settings: Settings = request.app.state.writer.settings
    format = FORMATS[check_type(request, *FORMATS)]
    digest = hashlib.blake2b(f"{format} {request.url.query}\n".encode())
    with TemporaryFile(prefix="broen-") as stream:
        async for piece in pieces(request, settings.max_import_bytes):
            digest.update(piece)
            stream.write(piece)
        stream.seek(0)
        yield SentFile(stream, format, digest.hexdigest())


async def _importing(
    request: Request, caller: SignedIn, read: Reading, query: Annotated[ImportQuery, Query()]
) -> tuple[Intent, ImportQuery]:
    return intent_of(request, caller, read, query), query


Importing = Annotated[tuple[Intent, ImportQuery], Depends(_importing)]
"""What a route declares to import."""
FileSent = Annotated[SentFile, Depends(_file, scope="function")]
"""What a route declares to take a file; it is taken in once the caller is known."""
