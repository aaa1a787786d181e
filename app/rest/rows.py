"""Rows: which columns a shape fills, and many rows written with one statement.

A statement takes all its rows as one JSON text. That is almost as fast as COPY, triggers fire once for all rows, and a
column of any type is a column like the others.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, get_args, get_origin

from pydantic_core import to_json
from sqlalchemy import Column, FromClause, Table, Text, bindparam, cast, func, insert, select, update
from sqlalchemy import literal_column as sql
from sqlalchemy.dialects.postgresql import JSON

from app.db import target_of
from app.rest.dates import Period
from app.rest.reading import Statement
from app.rest.schema import Schema
from app.rest.view import kind_of

Row = dict[str, Any]


class Cell(NamedTuple):
    """A column that a shape fills."""

    column: str
    field: str
    value: Callable[[Any], Any]
    """What a body has for it."""
    target: Column[Any] | None
    """The column that has the id which the cell holds; None when it holds none."""


@lru_cache(maxsize=1000)
def insert_rows(table: Table, columns: Sequence[str]) -> Statement:
    """The statement that inserts `rows`, which have these columns."""
    given = _given(table, columns)
    return Statement(insert(table).from_select(list(columns), select(*(given.c[name] for name in columns))))


@lru_cache(maxsize=200)
def update_rows(table: Table, columns: Sequence[str]) -> Statement:
    """The statement that makes the rows of the ids in `rows` have the values there, in these columns."""
    given = _given(table, columns)
    changed = update(table).where(table.c.id == given.c.id)
    return Statement(changed.values({name: given.c[name] for name in columns if name != "id"}))


def as_json(rows: Sequence[Row]) -> str:
    """Rows as a statement takes them."""
    return to_json(rows).decode()


def cells(data: Schema, table: FromClause) -> Row:
    """The columns that a shape fills, and their values; its parts have tables of their own."""
    return {cell.column: cell.value(data) for cell in cells_of(type(data), table)}


@lru_cache(maxsize=1000)
def cells_of(shape: type[Schema], table: FromClause) -> tuple[Cell, ...]:
    """The columns that a shape fills."""
    made = (Cell(c.name, c.name, c.info["made"], None) for c in table.columns if "made" in c.info)
    return (*(cell for name in shape.model_fields for cell in _cells(shape, name, table)), *made)


def _cells(shape: type[Schema], name: str, table: FromClause) -> list[Cell]:
    kind = kind_of(shape.model_fields[name].annotation)
    is_list = get_origin(kind) is list
    if is_list and _is_shape(get_args(kind)[0]):
        return []
    if kind is Period and name in table.c:
        return [Cell(name, name, _range(name), None)]
    if not is_list and _is_shape(kind):
        return [Cell(f"{name}_{inner}", name, _inner(name, inner), None) for inner in kind.model_fields]
    column = table.c[name if name in table.c else f"{name}_id"]
    return [Cell(column.name, name, attrgetter(name), target_of(column))]


def _is_shape(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Schema)


def _range(name: str) -> Callable[[Any], str | None]:
    def value(data: Any) -> str | None:
        period: Period | None = getattr(data, name)
        return None if period is None else f"[{period.start or ''},{period.end or ''})"

    return value


def _inner(name: str, inner: str) -> Callable[[Any], Any]:
    def value(data: Any) -> Any:
        whole = getattr(data, name)
        return whole and getattr(whole, inner)

    return value


def _given(table: Table, columns: Sequence[str]) -> Any:
    """The parameter `rows` as a table of these columns."""
    rows = bindparam("rows", type_=Text())
    recordset = func.json_populate_recordset(sql(f'null::"{table.name}"'), cast(rows, JSON))
    return recordset.table_valued(*(Column(name, table.c[name].type) for name in columns), name="given")
