"""The answer that is a whole list: sent while it is read, given up when the client has gone, cut off when it fails."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from datetime import date
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from starlette.types import Receive, Scope, Send

from app.errors import Unavailable
from app.rest.export.columns import Column, chosen, columns_of
from app.rest.export.formats import CSV, GEOJSON, TABLES, XLSX, Format, FormatQuery, headers_of
from app.rest.export.headings import heading
from app.rest.export.sheet import write_sheet
from app.rest.export.text import Features, Lines, Put, Rows, Table, Text, write_text
from app.rest.reading import Reader, Statement
from app.rest.response import Json
from app.rest.schema import Schema
from app.settings import Settings

T = TypeVar("T")
Values = Mapping[str, Any]
log: Final = structlog.get_logger("broen")
Write = Callable[[Rows, Put], Awaitable[None]]


def writer(format: Format, query: FormatQuery, columns: Sequence[Column]) -> Write:
    """What writes a list in a format: the columns, as the query wants them called, where it is a table."""
    headings = [heading(column, query.lang) for column in columns]
    if format is XLSX:
        return partial(write_sheet, columns, headings)
    text: Text = Features() if format is GEOJSON else Lines()
    if format is CSV:
        text = Table(columns, headings, bom=query.bom)
    return partial(write_text, text)


class Listing:
    """A list that is given in several formats: what its files are called, what its records are."""

    def __init__(self, name: str, public: type[Schema], *, formats: Sequence[Format] = TABLES) -> None:
        self.name, self.public, self.formats = name, public, formats
        self.columns = columns_of(public)

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/v1/{self.name}"

    def whole(
        self, read: Reader, query: FormatQuery, format: Format, as_of: date, statement: Statement, values: Values
    ) -> "Export[Any]":
        """All that a statement gives, a record a row, in a format other than a page of JSON."""
        write = writer(format, query, chosen(self.columns, query.columns))
        headers = headers_of(format, self.name, as_of)
        if read.past:
            headers["Broen-Revision"] = str(read.past.revision)
        return Export(partial(read.rows, statement, values), write, read.settings, headers)


class Export(Json[T]):
    """A list whose page would be T, whole and in another format."""

    def __init__(
        self,
        rows: Callable[[], AsyncGenerator[Sequence[Any], None]],
        write: Write,
        settings: Settings,
        headers: Mapping[str, str],
    ) -> None:
        self.status_code, self.background = 200, None
        self.init_headers(headers)
        self._rows, self._write, self._settings = rows, write, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the list, for as long as somebody is there; for HEAD its headers, and the database is not asked."""
        if scope.get("bare"):
            await self._start(send)
            await send({"type": "http.response.body", "body": b""})
            return
        await while_there(receive, self._send(send))

    async def _start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

    async def _send(self, send: Send) -> None:
        """Send the list.

        What fails before the first byte is a problem. What fails later is raised too: the last chunk is never sent, the
        connection breaks, and nobody takes half a list for the whole.
        """
        started = False

        async def put(piece: bytes) -> None:
            nonlocal started
            async with asyncio.timeout(self._settings.export_step_seconds):
                if not started:
                    await self._start(send)
                    started = True
                await send({"type": "http.response.body", "body": piece, "more_body": True})

        try:
            async with asyncio.timeout(self._settings.export_seconds):
                async with aclosing(self._rows()) as rows:
                    await self._write(rows, put)
                await send({"type": "http.response.body", "body": b""})
        except Exception as error:
            if started:
                log.warning("export cut off", cause=repr(error))
            elif isinstance(error, TimeoutError):
                raise Unavailable("The whole list takes too long; ask for less at once.") from error
            raise


async def while_there(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Send something for as long as the client is there."""
    sending, leaving = asyncio.create_task(work), asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        leaving.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)
    if not sending.cancelled():
        sending.result()


async def _gone(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
