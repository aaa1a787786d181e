"""Files of records, row by row: NDJSON and CSV, in UTF-8; whatever else they turn out to be is told."""

import csv
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, BinaryIO, Final, Literal, NamedTuple

from app.errors import Fault, InvalidBody, bad_value
from app.rest.body import parse_json
from app.rest.export.columns import Column
from app.rest.importing.reducing import reduced
from app.rest.importing.table import Wrong, headed, partly, record, without_ids, written_names
from app.rest.kind import Kind

FileFormat = Literal["ndjson", "csv"]
Kinds = Mapping[str, Kind[Any, Any]]
"""The kinds of records that there are, by their names, lowest first."""

MOST_BYTES: Final = 2**20
"""How long a row may be."""
DELIMITERS: Final = (",", ";")
ZIPPED: Final = b"PK\x03\x04"
OTHERS: Final = {"\t": "a tab", "|": "|"}
BOM: Final = b"\xef\xbb\xbf"
WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
SEPARATOR: Final = re.compile(r"sep=.\s*", re.IGNORECASE)
"""What Excel is told by the first line of a file, which is no row of it."""
UNQUOTED: Final = "a cell with a carriage return in it should have quotation marks around it"
BLANKS: Final = " \t\r\n\xa0\u202f"
"""What may stand around a value; all of it comes off texts that are sent as JSON too."""
RETURN: Final = re.compile(rb"\r(?!\n|\Z)")
SAVE: Final = "Save the file as UTF-8 (in Excel: »CSV UTF-8«)"
NAMED: Final = re.compile(
    r"(broen-)?(?P<name>[a-z][a-z-]*?)(-\d{4}-\d\d-\d\d)?(-skabelon|-template)?\.(csv|ndjson)", re.IGNORECASE
)

csv.field_size_limit(MOST_BYTES)


@dataclass(frozen=True, slots=True)
class File:
    """A file of records: what it is called, what it holds, and of which kind the rows are that do not say so."""

    name: str | None
    stream: BinaryIO
    format: FileFormat
    kind: Kind[Any, Any] | None

    def size(self) -> int:
        """About how many rows there are: lines, of which a row of a CSV may have several."""
        number = sum(piece.count(b"\n") for piece in iter(lambda: self.stream.read(MOST_BYTES), b""))
        self.stream.seek(0)
        return max(1, number)


class Row(NamedTuple):
    """A row: its number in the file, as an editor or a spreadsheet shows it, and what it says, or what is wrong.

    What it says is then what stands in the cells that cannot be read, by the JSON pointers of the faults.
    """

    number: int
    kind: Kind[Any, Any] | None
    body: Any
    faults: Sequence[Fault] = ()
    partly: Mapping[str, Sequence[Column]] = MappingProxyType({})
    """The fields of which it says a part alone, each with the columns of the rest."""
    headings: Mapping[str, str] = MappingProxyType({})
    """The headings of its table, by what they are of: a JSON pointer without the numbers of members."""


class UnreadableError(Exception):
    """From a row on, a file cannot be read."""

    def __init__(self, row: int, says: str) -> None:
        super().__init__(says)
        self.row = row


def kind_named(file: str, kinds: Kinds) -> Kind[Any, Any] | None:
    """The kind that a file's name tells, as exports are named: `goals.csv`, `broen-funding-grants-2026-11-22.csv`."""
    names = {name.replace("/", "-"): kind for name, kind in kinds.items()}
    found = NAMED.fullmatch(file)
    return names.get(found[2].lower()) if found else None


def rows(file: File, kinds: Kinds) -> Iterator[Row]:
    """The rows of a file; the last one says why it is the last where that is not the end of the file."""
    number = 0
    try:
        for row in _objects(file, kinds) if file.format == "ndjson" else _table(file, kinds):
            number = row.number
            yield row
    except UnreadableError as error:
        yield Row(error.row, None, None, [bad_value("", str(error))])
        return
    if not number:
        yield Row(1, None, None, [bad_value("", "The file holds no record")])


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers."""
    number = 0
    while line := stream.readline(MOST_BYTES + 1):
        number += 1
        if number == 1:
            if line.startswith(WIDE) or b"\x00" in line[:4]:
                raise UnreadableError(1, f"The file is UTF-16. {SAVE}")
            if RETURN.search(line):
                says = (
                    "The lines end with a carriage return alone, as on a Macintosh of old; a line feed should follow it"
                )
                raise UnreadableError(1, f"{says}. {SAVE}")
            line = line.removeprefix(BOM)
        if len(line) > MOST_BYTES:
            raise UnreadableError(number, f"A line may have {MOST_BYTES} bytes")
        yield number, line


def _text(number: int, line: bytes) -> str:
    if number == 1 and line.startswith(ZIPPED):
        raise UnreadableError(1, f"The file is a workbook (XLSX), and no CSV. {SAVE}")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        byte = f"byte {error.start + 1} of line {number} is {line[error.start : error.start + 1].hex().upper()}"
        raise UnreadableError(number, f"The file is not UTF-8, perhaps Latin-1: {byte}. {SAVE}") from error


def _objects(file: File, kinds: Kinds) -> Iterator[Row]:
    """NDJSON: an object a line, which says in `resource` of which kind it is, unless the whole file is of one."""
    for number, line in _lines(file.stream):
        text = _text(number, line)
        if not text.strip():
            continue
        try:
            value = parse_json(line)
        except InvalidBody as error:
            yield Row(number, None, None, [_of_line(fault) for fault in error.faults])
            continue
        if not isinstance(value, dict):
            yield Row(number, None, None, [bad_value("", "A line should be a JSON object, a record")])
            continue
        named = value.pop("resource", None)
        kind = kinds.get(named) if isinstance(named, str) else file.kind if named is None else None
        if kind is None:
            yield Row(number, None, {"resource": named}, [bad_value("/resource", _which(named, kinds))])
        else:
            yield Row(number, kind, _body(value, kind))


def _of_line(fault: Fault) -> Fault:
    return bad_value(fault.pointer or "", fault.detail.replace("A body", "A line"))


def _which(named: Any, kinds: Kinds) -> str:
    near = difflib.get_close_matches(named, kinds) if isinstance(named, str) else []
    return f"Say which resource the record is of: {' or '.join(near) or ', '.join(kinds)}"


def _body(value: dict[str, Any], kind: Kind[Any, Any]) -> dict[str, Any]:
    """What is written of a record as it may be read; its id stays."""
    body: dict[str, Any] = reduced(
        {name: inner for name, inner in value.items() if name != "id"}, kind.public, kind.data
    )
    return {"id": value["id"], **body} if "id" in value else body


def _table(file: File, kinds: Kinds) -> Iterator[Row]:
    """CSV: a row a record, below a row of headings."""
    if file.kind is None:
        says = f"Say which resource the rows are of, with `resource` or by the file's name: {', '.join(kinds)}"
        raise UnreadableError(1, says)
    lines = (_text(number, line) for number, line in _lines(file.stream))
    first = next((line for line in lines if line.strip() and not SEPARATOR.fullmatch(line)), None)
    if first is None:
        return
    delimiter = _delimiter(first, file.kind)
    table = csv.reader(_first_and(first, lines), delimiter=delimiter, strict=True)
    number = 1
    try:
        texts = _without_empty(next(table), 0)
        columns = _headings(texts, file.kind)
        told_partly, headings = partly(file.kind, columns), _of_what(texts, columns)
        for cells in table:
            number += 1
            if any(map(str.strip, cells)):
                yield _row(number, file.kind, columns, cells, delimiter)._replace(partly=told_partly, headings=headings)
    except csv.Error as error:
        says = UNQUOTED if "new-line" in str(error) else str(error)
        raise UnreadableError(number + 1, f"The row cannot be read as CSV: {says}") from error


def _first_and(first: str, lines: Iterable[str]) -> Iterator[str]:
    yield first
    yield from lines


def _delimiter(line: str, kind: Kind[Any, Any]) -> str:
    """What stands between the headings: what makes more of them known."""
    known = headed(kind)

    def found(delimiter: str) -> int:
        cells = line.replace('"', "").strip("\r\n").split(delimiter)
        return sum(cell.strip().lower() in known for cell in cells)

    best = max(DELIMITERS, key=found)
    for other, name in OTHERS.items():
        if found(other) > found(best):
            raise UnreadableError(1, f"The headings have {name} between them; use a comma or a semicolon")
    return best


def _without_empty(cells: Sequence[str], least: int) -> Sequence[str]:
    """Some cells without the empty ones at their end, down to so many: a spreadsheet leaves such."""
    end = len(cells)
    while end > least and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _headings(headings: Sequence[str], kind: Kind[Any, Any]) -> list[Column]:
    """The column of each heading."""
    known, columns, wrong = headed(kind), list[Column](), list[str]()
    for text in headings:
        column = known.get(text.strip().lower())
        if column is None:
            near = difflib.get_close_matches(text.strip().lower(), known, 3)
            wrong.append(f"»{text}« is no heading here" + (f", perhaps {' or '.join(near)}" if near else ""))
            continue
        if column in columns:
            wrong.append(f"»{text}« is there twice")
        columns.append(column)
    if not any(column.name == "id" for column in columns):
        wrong.append("There is no column id")
    if wrong:
        says = f"{'; '.join(wrong[:10])}. GET /v1/{kind.name}/template has the headings of the {kind.name}"
        raise UnreadableError(1, says)
    return columns


def _stripped(cell: str, column: Column) -> str:
    """A cell without the blanks around what it says; of a list, each of its lines, which may be empty."""
    return "\n".join(line.strip(BLANKS) for line in cell.split("\n")) if column.members else cell.strip(BLANKS)


def _of_what(headings: Sequence[str], columns: Sequence[Column]) -> dict[str, str]:
    """The headings by the pointers that faults have: of a column, and of the field that it begins."""
    found: dict[str, str] = {}
    for heading, column in zip(headings, columns, strict=True):
        for end in range(len(column.path), 0, -1):
            found.setdefault("".join(f"/{name}" for name in column.path[:end]), heading.strip())
    return found


def _row(number: int, kind: Kind[Any, Any], columns: Sequence[Column], cells: Sequence[str], delimiter: str) -> Row:
    cells = _without_empty(cells, len(columns))
    if len(cells) != len(columns):
        says = f"The row has {len(cells)} cells, and there are {len(columns)} headings"
        return Row(number, None, None, [bad_value("", says)])
    told = {column.name: _stripped(cell, column) for column, cell in zip(columns, cells, strict=True)}
    written = written_names(kind)
    wrong: Wrong = [*without_ids(kind, told)]
    value = record(kind.public, {name: cell for name, cell in told.items() if name in written}, delimiter, wrong)
    if wrong:
        return Row(number, None, {fault.pointer: cell for fault, cell in wrong}, [fault for fault, _ in wrong])
    return Row(number, kind, _body(value, kind))
