"""The formats that are written as text while the records come: NDJSON, GeoJSON, CSV."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol

from app.rest.export.columns import DECODE, Column

Rows = AsyncIterator[Sequence[Any]]
"""The rows of an export's statement as they come, some at a time; each has a record's JSON as its `item`."""
Put = Callable[[bytes], Awaitable[None]]
"""What takes the next bytes of the answer."""
Records = Sequence[str]
"""Some records, each as its JSON."""


class Text(Protocol):
    """How records are written one after the other: what stands before them, between them, after them."""

    head: bytes
    tail: bytes

    def __call__(self, records: Records) -> bytes:
        """The next records."""


class Lines:
    """NDJSON: a record a line."""

    head = tail = b""

    def __call__(self, records: Records) -> bytes:
        """The next records; PostgreSQL breaks lines between the members of a list, and nowhere else."""
        return "".join(record.replace("\n", "") + "\n" for record in records).encode()


class Features:
    """GeoJSON: one collection of features."""

    head, tail = b'{"type":"FeatureCollection","features":[\n', b"\n]}\n"
    _first = True

    def __call__(self, records: Records) -> bytes:
        """The next features."""
        before, self._first = "" if self._first else ",\n", False
        return (before + ",\n".join(records)).encode()


class Table:
    """CSV (RFC 4180): a row a record, under a row of headings."""

    tail = b""

    def __init__(self, columns: Sequence[Column], headings: Sequence[str], *, bom: bool) -> None:
        self._cells = [column.cell(guard=True) for column in columns]
        self.head = ("\ufeff" if bom else "").encode() + self._rows([headings])

    def __call__(self, records: Records) -> bytes:
        """The next rows."""
        cells = self._cells
        return self._rows([[cell(record) for cell in cells] for record in map(DECODE, records)])

    def _rows(self, rows: Sequence[Sequence[str]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()


async def write_text(text: Text, rows: Rows, put: Put) -> None:
    """Write the rows as they come; nothing before the first of them are there."""
    before = text.head
    async for batch in rows:
        await put(before + text([row["item"] for row in batch]))
        before = b""
    await put(before + text.tail)
