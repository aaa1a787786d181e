r"""Records out of the cells of a table: what `export/columns.py` makes of them, the other way round.

A heading is a column's name, or what it is called in Danish or English. Columns that follow from others (`version`)
say nothing; a name (`lead_name`) is only told, beside its id. In a CSV the apostrophe in front of a text comes off; a
decimal comma is a point.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import zip_longest
from types import NoneType
from typing import Any, Final, get_args, get_origin

from app.errors import Fault, InvalidBody, bad_value
from app.rest.body import parse_json
from app.rest.export.columns import Column, columns_of, plain
from app.rest.export.headings import heading
from app.rest.kind import Kind
from app.rest.schema import Schema
from app.rest.view import kind_of

Wrong = list[tuple[Fault, Any]]
"""The faults of the cells of a row, each with what stands there."""

LANGUAGES: Final = (None, "da", "en")
ALONE: Final = re.compile(r"[-+]?(?:\d*[.,])?\d+(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)
"""A number with nothing between its thousands; with an exponent, it may have lost digits."""
GROUPED: Final = re.compile(r"([-+]?[1-9]\d{0,2}([.,' \xa0\u2009\u202f])\d{3}(?:\2\d{3})*)((?!\2)[.,]\d+)?", re.ASCII)
"""A number whose thousands are apart. 200.000 is both: two hundred thousand or two hundred, nobody knows."""
MOST_DIGITS: Final = 20
"""Further from one, no number is shown in full."""
WORDS: Final = {"sand": "true", "falsk": "false"}
"""What a spreadsheet in Danish writes for true and false, in capitals or not."""
ESCAPED: Final = re.compile(r"\\(.)")
ESCAPES: Final = {"n": "\n", "r": "\r"}
MARK: Final = "{}"


@lru_cache(maxsize=100)
def written_columns(kind: Kind[Any, Any]) -> tuple[Column, ...]:
    """The columns that say something of a record: its id, and whatever may be written."""
    return tuple(c for c in columns_of(kind.public) if c.path == ("id",) or is_written(c.path, kind.data))


def partly(kind: Kind[Any, Any], columns: Sequence[Column]) -> dict[str, list[Column]]:
    """The fields that have some of their columns among these alone, each with the others."""
    names = {column.name for column in columns}
    there, missing = set[str](), defaultdict[str, list[Column]](list)
    for column in written_columns(kind):
        if column.name in names:
            there.add(column.path[0])
        else:
            missing[column.path[0]].append(column)
    return {field: others for field, others in missing.items() if field in there}


def holds(value: Any, path: Sequence[str]) -> bool:
    """Whether a record as it is written, or any member of a list in it, says something at a path."""
    if isinstance(value, list):
        return any(holds(member, path) for member in value)
    if isinstance(value, dict) and path:
        return holds(value.get(path[0]), path[1:])
    return value is not None


@lru_cache(maxsize=100)
def headed(kind: Kind[Any, Any]) -> Mapping[str, Column]:
    """The columns of a kind by whatever they may be called, in small letters."""
    return {heading(c, lang).lower(): c for lang in reversed(LANGUAGES) for c in columns_of(kind.public)}


@lru_cache(maxsize=100)
def written_names(kind: Kind[Any, Any]) -> frozenset[str]:
    """What these columns are called."""
    return frozenset(column.name for column in written_columns(kind))


@lru_cache(maxsize=100)
def _names(kind: Kind[Any, Any]) -> tuple[Column, ...]:
    """The columns of names that are told beside an id which may be written."""
    return tuple(
        c
        for c in columns_of(kind.public)
        if c.path[-1] == "name" and not is_written(c.path, kind.data) and is_written((*c.path[:-1], "id"), kind.data)
    )


def without_ids(kind: Kind[Any, Any], cells: Mapping[str, str]) -> Iterator[tuple[Fault, str]]:
    """A fault for each name that stands where its id does not, of the cells of a row by the names of their columns."""
    for column in _names(kind):
        if not cells.get(column.name):
            continue
        id = f"{column.name.removesuffix('name')}id"
        names, ids = (_lines(cells.get(of, "")) if column.members else [cells.get(of, "")] for of in (column.name, id))
        for n, (name, its) in enumerate(zip_longest(names, ids, fillvalue="")):
            if name and not its:
                first, *inner = column.path[:-1]
                place = "/".join(("", first, *([str(n)] if column.members else []), *inner))
                yield bad_value(place, f"{column.name} is only told: give {id}"), name


def is_written(path: Sequence[str], shape: type[Schema]) -> bool:
    """Whether a body of a shape says what is at the path of a record as it is read."""
    name, *rest = path
    info = shape.model_fields.get(name)
    if info is None or (isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("readOnly")):
        return False
    kind = _inner(info.annotation)
    return not rest or (is_written(rest, kind) if _is_shape(kind) else rest == ["id"])


def record(shape: type[Schema], cells: Mapping[str, str], delimiter: str, wrong: Wrong) -> dict[str, Any]:
    """A record as it is read, of the fields that have cells; what is wrong is added for each cell that says nothing."""
    return Cells(cells, wrong, delimiter).fields(shape, "", "")


class Cells:
    """The cells of a row by the names of their columns, or the lines of a member of a list; there what is escaped."""

    def __init__(self, cells: Mapping[str, str], wrong: Wrong, delimiter: str, *, escaped: bool = False) -> None:
        self._cells, self._wrong, self._delimiter, self._escaped = cells, wrong, delimiter, escaped

    def fields(self, shape: type[Schema], prefix: str, pointer: str) -> dict[str, Any]:
        """The fields of a shape whose columns begin with a prefix, as far as there are such cells."""
        found = {}
        for name, columns in _columns(shape, prefix):
            if own := {column: self._cells[column] for column in columns if column in self._cells}:
                cells = Cells(own, self._wrong, self._delimiter, escaped=self._escaped)
                found[name] = cells._field(shape.model_fields[name].annotation, f"{prefix}{name}", f"{pointer}/{name}")
        return found

    def _field(self, annotation: Any, name: str, pointer: str) -> Any:
        """A field whose cells these are."""
        kind = plain(kind_of(annotation))
        if get_origin(kind) is list:
            inner = plain(get_args(kind)[0])
            return self._listed(name, pointer) if self._escaped else self._members(inner, name, pointer)
        if not _is_shape(kind):
            return self._value(kind, name, pointer)
        if NoneType in get_args(annotation) and not any(self._cells.values()):
            return None
        return self._unmarked().fields(kind, f"{name}_", pointer)

    def _members(self, kind: Any, name: str, pointer: str) -> list[Any]:
        """The members of a list, each on its line of the columns of the list."""
        lines = {column: _lines(cell) for column, cell in self._cells.items() if cell}
        counts = {len(of) for of in lines.values()}
        if len(counts) > 1:
            told = ", ".join(f"{column} has {len(of)}" for column, of in lines.items())
            says = f"Each member should have a line in each column, an empty one where it has nothing to say; {told}"
            self._wrong.append((bad_value(pointer, says), dict(self._cells)))
            return []
        found: list[Any] = []
        for n in range(max(counts, default=0)):
            own = {column: lines[column][n] if column in lines else "" for column in self._cells}
            member, place = Cells(own, self._wrong, self._delimiter, escaped=True), f"{pointer}/{n}"
            if _is_shape(kind):
                found.append(member._unmarked().fields(kind, f"{name}_", place))
            else:
                found.append(member._value(kind, name, place))
        return found

    def _listed(self, name: str, pointer: str) -> Any:
        """A list on a line of its own: JSON, nothing, or one JSON pointer as it is."""
        line = self._cells[name]
        return [line] if line.startswith("/") else self._value(object, name, pointer) if line else []

    def _unmarked(self) -> "Cells":
        """The same, without what says that an object is there though all of it is null."""
        first, *others = self._cells
        if self._cells[first] != MARK or any(self._cells[name] for name in others):
            return self
        return Cells({**self._cells, first: ""}, self._wrong, self._delimiter, escaped=self._escaped)

    def _value(self, kind: Any, name: str, pointer: str) -> Any:
        """A single value, as far as the shape itself does not know how to read it; empty is null."""
        cell = self._cells[name]
        if cell == "":
            return None
        if kind is str:
            text = cell.removeprefix("'")
            return ESCAPED.sub(lambda found: ESCAPES.get(found[1], found[1]), text) if self._escaped else text
        if kind is object:
            return self._json(cell, pointer)
        if kind is bool:
            return WORDS.get(cell.lower(), cell)
        return self._number(kind, cell, name, pointer) if kind in (Decimal, float, int) else cell

    def _number(self, kind: Any, cell: str, name: str, pointer: str) -> str:
        """A number as JSON has it; what may be of thousands that are apart is refused, rather than guessed."""
        alone, grouped = ALONE.fullmatch(cell), GROUPED.fullmatch(cell)
        if not grouped and (not alone or (alone[1] and kind is not float)) and (meant := _meant(cell)):
            self._wrong.append((bad_value(pointer, f"Write a number with the digits 0-9 alone, as {meant}"), cell))
        joined = grouped[1].replace(grouped[2], "") + (grouped[3] or "") if grouped else cell
        mark = "," if self._delimiter == ";" else "."
        if alone and grouped and (kind is int or name.endswith("amount") or mark not in cell):
            says = f"{cell} could be two numbers: write it with nothing between thousands, as {joined}"
            self._wrong.append((bad_value(pointer, says), cell))
        number = cell if alone else joined
        return number.replace(",", ".") if kind is not int and (alone or grouped) else number

    def _json(self, cell: str, pointer: str) -> Any:
        try:
            return parse_json(cell.encode())
        except InvalidBody as error:
            self._wrong.append((bad_value(pointer, error.faults[0].detail.replace("A body", "This cell")), cell))
            return None


def _meant(cell: str) -> str | None:
    """The number that a cell may mean which only Python takes for one: `1_000`, `2,35E+06`, other digits than ours."""
    try:
        number = Decimal(cell.replace(",", "."))
    except InvalidOperation:
        return None
    return f"{number:f}" if number.is_finite() and abs(number.adjusted()) <= MOST_DIGITS else None


def _lines(cell: str) -> list[str]:
    return cell.replace("\r\n", "\n").split("\n")


@lru_cache(maxsize=2000)
def _columns(shape: type[Schema], prefix: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The fields of a shape, each with the names of the columns that it is spread over."""
    return tuple(
        (name, tuple(_spread(info.annotation, f"{prefix}{name}"))) for name, info in shape.model_fields.items()
    )


def _spread(annotation: Any, name: str, *, in_list: bool = False) -> Iterator[str]:
    kind = plain(kind_of(annotation))
    if get_origin(kind) is list:
        if in_list:
            yield name
            return
        kind, in_list = plain(get_args(kind)[0]), True
    if _is_shape(kind):
        for field, info in kind.model_fields.items():
            yield from _spread(info.annotation, f"{name}_{field}", in_list=in_list)
    else:
        yield name


def _inner(annotation: Any) -> Any:
    """The type of a field, or of the members of a list."""
    kind = plain(kind_of(annotation))
    return plain(get_args(kind)[0]) if get_origin(kind) is list else kind


def _is_shape(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Schema)
