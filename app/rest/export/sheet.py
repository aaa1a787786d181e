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
from typing import Any, BinaryIO, Final, NamedTuple

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from app.errors import TooLarge
from app.rest.export.columns import DECODE, HOLLOW, RISKY, Column
from app.rest.export.formats import MOST_RECORDS
from app.rest.export.text import Put, Rows

MOST_CHARACTERS: Final = 32_767
"""How many UTF-16 units a cell holds."""
PIECE: Final = 2**17
FIRST_DAY: Final = "1900-03-01"
"""The first day that Excel counts rightly: it knows none before 1900, and takes that for a leap year."""
DAY_ZERO: Final = date(1899, 12, 30).toordinal()
Write = Callable[[Any], None]
"""What writes one cell of a record's row."""


def _serial(text: str) -> float | None:
    """A day or an instant as Excel counts them, in days since the end of 1899, in UTC; None where it cannot count."""
    if text < FIRST_DAY:
        return None
    moment = datetime.fromisoformat(text)
    return moment.toordinal() - DAY_ZERO + (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86_400


class Typed(NamedTuple):
    """How a type of values is written: what its cells hold, how they are shown, how wide a column is, in digits."""

    value: Callable[[Any], float | None]
    form: str
    width: int


TYPED: Final = {
    int: Typed(float, "0", 10),
    float: Typed(float, "General", 10),
    Decimal: Typed(float, "0.00####", 14),
    bool: Typed(bool, "General", 10),
    date: Typed(_serial, "yyyy-mm-dd", 11),
    datetime: Typed(_serial, "yyyy-mm-dd hh:mm:ss", 19),
}
"""The types that a workbook has; all else is a text. A spreadsheet saves a CSV as its cells are shown, so they show all
decimals that there can be, and nothing between thousands."""
TEXT_WIDTH: Final = 30


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
            self._sheet.set_column(n, n, TYPED[column.kind].width if column.kind in TYPED else TEXT_WIDTH)
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
        if column.members or column.kind not in TYPED:
            return self._texts(n, column)
        typed = TYPED[column.kind]
        put = self._sheet.write_boolean if column.kind is bool else self._sheet.write_number
        form = self._book.add_format({"num_format": typed.form})

        def write(record: Any) -> None:
            if (value := column.get(record)) is not None:
                cell = None if value is HOLLOW else typed.value(value)
                if cell is None:
                    self._sheet.write_string(self._row, n, str(value))
                else:
                    put(self._row, n, cell, form)

        return write

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


async def write_sheet(columns: Sequence[Column], headings: Sequence[str], rows: Rows, put: Put) -> None:
    """Write a workbook of the rows and hand it over; TooLarge, before any of it, when they do not fit."""
    batch = await anext(rows, None)  # who waits for the database, or asks for too much, needs no workbook yet
    if batch and batch[0]["total"] > MOST_RECORDS:
        raise TooLarge(f"An XLSX holds {MOST_RECORDS} records, and these are more; ask for less, or for format=csv.")
    thread, book = ThreadPoolExecutor(1, "xlsx"), Book(columns, headings)
    run = partial(asyncio.get_running_loop().run_in_executor, thread)
    try:
        while batch:
            await run(book.add, [row["item"] for row in batch])
            batch = await anext(rows, None)
        await run(book.finish)
        while piece := await run(book.read):
            await put(piece)
    finally:
        thread.submit(book.discard)  # after what the thread is doing, which cannot be interrupted
        thread.shutdown(wait=False)
