"""From a shape to its SQL: the expression that builds an answer's finished JSON.

A field of a shape is, in this order: what is `computed` for it; a part, from a table of its own; a `Ref` over the
column `<field>_id`; a period over a range column; an object spread over columns `<field>_<inner field>`; the column
`<field>`, or `<field>_id` where only the id is wanted. A field that is none of these is an error at import.
"""

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Final, cast, get_args

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    FromClause,
    ScalarSelect,
    SQLColumnExpression,
    bindparam,
    case,
    func,
    inspect,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by

from app.db import PartRow, target_of
from app.rest.schema import Ref, Schema

Parts = Mapping[str, type[PartRow]]
"""Which table holds which list of a record."""
Computed = Mapping[str, SQLColumnExpression[Any]]
"""The SQL of fields that no column holds."""

AS_OF: Final = bindparam("as_of", type_=Date())
"""The day for which dated values are chosen; every read is run with it."""


def current(row: Any, day: ColumnElement[Any] = AS_OF) -> ColumnElement[bool]:
    """That the period of a row (a mapped class or its alias) holds the day asked about, or another one."""
    return cast("ColumnElement[bool]", row.period.contains(day))


def lasts_to(period: Any, day: Any) -> ColumnElement[bool]:
    """That a period, where it is known, is not known to have ended by a day."""
    return cast(
        "ColumnElement[bool]", period.is_not(None) & func.coalesce(func.upper(period, type_=Date) > day, true())
    )


def begun_by(period: Any, day: Any) -> ColumnElement[bool]:
    """That a period, where it is known, is not known to begin after a day."""
    return cast(
        "ColumnElement[bool]", period.is_not(None) & func.coalesce(func.lower(period, type_=Date) <= day, true())
    )


def json_object(pairs: Computed) -> ColumnElement[Any]:
    """A JSON object of these keys and values; keys are literals, so that they are no parameters."""
    arguments = [part for key, value in pairs.items() for part in (literal_column(f"'{key}'"), value)]
    return func.json_build_object(*arguments, type_=JSON())


def columns(shape: type[Schema], row: Any, parts: Parts, computed: Computed) -> Computed:
    """One SQL expression a field of the shape, over a mapped class or its alias."""
    table = cast("FromClause", inspect(row).selectable)
    return {n: computed[n] if n in computed else _column(shape, n, table, parts) for n in shape.model_fields}


def one(
    shape: type[Schema], row: Any, *where: ColumnElement[bool], **computed: SQLColumnExpression[Any]
) -> ScalarSelect[Any]:
    """The row that meets `where`, as an object; null when none does."""
    return select(json_object(columns(shape, row, {}, computed))).where(*where).scalar_subquery()


def many(
    shape: type[Schema],
    row: Any,
    *where: ColumnElement[bool],
    order: Sequence[SQLColumnExpression[Any]],
    **computed: SQLColumnExpression[Any],
) -> ScalarSelect[Any]:
    """The rows that meet `where`, as an array in the given order; empty when none does."""
    value = json_object(columns(shape, row, {}, computed))
    rows = func.json_agg(aggregate_order_by(value, *order), type_=JSON())
    return select(func.coalesce(rows, literal_column("'[]'::json"), type_=JSON())).where(*where).scalar_subquery()


def latest_by(
    row: type[PartRow], value: SQLColumnExpression[Any], when: SQLColumnExpression[Any], *where: ColumnElement[bool]
) -> ScalarSelect[Any]:
    """The value of a record's latest part, of those whose date had come by the day asked about."""
    record = record_of(row)
    return (
        select(value)
        .where(row.record_id == record, when <= AS_OF, *where)
        .order_by(when.desc(), row.position.desc())
        .limit(1)
        .correlate(record.table)
        .scalar_subquery()
    )


def kind_of(annotation: Any) -> Any:
    """A field's type, whether or not it may be null."""
    arms = [arm for arm in get_args(annotation) if arm is not NoneType]
    return arms[0] if NoneType in get_args(annotation) else annotation


def record_of(row: type[PartRow]) -> Column[Any]:
    """The id of the record whose part the row is."""
    (key,) = row.__table__.c.record_id.foreign_keys
    return key.column


def _column(shape: type[Schema], name: str, table: FromClause, parts: Parts) -> ColumnElement[Any]:
    annotation = shape.model_fields[name].annotation
    kind = kind_of(annotation)
    if name in parts:
        row, (item,) = parts[name], get_args(kind)
        return many(item, row, row.record_id == record_of(row), order=[row.__table__.c.position])
    if kind is Ref:
        return _ref(table.c[f"{name}_id"])
    if isinstance(kind, type) and issubclass(kind, Schema):
        whole, value = _object(kind, name, table)
        return value if kind is annotation else case((whole.is_not(None), value), else_=None)
    for candidate in (name, f"{name}_id"):
        if candidate in table.c:
            return table.c[candidate]
    raise TypeError(f"{shape.__name__}.{name} has no column in {table}, is no part and is not computed")


def _object(kind: type[Schema], name: str, table: FromClause) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """A period's or a spread object's JSON, behind the column that is null when there is none."""
    if name in table.c:
        period = table.c[name]
        return period, json_object({"start": func.lower(period), "end": func.upper(period)})
    inner = {field: table.c[f"{name}_{field}"] for field in kind.model_fields}
    return next(iter(inner.values())), json_object(inner)


def _ref(key: ColumnElement[Any]) -> ScalarSelect[Any]:
    """The record that a foreign key refers to, as a Ref."""
    referred = target_of(key)
    assert referred is not None, "a Ref is over a column that refers"
    target = referred.table.alias()
    name = target.c.name if "name" in target.c else target.c.title
    return select(json_object({"id": target.c.id, "name": name})).where(target.c.id == key).scalar_subquery()
