"""Facets: how many of the records that a list is asked for have which value."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, Text, cast, func, literal_column, null, select, union
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute

from app.db import PartRow
from app.rest.query import Where
from app.rest.view import json_object

MOST: int = 100
"""How many values of a facet are listed, the most frequent first."""


def counted(where: Where, matching: Select[Any], id: ColumnElement[str]) -> ScalarSelect[Any]:
    """The facet of a filter, over the records that match all the others."""
    (first, *more) = [_pairs(column, where, matching, id) for column in where.columns]
    pairs = union(first, *more).subquery() if more else first.subquery()
    groups = select(pairs.c.value, func.count().label("count")).group_by(pairs.c.value).cte()
    place = func.row_number().over(order_by=(groups.c.count.desc(), groups.c.value))
    ranked = select(groups, place.label("place")).subquery()
    value = json_object({"value": ranked.c.value, "name": _name(where, ranked.c.value), "count": ranked.c.count})
    listed = func.json_agg(aggregate_order_by(value, ranked.c.place), type_=JSON())
    return select(
        json_object(
            {
                "values": func.coalesce(
                    listed.filter(ranked.c.place <= MOST), literal_column("'[]'::json"), type_=JSON()
                ),
                "others": func.count().filter(ranked.c.place > MOST),
            }
        )
    ).scalar_subquery()


def _pairs(column: Any, where: Where, matching: Select[Any], id: ColumnElement[str]) -> Select[Any]:
    """A row for each record and value of it; the value is null for a record that has none."""
    value: ColumnElement[Any] = cast(column, Text).label("value")
    row: Any = column.class_ if isinstance(column, InstrumentedAttribute) else None
    if row is None or not issubclass(row, PartRow):
        return matching.with_only_columns(id.label("id"), value)
    parts = select(row.record_id.label("id"), value).where(*where.only).subquery()
    records = matching.with_only_columns(id.label("id")).subquery()
    joined = records.outerjoin(parts, parts.c.id == records.c.id)
    return select(records.c.id, parts.c.value).select_from(joined).distinct()


def _name(where: Where, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """What a record of this id is called."""
    names = []
    for target in where.targets:
        table = target.table.alias()
        name = next((table.c[column] for column in ("name", "title") if column in table.c), None)
        if name is not None:
            names.append(select(name).where(table.c.id == value).scalar_subquery())
    return func.coalesce(*names) if names else null()


def facets(wanted: Mapping[str, ScalarSelect[Any]]) -> ColumnElement[Any]:
    """All facets that were asked for, as an object; null when none was."""
    return cast(json_object(wanted), Text) if wanted else null()
