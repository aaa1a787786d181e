"""XLSX: a workbook with typed cells, built on disk, row by row, in a thread of its own."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, BinaryIO, Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from app.errors import TooLarge
from app.rest.export.columns import DECODE, RISKY, Column
from app.rest.export.text import Put, Rows

MOST_RECORDS: Final = 1_048_575
"""How many rows a sheet has below the headings."""
MOST_CHARACTERS: Final = 32_767
"""How many UTF-16 units a cell holds."""
PIECE: Final = 2**17
FIRST_DAY: Final = "1900-03-01"
"""The first day that Excel counts rightly: it knows none before 1900, and takes that for a leap year."""
DAY_ZERO: Final = date(1899, 12, 30).toordinal()
FORMS: Final = {
    int: "0",
    float: "General",
    Decimal: "#,##0.00##",
    date: "yyyy-mm-dd",
    datetime: "yyyy-mm-dd hh:mm:ss",
}
"""How numbers and times are shown."""
WIDTHS: Final = {int: 10, float: 10, Decimal: 14, bool: 10, date: 11, datetime: 19}
"""How wide their columns are, in digits; those of texts are wider."""

Write = Callable[[Any], None]
"""What writes one cell of a record's row."""


class _Sheet(Worksheet):  # type: ignore[misc]
    """A sheet that takes every text for a text."""

    def _xml_rich_inline_string(self, string: str, attributes: Any) -> None:
        """A text that looks like the library's own markup is no markup; it would go into the file as it is."""
        self._xml_inline_string(string, True, attributes)  # noqa: FBT003


class Book:
    """A workbook in the making, in a folder of its own; to be discarded when it has been read, or is given up."""

    def __init__(self, columns: Sequence[Column], headings: Sequence[str]) -> None:
        self._folder = Path(mkdtemp(prefix="broen-"))
        self._path = self._folder / "book.xlsx"
        self._book = Workbook(str(self._path), {"constant_memory": True, "tmpdir": str(self._folder)})
        self._book.use_zip64()
        self._sheet = self._book.add_worksheet("Broen", _Sheet)
        self._quoted = self._book.add_format({"quote_prefix": True})
        self._columns = columns
        self._writers = [self._writer(n, column) for n, column in enumerate(columns)]
        self._row = 0
        self._file: BinaryIO | None = None
        bold = self._book.add_format({"bold": True})
        for n, (column, heading) in enumerate(zip(columns, headings, strict=True)):
            self._sheet.set_column(n, n, WIDTHS.get(column.kind, 30))
            self._sheet.write_string(0, n, heading, bold)
        self._sheet.freeze_panes(1, 0)

    def add(self, records: Sequence[str]) -> None:
        """Add rows; TooLarge when a text does not fit into its cell."""
        for record in map(DECODE, records):
            self._row += 1
            for write in self._writers:
                write(record)

    def finish(self) -> None:
        """Make the file."""
        self._sheet.autofilter(0, 0, self._row, len(self._columns) - 1)
        self._book.close()
        self._file = self._path.open("rb")

    def read(self) -> bytes:
        """The next piece of the file."""
        assert self._file, "a workbook is read when it is finished"
        return self._file.read(PIECE)

    def discard(self) -> None:
        """Leave nothing behind, at whatever point."""
        self._sheet._opt_close()  # noqa: SLF001 - all else that closes an unfinished workbook writes it first
        if self._file:
            self._file.close()
        rmtree(self._folder)

    def _writer(self, n: int, column: Column) -> Write:
        """What writes the cells of a column, the n-th, with the type of its values."""
        if column.members or column.kind in (str, object):
            return self._texts(n, column)
        if column.kind is bool:
            return self._truths(n, column)
        form = self._book.add_format({"num_format": FORMS[column.kind]})
        return (self._times if column.kind in (date, datetime) else self._numbers)(n, column, form)

    def _texts(self, n: int, column: Column) -> Write:
        """Texts, also where they look like something else."""
        cell, sheet = column.cell(guard=False), self._sheet

        def write(record: Any) -> None:
            if text := cell(record):
                if len(text) > MOST_CHARACTERS // 2 and len(text.encode("utf-16-le")) // 2 > MOST_CHARACTERS:
                    raise TooLarge(
                        f"{column.name} of {record['id']} is longer than the {MOST_CHARACTERS} characters that a cell "
                        "of an XLSX holds; leave it out with `columns`, or ask for format=csv."
                    )
                sheet.write_string(self._row, n, text, self._quoted if text[0] in RISKY else None)

        return write

    def _truths(self, n: int, column: Column) -> Write:
        def write(record: Any) -> None:
            if (value := column.get(record)) is not None:
                self._sheet.write_boolean(self._row, n, value)

        return write

    def _numbers(self, n: int, column: Column, form: Any) -> Write:
        def write(record: Any) -> None:
            if (value := column.get(record)) is not None:
                self._sheet.write_number(self._row, n, float(value), form)

        return write

    def _times(self, n: int, column: Column, form: Any) -> Write:
        """Days and instants; as texts where Excel cannot count, and where a period is there without its days."""

        def write(record: Any) -> None:
            value = column.get(record)
            if isinstance(value, str) and value >= FIRST_DAY:
                self._sheet.write_number(self._row, n, _serial(value), form)
            elif value is not None:
                self._sheet.write_string(self._row, n, str(value))

        return write


def _serial(text: str) -> float:
    """A day or an instant as Excel counts them: days since the end of 1899, in UTC."""
    moment = datetime.fromisoformat(text)
    return moment.toordinal() - DAY_ZERO + (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86_400


async def write_sheet(columns: Sequence[Column], headings: Sequence[str], rows: Rows, put: Put) -> None:
    """Write a workbook of the rows and hand it over; TooLarge, before any of it, when they do not fit."""
    thread, book = ThreadPoolExecutor(1, "xlsx"), Book(columns, headings)
    run = partial(asyncio.get_running_loop().run_in_executor, thread)
    try:
        async for batch in rows:
            if batch[0]["total"] > MOST_RECORDS:
                raise TooLarge(f"An XLSX holds {MOST_RECORDS} records, and these are more; ask for less, or for a CSV.")
            await run(book.add, [row["item"] for row in batch])
        await run(book.finish)
        while piece := await run(book.read):
            await put(piece)
    finally:
        thread.submit(book.discard)  # after what the thread is doing, which cannot be interrupted
        thread.shutdown(wait=False)
